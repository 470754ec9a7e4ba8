"""Which table a setting means, and what there is."""

from collections.abc import Sequence
from dataclasses import dataclass

from osiris.components.mysql.driver import Db, driver
from osiris.components.mysql.session import ask, quoted
from osiris.model.errors import SourceError
from osiris.model.nearest import nearest

SYSTEM = ("information_schema", "mysql", "performance_schema", "sys")
_MOST_NAMED = 20


@dataclass(frozen=True)
class Named:
    """A table's name and the database it lies in; an empty one is that of the connection."""

    database: str
    table: str

    @classmethod
    def of(cls, table: str, database: str = "") -> "Named":
        """Return what `orders`, `shop.orders`, or `orders` in database `shop` names."""
        if database:
            return cls(database, table)
        before, _, after = table.partition(".")
        return cls(before, after) if after else cls("", before)

    def __str__(self) -> str:
        return f"{self.database}.{self.table}" if self.database else self.table

    @property
    def sql(self) -> str:
        """Return the name as SQL writes it."""
        return quoted(self.database, self.table)


def kind_of(db: Db, name: Named) -> str:
    """Return what a name is: `table` or `view`; empty where there is nothing of that name.

    Raises:
        pymysql.err.Error: the server is gone.
    """
    rows = ask(
        db,
        "SELECT TABLE_TYPE FROM information_schema.TABLES "
        "WHERE TABLE_SCHEMA = COALESCE(%s, DATABASE()) AND TABLE_NAME = %s",
        name.database or None,
        name.table,
    )
    return "" if not rows else "view" if "VIEW" in str(rows[0][0]) else "table"


def found(db: Db, table: str, columns: Sequence[str] = (), database: str = "") -> Named:
    """Return the table or view that a setting names.

    Raises:
        SourceError: there is no such table, or it lacks a column; the hint has the nearest names.
        pymysql.err.Error: the server is gone.
    """
    candidates = (Named(database, table), Named.of(table, database))  # a dot may also be part of the name
    name = next((candidate for candidate in candidates if kind_of(db, candidate)), None)
    if name is None:
        raise SourceError(f"there is no table {table!r}", hint=_instead(table, _tables(db, candidates[1].database)))
    present = _columns(db, name) if columns else []
    for column in columns:
        if column.lower() not in {other.lower() for other in present}:
            raise SourceError(f"table {table!r} has no column {column!r}", hint=_instead(column, present))
    return name


def all_names(db: Db) -> list[str]:
    """Return the names of the tables and columns of the connection's database; none where the server is gone."""
    try:
        rows = ask(
            db,
            "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() "
            "UNION SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() "
            "LIMIT 20000",
        )
    except driver().err.Error:
        return []
    return sorted(str(name) for (name,) in rows)


def _tables(db: Db, database: str) -> list[str]:
    rows = ask(
        db,
        "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = COALESCE(%s, DATABASE()) "
        "ORDER BY TABLE_NAME LIMIT 5000",
        database or None,
    )
    return [str(Named(database, table)) for (table,) in rows]


def _columns(db: Db, name: Named) -> list[str]:
    rows = ask(
        db,
        "SELECT COLUMN_NAME FROM information_schema.COLUMNS "
        "WHERE TABLE_SCHEMA = COALESCE(%s, DATABASE()) AND TABLE_NAME = %s ORDER BY ORDINAL_POSITION",
        name.database or None,
        name.table,
    )
    return [str(column) for (column,) in rows]


def _instead(name: str, known: Sequence[str]) -> str:
    if near := nearest(name, known):
        return f"did you mean {', '.join(map(repr, near))}?"
    return f"there are: {', '.join(known[:_MOST_NAMED]) or 'none'}"
