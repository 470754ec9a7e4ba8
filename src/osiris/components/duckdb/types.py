"""DuckDB's types and Arrow's: which carry each other's values exactly, and what becomes of the others."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa
from pyarrow import compute

from osiris.components.duckdb.complaints import TOO_LARGE
from osiris.components.duckdb.session import literal, quoted
from osiris.kit.arrow import DECIMAL128_DIGITS, type_of
from osiris.model.errors import AuthorError, CheckFailed

pc: Any = compute  # the stubs know no function that takes a scalar beside an array
Type = Any  # duckdb.sqltypes.DuckDBPyType: its stub lacks `children`

_AS_TEXT = frozenset({"bignum", "bit", "enum", "interval", "time with time zone", "uuid"})
_WIDE = ("hugeint", "uhugeint")
_DECIMAL_BITS = 128
_LARGEST = 10**DECIMAL128_DIGITS - 1
_UNSAYABLE = frozenset({"geometry", "tuple", "union", "variant"})
_DAY_US, _DAY_NS = 86_400_000_000, 86_400_000_000_000
_ENDLESS = {32: 2**31 - 1, 64: 2**63 - 1}  # how DuckDB hands over `infinity`, by bits
_IN_ARROW: dict[str, "pa.Field[Any]"] = {}  # DuckDB's types that were met, to how Arrow says them


def outward(rows: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """Return the same rows with every column of a type that Arrow holds exactly.

    Integers of 128 bits become `DECIMAL(38, 0)`, a larger one is an error. BIGNUM, BIT, ENUM, INTERVAL,
    TIME WITH TIME ZONE and UUID become text; MAP becomes a list of entries, ARRAY a list.

    Raises:
        AuthorError: two columns have one name, or a column has a type that neither Arrow nor text can say.
    """
    must_differ(rows.columns)
    shaped = [_shaped(name, kind) for name, kind in zip(rows.columns, rows.types, strict=True)]
    if all(expression is None for expression in shaped):
        return rows
    names = [quoted(name) for name in rows.columns]
    return rows.project(
        ", ".join(f"{expression or name} AS {name}" for expression, name in zip(shaped, names, strict=True))
    )


def schema_of_rows(rows: duckdb.DuckDBPyRelation) -> pa.Schema:
    """Return the Arrow schema of rows that `outward` gave, without reading one.

    Raises:
        AuthorError: a column's type has no name in Osiris.
    """
    kinds = [str(kind) for kind in rows.types]
    if not _IN_ARROW.keys() >= set(kinds):  # to ask takes half as long as to bind the query
        _IN_ARROW.update(zip(kinds, rows.limit(0).to_arrow_table().schema, strict=True))
    schema = pa.schema([_IN_ARROW[kind].with_name(name) for name, kind in zip(rows.columns, kinds, strict=True)])
    for field in schema:
        if not _has_a_name(field.type):
            raise _cant_say(field.name, str(field.type))
    return schema


def must_differ(names: Sequence[str]) -> None:
    """Refuse columns that SQL can't tell apart: it knows no capitals.

    Raises:
        AuthorError: two columns have one name.
    """
    seen: dict[str, str] = {}
    for name in names:
        if name.lower() in seen:
            raise AuthorError(
                f"two columns are called {name!r}",
                where="query",
                hint=f"name each column once, such as `x.{name} AS other`, or leave one out with SELECT * EXCLUDE",
            )
        seen[name.lower()] = name


def _shaped(name: str, kind: Type) -> str | None:
    """Return the expression that makes a column sayable; None where it is so already."""
    if kind.id in _WIDE:
        return _checked_decimal(name)
    target = _target(name, kind)
    if target is None:
        return None
    if kind.id == "map":
        return f"CAST(map_entries({quoted(name)}) AS {target})"
    return f"CAST({quoted(name)} AS {target})"


def _checked_decimal(name: str) -> str:
    said = literal(
        f"{TOO_LARGE}column {name!r} has a number of more than {DECIMAL128_DIGITS} digits"
        f" | cast it in the query, such as CAST({quoted(name)} AS VARCHAR)"
    )
    return (
        f"CASE WHEN {quoted(name)} > {_LARGEST} OR {quoted(name)} < {-_LARGEST}"
        f" THEN CAST(error({said}) AS DECIMAL({DECIMAL128_DIGITS}, 0))"
        f" ELSE CAST({quoted(name)} AS DECIMAL({DECIMAL128_DIGITS}, 0)) END"
    )


def _target(name: str, kind: Type) -> str | None:
    """Return the DuckDB type to cast to, None where the type is fine as it is."""
    if kind.id in _AS_TEXT:
        return "VARCHAR"
    if kind.id in _WIDE:
        return f"DECIMAL({DECIMAL128_DIGITS}, 0)"
    if kind.id in _UNSAYABLE:
        raise _cant_say(name, str(kind))
    if kind.id in {"list", "array", "struct", "map"}:
        return _nested_target(name, kind)
    return None


def _nested_target(name: str, kind: Type) -> str | None:
    parts = [
        (part, inner, _target(name, inner))
        for part, inner in kind.children
        if isinstance(inner, duckdb.sqltypes.DuckDBPyType)
    ]
    if any(inner.id == "map" for _, inner, _ in parts):
        raise _cant_say(name, str(kind))  # a map inside of something can't be cast to its entries
    said = {part: target or str(inner) for part, inner, target in parts}
    match kind.id:
        case "map":
            return f'STRUCT("key" {said["key"]}, "value" {said["value"]})[]'
        case "struct":
            fields = ", ".join(f"{quoted(part)} {target}" for part, target in said.items())
            return f"STRUCT({fields})" if any(target for _, _, target in parts) else None
        case _:
            changed = kind.id == "array" or any(target for _, _, target in parts)
            return f"{said['child']}[]" if changed else None


def _cant_say(name: str, kind: str) -> AuthorError:
    return AuthorError(
        f"column {name!r} has the type {kind}, which can't travel",
        where="query",
        hint=f"cast it in the query, such as CAST({quoted(name)} AS VARCHAR)",
    )


def _has_a_name(kind: pa.DataType) -> bool:
    try:
        return type_of(str(kind)).equals(kind)
    except ValueError:
        return False


def guard(schema: pa.Schema) -> Callable[[pa.RecordBatch], pa.RecordBatch]:
    """Return what hands a batch on, unless it holds a moment that Arrow does not have.

    DuckDB's `infinity` arrives as the largest number, its time `24:00:00` as a number past the day.
    The returned function raises CheckFailed, naming the column.
    """
    watched = [(place, field.name) for place, field in enumerate(schema) if _has_moments(field.type)]

    def check(batch: pa.RecordBatch) -> pa.RecordBatch:
        for place, name in watched:
            if wrong := _strange(batch.column(place)):
                raise CheckFailed(
                    f"column {name!r} holds {wrong}, which only DuckDB knows",
                    hint=f"cast it in the query, such as CAST({quoted(name)} AS VARCHAR), or leave such rows out",
                )
        return batch

    return check if watched else lambda batch: batch


def _has_moments(kind: Any) -> bool:
    if pa.types.is_nested(kind):
        return any(_has_moments(kind.field(place).type) for place in range(kind.num_fields))
    return pa.types.is_date(kind) or pa.types.is_timestamp(kind) or pa.types.is_time(kind)


def _strange(values: Any) -> str:
    kind = values.type
    if pa.types.is_struct(kind):
        return next(filter(None, map(_strange, values.flatten())), "")
    if pa.types.is_nested(kind):
        return _strange(values.flatten())
    if not _has_moments(kind):
        return ""
    bounds = pc.min_max(values.view(pa.int32() if kind.bit_width == 32 else pa.int64())).as_py()  # noqa: PLR2004 - bits
    if bounds["max"] is None:
        return ""
    if pa.types.is_time(kind):
        return "the time 24:00:00" if bounds["max"] >= (_DAY_NS if kind.unit == "ns" else _DAY_US) else ""
    endless = _ENDLESS[kind.bit_width]
    return "infinity" if bounds["max"] == endless or bounds["min"] == -endless else ""


@dataclass(frozen=True)
class Inward:
    """Makes rows fit DuckDB without altering a value.

    Attributes:
        schema: Of the batches that come out.
    """

    schema: pa.Schema

    @classmethod
    def of(cls, schema: pa.Schema) -> "Inward":
        """Return what makes rows of a schema fit.

        Raises:
            AuthorError: a column has a type that DuckDB has none for.
        """
        return cls(pa.schema([pa.field(field.name, _held(field.name, field.type)) for field in schema]))

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return the same rows.

        Raises:
            CheckFailed: a duration has nanoseconds, which DuckDB's intervals lack.
        """
        if batch.schema.equals(self.schema):
            return batch
        arrays = []
        for values, field in zip(batch.columns, self.schema, strict=True):
            try:
                arrays.append(values.cast(field.type))
            except pa.ArrowInvalid as exc:
                raise CheckFailed(
                    f"column {field.name!r} holds a value that DuckDB can't: {exc}", hint="round it in the step before"
                ) from exc
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)


