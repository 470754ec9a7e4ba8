"""What types a column of text can have, and how a text becomes a value of one: exactly, or not at all."""

import re
from collections.abc import Callable
from typing import Any

import pyarrow as pa

from osiris.kit.arrow import type_of
from osiris.kit.cells import Array, has_empty, one, pc, raw, texts

# How pandas spells types; a published pipeline may say so under `dtype`.
_PANDAS: dict[str, str] = {
    "boolean": "bool",
    "category": "string",
    "float": "double",
    "float16": "float",
    "float32": "float",
    "float64": "double",
    "object": "string",
    "datetime64": "timestamp[ns]",
    "datetime64[s]": "timestamp[s]",
    "datetime64[ms]": "timestamp[ms]",
    "datetime64[us]": "timestamp[us]",
    "datetime64[ns]": "timestamp[ns]",
}
_PANDAS_ZONED = re.compile(r"datetime64\[(?P<unit>s|ms|us|ns), (?P<zone>[^\]]+)\]\Z")
_YEAR_ONE = -719_162  # 0001-01-01 in days
_SECONDS_OF_A_DAY = 86_400
_BLANKS = bytes(range(0x21))
_NULL = pa.scalar(None, pa.string())
_EPOCH = "1970-01-01 "
TYPES_OF_TEXT = "string, bool, int64, double, decimal(p, s), date, timestamp, timestamptz, time, binary (hexadecimal)"


def column_type(text: str, *, text_file: bool = False) -> pa.DataType:
    """Return the Arrow type that a text names, in Arrow's, SQL's or pandas' spelling.

    Args:
        text: Such as `int64`, `decimal(12, 2)` or `datetime64[ns]`; `float` is a double.
        text_file: Whether values of it must be readable from text.

    Raises:
        ValueError: the text names no type, or one that a text file's column can't have.
    """
    word = text.strip().lower()
    if zoned := _PANDAS_ZONED.match(text.strip()):
        kind = type_of(f"timestamp[{zoned['unit']}, tz={zoned['zone']}]")
    else:
        kind = type_of(_PANDAS.get(word, word if word.startswith(("int", "uint", "float")) else text))
    if text_file and not _from_text(kind):
        raise ValueError(f"{text!r} can't be read from text; possible: {TYPES_OF_TEXT}")
    return kind


def is_said(kind: pa.DataType) -> bool:
    """Return whether the words for a type say it unmistakably, whatever its fields are called."""
    try:
        return str(type_of(str(kind))) == str(kind) and type_of(str(kind)) == kind
    except ValueError:
        return False


def _from_text(kind: pa.DataType) -> bool:
    return (
        pa.types.is_string(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_date32(kind)
        or pa.types.is_timestamp(kind)
        or pa.types.is_time(kind)
        or pa.types.is_binary(kind)
    )


Convert = Callable[[Array, pa.DataType], Array]


def exactly(values: Array, kind: pa.DataType) -> Array:
    """Return texts as values that, written again, are the same texts byte for byte.

    Raises:
        pa.ArrowInvalid: one is not.
    """
    if pa.types.is_string(kind):
        return values
    found = values.cast(kind)
    if not texts(found).equals(values) or _before_our_era(found):
        raise pa.ArrowInvalid("not the same when written again")
    return found


def _before_our_era(values: Array) -> bool:
    """Return whether a day lies before the year 1, where Python and many databases have none."""
    if pa.types.is_date32(values.type):
        year_one = _YEAR_ONE
    elif pa.types.is_timestamp(values.type):
        year_one = _YEAR_ONE * _SECONDS_OF_A_DAY * {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[values.type.unit]
    else:
        return False
    first = pc.min(values).value
    return first is not None and first < year_one


def loosely(values: Array, kind: pa.DataType) -> Array:
    """Return texts as values of a type that the author gives: blanks around are dropped, a blank text is NULL.

    An empty text as bytes is no bytes.

    Raises:
        pa.ArrowInvalid: one can't be read so.
    """
    if pa.types.is_string(kind):
        return values
    if pa.types.is_binary(kind):
        return _unhex(values)
    held = raw(values)
    if has_empty(values) or not held.isascii() or len(held.translate(None, _BLANKS)) < len(held):
        values = pc.utf8_trim_whitespace(values)
        values = pc.if_else(pc.equal(values, one("")), _NULL, values)
    if pa.types.is_time(kind):
        return _time(values, kind)
    if pa.types.is_integer(kind) and (b"x" in held or b"X" in held):
        raise pa.ArrowInvalid("an integer has decimal digits")
    found = values.cast(kind)
    if pa.types.is_floating(kind):
        _refuse_overflow(found, values)
    return found


def _time(values: Array, kind: Any) -> Array:
    """Return times of day; Arrow reads none from text, but it reads timestamps."""
    on_a_day = pc.binary_join_element_wise(one(_EPOCH), values, one(""))
    return on_a_day.cast(pa.timestamp(kind.unit)).cast(kind)


def _unhex(values: Array) -> Array:
    """Return bytes from their hexadecimal digits; an empty text is a value here, no bytes, and a blank one is NULL."""
    try:
        return pa.array(
            [None if v is None or v.isspace() else bytes.fromhex(v) for v in values.to_pylist()], pa.binary()
        )
    except ValueError as exc:
        raise pa.ArrowInvalid(str(exc)) from exc


def _refuse_overflow(found: Array, values: Array) -> None:
    infinite = pc.is_inf(found)
    if pc.any(infinite).as_py() and pc.any(pc.match_substring_regex(values.filter(infinite), "[0-9]")).as_py():
        raise pa.ArrowInvalid("too large for a double")


def first_bad(values: Array, kind: pa.DataType, convert: Convert) -> int:
    """Return the index of the first value that can't be converted; there is one."""
    low, high = 0, len(values)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if not _converts(values.slice(low, middle - low), kind, convert) else (middle, high)
    return low


def _converts(values: Array, kind: pa.DataType, convert: Convert) -> bool:
    try:
        convert(values, kind)
    except pa.ArrowInvalid:
        return False
    return True
