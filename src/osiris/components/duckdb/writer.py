"""Rows into a DuckDB database file."""

from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from osiris.components.duckdb.config import DuckdbConnection, DuckdbWrite
from osiris.components.duckdb.fitting import create_table
from osiris.components.duckdb.published import WRITES
from osiris.components.duckdb.session import database_file
from osiris.components.duckdb.staging import StagedTable, Target, kinds_of
from osiris.components.duckdb.tables import Named
from osiris.components.duckdb.types import Inward
from osiris.kit.component import Announced, Describe, LocalFile, Place
from osiris.kit.mapping import losses
from osiris.kit.stream import Stream
from osiris.kit.table import must_be_a_table
from osiris.kit.table_write import examples
from osiris.model.job import Marks
from osiris.model.plan import TargetState


@dataclass(frozen=True)
class DuckdbWriter:
    """Write a table of a DuckDB file, all rows at once or none.

    Rows are staged beside the run and verified; one transaction then makes them visible, and only for that moment is
    the file held. A table that is there keeps its types, keys and views: a column that it lacks is added, a column
    that the rows lack is NULL or its default, a type that does not hold every value of the rows is an error.
    """

    about: ClassVar[Describe] = Describe(
        name="duckdb.writer",
        title="Write to a DuckDB file",
        mode="write",
        config=DuckdbWrite,
        connection="required",
        llm_hints=(
            "The file, the schema and the table are made where they are missing.",
            "`write_mode: merge` needs `primary_key`; the rows may not hold a key twice or NULL.",
            "Columns go by name, not by place.",
        ),
        examples=examples("@duckdb.warehouse", whole="top_customers", by_key="customers"),
        types=WRITES,
    )

    config: DuckdbWrite
    place: Place
    connection: DuckdbConnection

    def announce(self, rows: pa.Schema) -> Announced:
        """Return the columns taken, and the statement that makes the table.

        Raises:
            AuthorError: DuckDB can't hold a column, two have one name, or a key is not among them.
        """
        must_be_a_table(rows, self.config.primary_key)
        columns = {name: str(kind) for name, kind in kinds_of(Inward.of(rows).schema).items()}
        ddl = create_table(self._target.name, columns, self.config.primary_key)
        return Announced(schema=rows, ddl=ddl, losses=losses(rows, WRITES))

    def target(self) -> str:
        """Return the table's name below its family's."""
        return self._target.said

    def files(self) -> tuple[LocalFile, ...]:
        """Return the database file."""
        return database_file(self.connection, self.place, written=True)

    def look(self) -> TargetState:
        """Return whether the table is there, and how many rows it holds.

        Raises:
            ConnectError: the file can't be opened.
        """
        return self._target.look()

    def write(self, rows: Stream, marks: Marks) -> StagedTable:
        """Stage all rows in a file of the run's own and verify them.

        Raises:
            AuthorError: DuckDB can't hold a column, two have one name, or a key is not among them.
            ConnectError: the database file can't be opened.
            TargetError: the table can't take such rows.
            CheckFailed: a key is NULL or doubled, or a value can't be held exactly.
        """
        must_be_a_table(rows.schema, self.config.primary_key)
        inward = Inward.of(rows.schema)
        staged = StagedTable.of(self._target, kinds_of(inward.schema), self.place.scratch, marks)
        try:
            staged.fill(rows, inward)
        except BaseException:
            staged.close()
            raise
        return staged

    @property
    def _target(self) -> Target:
        config = self.config
        return Target(
            connection=self.connection,
            place=self.place,
            name=Named.of(config.table, config.table_schema),
            write_mode=config.write_mode,
            primary_key=tuple(config.primary_key),
            create_if_missing=config.create_if_missing,
        )