def _held(name: str, kind: Any) -> pa.DataType:
    """Return the Arrow type, of the same values, that DuckDB takes."""
    types = pa.types
    if types.is_float16(kind):
        return pa.float32()
    if types.is_decimal(kind) and kind.bit_width > _DECIMAL_BITS and kind.precision <= DECIMAL128_DIGITS:
        kind = pa.decimal128(kind.precision, kind.scale)
    if types.is_duration(kind):
        return pa.duration("us")
    if types.is_nested(kind) and not types.is_union(kind):
        for place in range(kind.num_fields):
            if _held(name, kind.field(place).type) != kind.field(place).type:
                raise _cant_hold(name, kind)
        return kind
    is_odd = (
        isinstance(kind, pa.BaseExtensionType)
        or types.is_union(kind)
        or types.is_interval(kind)
        or types.is_run_end_encoded(kind)
        or (types.is_decimal(kind) and (kind.precision > DECIMAL128_DIGITS or kind.scale < 0))
    )
    if is_odd:
        raise _cant_hold(name, kind)
    return kind  # type: ignore[no-any-return]


def _cant_hold(name: str, kind: pa.DataType) -> AuthorError:
    return AuthorError(
        f"column {name!r} has the type {kind}, which DuckDB has none for",
        hint="cast it to text or to a smaller number where it is read",
    )
