"""Rows out of a PostgreSQL database."""

from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from osiris.components.postgres.complaints import reading
from osiris.components.postgres.config import PostgresConnection, PostgresExtract
from osiris.components.postgres.rows import Query, without_end
from osiris.components.postgres.session import Db, connect, listed, opened
from osiris.components.postgres.tables import found
from osiris.components.postgres.types import READS
from osiris.kit.ahead import WAITING, ahead
from osiris.kit.arrow import columns_of
from osiris.kit.component import Announced, Describe, Place
from osiris.kit.held import HeldStream
from osiris.kit.settled import announced, must_be_settled
from osiris.model.catalogue import Known, Table
from osiris.model.spec import Example
from osiris.sql.guard import read_only


@dataclass(frozen=True)
class PostgresExtractor:
    """Read a table, or the rows of one SELECT, from PostgreSQL, in one state of the data and without changing any.

    Types are PostgreSQL's own. A NUMERIC without a size, UUID, INTERVAL, enums, ranges, JSONB and the like become text
    as PostgreSQL writes it; an array is a list. What can't be said so, such as the date `infinity`, is an error that
    names the column.
    """

    about: ClassVar[Describe] = Describe(
        name="postgres.extractor",
        title="Read from PostgreSQL",
        mode="read",
        config=PostgresExtract,
        connection="required",
        sql="postgres",
        llm_hints=(
            "Write either `query` or `table`, not both.",
            "Aggregate and filter in `query`: PostgreSQL does it faster than a later step.",
            "A NUMERIC without a size arrives as text: cast it, such as amount::numeric(18, 2).",
        ),
        examples=(
            Example(title="A table", config={"connection": "@postgres.shop", "table": "orders"}),
            Example(
                title="A query",
                config={
                    "connection": "@postgres.shop",
                    "query": "SELECT customer_id, sum(amount)::numeric(18, 2) AS revenue FROM orders GROUP BY 1",
                },
            ),
        ),
        types=READS,
    )

    config: PostgresExtract
    place: Place
    connection: PostgresConnection

    def announce(self, known: Known) -> Announced:
        """Return the columns that a look at the database found, and settle their types."""
        as_listed = self.config.odd_dates != "text" and self.config.arrays != "text"
        return announced(known, derivable=as_listed)

    def survey(self) -> Table:
        """Let the server work out the columns, without reading a row.

        Raises:
            ConnectError: there is no connection, or no right to read.
            SourceError: there is no such table.
            AuthorError: the query is wrong.
        """
        with opened(self.connection, read_only=True, seconds=self.config.statement_timeout) as db:
            schema = self._understood(db).schema
        return Table(name=self.config.table or "query", columns=columns_of(schema))

    def extract(self) -> HeldStream:
        """Connect, and let the server work out the columns; it begins to send when the first row is wanted.

        Raises:
            ConnectError: there is no connection, or no right to read.
            SourceError: there is no such table. Also while the stream is read, when the server fails.
            AuthorError: the query is wrong.
            CheckFailed: the columns are not those of the plan. Also while it is read, at a value that can't travel.
        """
        db = connect(self.connection, read_only=True, seconds=self.config.statement_timeout)
        with ExitStack() as opening:
            opening.callback(db.close)
            query = self._understood(db)
            must_be_settled(self.config.settled, query.schema, self._said)
            held = opening.pop_all()
        rows = ahead(self._rows(db, query), WAITING, db.break_off)
        return HeldStream(query.schema, rows, break_off=db.break_off, held=held)

    def _rows(self, db: Db, query: Query) -> Generator[pa.RecordBatch]:
        with reading(self._said):
            yield from query.pulled(db)

    def _understood(self, db: Db) -> Query:
        config = self.config
        with reading(self._said, config.query):
            return Query.understood(db, self._query(db), config.odd_dates, config.arrays)

    def _query(self, db: Db) -> str:
        config = self.config
        if config.query:
            read_only(config.query, "postgres")
            query = without_end(config.query)
            return f"SELECT * FROM (\n{query}\n) AS q{self._part}" if self._part else query  # nosec B608 # noqa: S608 - guarded
        table = found(db, config.table, config.table_schema, config.columns)
        return f"SELECT {listed(config.columns) or '*'} FROM {table.sql}{self._part}"  # nosec B608 # noqa: S608 - quoted

    @property
    def _part(self) -> str:
        limit = "" if self.config.limit is None else f" LIMIT {self.config.limit}"
        return f"{limit} OFFSET {self.config.offset}" if self.config.offset else limit

    @property
    def _said(self) -> str:
        return f"table {self.config.table!r}" if self.config.table else "the query"
