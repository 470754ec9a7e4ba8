"""How rows fit a table: which column goes where, and whether it holds every value."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import pyarrow as pa

from osiris.components.postgres.ddl import column_type, is_bytes
from osiris.components.postgres.driver import driver
from osiris.components.postgres.session import Db, listed, quoted
from osiris.components.postgres.tables import Named, relation
from osiris.components.postgres.types import COLUMNS_OF_TYPE, DATES, LOOKED_THROUGH, PgType, size_of, type_of_row
from osiris.kit.cells import is_list, writable
from osiris.model.errors import CheckFailed, TargetError

# Whether a type holds Arrow's values: all of them; those whose text it gives back; those that it understands; none.
Holding = Literal["all", "exact", "understood", "none"]

_BITS = {"int2": 15, "int4": 31, "int8": 63}
_FLOATS = {"float4": 24, "float8": 53}
_DIGITS = {7: 3, 8: 3, 15: 5, 16: 5, 31: 10, 32: 10, 63: 19, 64: 20}
_FRACTIONS = {"s": 0, "ms": 3, "us": 6, "ns": 6}  # digits; nanoseconds are looked at when they are written
_MOST_FRACTION = 6
_EXACT = DATES | {"bit", "bpchar", "char", "interval", "name", "numeric", "timetz", "varbit", "varchar"}
_NO_TEXT = frozenset({"bool", "bytea", "float4", "float8", "int2", "int4", "int8", "money", "oid"})
_JSON = ("json", "jsonb")
_TEXTS = ("text", "citext")


@dataclass(frozen=True)
class Fit:
    """One column of the rows and the column that takes it.

    Attributes:
        source: Name among the rows.
        target: Name in the table.
        kind: The table's type, as SQL writes it.
        holding: Whether it holds every value; if not, the rows are staged as text, to be looked at.
        as_json: Whether the table's column is JSON.
        blank: Whether the type fills up with blanks, which don't count.
        counted: Whether PostgreSQL numbers the column, and lets nobody else do so unless told to.
    """

    source: str
    target: str
    kind: str
    holding: Holding = "all"
    as_json: bool = False
    blank: bool = False
    counted: bool = False

    @property
    def staged(self) -> str:
        """Return the type of the column in staging."""
        return self.kind if self.holding == "all" else "TEXT"

    @property
    def value(self) -> str:
        """Return the expression that makes the table's value of the staged one."""
        return f"s.{quoted(self.source)}::{self.kind}"


@dataclass(frozen=True)
class Fitting:
    """How some rows go into one table.

    Attributes:
        name: The table.
        oid: Its number; None where it is not there.
        missing_schema: Whether its schema is not there.
        fits: One a column of the rows.
        added: Those of them that the table lacks.
        lockable: Whether it can be locked, as foreign tables can't.
    """

    name: Named
    oid: int | None
    missing_schema: bool
    fits: tuple[Fit, ...]
    added: tuple[Fit, ...] = ()
    lockable: bool = True

    @property
    def changes(self) -> tuple[str, ...]:
        """Return what changes besides rows, in words."""
        if self.oid is not None:
            return tuple(f"adds column {fit.target} {fit.kind}" for fit in self.added)
        schema = (f"creates schema {self.name.schema}",) if self.missing_schema else ()
        return (*schema, f"creates table {self.name}")

    @property
    def targets(self) -> str:
        """Return the table's columns, as SQL lists them."""
        return listed([fit.target for fit in self.fits])

    @property
    def values(self) -> str:
        """Return the values for them, as SQL lists them."""
        return ", ".join(fit.value for fit in self.fits)


@dataclass(frozen=True)
class _There:
    """A column of the table."""

    name: str
    type: PgType
    needed: bool
    computed: bool
    counted: bool


