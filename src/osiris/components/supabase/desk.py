"""What a Supabase project tells of itself: by its direct address what PostgreSQL tells, otherwise what REST does."""

from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa

from osiris.components.postgres import desk as directly
from osiris.components.postgres.tables import Named
from osiris.components.supabase.config import SupabaseConnection
from osiris.components.supabase.described import Described, found
from osiris.components.supabase.door import DIRECT, Door
from osiris.components.supabase.pages import Wanted, pulled
from osiris.kit.component import Place
from osiris.kit.family import Checked, Desk
from osiris.kit.profile import profiled
from osiris.model.catalogue import Catalogue, TableProfile
from osiris.model.errors import AuthorError, OsirisError, SourceError
from osiris.sql.guard import read_only

MOST_ROWS = 10_000  # that are looked at by REST for a profile


def check(connection: SupabaseConnection, place: Place) -> Checked:
    """Sign on by the way that rows would go, and count the tables."""
    if (direct := connection.direct) is not None:
        return directly.check(direct, place)
    try:
        with _door(connection) as door:
            count = len(door.description())
    except OsirisError as exc:
        return Checked("failed", exc.message, exc.hint)
    return Checked("ok", f"REST at {connection.address}: {count} table{'' if count == 1 else 's'}", DIRECT)


def catalogue(connection: SupabaseConnection, place: Place) -> Catalogue:
    """Return every table and view, with columns, keys and comments.

    Raises:
        ConnectError: there is no connection, or no right to it.
    """
    if (direct := connection.direct) is not None:
        return directly.catalogue(direct, place)
    with _door(connection) as door:
        tables = door.description()
    told = tuple(Described.of(name, tables[name]).table() for name in sorted(tables))
    return Catalogue(source=connection.address, dialect="postgres", tables=told)


def profile(connection: SupabaseConnection, place: Place, table: str, most_rows: int) -> TableProfile:
    """Return statistics of a table, over at most so many of its first rows; by REST 10 000 at most.

    Raises:
        ConnectError: there is no connection, or no right to it.
        SourceError: there is no such table, or it takes too long.
    """
    if (direct := connection.direct) is not None:
        return directly.profile(direct, place, table, most_rows)
    most = min(most_rows, MOST_ROWS)
    name = Named.of(table, usual=connection.default_schema)
    with _door(connection, name.schema) as door:
        described = found(door.description(), name.table, SourceError)
        wanted = Wanted(described, list(described.columns), {}, [], most + 1, 0, "null", 1_000)
        rows = pa.Table.from_batches(pulled(door, wanted), wanted.schema)
    return profiled(table, rows.slice(0, most), exact=rows.num_rows <= most)


def query(connection: SupabaseConnection, place: Place, sql: str, limit: int) -> tuple[pa.Table, bool]:
    """Return at most so many rows of one SELECT, and whether there are more.

    Raises:
        ConnectError: there is no connection, or no right to it.
        AuthorError: it is no SELECT, names what is not there, or there is no direct address.
        SourceError: it fails, or takes too long.
    """
    read_only(sql, "postgres")
    if (direct := connection.direct) is None:
        raise AuthorError("a query can't be run by REST", hint=DIRECT)
    return directly.query(direct, place, sql, limit)


@contextmanager
def _door(connection: SupabaseConnection, schema: str = "") -> Iterator[Door]:
    door = Door(connection, schema or connection.default_schema, retries=1)
    try:
        yield door
    finally:
        door.close()


DESK = Desk(check=check, catalogue=catalogue, profile=profile, query=query)
