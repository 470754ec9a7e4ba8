"""Rows from a query of DuckDB's, pulled as they are needed."""

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager

import duckdb
import pyarrow as pa

from osiris.components.duckdb.complaints import statement_error
from osiris.components.duckdb.session import Db
from osiris.components.duckdb.types import guard, outward
from osiris.kit.sizing import sized
from osiris.kit.stream import BATCH_ROWS
from osiris.model.errors import AuthorError


def relation(db: Db, query: str) -> duckdb.DuckDBPyRelation:
    """Return the rows of a query, unread, in types that Arrow holds exactly.

    Raises:
        AuthorError: it is not one SELECT, or names what is not there; `where` has the line.
    """
    return planned(db, query)[0]


def planned(db: Db, query: str) -> tuple[duckdb.DuckDBPyRelation, str]:
    """Return the rows of a query as `relation` does, and DuckDB's plan of it as `plan` does."""
    text = plan(db, query)
    return outward(db.sql(query)), text


def plan(db: Db, query: str) -> str:
    """Return DuckDB's plan of a query, as JSON.

    Raises:
        AuthorError: it is not one SELECT, or names what is not there; `where` has the line.
    """
    with _understood(before=0):
        _must_be_a_select(db.extract_statements(query))
    with _understood(before=1):
        (_, text), *_ = db.execute(f"EXPLAIN (FORMAT json)\n{query}").fetchall()
        return str(text)


@contextmanager
def _understood(before: int) -> Iterator[None]:
    """Say what DuckDB does not understand; so many lines stand before the query."""
    try:
        yield
    except duckdb.InterruptException:
        raise
    except duckdb.Error as exc:
        raise statement_error(exc, before) from exc


def _must_be_a_select(statements: list[duckdb.Statement]) -> None:
    if len(statements) != 1:
        raise AuthorError(f"the query holds {len(statements)} statements", where="query", hint="write one SELECT")
    match statements[0].type:
        case duckdb.StatementType.SELECT:
            return
        case duckdb.StatementType.MULTI:
            raise AuthorError(
                "the columns of this PIVOT depend on the rows",
                where="query",
                hint="name its values: PIVOT … ON x IN ('a', 'b')",
            )
        case other:
            raise AuthorError(f"a {other.name} statement is not a query", where="query", hint="write one SELECT")


def pulled(rows: duckdb.DuckDBPyRelation, schema: pa.Schema) -> Generator[pa.RecordBatch]:
    """Yield the rows of a relation in batches of a good size; an error is DuckDB's own.

    Raises:
        CheckFailed: a value can't travel.
    """
    check = guard(schema)
    with closing(rows.to_arrow_reader(BATCH_ROWS)) as reader:
        yield from sized(check(batch) for batch in reader)
