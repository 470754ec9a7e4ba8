"""What PostgreSQL tells about one of its databases: bounded, read-only."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import pyarrow as pa

from osiris.components.postgres.complaints import reading
from osiris.components.postgres.config import PostgresConnection
from osiris.components.postgres.rows import Query, some_of, without_end
from osiris.components.postgres.session import Row, opened
from osiris.components.postgres.tables import found
from osiris.components.postgres.types import COLUMNS_OF_TYPE, LOOKED_THROUGH, delivered, type_of_row
from osiris.kit.component import Place
from osiris.kit.family import Checked, Desk
from osiris.kit.profile import profiled
from osiris.model.catalogue import Catalogue, Column, Table, TableProfile
from osiris.model.errors import OsirisError
from osiris.sql.guard import read_only

SECONDS = 20.0  # that a question may take
MOST_BYTES = 67_108_864  # of rows that a question looks at

# Tables and views that this user may read; parts of a partitioned table are not told one by one.
_READABLE = """
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
        AND n.nspname !~ '^(pg_|information_schema$)'
        AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
        AND (pg_catalog.has_table_privilege(c.oid, 'SELECT') OR pg_catalog.has_any_column_privilege(c.oid, 'SELECT'))
"""
_COUNT = f"SELECT pg_catalog.current_setting('server_version'), count(*) {_READABLE}"
_TABLES = f"""
    SELECT c.oid, n.nspname, c.relname, c.relkind IN ('v', 'm'), c.reltuples::bigint,
        coalesce(pg_catalog.obj_description(c.oid, 'pg_class'), '') {_READABLE} ORDER BY n.nspname, c.relname
"""
_COLUMNS = f"""
    SELECT a.attrelid, a.attname, NOT a.attnotnull, coalesce(pg_catalog.col_description(a.attrelid, a.attnum), ''),
        pg_catalog.format_type(a.atttypid, a.atttypmod), a.atttypmod, {COLUMNS_OF_TYPE}
    FROM pg_catalog.pg_attribute a JOIN ({LOOKED_THROUGH}) t ON t.oid = a.atttypid
    WHERE a.attrelid IN (SELECT c.oid {_READABLE}) AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY a.attrelid, a.attnum
"""  # nosec B608 # noqa: S608 - constants
_KEYS = """
    SELECT k.conrelid, k.contype = 'p', ARRAY(
            SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS u(number, place)
            JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.number ORDER BY u.place
        ), n.nspname, f.relname, (
            SELECT a.attname FROM pg_catalog.pg_attribute a WHERE a.attrelid = k.confrelid AND a.attnum = k.confkey[1]
        )
    FROM pg_catalog.pg_constraint k
    LEFT JOIN pg_catalog.pg_class f ON f.oid = k.confrelid
    LEFT JOIN pg_catalog.pg_namespace n ON n.oid = f.relnamespace
    WHERE k.contype IN ('p', 'f') ORDER BY k.conrelid, k.conname
"""


def check(connection: PostgresConnection, place: Place) -> Checked:  # noqa: ARG001 - every family is asked so
    """Sign on, and count the tables."""
    try:
        with opened(connection, read_only=True, seconds=SECONDS) as db, reading("the catalogue"):
            ((version, count),) = db.ask(_COUNT)
    except OsirisError as exc:
        return Checked("failed", exc.message, exc.hint)
    where = f"{connection.host}:{connection.port}/{connection.database or connection.user}"
    return Checked("ok", f"PostgreSQL {version} at {where}: {count} table{'' if count == 1 else 's'}")


def catalogue(connection: PostgresConnection, place: Place) -> Catalogue:  # noqa: ARG001 - every family is asked so
    """Return every table and view that this user may read, with columns, keys, estimated row counts and comments.

    Raises:
        ConnectError: there is no connection, or no right to it.
        SourceError: it takes too long.
    """
    with opened(connection, read_only=True, seconds=SECONDS) as db, reading("the catalogue"):
        tables, columns, keys = db.ask(_TABLES), _by_table(db.ask(_COLUMNS)), _by_table(db.ask(_KEYS))
    usual = connection.default_schema
    return Catalogue(
        source=f"{connection.host}:{connection.port}/{connection.database}",
        dialect="postgres",
        tables=tuple(_table(row, columns.get(row[0], ()), keys.get(row[0], ()), usual) for row in tables),
    )


def profile(connection: PostgresConnection, place: Place, table: str, most_rows: int) -> TableProfile:  # noqa: ARG001
    """Return statistics of a table, over at most so many of its first rows, and at most 64 MiB of them.

    Raises:
        ConnectError: there is no connection, or no right to it.
        SourceError: there is no such table, or it takes too long.
    """
    with opened(connection, read_only=True, seconds=SECONDS) as db, reading(f"table {table!r}"):
        name = found(db, table)
        understood = Query.understood(db, f"SELECT * FROM {name.sql}", odd_dates="null", arrays="text")  # nosec B608 # noqa: S608 - quoted
        rows, all_ = some_of(db, understood.first(most_rows + 1), MOST_BYTES)
    return profiled(table, rows.slice(0, most_rows), exact=all_ and rows.num_rows <= most_rows)


def query(connection: PostgresConnection, place: Place, sql: str, limit: int) -> tuple[pa.Table, bool]:  # noqa: ARG001
    """Return at most so many rows of one SELECT, and whether there are more.

    Raises:
        ConnectError: there is no connection, or no right to it.
        AuthorError: it is no SELECT, or names what is not there.
        SourceError: it fails, or takes too long.
        CheckFailed: a value can't travel.
    """
    read_only(sql, "postgres")
    with opened(connection, read_only=True, seconds=SECONDS) as db, reading("the query", sql):
        rows, all_ = some_of(db, Query.understood(db, without_end(sql)).first(limit + 1), MOST_BYTES)
    return rows.slice(0, limit), rows.num_rows > limit or not all_


def _by_table(rows: list[Row]) -> dict[int, list[Row]]:
    """Return rows by their first value, by which they are sorted."""
    return {oid: [tuple(rest) for _, *rest in some] for oid, some in groupby(rows, key=lambda row: int(row[0]))}


def _table(row: Row, columns: Sequence[Row], keys: Sequence[Row], usual: str) -> Table:
    _, schema, name, is_view, rows, comment = row
    return Table(
        name=name,
        namespace="" if schema == usual else schema,
        kind="view" if is_view else "table",
        columns=tuple(map(_column, columns)),
        primary_key=next((tuple(own) for is_primary, own, *_ in keys if is_primary), ()),
        references={
            own[0]: f"{other}.{column}" if space == usual else f"{space}.{other}.{column}"
            for is_primary, own, space, other, column in keys
            if not is_primary and len(own) == 1
        },
        rows=None if is_view or rows < 0 else rows,
        comment=comment,
    )


def _column(row: Row) -> Column:
    name, nullable, comment, said, typmod, *kind = row
    arrow: Any = delivered(type_of_row(said, typmod, kind)).arrow
    return Column(name=name, type=str(arrow), nullable=nullable, source_type=said, comment=comment)


DESK = Desk(check=check, catalogue=catalogue, profile=profile, query=query)
