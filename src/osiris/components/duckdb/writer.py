"""Rows into a DuckDB database file."""

from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from osiris.components.duckdb.config import DuckdbConnection, DuckdbWrite
from osiris.components.duckdb.fitting import create_table
from osiris.components.duckdb.published import WRITES
from osiris.components.duckdb.session import database_file, quoted
from osiris.components.duckdb.staging import StagedTable, Target, kinds_of
from osiris.components.duckdb.tables import Named
from osiris.components.duckdb.types import Inward, must_differ
from osiris.kit.component import Announced, Describe, LocalFile, Place
from osiris.kit.mapping import losses
from osiris.kit.stream import Stream
from osiris.model.errors import AuthorError
from osiris.model.job import Marks
from osiris.model.nearest import nearest
from osiris.model.plan import TargetState
from osiris.model.spec import Example


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
        examples=(
            Example(
                title="A table that holds exactly these rows",
                config={"connection": "@duckdb.warehouse", "table": "top_customers", "write_mode": "replace"},
            ),
            Example(
                title="Update by key",
                config={
                    "connection": "@duckdb.warehouse",
                    "table": "customers",
                    "write_mode": "merge",
                    "primary_key": ["id"],
                },
            ),
        ),
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
        _must_be_a_table(rows, self.config.primary_key)
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
        _must_be_a_table(rows.schema, self.config.primary_key)
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


def _must_be_a_table(schema: pa.Schema, primary_key: list[str]) -> None:
    """Refuse rows that no table of DuckDB's can hold.

    Raises:
        AuthorError: there is no column, two have one name, one has no type, or a key is not among them.
    """
    if not schema.names:
        raise AuthorError("there is no column to write", hint="select one in the step before")
    must_differ(schema.names)
    for field in schema:
        if pa.types.is_null(field.type):
            raise AuthorError(
                f"column {field.name!r} has no type, because it is NULL alone",
                hint=f"give it one in the step before, such as CAST(NULL AS VARCHAR) AS {quoted(field.name)}",
            )
    for column in primary_key:
        if column.lower() not in {name.lower() for name in schema.names}:
            near = nearest(column, schema.names)
            hint = f"did you mean {near[0]!r}?" if near else f"the rows have: {', '.join(schema.names)}"
            raise AuthorError(f"the key {column!r} is not among the columns", where="primary_key", hint=hint)
