"""Which table a setting means, and what there is."""

from collections.abc import Sequence
from dataclasses import dataclass

from osiris.components.duckdb.session import Db, quoted
from osiris.model.errors import SourceError
from osiris.model.nearest import nearest

MAIN = "main"
_MOST_NAMED = 20


@dataclass(frozen=True)
class Named:
    """A table's name and the schema it lies in."""

    schema: str
    table: str

    @classmethod
    def of(cls, table: str, schema: str = "") -> "Named":
        """Return what `orders`, `sales.orders`, or `orders` in schema `sales` names."""
        if schema:
            return cls(schema, table)
        before, _, after = table.partition(".")
        return cls(before, after) if after else cls(MAIN, before)

    def __str__(self) -> str:
        return self.table if self.schema.lower() == MAIN else f"{self.schema}.{self.table}"

    @property
    def sql(self) -> str:
        """Return the name as SQL writes it."""
        return f"{quoted(self.schema)}.{quoted(self.table)}"


def relations(db: Db) -> dict[Named, str]:
    """Return every table and view of the current database, with what it is: `table` or `view`."""
    rows = db.execute(
        "SELECT schema_name, table_name, 'table' FROM duckdb_tables() "
        "WHERE database_name = current_database() AND NOT internal AND NOT temporary "
        "UNION ALL SELECT schema_name, view_name, 'view' FROM duckdb_views() "
        "WHERE database_name = current_database() AND NOT internal AND NOT temporary ORDER BY 1, 2"
    ).fetchall()
    return {Named(schema, table): kind for schema, table, kind in rows}


def found(db: Db, table: str, columns: Sequence[str] = ()) -> str:
    """Return a table's name as SQL writes it.

    Raises:
        SourceError: there is no such table, or it lacks a column; the hint has the nearest names.
    """
    known = list(relations(db))
    candidates = (Named(MAIN, table), Named.of(table))  # a dot may also be part of the name
    name = next(
        (
            k
            for c in candidates
            for k in known
            if (k.schema.lower(), k.table.lower()) == (c.schema.lower(), c.table.lower())
        ),
        None,
    )
    if name is None:
        raise SourceError(f"there is no table {table!r}", hint=_instead(table, [str(k) for k in known]))
    present = db.sql(f"FROM {name.sql}").columns
    for column in columns:
        if column.lower() not in {p.lower() for p in present}:
            raise SourceError(f"table {table!r} has no column {column!r}", hint=_instead(column, present))
    return name.sql


def _instead(name: str, known: Sequence[str]) -> str:
    if near := nearest(name, known):
        return f"did you mean {', '.join(map(repr, near))}?"
    return f"there are: {', '.join(known[:_MOST_NAMED]) or 'none'}"
