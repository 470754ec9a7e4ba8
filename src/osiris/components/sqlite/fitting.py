"""How rows fit a table: which column goes where, and whether it keeps every value."""

from collections.abc import Mapping
from dataclasses import dataclass

from osiris.components.sqlite.session import Db, quoted
from osiris.components.sqlite.tables import relations
from osiris.components.sqlite.values import keeps
from osiris.model.errors import TargetError


@dataclass(frozen=True)
class Fitting:
    """How some rows go into one table.

    Attributes:
        table: Its name, as it is there.
        exists: Whether it is there.
        columns: Column of the rows to the table's column.
        added: Those that the table lacks, with what they declare.
    """

    table: str
    exists: bool
    columns: Mapping[str, str]
    added: Mapping[str, str]

    def statements(self, declared: Mapping[str, str], primary_key: tuple[str, ...]) -> list[str]:
        """Return the SQL that makes the table ready."""
        if not self.exists:
            return [create_table(self.table, declared, primary_key)]
        name = f"main.{quoted(self.table)}"
        return [f"ALTER TABLE {name} ADD COLUMN {quoted(column)} {kind}" for column, kind in self.added.items()]

    @property
    def changes(self) -> tuple[str, ...]:
        """Return what changes besides rows, in words."""
        if not self.exists:
            return (f"creates table {self.table}",)
        return tuple(f"adds column {column} {kind}" for column, kind in self.added.items())


def create_table(table: str, declared: Mapping[str, str], primary_key: tuple[str, ...]) -> str:
    """Return the statement that makes a table."""
    keys = {key.lower() for key in primary_key}
    lines = [f"  {quoted(n)} {kind}{' NOT NULL' if n.lower() in keys else ''}" for n, kind in declared.items()]
    if primary_key:
        lines.append(f"  PRIMARY KEY ({', '.join(map(quoted, primary_key))})")
    return f"CREATE TABLE main.{quoted(table)} (\n" + ",\n".join(lines) + "\n)"


@dataclass(frozen=True)
class _There:
    """A column of the table."""

    name: str
    declared: str
    needed: bool
    computed: bool


def fitting(db: Db, table: str, declared: Mapping[str, str], *, create_if_missing: bool) -> Fitting:
    """Return how rows that would declare such columns go into a table, as it is now.

    Raises:
        TargetError: it is a view, is missing and is not to be made, or does not keep a column's values.
    """
    there = {name.lower(): (name, kind) for name, kind in relations(db).items()}
    name, kind = there.get(table.lower(), (table, ""))
    if not kind:
        if not create_if_missing:
            raise TargetError(
                f"there is no table {table!r}", hint="mend `table`, make it, or set `create_if_missing: true`"
            )
        return Fitting(table, exists=False, columns={column: column for column in declared}, added={})
    if kind == "view":
        raise TargetError(f"{table!r} is a view, not a table", hint="write to the table behind it, or to a new name")
    own = _columns(db, name)
    _must_not_lack(name, own, {column.lower() for column in declared})
    fitted = {
        column: _fitted(name, own[column.lower()], column, of)
        for column, of in declared.items()
        if column.lower() in own
    }
    added = {column: of for column, of in declared.items() if column not in fitted}
    return Fitting(name, exists=True, columns={c: fitted.get(c, c) for c in declared}, added=added)


def _columns(db: Db, table: str) -> dict[str, _There]:
    rows = db.execute(f"PRAGMA main.table_xinfo({quoted(table)})").fetchall()
    keys = sum(1 for row in rows if row[5])
    found = {}
    for _, name, declared, not_null, default, key, hidden in rows:
        numbered = bool(key) and keys == 1 and declared.upper() == "INTEGER"  # SQLite gives it a number by itself
        needed = bool(not_null or key) and default is None and not numbered and not hidden
        found[name.lower()] = _There(name, declared, needed, bool(hidden))
    return found


def _must_not_lack(table: str, own: Mapping[str, _There], given: set[str]) -> None:
    for key, column in own.items():
        if column.needed and key not in given:
            raise TargetError(
                f"column {column.name!r} of table {table!r} may not be NULL, and the rows have no such column",
                hint=f"select it in the step before, such as … AS {column.name}",
            )


def _fitted(table: str, own: _There, column: str, declared: str) -> str:
    if own.computed:
        raise TargetError(
            f"column {own.name!r} of table {table!r} is computed by SQLite", hint="leave it out in the step before"
        )
    if not keeps(own.declared, declared):
        raise TargetError(
            f"column {own.name!r} of table {table!r} is {own.declared}, which does not keep every {declared} as it is",
            hint=f"cast {column} to {own.declared} in the step before",
        )
    return own.name
