"""Arrow's values as SQLite's: which declaration holds them, and the values that it then keeps exactly."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

import pyarrow as pa
from pyarrow import compute

from osiris.components.sqlite.types import affinity
from osiris.model.errors import AuthorError, CheckFailed

pc: Any = compute  # the stubs know no function that takes a scalar beside an array
Array = Any

_LARGEST = 2**63 - 1
_ZERO = ".000000"
_UTC = "UTC"
_FINE = "a fraction finer than microseconds"


def declaration(name: str, kind: pa.DataType) -> str:
    """Return what a column of an Arrow type declares in SQLite.

    Raises:
        AuthorError: SQLite has nothing for it.
    """
    for is_one, declared in _DECLARATIONS:
        if is_one(kind):
            return declared(kind)
    raise AuthorError(
        f"column {name!r} has the type {kind}, which SQLite has none for",
        hint="give it another one in the step before, such as CAST(… AS VARCHAR), or to_json(…) for lists and structs",
    )


def _decimal(kind: Any) -> str:
    return f"DECIMAL({kind.precision}, {kind.scale})"


def _timestamp(kind: Any) -> str:
    return "TIMESTAMPTZ" if kind.tz else "TIMESTAMP"


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def _is_bytes(kind: pa.DataType) -> bool:
    types = pa.types
    return (
        types.is_binary(kind)
        or types.is_large_binary(kind)
        or types.is_fixed_size_binary(kind)
        or types.is_binary_view(kind)
    )


_DECLARATIONS: tuple[tuple[Callable[[pa.DataType], bool], Callable[[Any], str]], ...] = (
    (pa.types.is_boolean, lambda _: "BOOLEAN"),
    (pa.types.is_integer, lambda _: "INTEGER"),
    (pa.types.is_floating, lambda _: "REAL"),
    (pa.types.is_decimal, _decimal),
    (pa.types.is_date, lambda _: "DATE"),
    (pa.types.is_time, lambda _: "TIME"),
    (pa.types.is_timestamp, _timestamp),
    (_is_text, lambda _: "TEXT"),
    (_is_bytes, lambda _: "BLOB"),
)

# Arrow's kinds, as declared above, to the affinities of columns that keep such values as they are.
_KEPT: dict[str, frozenset[str]] = {
    "BOOLEAN": frozenset({"integer", "numeric", "blob"}),
    "INTEGER": frozenset({"integer", "numeric", "blob"}),
    "REAL": frozenset({"real", "numeric", "blob"}),
    "DECIMAL": frozenset({"real", "numeric", "blob"}),
    "DATE": frozenset({"text", "numeric", "blob"}),
    "TIME": frozenset({"text", "numeric", "blob"}),
    "TIMESTAMP": frozenset({"text", "numeric", "blob"}),
    "TIMESTAMPTZ": frozenset({"text", "numeric", "blob"}),
    "TEXT": frozenset({"text", "blob"}),
    "BLOB": frozenset({"blob"}),
}


def keeps(declared: str, ours: str) -> bool:
    """Return whether a column with some declaration keeps the values of one with ours as they are."""
    word = ours.partition("(")[0]
    whole = ours.startswith("DECIMAL") and ours.endswith(" 0)")
    return affinity(declared) in _KEPT[word] or (whole and affinity(declared) == "integer")


def sqlite_rows(batch: pa.RecordBatch) -> Iterable[tuple[Any, ...]]:
    """Return the rows as SQLite takes them.

    Raises:
        CheckFailed: SQLite can't keep a value exactly; names the column.
    """
    return zip(
        *(_values(field.name, column) for field, column in zip(batch.schema, batch.columns, strict=True)), strict=True
    )


def _values(name: str, values: Array) -> list[Any]:
    try:
        return _exact(values)
    except ValueError as exc:
        raise CheckFailed(
            f"column {name!r} holds {_FINE if isinstance(exc, pa.ArrowInvalid) else exc}, "
            "which SQLite can't keep exactly",
            hint=f'make it text in the step before, such as CAST("{name}" AS VARCHAR)',
        ) from exc


def _exact(values: Array) -> list[Any]:
    for is_one, exact in _EXACT:
        if is_one(values.type):
            return exact(values)
    return values.to_pylist()  # type: ignore[no-any-return]


def _reals(values: Array) -> list[Any]:
    values = values.cast(pa.float64())
    if pc.any(pc.is_nan(values)).as_py():
        raise ValueError("NaN")
    zero = values.filter(pc.equal(values, 0.0))
    if pc.any(pc.less(pc.divide(1.0, zero), 0.0)).as_py():
        raise ValueError("-0.0")
    return values.to_pylist()  # type: ignore[no-any-return]


def _number(value: Decimal | None, *, whole: bool) -> int | float | None:
    """Return a decimal as the number that SQLite keeps of it: 64 bits, or the double that reads back the same."""
    if value is None:
        return None
    if whole:
        if abs(value) > _LARGEST:
            raise ValueError("a number of more than 63 bits")
        return int(value)
    number = float(value)
    if Decimal(repr(number)) != value:
        raise ValueError("a decimal of more than 15 digits")
    return number


def _moments(values: Array) -> list[Any]:
    zoned = values.type.tz is not None
    exact = values.cast(pa.timestamp("us", tz=_UTC) if zoned else pa.timestamp("us"))
    found = _short(exact.cast(pa.timestamp("us")))
    return [None if text is None else f"{text}+00:00" for text in found] if zoned else found


def _short(values: Array) -> list[Any]:
    """Return moments as text, without a fraction that is all zero."""
    return [text and text.removesuffix(_ZERO) for text in values.cast(pa.string()).to_pylist()]


def _booleans(values: Array) -> list[Any]:
    return values.cast(pa.int8()).to_pylist()  # type: ignore[no-any-return]


def _integers(values: Array) -> list[Any]:
    if (pc.max(values).as_py() or 0) > _LARGEST:
        raise ValueError("an integer of more than 63 bits")
    return values.to_pylist()  # type: ignore[no-any-return]


def _decimals(values: Array) -> list[Any]:
    return [_number(value, whole=values.type.scale <= 0) for value in values.to_pylist()]


def _days(values: Array) -> list[Any]:
    return values.cast(pa.date32()).cast(pa.string()).to_pylist()  # type: ignore[no-any-return]


def _times(values: Array) -> list[Any]:
    return _short(values.cast(pa.time64("us")))


_EXACT: tuple[tuple[Callable[[pa.DataType], bool], Callable[[Array], list[Any]]], ...] = (
    (pa.types.is_floating, _reals),
    (pa.types.is_decimal, _decimals),
    (pa.types.is_boolean, _booleans),
    (pa.types.is_integer, _integers),
    (pa.types.is_date, _days),
    (pa.types.is_time, _times),
    (pa.types.is_timestamp, _moments),
)
