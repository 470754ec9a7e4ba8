"""What MySQL tells about one of its connections: bounded, read-only."""

from contextlib import ExitStack
from functools import partial

import pyarrow as pa

from osiris.components.mysql.catalogue import tables
from osiris.components.mysql.columns import ZeroDate
from osiris.components.mysql.complaints import reading_from
from osiris.components.mysql.config import MysqlConnection, ZeroDates
from osiris.components.mysql.driver import Db
from osiris.components.mysql.query import of_query, of_table
from osiris.components.mysql.reading import streamed
from osiris.components.mysql.session import ask, is_mariadb, reading
from osiris.components.mysql.tables import all_names, found
from osiris.kit.component import Place
from osiris.kit.family import Checked, Desk
from osiris.kit.profile import profiled
from osiris.kit.stream import Stream
from osiris.model.catalogue import Catalogue, TableProfile
from osiris.model.errors import OsirisError
from osiris.sql.guard import read_only

SECONDS = 20.0  # that a question may take
MOST_BYTES = 134_217_728  # of rows that are looked at, however few they are
_LONGER = 60.0  # that the questions about thousands of tables may take, each


def check(connection: MysqlConnection, place: Place) -> Checked:  # noqa: ARG001 - a server lies nowhere in the project
    """Connect, and count the tables that this user may read."""
    try:
        with reading(connection, SECONDS) as db, reading_from("the list of tables"):
            ((version, database, count),) = ask(
                db,
                "SELECT VERSION(), DATABASE(), count(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()",
            )
            server = f"{_product(db)} {version.partition('-')[0]} at {connection.host}:{connection.port}"
    except OsirisError as exc:
        return Checked("failed", exc.message, exc.hint)
    if database is None:
        return Checked("ok", f"{server} answers; no database is named", "set `database`, or write names as shop.orders")
    if not count:
        hint = f"where there should be tables: GRANT SELECT ON {database}.* TO this user"
        return Checked("ok", f"{server}, database {database!r}: this user sees no table", hint)
    return Checked("ok", f"{server}, database {database!r}: {count} table{'' if count == 1 else 's'}")


def catalogue(connection: MysqlConnection, place: Place) -> Catalogue:  # noqa: ARG001 - as above
    """Return every table and view, with columns, keys, comments and the server's estimates of row counts.

    Raises:
        ConnectError: there is no connection.
        SourceError: it takes too long.
    """
    with reading(connection, _LONGER) as db, reading_from("the list of tables"):
        return Catalogue(source=connection.database or connection.host, dialect="mysql", tables=tables(db))


def profile(connection: MysqlConnection, place: Place, table: str, most_rows: int) -> TableProfile:  # noqa: ARG001 - as above
    """Return statistics of a table, over at most so many of its rows.

    Raises:
        ConnectError: there is no connection, or no right to the table.
        SourceError: there is no such table, or it takes too long.
    """
    try:
        rows, more = _looked_at(connection, table, most_rows, "fail")
    except ZeroDate:
        rows, more = _looked_at(connection, table, most_rows, "text")  # shows the dates that no calendar has
    return profiled(table, rows, exact=not more)


def query(connection: MysqlConnection, place: Place, sql: str, limit: int) -> tuple[pa.Table, bool]:  # noqa: ARG001 - as above
    """Return at most so many rows of one SELECT, and whether there are more.

    Raises:
        ConnectError: there is no connection, or no right to a table.
        AuthorError: it is no SELECT, or names what is not there.
        SourceError: it fails, or takes too long.
    """
    read_only(sql, "mysql")
    with ExitStack() as opened:
        db = opened.enter_context(reading(connection, SECONDS))
        with reading_from("the query", partial(all_names, db)):
            statement = of_query(db, sql, "fail")
            ask(db, f"SET SESSION sql_select_limit = {limit + 1}")
        with streamed(db, statement, "the query", opened.pop_all()) as rows:
            return _first(rows, limit)


def _looked_at(connection: MysqlConnection, table: str, most_rows: int, zero_dates: ZeroDates) -> tuple[pa.Table, bool]:
    said = f"table {table!r}"
    with ExitStack() as opened:
        db = opened.enter_context(reading(connection, SECONDS))
        with reading_from(said):
            statement = of_table(db, found(db, table), (), zero_dates, limit=most_rows + 1)
        with streamed(db, statement, said, opened.pop_all()) as rows:
            return _first(rows, most_rows)


def _first(rows: Stream, count: int) -> tuple[pa.Table, bool]:
    """Return at most so many rows, and whether there are more; what comes after them is not read."""
    batches: list[pa.RecordBatch] = []
    taken = size = 0
    for batch in rows:
        batches.append(batch)
        taken, size = taken + batch.num_rows, size + batch.nbytes
        if taken > count or size > MOST_BYTES:
            break
    table = pa.Table.from_batches(batches, rows.schema)
    return table.slice(0, count), taken > count or size > MOST_BYTES


def _product(db: Db) -> str:
    return "MariaDB" if is_mariadb(db) else "MySQL"


DESK = Desk(check=check, catalogue=catalogue, profile=profile, query=query)
