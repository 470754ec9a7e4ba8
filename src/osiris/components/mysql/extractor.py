"""Rows out of a MySQL or MariaDB database."""

from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from osiris.components.mysql.complaints import reading_from
from osiris.components.mysql.config import MysqlConnection, MysqlExtract
from osiris.components.mysql.driver import Db
from osiris.components.mysql.query import Statement, of_query, of_table
from osiris.components.mysql.reading import streamed
from osiris.components.mysql.session import reading
from osiris.components.mysql.tables import all_names, found
from osiris.components.mysql.types import READS
from osiris.kit.arrow import columns_of
from osiris.kit.component import Announced, Describe, Place
from osiris.kit.held import HeldStream
from osiris.kit.settled import announced, must_be_settled
from osiris.model.catalogue import Known, Table
from osiris.model.spec import Example
from osiris.sql.guard import read_only


@dataclass(frozen=True)
class MysqlExtractor:
    """Read a table, or the rows of one SELECT, from MySQL or MariaDB.

    The session is read-only and sees one state of the data. Types are MySQL's own: DECIMAL keeps all its digits,
    BIGINT UNSIGNED its range, TINYINT(1) is a number, BIT(1) a boolean. TIME, ENUM, SET and JSON come as text. Dates
    that no calendar has, such as 0000-00-00, are an error unless `zero_dates` says otherwise.
    """

    about: ClassVar[Describe] = Describe(
        name="mysql.extractor",
        title="Read from MySQL or MariaDB",
        mode="read",
        config=MysqlExtract,
        connection="required",
        sql="mysql",
        types=READS,
        llm_hints=(
            "Write either `query` or `table`, not both.",
            "Filter and aggregate in `query`: what the server leaves out does not travel.",
            "Name every column once: `a.id AS order_id`, not `a.*, b.*`.",
            "`zero_dates: null` where old tables hold 0000-00-00.",
        ),
        examples=(
            Example(title="A table", config={"connection": "@mysql.shop", "table": "orders"}),
            Example(
                title="A query",
                config={
                    "connection": "@mysql.shop",
                    "query": "SELECT customer_id, sum(amount) AS revenue FROM orders GROUP BY customer_id",
                },
            ),
        ),
    )

    config: MysqlExtract
    place: Place
    connection: MysqlConnection

    def announce(self, known: Known) -> Announced:
        """Return the columns that a look at the database found, and settle their types."""
        return announced(known, derivable=self.config.zero_dates != "text")

    def survey(self) -> Table:
        """Let the server work out the columns, without reading a row.

        Raises:
            ConnectError: there is no connection, or no right to the table.
            SourceError: there is no such table or column.
            AuthorError: the query is wrong, or two of its columns have one name.
        """
        with reading(self.connection) as db:
            columns = columns_of(self._statement(db).schema)
        return Table(name="query" if self.config.query else self.config.table, columns=columns)

    def extract(self) -> HeldStream:
        """Connect and work out the columns; the query is sent when the first row is wanted.

        Raises:
            ConnectError: there is no connection, or no right to the table.
            SourceError: there is no such table or column. Also while the stream is read, when the server breaks off
                or a value is none of its type.
            AuthorError: the query is wrong, or two of its columns have one name.
            CheckFailed: the columns are not those of the plan.
        """
        with ExitStack() as opened:
            db = opened.enter_context(reading(self.connection, self.config.statement_timeout))
            statement = self._statement(db)
            must_be_settled(self.config.settled, statement.schema, self._said)
            return streamed(db, statement, self._said, opened.pop_all())

    def _statement(self, db: Db) -> Statement:
        config = self.config
        with reading_from(self._said, partial(all_names, db)):
            if config.query:
                read_only(config.query, "mysql")
                return of_query(db, config.query, config.zero_dates, limit=config.limit, offset=config.offset)
            name = found(db, config.table, config.columns, config.table_schema)
            return of_table(db, name, config.columns, config.zero_dates, limit=config.limit, offset=config.offset)

    @property
    def _said(self) -> str:
        return "the query" if self.config.query else f"table {self.config.table!r}"
