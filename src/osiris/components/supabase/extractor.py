"""Rows out of a Supabase project."""

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, ClassVar

from osiris.components.postgres.config import PostgresConnection, PostgresExtract
from osiris.components.postgres.extractor import PostgresExtractor
from osiris.components.postgres.session import listed, quoted
from osiris.components.postgres.tables import Named, instead
from osiris.components.postgres.types import READS
from osiris.components.supabase.config import SupabaseConnection, SupabaseExtract
from osiris.components.supabase.described import found
from osiris.components.supabase.door import DIRECT, Door
from osiris.components.supabase.filters import as_sql
from osiris.components.supabase.pages import Wanted, pulled
from osiris.kit.arrow import columns_of
from osiris.kit.component import Announced, Describe, Place
from osiris.kit.held import HeldStream
from osiris.kit.settled import announced, must_be_settled
from osiris.model.catalogue import Known, Table
from osiris.model.errors import AuthorError, SourceError
from osiris.model.spec import Example


@dataclass(frozen=True)
class SupabaseExtractor:
    """Read a table of a Supabase project, or the rows of one SELECT.

    With the direct address `pg_dsn` rows come as from PostgreSQL: in one state of the data, and fast. With `url` and
    `key` alone they come by REST, a page at a time: slower, without `query`, arrays as text, and rows that change
    meanwhile come as they were or as they are.
    """

    about: ClassVar[Describe] = Describe(
        name="supabase.extractor",
        title="Read from Supabase",
        mode="read",
        config=SupabaseExtract,
        connection="required",
        sql="postgres",
        llm_hints=(
            "Write either `query` or `table`, not both; `query` needs a connection with `pg_dsn`.",
            "`filter` leaves rows out where they are: {status: eq.paid, created_at: gte.2024-01-01}.",
            "A NUMERIC arrives as text by REST; with `pg_dsn` one that has a size is a decimal.",
        ),
        examples=(
            Example(title="A table", config={"connection": "@supabase.main", "table": "orders"}),
            Example(
                title="Some columns of some rows",
                config={
                    "connection": "@supabase.main",
                    "table": "orders",
                    "select": "id,amount,created_at",
                    "filter": {"status": "eq.completed"},
                    "order": "created_at.desc",
                    "limit": 500,
                },
            ),
        ),
        types=READS,
    )

    config: SupabaseExtract
    place: Place
    connection: SupabaseConnection

    def announce(self, known: Known) -> Announced:
        """Return the columns that a look at the project found, and settle their types."""
        return announced(known)

    def survey(self) -> Table:
        """Let the project tell the columns, without reading a row.

        Raises:
            ConnectError: there is no connection, or no right to read.
            SourceError: there is no such table.
            AuthorError: the query is wrong, or needs the direct address.
        """
        if (direct := self.connection.direct) is not None:
            return self._directly(direct).survey()
        door = self._door()
        try:
            schema = self._wanted(door).schema
        finally:
            door.close()
        return Table(name=self.config.table, columns=columns_of(schema))

    def extract(self) -> HeldStream:
        """Connect, and let the project tell the columns; rows come when the first one is wanted.

        Raises:
            ConnectError: there is no connection, or no right to read.
            SourceError: there is no such table. Also while the stream is read, when the project fails.
            AuthorError: the query is wrong, or needs the direct address.
            CheckFailed: the columns are not those of the plan. Also while it is read, at a value that can't travel.
        """
        if (direct := self.connection.direct) is not None:
            return self._directly(direct).extract()
        with ExitStack() as opening:
            door = self._door()
            opening.callback(door.close)
            wanted = self._wanted(door)
            must_be_settled(self.config.settled, wanted.schema, f"table {self.config.table!r}")
            return HeldStream(wanted.schema, pulled(door, wanted), held=opening.pop_all())

    def _door(self) -> Door:
        config = self.config
        if config.query:
            raise AuthorError("a `query` can't be run by REST", where="query", hint=DIRECT)
        schema = Named.of(config.table, config.table_schema, self.connection.default_schema).schema
        return Door(self.connection, schema, config.retries, config.timeout)

    def _wanted(self, door: Door) -> Wanted:
        config = self.config
        name = Named.of(config.table, config.table_schema).table
        table = found(door.description(), name, SourceError)
        named = [*config.chosen, *config.filter, *(column for column, _, _ in config.orders)]
        for column in named:
            if column not in table.columns:
                hint = instead(column, list(table.columns))
                raise SourceError(f"table {config.table!r} has no column {column!r}", hint=hint)
        return Wanted(
            table=table,
            columns=config.chosen or list(table.columns),
            filters=config.filter,
            orders=config.orders,
            limit=config.limit,
            offset=config.offset,
            odd_dates=config.odd_dates,
            page=config.batch_size,
        )

    def _directly(self, direct: PostgresConnection) -> PostgresExtractor:
        config = self.config
        settings: dict[str, Any] = {
            "limit": config.limit,
            "offset": config.offset,
            "odd_dates": config.odd_dates,
            "arrays": config.arrays,
            "statement_timeout": config.statement_timeout,
            "settled": config.settled,
        }
        if config.query or not (config.filter or config.order):
            settings |= {"query": config.query, "table": config.table, "columns": config.chosen}
            if config.table_schema:
                settings["schema"] = config.table_schema
        else:
            settings["query"] = self._statement(direct)
        return PostgresExtractor(PostgresExtract.model_validate(settings), self.place, direct)

    def _statement(self, direct: PostgresConnection) -> str:
        """Return the query that the filters and the order mean."""
        config = self.config
        name = Named.of(config.table, config.table_schema, direct.default_schema)
        words = {"asc": "ASC", "desc": "DESC", "nullsfirst": "NULLS FIRST", "nullslast": "NULLS LAST", "": ""}
        tests = " AND ".join(as_sql(column, condition) for column, condition in config.filter.items())
        orders = ", ".join(f"{quoted(column)} {words[way]} {words[nulls]}" for column, way, nulls in config.orders)
        return (
            f"SELECT {listed(config.chosen) or '*'} FROM {name.sql}"  # nosec B608 # noqa: S608 - quoted
            f"{f' WHERE {tests}' if tests else ''}{f' ORDER BY {orders}' if orders else ''}"
        )
