"""How rows fit a table: which column goes where, and whether it holds every value."""

import re
from dataclasses import dataclass
from typing import Any

from osiris.components.duckdb.session import Db, quoted
from osiris.components.duckdb.tables import Named
from osiris.model.errors import CheckFailed, TargetError

Type = Any  # duckdb.sqltypes.DuckDBPyType: its stub lacks `children`

# Bits of the numbers that each holds: the sign counts as one.
_SIGNED = {"tinyint": 7, "smallint": 15, "integer": 31, "bigint": 63, "hugeint": 127}
_UNSIGNED = {"utinyint": 8, "usmallint": 16, "uinteger": 32, "ubigint": 64, "uhugeint": 128}
_DIGITS = {7: 3, 8: 3, 15: 5, 16: 5, 31: 10, 32: 10, 63: 19, 64: 20, 127: 39, 128: 39}
_FLOATS = {"float": 24, "double": 53}
_MOMENTS = ("timestamp_s", "timestamp_ms", "timestamp", "timestamp_ns")
_FROM_TEXT = ("bit", "enum", "interval", "time with time zone", "uuid")
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)\Z")


@dataclass(frozen=True)
class Fit:
    """One column of the rows and the column that takes it.

    Attributes:
        source: Name among the rows.
        target: Name in the table.
        kind: The table's type, as SQL writes it.
        checked: Whether only some values fit, so that each must be looked at.
    """

    source: str
    target: str
    kind: str
    checked: bool = False

    @property
    def value(self) -> str:
        """Return the expression that makes the table's value of the row's."""
        return f"CAST({quoted(self.source)} AS {self.kind})"


@dataclass(frozen=True)
class Fitting:
    """How some rows go into one table.

    Attributes:
        name: The table.
        exists: Whether it is there.
        missing_schema: Whether its schema is not.
        fits: One a column of the rows.
        added: Those of them that the table lacks.
    """

    name: Named
    exists: bool
    missing_schema: bool
    fits: tuple[Fit, ...]
    added: tuple[Fit, ...] = ()

    def statements(self, primary_key: list[str]) -> list[str]:
        """Return the SQL that makes the table ready."""
        if self.exists:
            return [f"ALTER TABLE {self.name.sql} ADD COLUMN {quoted(f.target)} {f.kind}" for f in self.added]
        schema = [f"CREATE SCHEMA {quoted(self.name.schema)}"] if self.missing_schema else []
        return [*schema, create_table(self.name, {f.target: f.kind for f in self.fits}, primary_key)]

    @property
    def changes(self) -> tuple[str, ...]:
        """Return what changes besides rows, in words."""
        if self.exists:
            return tuple(f"adds column {f.target} {f.kind}" for f in self.added)
        schema = (f"creates schema {self.name.schema}",) if self.missing_schema else ()
        return (*schema, f"creates table {self.name}")


def create_table(name: Named, columns: dict[str, str], primary_key: list[str]) -> str:
    """Return the statement that makes a table."""
    lines = [f"  {quoted(column)} {kind}" for column, kind in columns.items()]
    if primary_key:
        lines.append(f"  PRIMARY KEY ({', '.join(map(quoted, primary_key))})")
    return f"CREATE TABLE {name.sql} (\n" + ",\n".join(lines) + "\n)"


def fitting(db: Db, name: Named, columns: dict[str, Type], *, create_if_missing: bool) -> Fitting:
    """Return how rows of these columns go into a table of the current database, as it is now.

    Raises:
        TargetError: it is a view, is missing and is not to be made, or can't hold a column exactly.
    """
    schemas = {s.lower() for (s,) in db.execute(_SCHEMAS).fetchall()}
    rows = db.execute(_COLUMNS, [name.schema, name.table]).fetchall()
    if not rows:
        _may_be_made(db, name, create_if_missing=create_if_missing)
        new = tuple(Fit(column, column, str(kind)) for column, kind in columns.items())
        return Fitting(name, exists=False, missing_schema=name.schema.lower() not in schemas, fits=new)
    kinds = dict(zip(*_kinds(db, name), strict=True))
    there = {column.lower(): (column, needed, computed) for column, needed, computed in rows}
    fits: list[Fit] = []
    added: list[Fit] = []
    for column, kind in columns.items():
        if column.lower() not in there:
            added.append(Fit(column, column, str(kind)))
            fits.append(added[-1])
            continue
        own, _, computed = there[column.lower()]
        fits.append(_fit(name, column, kind, own, kinds[own], computed=computed))
    _must_not_lack(name, {c.lower() for c in columns}, rows)
    return Fitting(name, exists=True, missing_schema=False, fits=tuple(fits), added=tuple(added))


