"""Values as text: nothing is rounded, and what is read again is the same value."""

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeAlias

import pyarrow as pa
from pyarrow import compute

from osiris.model.errors import CheckFailed

# Arrow's arrays and functions: their stubs know no function that takes a scalar beside an array.
Array: TypeAlias = Any
pc: Any = compute

_ABSENT = pa.scalar(None, pa.string())
_LEAST_PLAIN, _MOST_PLAIN = 1e-4, 1e10  # between these Arrow writes a double as Python does, but for a missing `.0`
_UTC = ("UTC", "Etc/UTC", "Z", "+00:00")
NULL = "null"


class NotFinite(ValueError):
    """A number is NaN or infinite, which JSON can't say."""


@lru_cache(maxsize=1_024, typed=True)
def one(value: str | float) -> Any:
    """Return a value as Arrow wants it beside an array; making it takes Arrow longer than many a use of it."""
    return pa.scalar(value)


def raw(plain: Array) -> bytes:
    """Return the bytes of all texts, one after the other: to look for a character there takes next to no time."""
    _, offsets, data = plain.buffers()
    if data is None:
        return b""
    ends = memoryview(offsets).cast("i")
    return memoryview(data)[ends[plain.offset] : ends[plain.offset + len(plain)]].tobytes()


def has_empty(plain: Array) -> bool:
    """Return whether any text is empty."""
    return bool(pc.min(pc.binary_length(plain)).as_py() == 0)


def writable(kind: pa.DataType) -> bool:
    """Return whether values of this type have a text."""
    if pa.types.is_nested(kind):
        fields = inner_fields(kind)
        return bool(fields) and all(writable(field.type) for field in fields)
    return not (pa.types.is_duration(kind) or pa.types.is_interval(kind) or isinstance(kind, pa.BaseExtensionType))


def inner_fields(kind: Any) -> list[Any]:
    """Return the fields of a struct, or the one of a list; none of other types."""
    if pa.types.is_struct(kind):
        return list(kind.fields)
    return [kind.value_field] if is_list(kind) else []


def texts(values: Array) -> Array:
    """Return each value as text, NULL as NULL.

    A double is its shortest text that reads back as the same double (`1.0`, `0.1`, `1e+22`); a decimal has all
    digits of its scale; a date is ISO 8601; a timestamp is too, with a blank between day and time, a fraction only
    where there is one, and an offset where it has a zone; bytes are hexadecimal; lists and structs are JSON.

    Raises:
        NotFinite: a list or a struct holds a number that is not.
    """
    kind = values.type
    if pa.types.is_dictionary(kind):
        return texts(values.dictionary_decode())
    if pa.types.is_nested(kind):
        return pc.if_else(values.is_valid(), json_texts(values), _ABSENT)
    for is_one, text in _BY_KIND:
        if is_one(kind):
            return text(values)
    return values.cast(pa.string())


def texts_of(batch: pa.RecordBatch, text: Callable[[Array], Array]) -> list[Array]:
    """Return what `text` makes of each column.

    Raises:
        CheckFailed: a number has no text; names the column.
    """
    return [_named(text, column, name) for name, column in zip(batch.schema.names, batch.columns, strict=True)]


def _named(text: Callable[[Array], Array], column: Array, name: str) -> Array:
    try:
        return text(column)
    except NotFinite as exc:
        raise CheckFailed(
            f"column {name!r} holds NaN or infinity, which JSON can't say",
            hint="make it NULL or text in SQL, or write Parquet",
        ) from exc


def _double(values: Array) -> Array:
    if pa.types.is_float16(values.type):
        values = values.cast(pa.float32())
    plain = values.cast(pa.string())
    whole = pc.invert(pc.match_substring_regex(plain, "[.en]"))
    if pc.any(whole).as_py():
        plain = pc.if_else(whole, pc.binary_join_element_wise(plain, one(".0"), one("")), plain)
    size = pc.abs(values)
    far = pc.and_(
        pc.or_(pc.less(size, one(_LEAST_PLAIN)), pc.greater_equal(size, one(_MOST_PLAIN))),
        pc.and_(pc.not_equal(size, one(0.0)), pc.is_finite(size)),
    )
    if pa.types.is_float64(values.type) and pc.any(far).as_py():
        return _mended(plain, far, [repr(v) for v in values.filter(far).to_pylist()])
    return plain


def _decimal(values: Array) -> Array:
    plain = values.cast(pa.string())
    if b"E" in raw(plain):
        short = pc.match_substring(plain, "E")
        return _mended(plain, short, [f"{v:f}" for v in values.filter(short).to_pylist()])
    return plain


def _mended(plain: Array, where: Array, by: list[str]) -> Array:
    return pc.replace_with_mask(plain, where.fill_null(False), pa.array(by, pa.string()))  # noqa: FBT003 - Arrow's


def _time(values: Array) -> Array:
    return _short(values.cast(pa.string()), values.type.unit)


def _hex(values: Array) -> Array:
    return pa.array([None if v is None else v.hex() for v in values.to_pylist()], pa.string())


