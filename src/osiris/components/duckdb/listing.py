"""All tables of a DuckDB file, from its own lists: thousands of them take a few questions, not a few each."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import duckdb

from osiris.components.duckdb.session import Db, quoted
from osiris.components.duckdb.tables import MAIN, Named, relations
from osiris.components.duckdb.types import outward, schema_of_rows
from osiris.model.catalogue import Column, Table
from osiris.model.errors import AuthorError

Rows = list[tuple[Any, ...]]
Place = tuple[str, str]  # schema, table

_COLUMNS = """
    SELECT schema_name, table_name, column_name, data_type, is_nullable, comment FROM duckdb_columns()
    WHERE database_name = current_database() AND NOT internal ORDER BY schema_name, table_name, column_index
"""
_TABLES = """
    SELECT schema_name, table_name, estimated_size, comment FROM duckdb_tables()
    WHERE database_name = current_database()
    UNION ALL SELECT schema_name, view_name, NULL, comment FROM duckdb_views()
    WHERE database_name = current_database() AND NOT internal
"""
_KEYS = """
    SELECT schema_name, table_name, constraint_type, constraint_column_names, referenced_table, referenced_column_names
    FROM duckdb_constraints()
    WHERE database_name = current_database() AND constraint_type IN ('PRIMARY KEY', 'FOREIGN KEY')
    ORDER BY constraint_index
"""


def tables_of(db: Db) -> Iterator[Table]:
    """Yield every table and view of the current database, by schema and name; a view that can't be read is left out."""
    known = _Lists(db, _by_table(db, _COLUMNS), _by_table(db, _TABLES), _by_table(db, _KEYS))
    for name, kind in relations(db).items():
        if (table := known.view(name) if kind == "view" else known.table(name)) is not None:
            yield table


@dataclass
class _Lists:
    """What DuckDB says of all tables, by table.

    Attributes:
        types: DuckDB's type to the Arrow type that the extractor would deliver, as met so far.
    """

    db: Db
    columns: dict[Place, Rows]
    tables: dict[Place, Rows]
    keys: dict[Place, Rows]
    types: dict[str, str] = field(default_factory=dict)

    def table(self, name: Named) -> Table:
        keys = self.keys.get((name.schema, name.table), [])
        ((rows, _),) = self.tables[name.schema, name.table]
        return self._as(name, self.columns.get((name.schema, name.table), [])).model_copy(
            update={
                "primary_key": next((tuple(own) for what, own, _, _ in keys if what == "PRIMARY KEY"), ()),
                "references": {
                    own[0]: f"{other}.{theirs[0]}"
                    for what, own, other, theirs in keys
                    if what == "FOREIGN KEY" and len(own) == 1
                },
                "rows": rows,
            }
        )

    def view(self, name: Named) -> Table | None:
        """Return a view, its columns as they are now: those that DuckDB lists are as they were when it was made."""
        try:
            described = self.db.execute(f"DESCRIBE {name.sql}").fetchall()
        except duckdb.Error:
            return None
        comments = {column: comment for column, *_, comment in self.columns.get((name.schema, name.table), [])}
        rows = [(column, kind, True, comments.get(column)) for column, kind, *_ in described]
        return self._as(name, rows).model_copy(update={"kind": "view"})

    def _as(self, name: Named, columns: Rows) -> Table:
        ((_, comment),) = self.tables[name.schema, name.table]
        return Table(
            name=name.table,
            namespace="" if name.schema == MAIN else name.schema,
            columns=tuple(
                Column(name=column, type=self._type(kind), nullable=nullable, source_type=kind, comment=said or "")
                for column, kind, nullable, said in columns
            ),
            comment=comment or "",
        )

    def _type(self, kind: str) -> str:
        """Return the type that the extractor would deliver; text where it would refuse."""
        if kind not in self.types:
            rows = self.db.sql(f"SELECT CAST(NULL AS {kind}) AS {quoted('column')}")
            try:
                self.types[kind] = str(schema_of_rows(outward(rows)).field(0).type)
            except AuthorError:
                self.types[kind] = "string"  # what it becomes once it is cast, as the error says
        return self.types[kind]


def _by_table(db: Db, question: str) -> dict[Place, Rows]:
    """Return the rows of one of DuckDB's lists, by table, without the table's name."""
    found: dict[Place, Rows] = {}
    for schema, table, *rest in db.execute(question).fetchall():
        found.setdefault((schema, table), []).append(tuple(rest))
    return found
