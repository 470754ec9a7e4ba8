"""What a GraphQL API says of itself: its types, and which of them a query selects."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from osiris.components.graphql.access import library
from osiris.components.graphql.asking import Asking
from osiris.components.graphql.guard import Query
from osiris.kit.json_path import JsonPath
from osiris.kit.json_rows import as_record
from osiris.kit.mapping import Reads
from osiris.kit.text_types import is_said
from osiris.model.catalogue import Column, Table
from osiris.model.errors import AuthorError, SourceError

READS = (
    Reads("Int", "int64", note="An integer that 64 bits don't hold is an error."),
    Reads("Float", "double", note="A number that a double doesn't hold exactly is an error: declare it."),
    Reads("Boolean", "bool"),
    Reads("String, ID, enums", "string"),
    Reads("other scalars", "string", "widening", "As written; declare a date or a decimal in `columns`."),
    Reads("objects", "columns, or struct", note="`flatten_result` decides."),
    Reads("lists", "list"),
)
_SCALARS: dict[str, pa.DataType] = {"Int": pa.int64(), "Float": pa.float64(), "Boolean": pa.bool_()}
_PLUMBING = ("Connection", "Edge", "PageInfo")  # endings of types that only lead to others


@dataclass(frozen=True)
class Leaf:
    """Where a value will be."""

    kind: pa.DataType


def schema_of(ask: Asking) -> Any:
    """Return the API's schema.

    Raises:
        ConnectError: there is no connection, or no right to it.
        SourceError: the API fails, or doesn't tell its schema.
    """
    graphql = library()
    found = ask(graphql.get_introspection_query(), {})
    try:
        return graphql.build_client_schema(found["data"])
    except (AttributeError, KeyError, TypeError, graphql.GraphQLError) as exc:
        raise SourceError("the API doesn't tell its schema", why=str(exc)[:200], hint="declare `columns`") from exc


def selected(query: Query, schema: Any, path: JsonPath, *, flat: bool) -> pa.Schema:
    """Return the columns of the records that a query selects.

    Args:
        query: Fits the schema.
        schema: The API's.
        path: Where the answer has its records.
        flat: Whether nested objects are columns of their own.

    Raises:
        AuthorError: there is nothing at that path.
    """
    answer = {"data": _Selection(query, schema).of(query.operation.selection_set, schema.query_type)}
    found = path.found(answer)
    records = found[0] if found and isinstance(found[0], list) else found
    if not records:
        raise AuthorError(
            f"the query selects nothing at {path.text!r}", where=path.setting, hint="say where the list of records is"
        )
    columns = as_record(records[0], path.text, flat=flat)
    return pa.schema([pa.field(name, _plain(_type(value))) for name, value in columns.items()])


@dataclass(frozen=True)
class _Selection:
    """Makes an answer of a query in which every list has one element and every value is a `Leaf`."""

    query: Query
    schema: Any

    def of(self, selections: Any, parent: Any) -> dict[str, Any]:
        """Return an object with the fields selected of one type."""
        graphql = library()
        found: dict[str, Any] = {}
        for node in selections.selections:
            if isinstance(node, graphql.FieldNode):
                key = (node.alias or node.name).value
                found[key] = _merged(found.get(key), self._field(node, parent))
            else:
                found = _merged(found, self.of(*self._fragment(node, parent)))
        return found

    def _field(self, node: Any, parent: Any) -> Any:
        if node.name.value == "__typename":
            return Leaf(pa.string())
        return self._value(parent.fields[node.name.value].type, node.selection_set)

    def _fragment(self, node: Any, parent: Any) -> tuple[Any, Any]:
        graphql = library()
        if isinstance(node, graphql.FragmentSpreadNode):
            named = (one for one in self.query.document.definitions if isinstance(one, graphql.FragmentDefinitionNode))
            node = next(one for one in named if one.name.value == node.name.value)
        condition = node.type_condition
        return node.selection_set, self.schema.get_type(condition.name.value) if condition else parent

    def _value(self, kind: Any, selections: Any) -> Any:
        graphql = library()
        if graphql.is_non_null_type(kind):
            return self._value(kind.of_type, selections)
        if graphql.is_list_type(kind):
            return [self._value(kind.of_type, selections)]
        return self.of(selections, kind) if selections else Leaf(_scalar(kind))


def _merged(one: Any, other: Any) -> Any:
    """Return what two selections of one field select together."""
    if isinstance(one, dict) and isinstance(other, dict):
        return {key: _merged(one.get(key), other.get(key)) for key in {**one, **other}}
    if isinstance(one, list) and isinstance(other, list):
        return [_merged(one[0], other[0])]
    return one if other is None else other


def _scalar(kind: Any) -> pa.DataType:
    return _SCALARS.get(kind.name, pa.string())


def _type(value: Any) -> pa.DataType:
    match value:
        case Leaf(kind):
            return kind
        case list():
            return pa.list_(_type(value[0]))
        case _:
            return pa.struct([pa.field(name, _type(inner)) for name, inner in value.items()])


def _plain(kind: pa.DataType) -> pa.DataType:
    return kind if is_said(kind) else pa.string()


def tables_of(schema: Any) -> tuple[Table, ...]:
    """Return what a query can ask for, as `view`s, and the types that it can select from, as tables; by name."""
    types = [kind for name, kind in schema.type_map.items() if not name.startswith("__")]
    roots = {kind for kind in (schema.query_type, schema.mutation_type, schema.subscription_type) if kind is not None}
    tables = [_table(kind) for kind in types if _has_fields(kind) and kind not in roots and not _is_plumbing(kind)]
    entries = filter(None, (_entry(name, field) for name, field in schema.query_type.fields.items()))
    return tuple(sorted([*tables, *entries], key=lambda table: (table.namespace, table.name)))


def _entry(name: str, field: Any) -> Table | None:
    """Return a field of the query itself; None for one that gives no records."""
    kind = _records(field.type)
    if kind is None:
        return None
    arguments = ", ".join(f"{argument}: {one.type}" for argument, one in field.args.items())
    said = f"query {{ {name}{f'({arguments})' if arguments else ''} }} gives {field.type}"
    described = _table(kind)
    comment = f"{said}. {field.description}" if field.description else said
    return described.model_copy(update={"name": name, "namespace": "query", "kind": "view", "comment": comment})


def _table(kind: Any) -> Table:
    fields = kind.fields
    key = ("id",) if "id" in fields and str(fields["id"].type) == "ID!" else ()
    return Table(
        name=kind.name,
        columns=tuple(_column(name, field) for name, field in fields.items() if not _needs_more(field)),
        primary_key=key,
        references=dict(_references(fields)),
        comment=kind.description or "",
    )


def _column(name: str, field: Any) -> Column:
    return Column(
        name=name,
        type=str(_plain(_shallow(field.type))),
        nullable=not str(field.type).endswith("!"),
        source_type=str(field.type),
        comment=field.description or "",
    )


def _shallow(kind: Any) -> pa.DataType:
    """Return the type of a field's value, objects with their own scalars alone."""
    graphql = library()
    if graphql.is_non_null_type(kind):
        return _shallow(kind.of_type)
    if graphql.is_list_type(kind):
        return pa.list_(_shallow(kind.of_type))
    if not _has_fields(kind):
        return _scalar(kind)
    inner = {name: field.type for name, field in kind.fields.items() if not _needs_more(field)}
    plain = {name: one for name, one in inner.items() if graphql.is_leaf_type(graphql.get_named_type(one))}
    return pa.struct([pa.field(name, _shallow(one)) for name, one in plain.items()]) if plain else pa.string()


def _references(fields: Any) -> Iterator[tuple[str, str]]:
    graphql = library()
    for name, field in fields.items():
        kind = graphql.get_nullable_type(field.type)
        if _has_fields(kind) and "id" in kind.fields and not _is_plumbing(kind):
            yield name, f"{kind.name}.id"


def _records(kind: Any) -> Any:
    """Return the type of the records behind a field: through lists, connections and edges; None for none."""
    graphql = library()
    named = graphql.get_named_type(kind)
    if not _has_fields(named):
        return None
    for step in ("nodes", "edges", "node"):
        if _is_plumbing(named) and step in named.fields:
            return _records(named.fields[step].type)
    return named


def _has_fields(kind: Any) -> bool:
    graphql = library()
    return bool(graphql.is_object_type(kind) or graphql.is_interface_type(kind))


def _is_plumbing(kind: Any) -> bool:
    return bool(kind.name.endswith(_PLUMBING))


def _needs_more(field: Any) -> bool:
    """Return whether a field can't be selected without an argument."""
    graphql = library()
    return any(graphql.is_required_argument(argument) for argument in field.args.values())
