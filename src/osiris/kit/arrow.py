"""Arrow schemas as words, and back."""

import re
from collections.abc import Callable

import pyarrow as pa

from osiris.model.catalogue import Column

DECIMAL128_DIGITS = 38
_DECIMAL = re.compile(r"decimal(?P<width>32|64|128|256)?\((?P<precision>\d+), ?(?P<scale>-?\d+)\)\Z")
_TIMESTAMP = re.compile(r"timestamp\[(?P<unit>s|ms|us|ns)(?:, tz=(?P<zone>[^\]]+))?\]\Z")
_FIXED = re.compile(r"fixed_size_binary\[(?P<width>\d+)\]\Z")
_LIST = re.compile(
    r"(?P<kind>large_list|list|fixed_size_list)<(?:(?P<name>\w*): )?(?P<inner>.+)>(?:\[(?P<size>\d+)\])?\Z"
)
_MAP = re.compile(r"map<(?P<both>.+)>\Z")
_STRUCT = re.compile(r"struct<(?P<fields>.*)>\Z")

# What people write for a type, beside Arrow's own names.
SYNONYMS: dict[str, str] = {
    "bigint": "int64",
    "boolean": "bool",
    "date": "date32[day]",
    "double": "double",
    "float32": "float",
    "float64": "double",
    "int": "int64",
    "integer": "int64",
    "number": "double",
    "smallint": "int16",
    "str": "string",
    "text": "string",
    "time": "time64[us]",
    "timestamp": "timestamp[us]",
    "timestamptz": "timestamp[us, tz=UTC]",
    "varchar": "string",
}
_TIMESTAMPS: dict[str, Callable[[str | None], pa.DataType]] = {
    "s": lambda zone: pa.timestamp("s", tz=zone),
    "ms": lambda zone: pa.timestamp("ms", tz=zone),
    "us": lambda zone: pa.timestamp("us", tz=zone),
    "ns": lambda zone: pa.timestamp("ns", tz=zone),
}
_ALIASES: dict[str, pa.DataType] = {
    "bool": pa.bool_(),
    "int8": pa.int8(),
    "int16": pa.int16(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "uint8": pa.uint8(),
    "uint16": pa.uint16(),
    "uint32": pa.uint32(),
    "uint64": pa.uint64(),
    "halffloat": pa.float16(),
    "float": pa.float32(),
    "double": pa.float64(),
    "string": pa.string(),
    "large_string": pa.large_string(),
    "string_view": pa.string_view(),
    "binary": pa.binary(),
    "large_binary": pa.large_binary(),
    "binary_view": pa.binary_view(),
    "null": pa.null(),
    "date32[day]": pa.date32(),
    "date64[ms]": pa.date64(),
    "time32[s]": pa.time32("s"),
    "time32[ms]": pa.time32("ms"),
    "time64[us]": pa.time64("us"),
    "time64[ns]": pa.time64("ns"),
    "duration[s]": pa.duration("s"),
    "duration[ms]": pa.duration("ms"),
    "duration[us]": pa.duration("us"),
    "duration[ns]": pa.duration("ns"),
    "month_day_nano_interval": pa.month_day_nano_interval(),
}


def type_of(text: str) -> pa.DataType:
    """Return the Arrow type that a text names: Arrow's own spelling, or one of `SYNONYMS`.

    Raises:
        ValueError: the text names none.

    Example:
        >>> type_of("decimal128(12, 2)")
        Decimal128Type(decimal128(12, 2))
        >>> type_of("date")
        DataType(date32[day])
    """
    text = SYNONYMS.get(text.strip().lower(), text.strip())
    if text in _ALIASES:
        return _ALIASES[text]
    if found := _DECIMAL.match(text):
        return _decimal(found["width"] or "", int(found["precision"]), int(found["scale"]))
    if found := _TIMESTAMP.match(text):
        return _TIMESTAMPS[found["unit"]](found["zone"])
    if found := _FIXED.match(text):
        return pa.binary(int(found["width"]))
    return _nested(text)


def _decimal(width: str, precision: int, scale: int) -> pa.DataType:
    match width or ("128" if precision <= DECIMAL128_DIGITS else "256"):
        case "32":
            return pa.decimal32(precision, scale)
        case "64":
            return pa.decimal64(precision, scale)
        case "128":
            return pa.decimal128(precision, scale)
        case _:
            return pa.decimal256(precision, scale)


def _nested(text: str) -> pa.DataType:
    if found := _LIST.match(text):
        field = _field("item" if found["name"] is None else found["name"], found["inner"])
        if found["size"] is not None:
            return pa.list_(field, int(found["size"]))
        return pa.large_list(field) if found["kind"] == "large_list" else pa.list_(field)
    if (found := _MAP.match(text)) and len(both := _split(found["both"])) == 2:  # noqa: PLR2004 - key and value
        return pa.map_(type_of(both[0]), type_of(both[1]))
    if found := _STRUCT.match(text):
        parts = [part.partition(": ") for part in _split(found["fields"])]
        return pa.struct([_field(name, inner) for name, _, inner in parts])
    raise ValueError(f"{text!r} is not a type; known: {', '.join(sorted({*SYNONYMS, 'decimal(p, s)', 'int32'}))}")


def _field(name: str, text: str) -> "pa.Field[pa.DataType]":
    return pa.field(name, type_of(text.removesuffix(" not null")), nullable=not text.endswith(" not null"))


def _split(text: str) -> list[str]:
    """Return the parts between the commas that stand in no bracket."""
    parts, depth, start = [], 0, 0
    for at, char in enumerate(text):
        depth += (char in "<([") - (char in ">)]")
        if char == "," and depth == 0:
            parts.append(text[start:at].strip())
            start = at + 1
    return [*parts, text[start:].strip()] if text.strip() else []


def columns_of(schema: pa.Schema) -> tuple[Column, ...]:
    """Return an Arrow schema as words."""
    return tuple(Column(name=f.name, type=str(f.type), nullable=f.nullable) for f in schema)


def schema_of(columns: tuple[Column, ...]) -> pa.Schema:
    """Return the Arrow schema that some words describe."""
    return pa.schema([pa.field(c.name, type_of(c.type), nullable=c.nullable) for c in columns])