_SCHEMAS = "SELECT schema_name FROM duckdb_schemas() WHERE database_name = current_database()"
_COLUMNS = """
    SELECT c.column_name, NOT c.is_nullable AND c.column_default IS NULL, c.is_generated
    FROM duckdb_columns() c JOIN duckdb_tables() t USING (database_name, schema_name, table_name)
    WHERE database_name = current_database() AND NOT t.temporary
      AND lower(schema_name) = lower($1) AND lower(table_name) = lower($2)
    ORDER BY c.column_index
"""
_VIEWS = """
    SELECT count(*) FROM duckdb_views()
    WHERE database_name = current_database() AND lower(schema_name) = lower($1) AND lower(view_name) = lower($2)
"""


def _kinds(db: Db, name: Named) -> tuple[list[str], list[Type]]:
    rows = db.sql(f"FROM {name.sql}")
    return rows.columns, rows.types


def _may_be_made(db: Db, name: Named, *, create_if_missing: bool) -> None:
    ((views,),) = db.execute(_VIEWS, [name.schema, name.table]).fetchall()
    if views:
        raise TargetError(
            f"{str(name)!r} is a view, not a table", hint="write to the table behind it, or to a new name"
        )
    if not create_if_missing:
        raise TargetError(
            f"there is no table {str(name)!r}", hint="mend `table`, make it, or set `create_if_missing: true`"
        )


def _must_not_lack(name: Named, given: set[str], rows: list[Any]) -> None:
    for column, needed, _ in rows:
        if needed and column.lower() not in given:
            raise TargetError(
                f"column {column!r} of table {str(name)!r} may not be NULL, and the rows have no such column",
                hint=f"select it in the step before, such as … AS {column}",
            )


def _fit(name: Named, column: str, kind: Type, own: str, target: Type, *, computed: bool) -> Fit:
    if computed:
        raise TargetError(
            f"column {own!r} of table {str(name)!r} is computed by DuckDB", hint="leave it out in the step before"
        )
    if holds(target, kind):
        return Fit(column, own, str(target))
    if (kind.id == "varchar" and target.id in _FROM_TEXT) or {kind.id, target.id} == {"list", "array"}:
        return Fit(column, own, str(target), checked=True)
    raise TargetError(
        f"column {own!r} of table {str(name)!r} is {target}, which does not hold every {kind}",
        hint=f"cast it in the step before, such as CAST({quoted(column)} AS {target})",
    )


def holds(target: Type, source: Type) -> bool:
    """Return whether a DuckDB type holds every value of another exactly."""
    if str(target) == str(source) or (target.id == source.id == "varchar"):
        return True
    if source.id in _MOMENTS and target.id in _MOMENTS:
        return _MOMENTS.index(source.id) <= _MOMENTS.index(target.id)  # one too far off for nanoseconds is an error
    if source.id == "float":
        return bool(target.id == "double")
    if (decimal := _DECIMAL.match(str(source))) is not None:
        return _holds_decimal(target, int(decimal[1]), int(decimal[2]))
    return _holds_integer(target, source.id)


def _holds_decimal(target: Type, precision: int, scale: int) -> bool:
    if wanted := _DECIMAL.match(str(target)):
        return int(wanted[2]) >= scale and int(wanted[1]) - int(wanted[2]) >= precision - scale
    bits = _SIGNED.get(target.id, 0)
    return scale == 0 and bits > 0 and precision < _DIGITS[bits]


def _holds_integer(target: Type, source: str) -> bool:
    bits = _SIGNED.get(source) or _UNSIGNED.get(source)
    if bits is None:
        return False
    if decimal := _DECIMAL.match(str(target)):
        return int(decimal[1]) - int(decimal[2]) >= _DIGITS[bits]
    if target.id in _UNSIGNED:
        return source in _UNSIGNED and _UNSIGNED[target.id] >= bits
    return max(_SIGNED.get(target.id, 0), _FLOATS.get(target.id, 0)) >= bits


def must_survive(db: Db, fits: tuple[Fit, ...], kinds: dict[str, Type]) -> None:
    """Look at every staged value of the columns that may not fit.

    Raises:
        CheckFailed: one would be another value in the table; names the column.
    """
    for fit in fits:
        if not fit.checked:
            continue
        name = quoted(fit.source)
        back = f"CAST(TRY_CAST({name} AS {fit.kind}) AS {kinds[fit.source]})"
        ((wrong,),) = db.execute(
            f"SELECT count(*) FROM staged.main.rows WHERE {back} IS DISTINCT FROM {name}"  # nosec B608 # noqa: S608 - names are quoted
        ).fetchall()
        if wrong:
            raise CheckFailed(
                f"{wrong} values of column {fit.source!r} are not the same as {fit.kind}",
                hint=f"write them as DuckDB does: CAST(CAST({name} AS {fit.kind}) AS VARCHAR)",
            )