def _timestamp(values: Array) -> Array:
    kind = values.type
    if kind.tz is None:
        return _short(values.cast(pa.string()), kind.unit)
    if kind.tz in _UTC:
        return pc.binary_join_element_wise(
            _short(values.cast(pa.timestamp(kind.unit)).cast(pa.string()), kind.unit), one("+00:00"), one("")
        )
    local = pc.local_timestamp(values)
    east = pc.subtract(local.cast(pa.int64()), values.cast(pa.int64()))
    minute = 60 * {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[kind.unit]
    sundial = pc.not_equal(pc.multiply(pc.divide(east, one(minute)), one(minute)), east)
    if pc.any(sundial).as_py():  # before there were time zones: an offset with seconds, which no text can say
        utc = values.cast(pa.timestamp(kind.unit, "UTC"))
        return pc.if_else(sundial, _timestamp(utc), _timestamp_with(local, pc.if_else(sundial, one(0), east), minute))
    return _timestamp_with(local, east, minute)


def _timestamp_with(local: Array, east: Array, minute: int) -> Array:
    offsets = _offset(pc.divide(east, one(minute)))
    return pc.binary_join_element_wise(_short(local.cast(pa.string()), local.type.unit), offsets, one(""))


def _offset(east: Array) -> Array:
    """Return `+01:00` for a distance from UTC in minutes."""
    minutes = pc.abs(east)
    sign = pc.if_else(pc.less(east, one(0)), one("-"), one("+"))
    hours = pc.divide(minutes, one(60))
    rest = pc.subtract(minutes, pc.multiply(hours, one(60)))
    padded = [pc.utf8_lpad(part.cast(pa.string()), 2, "0") for part in (hours, rest)]
    return pc.binary_join_element_wise(sign, padded[0], one(":"), padded[1], one(""))


def _short(plain: Array, unit: str) -> Array:
    """Return the texts without a fraction that is all zero; milliseconds always show theirs, as logs do."""
    zeros = {"us": ".000000", "ns": ".000000000"}.get(unit)
    if zeros is None:
        return plain
    whole = pc.ends_with(plain, zeros)
    if not pc.any(whole).as_py():
        return plain
    return pc.if_else(whole, pc.utf8_slice_codeunits(plain, 0, -len(zeros)), plain)


def json_texts(values: Array) -> Array:
    """Return each value as JSON, NULL as `null`; no Python object is made for a row.

    Raises:
        NotFinite: a number is not.
    """
    kind = values.type
    if pa.types.is_dictionary(kind):
        return json_texts(values.dictionary_decode())
    if is_list(kind):
        return _json_list(values).fill_null(NULL)
    if pa.types.is_struct(kind):
        return _json_object(values).fill_null(NULL)
    if pa.types.is_floating(kind) and pc.any(pc.invert(pc.is_finite(values))).as_py():
        raise NotFinite("JSON has no NaN and no infinity")
    if pa.types.is_boolean(kind) or pa.types.is_null(kind) or is_number(kind):
        return texts(values).fill_null(NULL)
    plain = texts(values)
    if pa.types.is_timestamp(kind):
        plain = pc.replace_substring(plain, " ", "T")
    return pc.binary_join_element_wise(one('"'), _escaped(plain), one('"'), one("")).fill_null(NULL)


def _escaped(plain: Array) -> Array:
    held = raw(plain)
    for code, escape in _ESCAPES.items():
        if code in held:
            plain = pc.replace_substring(plain, chr(code), escape)
    return plain


# The backslash comes first: the others bring one with them.
_ESCAPES: dict[int, str] = (
    {ord("\\"): "\\\\", ord('"'): '\\"'}
    | {code: f"\\u{code:04x}" for code in range(0x20)}
    | {8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r"}
)


def _json_list(values: Any) -> Array:
    lengths = pc.list_value_length(values).cast(pa.int32())
    ends = pc.cumulative_sum(lengths.fill_null(0))
    starts = pa.concat_arrays([pa.array([0], pa.int32()), ends])
    inner = pa.ListArray.from_arrays(starts, json_texts(pc.list_flatten(values)))
    joined = pc.binary_join_element_wise(one("["), pc.binary_join(inner, ","), one("]"), one(""))
    return pc.if_else(values.is_valid(), joined, _ABSENT)


def _json_object(values: Any) -> Array:
    names = [field.name for field in values.type]
    return pc.if_else(values.is_valid(), json_objects(names, [json_texts(part) for part in values.flatten()]), _ABSENT)


def json_objects(names: list[str], parts: list[Array], before: str = "", after: str = "") -> Array:
    """Return objects from their names and their values' JSON, each between two texts."""
    joined: list[Any] = []
    for name, part in zip(names, parts, strict=True):
        joined += [one(f"{',' if joined else before + '{'}{json.dumps(name, ensure_ascii=False)}:"), part]
    return pc.binary_join_element_wise(*joined, one("}" + after), one(""))


def joined_bytes(texts_: Array) -> pa.Buffer:
    """Return the bytes of all texts of a fresh array, one after the other."""
    length = pc.sum(pc.binary_length(texts_)).as_py() or 0
    buffer: pa.Buffer = texts_.buffers()[2]
    return buffer.slice(0, length)


def is_list(kind: pa.DataType) -> bool:
    """Return whether values of this type are lists."""
    return pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)


def _is_bytes(kind: pa.DataType) -> bool:
    return (
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_fixed_size_binary(kind)
        or pa.types.is_binary_view(kind)
    )


def is_number(kind: pa.DataType) -> bool:
    """Return whether values of this type are numbers."""
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)


_BY_KIND: tuple[tuple[Callable[[pa.DataType], bool], Callable[[Array], Array]], ...] = (
    (pa.types.is_floating, _double),
    (pa.types.is_decimal, _decimal),
    (pa.types.is_timestamp, _timestamp),
    (pa.types.is_time, _time),
    (_is_bytes, _hex),
)
