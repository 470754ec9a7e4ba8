"""Which table a setting means, and what there is."""

from collections.abc import Sequence
from dataclasses import dataclass

from osiris.components.postgres.session import Db, quoted
from osiris.model.errors import SourceError
from osiris.model.nearest import nearest

_MOST_NAMED = 20
_MOST_NEAR = 2_000  # names that are looked through for a nearest one


@dataclass(frozen=True)
class Named:
    """A table's name and the schema it lies in.

    Attributes:
        schema: Empty where only the connection knows.
        said: As who wrote it spells it.
    """

    schema: str
    table: str
    said: str

    @classmethod
    def of(cls, table: str, schema: str = "", usual: str = "") -> "Named":
        """Return what `orders`, `sales.orders`, or `orders` in schema `sales` names.

        Args:
            table: As it is written.
            schema: As it is written.
            usual: The connection's schema, for a name without one.
        """
        if schema:
            return cls(schema, table, f"{schema}.{table}")
        before, _, after = table.partition(".")
        return cls(before, after, table) if after else cls(usual, table, table)

    def __str__(self) -> str:
        return self.said

    @property
    def sql(self) -> str:
        """Return the name as SQL writes it."""
        return quoted(self.schema, self.table)


_RELATION = """
    SELECT c.oid, c.relkind FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = %s AND c.relname = %s AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
"""
_NAMES = """
    SELECT n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^(pg_|information_schema$)'
    ORDER BY (n.nspname = %s) DESC, 1, 2 LIMIT %s
"""
_COLUMNS = """
    SELECT attname FROM pg_catalog.pg_attribute WHERE attrelid = %s AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""


def relation(db: Db, name: Named) -> tuple[int, str] | None:
    """Return a table's number and kind, as `pg_class` has them; None where there is none of that name."""
    found = db.ask(_RELATION, name.schema, name.table)
    return (int(found[0][0]), _letter(found[0][1])) if found else None


def found(db: Db, table: str, schema: str = "", columns: Sequence[str] = ()) -> Named:
    """Return the table that a setting means: its name as it is written, or else in another case.

    Raises:
        SourceError: there is no such table, or it lacks a column; the hint has the nearest names.
    """
    usual = db.connection.default_schema
    for candidate in (Named(schema or usual, table, table), Named.of(table, schema, usual)):  # a name may have a dot
        if (there := relation(db, candidate)) is not None:
            _must_have(db, there[0], table, columns)
            return candidate
    known = [name if space == usual else f"{space}.{name}" for space, name in db.ask(_NAMES, usual, _MOST_NEAR)]
    raise SourceError(f"there is no table {table!r}", hint=instead(table, known))


def _must_have(db: Db, oid: int, table: str, columns: Sequence[str]) -> None:
    if not columns:
        return
    present = [name for (name,) in db.ask(_COLUMNS, oid)]
    for column in columns:
        if column not in present:
            raise SourceError(f"table {table!r} has no column {column!r}", hint=instead(column, present))


def instead(name: str, known: Sequence[str]) -> str:
    """Return a hint that has the nearest names, or else some of those there are."""
    if near := nearest(name, known):
        return f"did you mean {', '.join(map(repr, near))}?"
    return f"there are: {', '.join(known[:_MOST_NAMED]) or 'none'}"


def _letter(kind: object) -> str:
    return kind.decode() if isinstance(kind, bytes) else str(kind)