def fitting(db: Db, name: Named, rows: pa.Schema, *, create_if_missing: bool) -> Fitting:
    """Return how such rows go into a table, as it is now.

    Raises:
        psycopg.Error: the server refuses to tell, or is gone.
        AuthorError: PostgreSQL has no type for a column.
        TargetError: it is a view, is missing and is not to be made, or can't hold a column exactly.
    """
    there = relation(db, name)
    if there is None:
        if not create_if_missing:
            raise TargetError(
                f"there is no table {str(name)!r}", hint="mend `table`, make it, or set `create_if_missing: true`"
            )
        schemas = db.ask("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = %s", name.schema)
        return Fitting(name, None, missing_schema=not schemas, fits=tuple(_new(field) for field in rows))
    oid, kind = there
    if kind in "vm":
        raise TargetError(
            f"{str(name)!r} is a view, not a table", hint="write to the table behind it, or to a new name"
        )
    own = _columns(db, oid)
    _must_not_lack(name, own, rows.names)
    fits = [_fit(name, field, own) or _new(field) for field in rows]
    added = tuple(fit for fit in fits if fit.target not in own)
    return Fitting(name, oid, missing_schema=False, fits=tuple(fits), added=added, lockable=kind != "f")


def _columns(db: Db, oid: int) -> dict[str, _There]:
    rows = db.ask(
        "SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.atttypmod, "  # nosec B608 # noqa: S608 - constants
        "a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' AND a.attgenerated = '', a.attgenerated <> '', "
        f"a.attidentity = 'a', {COLUMNS_OF_TYPE} FROM pg_catalog.pg_attribute a "
        f"JOIN ({LOOKED_THROUGH}) t ON t.oid = a.atttypid "
        "WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
        oid,
    )
    return {
        name: _There(name, type_of_row(said, typmod, kind), needed, computed, counted)
        for name, said, typmod, needed, computed, counted, *kind in rows
    }


def _must_not_lack(name: Named, own: Mapping[str, _There], given: list[str]) -> None:
    taken = {there.name for column in given if (there := _of_name(own, column))}
    for column in own.values():
        if column.needed and column.name not in taken:
            raise TargetError(
                f"column {column.name!r} of table {str(name)!r} may not be NULL, and the rows have no such column",
                hint=f"select it in the step before, such as … AS {column.name}",
            )


def _of_name(own: Mapping[str, _There], name: str) -> _There | None:
    """Return the column of a name, or the only one that differs in capitals alone."""
    if name in own:
        return own[name]
    near = [there for key, there in own.items() if key.lower() == name.lower()]
    return near[0] if len(near) == 1 else None


def _new(field: Any) -> Fit:
    kind = column_type(field.name, field.type)
    return Fit(field.name, field.name, kind, as_json=kind == "JSONB")


def _fit(name: Named, field: Any, own: Mapping[str, _There]) -> Fit | None:
    there = _of_name(own, field.name)
    if there is None:
        return None
    if there.computed:
        raise TargetError(
            f"column {there.name!r} of table {str(name)!r} is computed by PostgreSQL",
            hint="leave it out in the step before",
        )
    holding = holds(there.type, field.type)
    if holding == "none":
        raise TargetError(
            f"column {there.name!r} of table {str(name)!r} is {there.type.said}, "
            f"which does not hold every {field.type}",
            hint=f"cast it in the step before, such as CAST({quoted(field.name)} AS {there.type.said})",
        )
    kind = there.type
    return Fit(
        field.name,
        there.name,
        kind.said,
        holding,
        as_json=kind.name in _JSON and not kind.array,
        blank=kind.name == "bpchar",
        counted=there.counted,
    )


def holds(target: PgType, source: Any) -> Holding:
    """Return whether a type holds values of Arrow's exactly."""
    if pa.types.is_dictionary(source):
        return holds(target, source.value_type)
    if target.array:
        inner = PgType(target.said, target.name, target.typmod)
        fits = is_list(source) and holds(inner, source.value_type) == "all"
        return "all" if fits else "understood" if _is_text(source) else "none"
    if _is_text(source):
        return _holds_text(target)
    return "all" if _holds(target, source) else "none"


def _holds_text(target: PgType) -> Holding:
    if target.name in _TEXTS or (target.name == "varchar" and target.typmod < 0):
        return "all"
    if target.name in _NO_TEXT or (target.name == "numeric" and target.typmod >= 0):
        return "none"
    return "exact" if target.name in _EXACT else "understood"


