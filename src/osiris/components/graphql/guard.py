"""A query by its syntax tree: one that reads, and nothing else."""

from dataclasses import dataclass
from typing import Any

from osiris.components.graphql.access import library
from osiris.model.errors import AuthorError


@dataclass(frozen=True)
class Query:
    """One query that reads.

    Attributes:
        document: Its syntax tree.
        operation: The query in it; the rest are fragments.
    """

    text: str
    document: Any
    operation: Any

    @property
    def variables(self) -> set[str]:
        """Return the names of its variables."""
        return {one.variable.name.value for one in self.operation.variable_definitions or ()}

    def must_take(self, variable: str) -> None:
        """Refuse a query that could not go on to the next page.

        Raises:
            AuthorError: it has no such variable.
        """
        if variable not in self.variables:
            raise AuthorError(
                f"the query has no variable ${variable}, which takes the key of the next page",
                where="query",
                hint=f"write such as query (${variable}: String) {{ orders(after: ${variable}) … }}",
            )


def understood(text: str) -> Query:
    """Return a query that reads.

    Raises:
        AuthorError: it is no GraphQL, several operations, a mutation or a subscription.
        ExtraMissing: there is nothing to understand it by.
    """
    graphql = library()
    try:
        document = graphql.parse(text, max_tokens=50_000)
    except graphql.GraphQLSyntaxError as exc:
        raise _wrong(exc) from exc
    operations = [one for one in document.definitions if isinstance(one, graphql.OperationDefinitionNode)]
    strange = [
        one
        for one in document.definitions
        if not isinstance(one, graphql.OperationDefinitionNode | graphql.FragmentDefinitionNode)
    ]
    if strange:
        raise AuthorError("the query defines types", where="query", hint="write one query and its fragments")
    if writing := next((one for one in operations if one.operation.value != "query"), None):
        raise AuthorError(
            f"a {writing.operation.value} is refused: this step reads", where="query", hint="write one query"
        )
    if len(operations) != 1:
        raise AuthorError(f"there are {len(operations)} queries", where="query", hint="write one query")
    return Query(text, document, operations[0])


def must_fit(query: Query, schema: Any, variables: dict[str, Any]) -> None:
    """Hold a query and its variables against the API's schema.

    Raises:
        AuthorError: a field, an argument, a type or a variable is not as the schema has it.
    """
    graphql = library()
    if errors := graphql.validate(schema, query.document, max_errors=3):
        raise _wrong(errors[0])
    given = graphql.get_variable_values(schema, query.operation.variable_definitions or (), variables)
    if isinstance(given, list):
        raise AuthorError(given[0].message, where="variables", hint="give it under `variables`")


def _wrong(exc: Any) -> AuthorError:
    why = next((f"line {at.line}, column {at.column} of the query" for at in exc.locations or ()), "")
    hint = "mend the query; `osiris discover` shows the API's types"
    return AuthorError(exc.message, where="query", why=why, hint=hint)
