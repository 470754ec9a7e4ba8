"""Rows into a PostgreSQL database."""

from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from osiris.components.postgres.config import PostgresConnection, PostgresWrite
from osiris.components.postgres.ddl import WRITES, column_type, create_table, must_fit_a_name
from osiris.components.postgres.staging import StagedTable, Target
from osiris.components.postgres.tables import Named
from osiris.kit.component import Announced, Describe, Place
from osiris.kit.mapping import losses
from osiris.kit.stream import Stream
from osiris.kit.table import must_be_a_table
from osiris.kit.table_write import examples
from osiris.model.job import Marks
from osiris.model.plan import TargetState


@dataclass(frozen=True)
class PostgresWriter:
    """Write a table of a PostgreSQL database, all rows at once or none.

    Rows are staged in the server and verified; one transaction makes them visible. A table that is there keeps its
    types, keys, views, grants and triggers: a column that it lacks is added, a column that the rows lack is NULL or its
    default, a type that does not hold every value of the rows is an error.
    """

    about: ClassVar[Describe] = Describe(
        name="postgres.writer",
        title="Write to PostgreSQL",
        mode="write",
        config=PostgresWrite,
        connection="required",
        llm_hints=(
            "The schema and the table are made where they are missing.",
            "`write_mode: merge` needs `primary_key`; the rows may not hold a key twice or NULL.",
            "Columns go by name, not by place; names keep their capitals.",
        ),
        examples=examples("@postgres.warehouse", whole="top_customers", by_key="sales.customers"),
        types=WRITES,
    )

    config: PostgresWrite
    place: Place
    connection: PostgresConnection

    def announce(self, rows: pa.Schema) -> Announced:
        """Return the columns taken, and the statement that makes the table.

        Raises:
            AuthorError: PostgreSQL can't hold a column, two have one name, or a key is not among them.
        """
        return announced(rows, self.config)

    def target(self) -> str:
        """Return the table's name below its family's."""
        return f"@postgres/{Named.of(self.config.table, self.config.table_schema)}"

    def look(self) -> TargetState:
        """Return whether the table is there, and how many rows it holds.

        Raises:
            ConnectError: there is no connection, or no right to read.
        """
        return self._target.look()

    def write(self, rows: Stream, marks: Marks) -> StagedTable:
        """Stage all rows in a transaction of their own and verify them.

        Raises:
            AuthorError: PostgreSQL can't hold a column, two have one name, or a key is not among them.
            ConnectError: there is no connection, or no right to write.
            TargetError: the table can't take such rows, or the server refuses.
            CheckFailed: a key is NULL or doubled, or a value can't be held exactly.
        """
        return stage(rows, self.config, self._target, marks)

    @property
    def _target(self) -> Target:
        return Target.of(self.connection, self.config)


def announced(rows: pa.Schema, config: PostgresWrite) -> Announced:
    """Return the columns taken, and the statement that makes the table; nothing is opened.

    Raises:
        AuthorError: PostgreSQL can't hold a column, two have one name, or a key is not among them.
    """
    must_be_a_table(rows, config.primary_key)
    must_fit_a_name(rows.names)
    columns = {field.name: column_type(field.name, field.type) for field in rows}
    key = [name for key in config.primary_key for name in rows.names if name.lower() == key.lower()]
    ddl = create_table(Named.of(config.table, config.table_schema).sql, columns, key)
    return Announced(schema=rows, ddl=ddl, losses=losses(rows, WRITES))


def stage(rows: Stream, config: PostgresWrite, target: Target, marks: Marks) -> StagedTable:
    """Stage all rows and verify them; see `PostgresWriter.write`."""
    announced(rows.schema, config)
    staged = StagedTable.of(target, rows.schema, marks)
    try:
        staged.fill(rows)
    except BaseException:
        staged.close()
        raise
    return staged
