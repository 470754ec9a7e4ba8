"""The published tables of what becomes of types in files."""

from osiris.kit.mapping import Writes

_SAYS_LESS = "Every value can be read again; its type is said where it is read, by `columns`."

TEXT: tuple[Writes, ...] = (
    Writes("string, large_string, string_view", "text"),
    Writes("bool", "true, false", "widening", _SAYS_LESS),
    Writes("integers, decimal(p, s)", "all digits", "widening", _SAYS_LESS),
    Writes("halffloat, float, double", "the shortest text that reads as the same number", "widening", _SAYS_LESS),
    Writes("dates, times, timestamps", "ISO 8601", "widening", _SAYS_LESS),
    Writes("binary", "hexadecimal digits", "widening", _SAYS_LESS),
    Writes("list, struct", "JSON", "widening", _SAYS_LESS),
)
JSON: tuple[Writes, ...] = (
    Writes("string, large_string, string_view", "string"),
    Writes("bool", "true, false"),
    Writes("integers, decimal(p, s)", "number, all digits", "widening", _SAYS_LESS),
    Writes("halffloat, float, double", "number", "widening", "NaN and infinity are an error."),
    Writes("dates, times, timestamps", "string, ISO 8601", "widening", _SAYS_LESS),
    Writes("binary", "string, hexadecimal digits", "widening", _SAYS_LESS),
    Writes("list, struct", "array, object"),
)
PARQUET: tuple[Writes, ...] = (
    Writes("every type that Parquet has", "the same"),
    Writes("timestamp[s], time32[s], date64[ms]", "milliseconds, days", "widening"),
    Writes("dictionaries", "the type of their values", "widening"),
    Writes("UUID", "text", "widening"),
)
