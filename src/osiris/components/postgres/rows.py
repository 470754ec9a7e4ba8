"""Rows of a query, pulled as they are needed."""

from collections.abc import Generator
from dataclasses import dataclass, replace

import pyarrow as pa

from osiris.components.postgres.columns import Column, batch
from osiris.components.postgres.config import Arrays, OddDates
from osiris.components.postgres.driver import complaint, failed
from osiris.components.postgres.session import Db, next_result, quoted
from osiris.components.postgres.types import PgType, delivered, types_of
from osiris.components.postgres.wire import rows
from osiris.kit.sizing import sized
from osiris.kit.table import must_differ
from osiris.sql.text import without_comments


@dataclass(frozen=True)
class Query:
    """A query that the server has understood.

    Attributes:
        schema: What its rows are in Arrow.
        types: What they are in PostgreSQL.
        columns: How each column is read.
        statement: What is sent: the query, with casts where a type does not travel as it is.
    """

    schema: pa.Schema
    types: tuple[PgType, ...]
    columns: tuple[Column, ...]
    statement: str

    @classmethod
    def understood(cls, db: Db, query: str, odd_dates: OddDates = "fail", arrays: Arrays = "list") -> "Query":
        """Let the server work out the columns of a query, without reading a row.

        Raises:
            psycopg.Error: the query is wrong, or the server is gone.
            AuthorError: two columns have one name.
        """
        described = _described(db, query)
        names = [name for name, _, _ in described]
        must_differ(names)
        types = types_of(db, [(oid, typmod) for _, oid, typmod in described])
        ways = [delivered(kind, odd_dates, arrays) for kind in types]
        return cls(
            schema=pa.schema([pa.field(name, way.arrow) for name, way in zip(names, ways, strict=True)]),
            types=tuple(types),
            columns=tuple(Column(name, way, odd_dates) for name, way in zip(names, ways, strict=True)),
            statement=_selecting(query, [way.expression for way in ways]),
        )

    def first(self, rows: int) -> "Query":
        """Return the same query, but for the rows after so many."""
        return replace(self, statement=f"SELECT * FROM (\n{self.statement}\n) AS q LIMIT {rows}")  # nosec B608 # noqa: S608 - it is quoted or the guard has passed it

    def pulled(self, db: Db) -> Generator[pa.RecordBatch]:
        """Yield the rows in batches of a good size.

        Raises:
            psycopg.Error: the server breaks off, or is gone.
            CheckFailed: a value is not of its column's Arrow type; names the column.
        """
        yield from sized(batch(some, self.columns, self.schema) for some in rows(db, self.statement))


def some_of(db: Db, query: Query, most_bytes: int) -> tuple[pa.Table, bool]:
    """Return the first rows of a query, and whether these are all: a little more than so many bytes end it.

    The connection is of no use afterwards.

    Raises:
        psycopg.Error: the server breaks off, or is gone.
        CheckFailed: a value is not of its column's Arrow type; names the column.
    """
    taken: list[pa.RecordBatch] = []
    size = 0
    for some in query.pulled(db):
        taken.append(some)
        size += some.nbytes
        if size > most_bytes:
            return pa.Table.from_batches(taken, query.schema), False
    return pa.Table.from_batches(taken, query.schema), True


def without_end(query: str) -> str:
    """Return a query without comments, and without the semicolon that may end it."""
    return without_comments(query, "postgres").rstrip().removesuffix(";").rstrip()


def _described(db: Db, query: str) -> list[tuple[str, int, int]]:
    """Return name, number of the type and size of each column of a query."""
    described: list[tuple[str, int, int]] = []
    for send, words in ((db.wire.send_prepare, (b"", query.encode())), (db.wire.send_describe_prepared, (b"",))):
        send(*words)
        while (result := next_result(db)) is not None:
            if failed(result):
                raise complaint(result)
            described = [
                ((result.fname(i) or b"").decode(), result.ftype(i), result.fmod(i)) for i in range(result.nfields)
            ]
    return described


def _selecting(query: str, expressions: list[str]) -> str:
    """Return the query with expressions instead of its columns, which are told apart by place."""
    if all(expression == "{}" for expression in expressions):
        return query
    names = [quoted(f"c{place}") for place in range(len(expressions))]
    chosen = ", ".join(expression.format(name) for expression, name in zip(expressions, names, strict=True))
    return f"SELECT {chosen} FROM (\n{query}\n) AS q({', '.join(names)})"  # nosec B608 # noqa: S608 - the query has passed the guard
