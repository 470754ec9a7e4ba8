"""Rows into an SQLite database file."""

from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from osiris.components.sqlite.config import SqliteConnection, SqliteWrite
from osiris.components.sqlite.fitting import create_table
from osiris.components.sqlite.published import WRITES, not_kept
from osiris.components.sqlite.session import database_file
from osiris.components.sqlite.staging import StagedTable, Target
from osiris.components.sqlite.values import declaration
from osiris.kit.component import Announced, Describe, LocalFile, Place
from osiris.kit.stream import Stream
from osiris.kit.table import must_be_a_table
from osiris.kit.table_write import examples
from osiris.model.job import Marks
from osiris.model.plan import TargetState


@dataclass(frozen=True)
class SqliteWriter:
    """Write a table of an SQLite file, all rows at once or none.

    Rows are staged beside the run and verified; one transaction then makes them visible, and only for that moment is
    the file locked. A table that is there keeps its types, keys and views: a column that it lacks is added, a column
    that the rows lack is NULL or its default, a column that would alter values is an error. Booleans are 0 and 1,
    days and times ISO 8601 text, decimals numbers; what SQLite can't keep exactly is an error: NaN, -0.0, integers of
    more than 63 bits, decimals of more than 15 digits, fractions finer than microseconds.
    """

    about: ClassVar[Describe] = Describe(
        name="sqlite.writer",
        title="Write to an SQLite file",
        mode="write",
        config=SqliteWrite,
        connection="required",
        llm_hints=(
            "The file and the table are made where they are missing.",
            "`write_mode: merge` needs `primary_key`; the rows may not hold a key twice or NULL.",
            "SQLite has no lists and structs: write to_json(…) in the step before.",
        ),
        examples=examples("@sqlite.reports", whole="top_customers", by_key="contacts"),
        types=WRITES,
    )

    config: SqliteWrite
    place: Place
    connection: SqliteConnection

    def announce(self, rows: pa.Schema) -> Announced:
        """Return the columns taken, and the statement that makes the table.

        Raises:
            AuthorError: SQLite can't hold a column, two have one name, or a key is not among them.
        """
        declared = self._declared(rows)
        ddl = create_table(self.config.table, declared, tuple(self.config.primary_key))
        return Announced(schema=rows, ddl=ddl, losses=not_kept(rows))

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
            AuthorError: SQLite can't hold a column, two have one name, or a key is not among them.
            ConnectError: the database file can't be opened.
            TargetError: the table can't take such rows.
            CheckFailed: a key is NULL or doubled, or SQLite can't keep a value exactly.
        """
        staged = StagedTable.of(self._target, self._declared(rows.schema), self.place.scratch, marks)
        try:
            staged.fill(rows)
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
            table=config.table,
            write_mode=config.write_mode,
            primary_key=tuple(config.primary_key),
            create_if_missing=config.create_if_missing,
        )

    def _declared(self, schema: pa.Schema) -> dict[str, str]:
        """Return what each column declares.

        Raises:
            AuthorError: there is no column, two have one name, SQLite has nothing for one, or a key is not among them.
        """
        must_be_a_table(schema, self.config.primary_key)
        return {field.name: declaration(field.name, field.type) for field in schema}
