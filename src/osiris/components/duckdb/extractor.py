"""Rows out of a DuckDB database file."""

from collections.abc import Generator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import ClassVar

import duckdb
import pyarrow as pa

from osiris.components.duckdb.complaints import telling
from osiris.components.duckdb.config import DuckdbConnection, DuckdbExtract
from osiris.components.duckdb.rows import pulled, relation
from osiris.components.duckdb.session import Db, database_file, quoted, reading
from osiris.components.duckdb.tables import found
from osiris.components.duckdb.types import schema_of_rows
from osiris.kit.arrow import columns_of, schema_of
from osiris.kit.component import Announced, Describe, LocalFile, Place
from osiris.kit.query import Breaker, QueryStream
from osiris.kit.settled import must_be_settled
from osiris.model.catalogue import Known, Table
from osiris.model.errors import CheckFailed
from osiris.model.spec import Example
from osiris.sql.guard import read_only


@dataclass(frozen=True)
class DuckdbExtractor:
    """Read a table, or the rows of one SELECT, from a DuckDB file that is opened read-only.

    Types are DuckDB's own. Integers of 128 bits, such as `sum(x)` gives, become decimal(38, 0); BIT, ENUM, INTERVAL,
    TIME WITH TIME ZONE and UUID become text, a MAP a list of its entries. What can't be said so, such as a UNION or
    the date `infinity`, is an error that names the column.
    """

    about: ClassVar[Describe] = Describe(
        name="duckdb.extractor",
        title="Read from a DuckDB file",
        mode="read",
        config=DuckdbExtract,
        connection="required",
        sql="duckdb",
        llm_hints=(
            "Write either `query` or `table`, not both.",
            "Aggregate and filter in `query`: DuckDB does it faster than a later step.",
            "Without ORDER BY the rows come in the table's own order.",
        ),
        examples=(
            Example(title="A table", config={"connection": "@duckdb.shop", "table": "orders"}),
            Example(
                title="A query",
                config={
                    "connection": "@duckdb.shop",
                    "query": "SELECT customer_id, sum(amount) AS revenue FROM orders GROUP BY ALL",
                },
            ),
        ),
    )

    config: DuckdbExtract
    place: Place
    connection: DuckdbConnection

    def announce(self, known: Known) -> Announced:
        """Return the columns that a look at the database found, and settle their types."""
        if known.survey is None:
            return Announced(why=known.why or "nobody has looked at the database yet")
        schema = schema_of(known.survey.columns)
        return Announced(schema=schema, fixed={"settled": {field.name: str(field.type) for field in schema}})

    def survey(self) -> Table:
        """Let DuckDB work out the columns, without reading a row.

        Raises:
            ConnectError: the file is missing or can't be opened.
            SourceError: there is no such table.
            AuthorError: the query is wrong, or a column has a type that can't travel.
        """
        with self._opened() as db:
            columns = columns_of(schema_of_rows(self._relation(db)))
        return Table(name=self.config.table or "query", columns=columns)

    def extract(self) -> QueryStream:
        """Work out the columns; the file is opened again when the first row is wanted.

        Until then nothing holds the file, so that a writer of the same run may have it.

        Raises:
            ConnectError: the file is missing or can't be opened. Also while the stream is read.
            SourceError: there is no such table. Also while the stream is read, when DuckDB fails.
            AuthorError: the query is wrong, or a column has a type that can't travel.
            CheckFailed: the columns are not those of the plan. Also while it is read, at a value that can't travel.
        """
        with self._opened() as db:
            schema = schema_of_rows(self._relation(db))
        must_be_settled(self.config.settled, schema, self._said)
        breaker = Breaker()
        return QueryStream(schema, self._rows(schema, breaker), breaker=breaker)

    def files(self) -> tuple[LocalFile, ...]:
        """Return the database file."""
        return database_file(self.connection, self.place)

    def _rows(self, schema: pa.Schema, breaker: Breaker) -> Generator[pa.RecordBatch]:
        with self._opened() as db, breaker.at_work(db), telling():
            rows = self._relation(db)
            if not schema_of_rows(rows).equals(schema):
                raise CheckFailed(
                    f"the columns of {self._said} changed while the run was going on",
                    hint="let this step need the step that changes them",
                )
            yield from pulled(rows, schema)

    def _opened(self) -> AbstractContextManager[Db]:
        return reading(self.connection, self.place, self.place.scratch)

    def _relation(self, db: Db) -> duckdb.DuckDBPyRelation:
        config = self.config
        rows = relation(db, self._query(db))
        if config.limit is not None or config.offset:
            rows = rows.limit(2**62 if config.limit is None else config.limit, config.offset)
        return rows

    def _query(self, db: Db) -> str:
        config = self.config
        if config.query:
            read_only(config.query, "duckdb")
            return config.query
        table = found(db, config.table, config.columns)
        return f"SELECT {', '.join(map(quoted, config.columns)) or '*'} FROM {table}"  # nosec B608 # noqa: S608 - all are quoted

    @property
    def _said(self) -> str:
        return repr(self.config.table) if self.config.table else "the query"
