"""What DuckDB tells about one of its files: bounded, read-only."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer

import duckdb
import pyarrow as pa

from osiris.components.duckdb.complaints import telling
from osiris.components.duckdb.config import DuckdbConnection
from osiris.components.duckdb.listing import tables_of
from osiris.components.duckdb.rows import relation
from osiris.components.duckdb.session import Db, quoted, reading
from osiris.components.duckdb.tables import found, relations
from osiris.components.duckdb.types import guard, outward, schema_of_rows
from osiris.kit.component import Place
from osiris.kit.family import Checked, Desk
from osiris.kit.stamp import stamp
from osiris.model.catalogue import Catalogue, ColumnProfile, TableProfile
from osiris.model.errors import OsirisError, SourceError
from osiris.sql.guard import read_only

SECONDS = 20.0  # that a question may take
MOST_VALUES = 50  # distinct values that are listed
_ORDERED = ("int", "uint", "float", "double", "decimal", "date", "time")  # types with a smallest and a largest value
MOST_TEXT = 60  # characters of a value that is listed


def check(connection: DuckdbConnection, place: Place) -> Checked:
    """Open the file read-only, and count its tables."""
    try:
        with reading(connection, place) as db:
            count = len(relations(db))
    except OsirisError as exc:
        return Checked("failed", exc.message, exc.hint)
    return Checked("ok", f"DuckDB {duckdb.__version__} reads {connection.path!r}: {_counted(count)}")


def catalogue(connection: DuckdbConnection, place: Place) -> Catalogue:
    """Return every table and view, with columns, keys, row counts and comments.

    Row counts are DuckDB's own estimates, which count rows that were deleted lately.

    Raises:
        ConnectError: the file is missing or can't be opened.
    """
    with reading(connection, place) as db:
        return Catalogue(source=connection.path, dialect="duckdb", tables=tuple(tables_of(db)))


def profile(connection: DuckdbConnection, place: Place, table: str, most_rows: int) -> TableProfile:
    """Return statistics of a table, over at most so many of its first rows.

    Raises:
        ConnectError: the file is missing or can't be opened.
        SourceError: there is no such table, or it takes too long.
    """
    with reading(connection, place) as db, telling(), in_time(db):
        name = found(db, table)
        rows = db.sql(f"FROM {name}")
        kinds = [str(field.type) for field in schema_of_rows(outward(rows))]
        db.execute(f"CREATE TEMP TABLE looked_at AS FROM {name} LIMIT {most_rows}")
        ((looked,),) = db.execute("SELECT count(*) FROM looked_at").fetchall()
        ((more,),) = db.execute(f"SELECT count(*) FROM (FROM {name} LIMIT {most_rows + 1})").fetchall()  # nosec B608 # noqa: S608 - quoted
        columns = tuple(_profiled(db, column, kind, looked) for column, kind in zip(rows.columns, kinds, strict=True))
    return TableProfile(table=table, rows=looked, exact=more == looked, columns=columns)


def query(connection: DuckdbConnection, place: Place, sql: str, limit: int) -> tuple[pa.Table, bool]:
    """Return at most so many rows of one SELECT, and whether there are more.

    Raises:
        ConnectError: the file is missing or can't be opened.
        AuthorError: it is no SELECT, or names what is not there.
        SourceError: it fails, or takes too long.
        CheckFailed: a value can't travel.
    """
    read_only(sql, "duckdb")
    with reading(connection, place) as db, telling(), in_time(db):
        rows = relation(db, sql)
        schema = schema_of_rows(rows)
        table = rows.limit(limit + 1).to_arrow_table().cast(schema)
    for batch in table.to_batches():
        guard(schema)(batch)
    return table.slice(0, limit), table.num_rows > limit


@contextmanager
def in_time(db: Db, seconds: float = SECONDS) -> Iterator[None]:
    """Break DuckDB off when it takes longer than anybody who asks will wait.

    Raises:
        SourceError: it did.
    """
    timer = Timer(seconds, db.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    except duckdb.InterruptException as exc:
        raise SourceError(f"the answer took longer than {seconds:g} s", hint="ask for less: filter, or LIMIT") from exc
    finally:
        timer.cancel()


def _counted(tables: int) -> str:
    return f"{tables} table{'' if tables == 1 else 's'}"


def _profiled(db: Db, column: str, kind: str, looked: int) -> ColumnProfile:
    name = quoted(column)
    ordered = any(kind.startswith(word) for word in _ORDERED)
    bounds = f"CAST(min({name}) AS VARCHAR), CAST(max({name}) AS VARCHAR)" if ordered else "NULL, NULL"
    ((nulls, distinct, least, most),) = db.execute(
        f"SELECT count(*) - count({name}), count(DISTINCT {name}), {bounds} FROM looked_at"  # nosec B608 # noqa: S608 - quoted
    ).fetchall()
    return ColumnProfile(
        name=column,
        type=kind,
        nulls=nulls / looked if looked else 0.0,
        distinct=distinct,
        minimum=least,
        maximum=most,
        values=_values(db, name) if 0 < distinct <= MOST_VALUES else (),
    )


def _values(db: Db, name: str) -> tuple[str, ...]:
    """Return the distinct values, sorted; nothing where one is long."""
    rows = db.execute(f"SELECT DISTINCT CAST({name} AS VARCHAR) FROM looked_at WHERE {name} IS NOT NULL").fetchall()  # nosec B608 # noqa: S608 - quoted
    values = sorted(value for (value,) in rows)
    return () if any(len(value) > MOST_TEXT for value in values) else tuple(values)


def stamped(connection: DuckdbConnection, place: Place) -> str:
    """Return what changes with the file, or with its log of what is not in the file yet."""
    path = place.project / connection.path
    return stamp((path, path.with_name(f"{path.name}.wal")))


DESK = Desk(check=check, catalogue=catalogue, profile=profile, query=query, stamp=stamped)
