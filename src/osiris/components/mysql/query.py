"""The one statement that is sent for some rows, and how its columns are read."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
from sqlglot import exp

from osiris.components.mysql.columns import WireColumn, columns_of_result
from osiris.components.mysql.config import ZeroDates
from osiris.components.mysql.driver import Db
from osiris.components.mysql.session import quoted
from osiris.components.mysql.tables import Named
from osiris.components.mysql.wire import described
from osiris.kit.table import must_differ
from osiris.sql.text import Kind, spans
from osiris.sql.tree import trees

ALL = 18_446_744_073_709_551_615  # MySQL's own word for no limit


@dataclass(frozen=True)
class Statement:
    """What is sent, and what comes back.

    Attributes:
        sql: The query; it asks for doubles where the server would round in print.
    """

    sql: str
    columns: tuple[WireColumn, ...]

    @property
    def schema(self) -> pa.Schema:
        """Return the columns' names and types."""
        return pa.schema([pa.field(column.name, column.kind) for column in self.columns])


def of_table(
    db: Db, name: Named, columns: Sequence[str], zero_dates: ZeroDates, *, limit: int | None = None, offset: int = 0
) -> Statement:
    """Return the statement that reads a table.

    Args:
        db: A connection, to ask about the columns.
        name: The table or view.
        columns: Those wanted, in this order; all where empty.
        zero_dates: What becomes of dates that no calendar has.
        limit: Most rows.
        offset: Rows to leave out at the start.

    Raises:
        pymysql.err.Error: the server refuses it, or is gone.
    """
    listed = ", ".join(map(quoted, columns)) or "*"
    read = columns_of_result(described(db, f"SELECT {listed} FROM {name.sql}"), zero_dates)  # nosec B608 # noqa: S608 - quoted
    return Statement(f"SELECT {_selected(read)} FROM {name.sql}{_part(limit, offset)}", read)  # nosec B608 # noqa: S608 - quoted


def of_query(db: Db, sql: str, zero_dates: ZeroDates, *, limit: int | None = None, offset: int = 0) -> Statement:
    """Return the statement that reads the rows of a query that the guard has passed.

    Args:
        db: A connection, to ask about the columns.
        sql: The query.
        zero_dates: What becomes of dates that no calendar has.
        limit: Most rows.
        offset: Rows to leave out at the start.

    Raises:
        AuthorError: two columns have one name.
        pymysql.err.Error: the server refuses it, or is gone.
    """
    sql = _without_end(sql)
    columns = columns_of_result(described(db, sql), zero_dates)
    must_differ([column.name for column in columns])
    part = _part(limit, offset)
    if part or any(column.as_double for column in columns):
        inner = f"(\n{sql}{_kept_order(sql)}\n) AS `rows`"
        sql = f"SELECT {_selected(columns)} FROM {inner}{part}"  # nosec B608 # noqa: S608 - the guard has passed it
    return Statement(sql, columns)


def _part(limit: int | None, offset: int) -> str:
    """Return what leaves out the other rows."""
    if limit is None and not offset:
        return ""
    return f" LIMIT {ALL if limit is None else limit} OFFSET {offset}"


def _selected(columns: Sequence[WireColumn]) -> str:
    names = [(quoted(column.name), column.as_double) for column in columns]
    return ", ".join(f"{name} * 1e0 AS {name}" if doubled else name for name, doubled in names)


def _without_end(sql: str) -> str:
    """Return a query without the semicolon that may end it."""
    for span in reversed(spans(sql, "mysql")):
        if span.kind is Kind.CODE and span.text.strip():
            if span.text.rstrip().endswith(";"):
                at = span.start + span.text.rindex(";")
                return f"{sql[:at]} {sql[at + 1 :]}"
            break
    return sql


def _kept_order(sql: str) -> str:
    """Return what keeps the order of a query in brackets: without a LIMIT the server would forget it."""
    (tree,) = trees(sql, "mysql")
    ordered = isinstance(tree, exp.Query) and tree.args.get("order") and not tree.args.get("limit")
    return f"\nLIMIT {ALL}" if ordered else ""
