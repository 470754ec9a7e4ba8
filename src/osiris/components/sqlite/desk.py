"""What SQLite tells about one of its files: bounded, read-only."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from osiris.components.sqlite.complaints import pulling
from osiris.components.sqlite.config import SqliteConnection
from osiris.components.sqlite.rows import Source, look_at, pulled
from osiris.components.sqlite.session import Db, quoted, reading
from osiris.components.sqlite.tables import found, relations
from osiris.components.sqlite.types import Seen
from osiris.kit.component import Place
from osiris.kit.family import Checked, Desk
from osiris.kit.stamp import stamp
from osiris.model.catalogue import Catalogue, Column, ColumnProfile, Table, TableProfile
from osiris.model.errors import Interrupted, OsirisError, SourceError
from osiris.sql.guard import read_only

SECONDS = 20.0  # that a question may take
MOST_VALUES = 50  # distinct values that are listed
MOST_COUNTED = 100_000  # rows of a table that are counted one by one
MOST_TEXT = 60  # characters of a value that is listed
_STEPS = 10_000  # of SQLite's machine between two looks at the clock
_NUMBERS = ("int", "double", "decimal", "date", "time")


def check(connection: SqliteConnection, place: Place) -> Checked:
    """Open the file read-only, and count its tables."""
    try:
        with reading(connection, place) as db:
            count = len(relations(db))
    except OsirisError as exc:
        return Checked("failed", exc.message, exc.hint)
    tables = f"{count} table{'' if count == 1 else 's'}"
    return Checked("ok", f"SQLite {sqlite3.sqlite_version} reads {connection.path!r}: {tables}")


def catalogue(connection: SqliteConnection, place: Place) -> Catalogue:
    """Return every table and view, with columns, keys and row counts.

    Types are those that columns declare: what their values are is known only when all of them are looked at.

    Raises:
        ConnectError: the file is missing or can't be opened.
        SourceError: it takes too long.
    """
    with reading(connection, place) as db, in_time(db), pulling(connection.path):
        tables = [_table(db, name, kind) for name, kind in relations(db).items()]
    return Catalogue(
        source=connection.path, dialect="sqlite", tables=tuple(sorted((t for t in tables if t), key=lambda t: t.name))
    )


def profile(connection: SqliteConnection, place: Place, table: str, most_rows: int) -> TableProfile:
    """Return statistics of a table, over at most so many of its first rows.

    Raises:
        ConnectError: the file is missing or can't be opened.
        SourceError: there is no such table, a column mixes types, or it takes too long.
    """
    with reading(connection, place) as db, in_time(db):
        query = f"SELECT * FROM {found(db, table)}"  # nosec B608 # noqa: S608 - the name is quoted
        source = Source.of(db, query, repr(table), limit=most_rows)
        schema = look_at(db, source)
        with pulling(source.said):
            looked = _one(db, f"SELECT count(*) FROM ({source.view})")  # nosec B608 # noqa: S608 - our own name
            more = _one(db, f"SELECT count(*) FROM (SELECT 1 FROM temp.osiris_rows LIMIT {most_rows + 1})")  # nosec B608 # noqa: S608 - our own name
            columns = tuple(_profiled(db, source, field, looked) for field in schema)
    return TableProfile(table=table, rows=looked, exact=more == looked, columns=columns)


def query(connection: SqliteConnection, place: Place, sql: str, limit: int) -> tuple[pa.Table, bool]:
    """Return at most so many rows of one SELECT, and whether there are more.

    Raises:
        ConnectError: the file is missing or can't be opened.
        AuthorError: it is no SELECT, or names what is not there.
        SourceError: a column of these rows mixes types, or it takes too long.
    """
    read_only(sql, "sqlite")
    with reading(connection, place) as db, in_time(db):
        source = Source.of(db, sql, "the query", limit=limit + 1)
        schema = look_at(db, source)
        table = pa.Table.from_batches(pulled(db, source, schema), schema)
    return table.slice(0, limit), table.num_rows > limit


@contextmanager
def in_time(db: Db, seconds: float = SECONDS) -> Iterator[None]:
    """Break SQLite off when it takes longer than anybody who asks will wait.

    Raises:
        SourceError: it did.
    """
    deadline = time.monotonic() + seconds
    db.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)
    try:
        yield
    except Interrupted as exc:
        raise SourceError(f"the answer took longer than {seconds:g} s", hint="ask for less: filter, or LIMIT") from exc


def _table(db: Db, name: str, kind: str) -> Table | None:
    """Return one table; None for a view that can't be read any more."""
    try:
        rows = db.execute(f"PRAGMA main.table_info({quoted(name)})").fetchall()
    except sqlite3.OperationalError:
        return None
    keys = sorted((row[5], row[1]) for row in rows if row[5])
    return Table(
        name=name,
        kind="view" if kind == "view" else "table",
        columns=tuple(_column(*row[1:4], key=bool(row[5])) for row in rows),
        primary_key=tuple(column for _, column in keys),
        references=_references(db, name),
        rows=None if kind == "view" else _rows(db, f"main.{quoted(name)}"),
    )