def _holds(target: PgType, source: Any) -> bool:
    return next((holder(target, source) for is_one, holder in _HOLDERS if is_one(source)), False)


def _holds_integer(target: PgType, source: Any) -> bool:
    unsigned = pa.types.is_unsigned_integer(source)
    bits = source.bit_width - (not unsigned)
    if target.name == "numeric":
        return _holds_digits(target, _DIGITS[bits], 0)
    if target.name == "oid":
        return bool(unsigned and bits <= 32)  # noqa: PLR2004 - bits of an oid
    return bool(max(_BITS.get(target.name, 0), _FLOATS.get(target.name, 0)) >= bits)


def _holds_float(target: PgType, source: Any) -> bool:
    return target.name == "float8" or (target.name == "float4" and not pa.types.is_float64(source))


def _holds_decimal(target: PgType, source: Any) -> bool:
    digits, scale = source.precision, source.scale
    return _holds_digits(target, digits, scale) if scale >= 0 else _holds_digits(target, digits - scale, 0)


def _holds_timestamp(target: PgType, source: Any) -> bool:
    name = "timestamp" if source.tz is None else "timestamptz"
    return target.name == name and _fraction(target) >= _FRACTIONS[source.unit]


def _holds_time(target: PgType, source: Any) -> bool:
    return target.name == "time" and _fraction(target) >= _FRACTIONS[source.unit]


def _holds_digits(target: PgType, precision: int, scale: int) -> bool:
    if target.name == "numeric":
        if target.typmod < 0:
            return True
        digits, own = size_of(target.typmod)
        return own >= scale and digits - own >= precision - scale
    bits = _BITS.get(target.name, 0)
    return scale == 0 and bits > 0 and precision < _DIGITS[bits]


def _fraction(target: PgType) -> int:
    """Return how many digits of a second a type keeps."""
    return target.typmod if target.typmod >= 0 else _MOST_FRACTION


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


_HOLDERS: tuple[tuple[Callable[[Any], bool], Callable[[PgType, Any], bool]], ...] = (
    (pa.types.is_boolean, lambda target, _: target.name == "bool"),
    (pa.types.is_integer, _holds_integer),
    (pa.types.is_floating, _holds_float),
    (pa.types.is_decimal, _holds_decimal),
    (pa.types.is_date, lambda target, _: target.name == "date"),
    (pa.types.is_timestamp, _holds_timestamp),
    (pa.types.is_time, _holds_time),
    (pa.types.is_duration, lambda target, _: target.name == "interval" and target.typmod < 0),
    (pa.types.is_nested, lambda target, source: target.name in _JSON and writable(source)),
    (is_bytes, lambda target, _: target.name == "bytea"),
)


def must_survive(db: Db, staged: str, fits: tuple[Fit, ...]) -> None:
    """Look at every staged value of the columns that may not fit.

    Raises:
        psycopg.Error: the server is gone.
        CheckFailed: one is none in the table, or would be another one; names the column.
    """
    for fit in fits:
        if fit.holding == "all":
            continue
        name = f"s.{quoted(fit.source)}"
        given = f"pg_catalog.rtrim({name}, ' ')" if fit.blank else name
        differs = (
            f"({fit.value})::text IS DISTINCT FROM {given}" if fit.holding == "exact" else f"({fit.value}) IS NULL"
        )
        try:
            ((wrong,),) = db.ask(f"SELECT count(*) FROM {staged} s WHERE {name} IS NOT NULL AND {differs}")  # nosec B608 # noqa: S608 - quoted
        except driver().DataError as exc:
            raise CheckFailed(
                f"column {fit.source!r} holds a text that is no {fit.kind}", hint="mend it in the step before"
            ) from exc
        if wrong:
            raise CheckFailed(
                f"{wrong} values of column {fit.source!r} are not the same as {fit.kind}",
                hint=f"write them as PostgreSQL does, such as CAST(CAST({quoted(fit.source)} AS {fit.kind}) AS text)",
            )
