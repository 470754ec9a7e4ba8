"""What a GraphQL API tells of itself."""

from contextlib import closing
from typing import NoReturn

import pyarrow as pa

from osiris.components.graphql.access import opened
from osiris.components.graphql.asking import Asking
from osiris.components.graphql.config import GraphqlConnection
from osiris.components.graphql.introspection import schema_of, tables_of
from osiris.kit.component import Place
from osiris.kit.family import Checked, Desk
from osiris.kit.http_words import bare
from osiris.model.catalogue import Catalogue, TableProfile
from osiris.model.errors import AuthorError, OsirisError

SECONDS = 20.0  # that a question may take


def check(connection: GraphqlConnection, place: Place) -> Checked:  # noqa: ARG001 - every family is asked so
    """Sign in, and ask the smallest question that every GraphQL API can answer."""
    try:
        with closing(opened(connection, total=SECONDS)) as api:
            name = Asking(api)("{ __typename }", {})["data"].get("__typename")
    except OsirisError as exc:
        return Checked("failed", exc.message, exc.hint)
    return Checked("ok", f"{bare(connection.endpoint)} answers: {name}")


def catalogue(connection: GraphqlConnection, place: Place) -> Catalogue:  # noqa: ARG001 - every family is asked so
    """Return what a query can ask for, and the types that it can select from.

    Raises:
        ConnectError: there is no connection, or no right to it.
        SourceError: the API fails, or doesn't tell its schema.
    """
    with closing(opened(connection, total=SECONDS)) as api:
        return Catalogue(source=bare(connection.endpoint), tables=tables_of(schema_of(Asking(api))))


def profile(connection: GraphqlConnection, place: Place, table: str, most_rows: int) -> TableProfile:  # noqa: ARG001
    """Refuse: a type is no table of rows.

    Raises:
        AuthorError: always.
    """
    _refuse()


def query(connection: GraphqlConnection, place: Place, sql: str, limit: int) -> tuple[pa.Table, bool]:  # noqa: ARG001
    """Refuse: there is no SQL.

    Raises:
        AuthorError: always.
    """
    _refuse()


def _refuse() -> NoReturn:
    raise AuthorError("a GraphQL API answers no SQL", hint="read it by a step, graphql.extractor")


DESK = Desk(check=check, catalogue=catalogue, profile=profile, query=query)
