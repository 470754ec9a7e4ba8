"""Rows into a MySQL or MariaDB database."""

from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from osiris.components.mysql.config import MysqlConnection, MysqlWrite
from osiris.components.mysql.ddl import WRITES, columns_for, create_table
from osiris.components.mysql.staging import StagedTable, Target
from osiris.components.mysql.tables import Named
from osiris.kit.component import Announced, Describe, Place
from osiris.kit.mapping import losses
from osiris.kit.stream import Stream
from osiris.kit.table import must_be_a_table
from osiris.kit.table_write import examples
from osiris.model.job import Marks
from osiris.model.plan import TargetState


@dataclass(frozen=True)
class MysqlWriter:
    """Write a table of a MySQL or MariaDB database, all rows at once or none.

    Rows are staged in a table beside the target and verified there; one transaction then makes them visible. A table
    that is there keeps its types, keys, views, grants and triggers: a column that it lacks is added, a column that the
    rows lack is NULL or its default, a value that it can't hold exactly is an error.
    """

    about: ClassVar[Describe] = Describe(
        name="mysql.writer",
        title="Write to MySQL or MariaDB",
        mode="write",
        config=MysqlWrite,
        connection="required",
        types=WRITES,
        llm_hints=(
            "The table is made where it is missing.",
            "`write_mode: merge` needs `primary_key`; the rows may not hold a key twice or NULL.",
            "Columns go by name, not by place.",
            "Moments with a zone become TIMESTAMP, which ends in 2038; without one DATETIME, which does not.",
        ),
        examples=examples("@mysql.shop", whole="top_customers", by_key="customers"),
    )

    config: MysqlWrite
    place: Place
    connection: MysqlConnection

    def announce(self, rows: pa.Schema) -> Announced:
        """Return the columns taken, and the statement that makes the table.

        Raises:
            AuthorError: MySQL can't hold a column, two have one name, or a key is not among them.
        """
        must_be_a_table(rows, self.config.primary_key)
        columns = columns_for(rows, self.config.primary_key)
        ddl = create_table(self._target.name.sql, columns, self.config.primary_key)
        return Announced(schema=rows, ddl=ddl, losses=losses(rows, WRITES))

    def target(self) -> str:
        """Return the table's name below its family's."""
        return self._target.said

    def look(self) -> TargetState:
        """Return whether the table is there, and how many rows it holds where that is quickly counted.

        Raises:
            ConnectError: there is no connection.
        """
        return self._target.look()

    def write(self, rows: Stream, marks: Marks) -> StagedTable:
        """Stage all rows in a table of the run's own and verify them.

        Raises:
            AuthorError: MySQL can't hold a column, two have one name, or a key is not among them.
            ConnectError: there is no connection, or no right to make or write a table.
            TargetError: the table can't take such rows.
            CheckFailed: a key is NULL or doubled, or a value can't be held exactly.
        """
        must_be_a_table(rows.schema, self.config.primary_key)
        staged = StagedTable.of(self._target, rows.schema, marks)
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
            name=Named.of(config.table, config.table_schema),
            write_mode=config.write_mode,
            primary_key=tuple(config.primary_key),
            create_if_missing=config.create_if_missing,
        )
