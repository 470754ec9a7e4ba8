"""Rows as the text that COPY takes."""

from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from io import BytesIO
from typing import Any

import pyarrow as pa
from pyarrow import csv

from osiris.components.postgres.ddl import is_bytes
from osiris.kit.cells import Array, NotFinite, is_list, json_texts, one, pc, raw, texts
from osiris.model.errors import CheckFailed

FORMAT = "(FORMAT csv, NULL '', ENCODING 'UTF8')"
_OPTIONS = csv.WriteOptions(include_header=False, quoting_style="needed", batch_size=65_536)
_EPOCH = date(1970, 1, 1)
_FIRST, _LAST = (date(1, 1, 1) - _EPOCH).days, (date(9999, 12, 31) - _EPOCH).days
_DAY = 86_400_000_000  # microseconds
_TWO_DIGITS = pa.array([int.from_bytes(f"{byte:02x}".encode(), "little") for byte in range(256)], pa.uint16())

Encode = Callable[[Array], Array]


def encoder(name: str, kind: Any, *, as_json: bool = False) -> Encode:
    """Return what turns a column into one that `written` can write; it raises CheckFailed where a value has no text.

    Args:
        name: The column's, for errors.
        kind: Its Arrow type.
        as_json: Whether a list or a struct goes into a column of JSON.
    """
    for is_one, encode in _BY_KIND:
        if is_one(kind):
            return partial(encode, name)
    if pa.types.is_nested(kind):
        return partial(_json if as_json or not is_list(kind) else _array, name)
    if pa.types.is_dictionary(kind):
        inner = encoder(name, kind.value_type, as_json=as_json)
        return lambda values: inner(values.dictionary_decode())
    return lambda values: values


def written(batch: pa.RecordBatch, encoders: Mapping[str, Encode]) -> bytes:
    """Return rows as CSV: NULL is nothing, every text stands in quotes.

    Raises:
        CheckFailed: a value can't be held exactly; names the column.
    """
    columns = [encoders[name](values) for name, values in zip(batch.schema.names, batch.columns, strict=True)]
    into = BytesIO()
    csv.write_csv(pa.RecordBatch.from_arrays(columns, names=batch.schema.names), into, _OPTIONS)
    return into.getvalue()


def _text(name: str, values: Array) -> Array:
    values = values.cast(pa.string())
    if b"\0" in raw(values):
        raise CheckFailed(
            f"column {name!r} holds a text with the character NUL, which PostgreSQL can't",
            hint=f"""leave it out in the step before, such as replace("{name}", chr(0), '')""",
        )
    return values


def _bytes(name: str, values: Array) -> Array:  # noqa: ARG001 - as the others
    return pc.binary_join_element_wise(one("\\x"), _hex(values.cast(pa.binary())), one(""))


def _hex(values: Array) -> Array:
    """Return bytes as hexadecimal digits."""
    if not len(values):
        return pa.array([], pa.string())
    packed = pa.concat_arrays([values, pa.array([b""], pa.binary())])  # its own offsets, from 0
    _, offsets, data = packed.buffers()
    size = pa.Array.from_buffers(pa.int32(), len(packed) + 1, [None, offsets])
    octets = pa.Array.from_buffers(pa.uint8(), size[-1].as_py(), [None, data])
    digits = pc.take(_TWO_DIGITS, octets, boundscheck=False)
    ends = pc.multiply(size, pa.scalar(2, pa.int32()))
    found = pa.Array.from_buffers(pa.string(), len(values), [None, ends.buffers()[1], digits.buffers()[1]])
    return pc.if_else(values.is_valid(), found, pa.scalar(None, pa.string()))


def _date(name: str, values: Array) -> Array:
    days = _exactly(name, values, pa.date32(), "parts of a day")
    _must_be_in(name, days.view(pa.int32()), _FIRST, _LAST)
    return days


def _timestamp(name: str, values: Any) -> Array:
    zone = values.type.tz
    moments = _exactly(name, values, pa.timestamp("us", zone), "nanoseconds, or a date too far off,")
    _must_be_in(name, moments.cast(pa.int64()), _FIRST * _DAY, (_LAST + 1) * _DAY - 1)
    return moments.cast(pa.timestamp("us", "UTC")) if zone else moments


def _time(name: str, values: Array) -> Array:
    return _exactly(name, values, pa.time64("us"), "nanoseconds") if values.type.unit == "ns" else values


def _duration(name: str, values: Array) -> Array:
    plain = _exactly(name, values, pa.duration("us"), "nanoseconds").cast(pa.int64()).cast(pa.string())
    return pc.binary_join_element_wise(plain, one(" microseconds"), one(""))


def _half(name: str, values: Array) -> Array:  # noqa: ARG001 - as the others
    return values.cast(pa.float32())


def _exactly(name: str, values: Array, kind: pa.DataType, lost: str) -> Array:
    try:
        return values.cast(kind)
    except pa.ArrowInvalid as exc:
        raise CheckFailed(
            f"column {name!r} holds {lost}, which PostgreSQL can't", hint="round it in the step before"
        ) from exc


def _must_be_in(name: str, numbers: Array, least: int, most: int) -> None:
    bounds = pc.min_max(numbers).as_py()
    if bounds["min"] is not None and (bounds["min"] < least or bounds["max"] > most):
        raise CheckFailed(
            f"column {name!r} holds a date before the year 1 or after 9999",
            hint="make it NULL or text in the step before",
        )


def _json(name: str, values: Array) -> Array:
    try:
        plain = pc.if_else(values.is_valid(), json_texts(values), pa.scalar(None, pa.string()))
    except NotFinite as exc:
        raise CheckFailed(
            f"column {name!r} holds NaN or infinity, which JSON can't say", hint="make it NULL or text in SQL"
        ) from exc
    if b"\\u0000" in raw(plain):
        raise CheckFailed(
            f"column {name!r} holds a text with the character NUL, which PostgreSQL can't",
            hint="leave it out in the step before",
        )
    return plain


def _array(name: str, values: Any) -> Array:
    """Return lists as PostgreSQL writes arrays, such as `{1,NULL}`."""
    flat = encoder(name, values.type.value_type)(pc.list_flatten(values))
    plain = flat if pa.types.is_string(flat.type) else texts(flat)
    if not _is_bare(flat.type):
        escaped = pc.replace_substring(pc.replace_substring(plain, "\\", "\\\\"), '"', '\\"')
        plain = pc.binary_join_element_wise(one('"'), escaped, one('"'), one(""))
    ends = pc.cumulative_sum(pc.list_value_length(values).cast(pa.int32()).fill_null(0))
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), ends])
    inner = pa.ListArray.from_arrays(offsets, plain.fill_null("NULL"))
    joined = pc.binary_join_element_wise(one("{"), pc.binary_join(inner, ","), one("}"), one(""))
    return pc.if_else(values.is_valid(), joined, pa.scalar(None, pa.string()))


def _is_bare(kind: pa.DataType) -> bool:
    types = pa.types
    return types.is_integer(kind) or types.is_floating(kind) or types.is_decimal(kind) or types.is_boolean(kind)


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


_BY_KIND: tuple[tuple[Callable[[pa.DataType], bool], Callable[[str, Array], Array]], ...] = (
    (_is_text, _text),
    (is_bytes, _bytes),
    (pa.types.is_date, _date),
    (pa.types.is_timestamp, _timestamp),
    (pa.types.is_time, _time),
    (pa.types.is_duration, _duration),
    (pa.types.is_float16, _half),
)