def _rows(db: Db, table: str) -> int | None:
    """Return how many rows a table has: exact for few; the largest row number for many, which SQLite would count."""
    counted = _one(db, f"SELECT count(*) FROM (SELECT 1 FROM {table} LIMIT {MOST_COUNTED + 1})")  # nosec B608 # noqa: S608 - quoted
    if counted <= MOST_COUNTED:
        return counted
    try:
        return _one(db, f"SELECT max(rowid) FROM {table}")  # nosec B608 # noqa: S608 - quoted
    except sqlite3.OperationalError:
        return None  # it has no row numbers


def _column(name: str, declared: str, not_null: int, *, key: bool) -> Column:
    kind = Seen(name, declared, frozenset()).settled([])
    return Column(name=name, type=str(kind), nullable=not (not_null or key), source_type=declared)


def _references(db: Db, name: str) -> dict[str, str]:
    """Return the foreign keys of one column; one that names no column means the other table's key."""
    rows = db.execute(f"PRAGMA main.foreign_key_list({quoted(name)})").fetchall()
    several = {row[0] for row in rows if row[1] > 0}
    return {
        own: f"{other}.{theirs or _key(db, other)}"
        for number, _, other, own, theirs, *_ in rows
        if number not in several
    }


def _key(db: Db, table: str) -> str:
    rows = db.execute(f"PRAGMA main.table_info({quoted(table)})").fetchall()
    return next((str(row[1]) for row in rows if row[5]), "rowid")


def _one(db: Db, sql: str) -> int:
    ((number,),) = db.execute(sql).fetchall()
    return int(number)


def _profiled(db: Db, source: Source, field: Any, looked: int) -> ColumnProfile:
    name = quoted(field.name)
    ordered = str(field.type).startswith(_NUMBERS)
    bounds = f"CAST(min({name}) AS TEXT), CAST(max({name}) AS TEXT)" if ordered else "NULL, NULL"
    ((filled, distinct, least, most),) = db.execute(
        f"SELECT count({name}), count(DISTINCT {name}), {bounds} FROM ({source.view})"  # nosec B608 # noqa: S608 - quoted
    ).fetchall()
    return ColumnProfile(
        name=field.name,
        type=str(field.type),
        nulls=(looked - filled) / looked if looked else 0.0,
        distinct=distinct,
        minimum=least,
        maximum=most,
        values=_values(db, source, name, field.type) if 0 < distinct <= MOST_VALUES else (),
    )


def _values(db: Db, source: Source, name: str, kind: Any) -> tuple[str, ...]:
    """Return the distinct values, sorted; nothing where one is long or where they are bytes."""
    if pa.types.is_binary(kind):
        return ()
    rows = db.execute(
        f"SELECT DISTINCT CAST({name} AS TEXT) FROM ({source.view}) WHERE {name} IS NOT NULL"  # nosec B608 # noqa: S608 - quoted
    ).fetchall()
    values = sorted(value for (value,) in rows)
    return () if any(len(value) > MOST_TEXT for value in values) else tuple(values)


def stamped(connection: SqliteConnection, place: Place) -> str:
    """Return what changes with the file, or with its log of what is not in the file yet."""
    path = place.project / connection.path
    return stamp((path, path.with_name(f"{path.name}-wal")))


DESK = Desk(check=check, catalogue=catalogue, profile=profile, query=query, stamp=stamped)
