"""Rows into a Supabase project."""

from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from osiris.components.postgres.ddl import WRITES
from osiris.components.postgres.staging import StagedTable
from osiris.components.postgres.staging import Target as Directly
from osiris.components.postgres.tables import Named
from osiris.components.postgres.writer import announced, stage
from osiris.components.supabase.config import SupabaseConnection, SupabaseWrite
from osiris.components.supabase.loading import StagedRows, Target
from osiris.kit.component import Announced, Describe, Place
from osiris.kit.stream import Stream
from osiris.kit.table_write import examples
from osiris.model.job import Marks
from osiris.model.plan import TargetState


@dataclass(frozen=True)
class SupabaseWriter:
    """Write a table of a Supabase project.

    With the direct address `pg_dsn` all rows go at once or none, as to PostgreSQL. With `url` and `key` alone they go
    by REST, request after request: only `append` and `merge`, only into a table that is there, and no transaction
    spans them. It never doubles a row: where the table has a primary key, a row whose key is there already is left (or
    updated, by `merge`); where it has none, nothing is sent twice.
    """

    about: ClassVar[Describe] = Describe(
        name="supabase.writer",
        title="Write to Supabase",
        mode="write",
        config=SupabaseWrite,
        connection="required",
        llm_hints=(
            "`write_mode: replace` and a table that is not there yet need a connection with `pg_dsn`.",
            "`write_mode: merge` needs `primary_key`; the rows may not hold a key twice or NULL.",
            "Without `pg_dsn` a million rows take about a quarter of an hour.",
        ),
        examples=examples("@supabase.main", whole="director_stats", by_key="customers"),
        types=WRITES,
    )

    config: SupabaseWrite
    place: Place
    connection: SupabaseConnection

    def announce(self, rows: pa.Schema) -> Announced:
        """Return the columns taken, and the statement that makes the table, which takes the direct address.

        Raises:
            AuthorError: PostgreSQL can't hold a column, two have one name, or a key is not among them.
        """
        return announced(rows, self.config)

    def target(self) -> str:
        """Return the table's name below its family's."""
        return f"@supabase/{self._name}"

    def look(self) -> TargetState:
        """Return whether the table is there and, by the direct address, how many rows it holds.

        Raises:
            OutsideError: there is no connection, or no right to read.
            AuthorError: what is wanted can't be done by REST.
        """
        return self._directly.look() if self.connection.direct is not None else self._by_rest.look()

    def write(self, rows: Stream, marks: Marks) -> StagedTable | StagedRows:
        """Stage all rows and verify them: in the server by the direct address, else in a file of the run's own.

        Raises:
            AuthorError: PostgreSQL can't hold a column, a key is not among them, or it can't be done by REST.
            ConnectError: there is no connection, or no right to write.
            TargetError: the table can't take such rows, or the project refuses.
            CheckFailed: a key is NULL or doubled, or a value can't be held exactly.
        """
        if self.connection.direct is not None:
            return stage(rows, self.config, self._directly, marks)
        announced(rows.schema, self.config)
        return StagedRows.of(self._by_rest, rows, self.place.scratch)

    @property
    def _name(self) -> Named:
        return Named.of(self.config.table, self.config.table_schema)

    @property
    def _directly(self) -> Directly:
        direct = self.connection.direct
        assert direct is not None  # noqa: S101 - asked by who calls
        return Directly.of(direct, self.config, "supabase")

    @property
    def _by_rest(self) -> Target:
        name = self._name
        schema = name.schema or self.connection.default_schema
        return Target(self.connection, self.config, schema, name.table, self.target())
