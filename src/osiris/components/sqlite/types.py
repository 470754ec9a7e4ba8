"""SQLite's values as Arrow's: a column has a type only where every value has it.

SQLite keeps a type with each value, not with the column: what a column declares is a wish. So a column is what all of
its values are, `INTEGER`, `REAL`, `TEXT` or `BLOB`, and, where it declares more (a boolean, a decimal, a day or a
time) and each value can be read so, that.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa

from osiris.components.sqlite.session import quoted
from osiris.kit.arrow import DECIMAL128_DIGITS
from osiris.model.errors import SourceError

Values = Sequence[Any]
Array = Any
UTC = "UTC"

_DECIMAL = re.compile(r"(?:DEC(?:IMAL)?|NUMERIC|NUMBER)\s*\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)\Z")
_CLASSES: dict[type, str] = {int: "integer", float: "real", str: "text", bytes: "blob"}
_PLAIN: dict[frozenset[str], pa.DataType] = {
    frozenset({"integer"}): pa.int64(),
    frozenset({"real"}): pa.float64(),
    frozenset({"text"}): pa.string(),
    frozenset({"blob"}): pa.binary(),
}
_NUMBERS = frozenset({"integer", "real"})
_EPOCH = "1970-01-01 "


def promised(declared: str) -> pa.DataType | None:
    """Return the Arrow type that a declaration promises beyond SQLite's own types; None where it promises none."""
    words = " ".join(declared.upper().split())
    if found := _DECIMAL.match(words):
        precision, scale = int(found[1]), int(found[2] or 0)
        return pa.decimal128(precision, scale) if 1 <= precision <= DECIMAL128_DIGITS and scale <= precision else None
    return _PROMISES.get(words.partition("(")[0].strip())


_PROMISES: dict[str, pa.DataType] = {
    "BOOL": pa.bool_(),
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
    "DATETIME": pa.timestamp("us"),
    "TIME": pa.time64("us"),
    "TIMESTAMP": pa.timestamp("us"),
    "TIMESTAMP WITH TIME ZONE": pa.timestamp("us", tz=UTC),
    "TIMESTAMPTZ": pa.timestamp("us", tz=UTC),
}


def affinity(declared: str) -> str:
    """Return SQLite's affinity of a declaration: `integer`, `text`, `blob`, `real` or `numeric`.

    Source: https://www.sqlite.org/datatype3.html, section 3.1.
    """
    words = declared.upper()
    for parts, found in _AFFINITIES:
        if any(part in words for part in parts):
            return found
    return "numeric" if words else "blob"


_AFFINITIES = (
    (("INT",), "integer"),
    (("CHAR", "CLOB", "TEXT"), "text"),
    (("BLOB",), "blob"),
    (("REAL", "FLOA", "DOUB"), "real"),
)
_EMPTY: dict[str, pa.DataType] = {
    "integer": pa.int64(),
    "text": pa.string(),
    "blob": pa.binary(),
    "real": pa.float64(),
    "numeric": pa.float64(),
}


@dataclass(frozen=True)
class Seen:
    """What was seen of a column.

    Attributes:
        declared: Its type as the table declares it; empty for an expression.
        classes: Storage classes of its values, NULL left out.
    """

    name: str
    declared: str
    classes: frozenset[str]

    def hopes(self) -> list[pa.DataType]:
        """Return the types that it has if every value fits, best first."""
        kind = promised(self.declared)
        promise = [kind] if kind is not None and self.classes and self.classes <= _fitting(kind) else []
        return promise + ([pa.float64()] if self.classes == _NUMBERS else [])

    def settled(self, fitting: list[pa.DataType]) -> pa.DataType:
        """Return its type, given those of its hopes that every value fits.

        Raises:
            SourceError: no type has all of its values.
        """
        if fitting:
            return fitting[0]
        if not self.classes:
            return promised(self.declared) or (_EMPTY[affinity(self.declared)] if self.declared else pa.string())
        if self.classes in _PLAIN:
            return _PLAIN[self.classes]
        what = (
            "reals and integers too large for one" if self.classes == _NUMBERS else " and ".join(sorted(self.classes))
        )
        raise SourceError(
            f"column {self.name!r} holds {what}, which have no type in common",
            hint=f"make them one in a query, such as CAST({quoted(self.name)} AS TEXT) AS {quoted(self.name)}",
        )


def fits(values: Values, kind: pa.DataType) -> bool:
    """Return whether all values can be said exactly in a type."""
    try:
        array_of(values, kind)
    except pa.ArrowInvalid:
        return False
    return True


def array_of(values: Values, kind: pa.DataType) -> Array:
    """Return SQLite's values as an Arrow array of a type.

    Raises:
        pa.ArrowInvalid: a value is of another type, or can't be said exactly in this one.
    """
    found = {_CLASSES[of] for of in set(map(type, values)) if of is not type(None)}
    if not found <= _fitting(kind):
        raise pa.ArrowInvalid(f"{' and '.join(sorted(found - _fitting(kind)))} is not {kind}")
    if pa.types.is_boolean(kind):
        return _booleans(values)
    if pa.types.is_decimal(kind):
        return pa.array([None if v is None else Decimal(repr(v)) for v in values], kind)
    if pa.types.is_time(kind):
        texts = pa.array([None if v is None else _EPOCH + v for v in values], pa.string())
        return texts.cast(pa.timestamp("us")).cast(kind)
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return pa.array(values, pa.string()).cast(kind)
    return pa.array(values, kind)


def _fitting(kind: pa.DataType) -> frozenset[str]:
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        return frozenset({"integer"})
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return _NUMBERS
    return frozenset({"blob"}) if pa.types.is_binary(kind) else frozenset({"text"})


def _booleans(values: Values) -> Array:
    if not set(values) <= {None, 0, 1}:
        raise pa.ArrowInvalid("a boolean is 0 or 1")
    return pa.array([None if v is None else v == 1 for v in values], pa.bool_())
