"""Which table a setting means, and what there is."""

from collections.abc import Sequence

from osiris.components.sqlite.session import Db, quoted
from osiris.model.errors import SourceError
from osiris.model.nearest import nearest

_MOST_NAMED = 20


def relations(db: Db) -> dict[str, str]:
    """Return every table and view by name, with what it is: `table` or `view`."""
    rows = db.execute(
        "SELECT name, type FROM main.sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' "
        "ESCAPE '\\' ORDER BY name"
    )
    return dict(rows.fetchall())


def columns(db: Db, table: str) -> list[str]:
    """Return the columns of a table or view, in order; none where there is no such table."""
    return [row[1] for row in db.execute(f"PRAGMA main.table_info({quoted(table)})")]


def all_names(db: Db) -> set[str]:
    """Return every table's and column's name."""
    tables = relations(db)
    return {*tables, *(column for table in tables for column in columns(db, table))}


def found(db: Db, table: str, wanted: Sequence[str] = ()) -> str:
    """Return a table's name as SQL writes it.

    Raises:
        SourceError: there is no such table, or it lacks a column; the hint has the nearest names.
    """
    known = list(relations(db))
    name = next((k for k in known if k.lower() == table.lower()), None)
    if name is None:
        raise SourceError(f"there is no table {table!r}", hint=_instead(table, known))
    present = columns(db, name)
    for column in wanted:
        if column.lower() not in {p.lower() for p in present}:
            raise SourceError(f"table {table!r} has no column {column!r}", hint=_instead(column, present))
    return f"main.{quoted(name)}"


def _instead(name: str, known: Sequence[str]) -> str:
    if near := nearest(name, known):
        return f"did you mean {', '.join(map(repr, near))}?"
    return f"there are: {', '.join(known[:_MOST_NAMED]) or 'none'}"
