"""Which type a column is made with for each of Arrow's: the published table, and the code that reads it."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from osiris.components.mysql.session import quoted
from osiris.kit.cells import is_list, writable
from osiris.kit.mapping import Writes
from osiris.model.errors import AuthorError

MOST_DIGITS, MOST_SCALE = 65, 30  # of a DECIMAL; MariaDB would allow a scale of 38
_KEY_BYTES = 3072  # that an index may hold
_MOST_KEY = 255  # characters of a text in a key
_BYTES_A_LETTER = 4

_NO_NAN = "NaN and infinity are an error: MySQL has none. Zero has no sign."
_NO_NANOS = "A value with nanoseconds is an error."
_UNTIL_2038 = "From 1970 to 2038, in UTC; a moment outside is an error."
_KEY_TEXT = "VARCHAR in a primary key, where capitals and accents count."
_KEY_BYTES_NOTE = "VARBINARY in a primary key."

WRITES: tuple[Writes, ...] = (
    Writes("bool", "TINYINT(1)", "widening", "0 and 1."),
    Writes("int8", "TINYINT"),
    Writes("int16", "SMALLINT"),
    Writes("int32", "INT"),
    Writes("int64", "BIGINT"),
    Writes("uint8", "TINYINT UNSIGNED"),
    Writes("uint16", "SMALLINT UNSIGNED"),
    Writes("uint32", "INT UNSIGNED"),
    Writes("uint64", "BIGINT UNSIGNED"),
    Writes("halffloat", "FLOAT", "widening"),
    Writes("float", "FLOAT", note=_NO_NAN),
    Writes("double", "DOUBLE", note=_NO_NAN),
    Writes("decimal(p, s)", "DECIMAL(p, s)", note="p at most 65, s at most 30; otherwise an error."),
    Writes("date32[day]", "DATE"),
    Writes("date64[ms]", "DATE"),
    Writes("time32[s]", "TIME"),
    Writes("time32[ms]", "TIME(3)"),
    Writes("time64[us]", "TIME(6)"),
    Writes("time64[ns]", "TIME(6)", "lossy", _NO_NANOS),
    Writes("timestamp[s]", "DATETIME"),
    Writes("timestamp[ms]", "DATETIME(3)"),
    Writes("timestamp[us]", "DATETIME(6)"),
    Writes("timestamp[ns]", "DATETIME(6)", "lossy", _NO_NANOS),
    Writes("timestamp[s, tz=…]", "TIMESTAMP", "lossy", _UNTIL_2038),
    Writes("timestamp[ms, tz=…]", "TIMESTAMP(3)", "lossy", _UNTIL_2038),
    Writes("timestamp[us, tz=…]", "TIMESTAMP(6)", "lossy", _UNTIL_2038),
    Writes("timestamp[ns, tz=…]", "TIMESTAMP(6)", "lossy", f"{_UNTIL_2038} {_NO_NANOS}"),
    Writes("string", "LONGTEXT", note=_KEY_TEXT),
    Writes("large_string", "LONGTEXT", note=_KEY_TEXT),
    Writes("string_view", "LONGTEXT", note=_KEY_TEXT),
    Writes("binary", "LONGBLOB", note=_KEY_BYTES_NOTE),
    Writes("large_binary", "LONGBLOB", note=_KEY_BYTES_NOTE),
    Writes("binary_view", "LONGBLOB", note=_KEY_BYTES_NOTE),
    Writes("fixed_size_binary[n]", "LONGBLOB", note=_KEY_BYTES_NOTE),
    Writes("list, struct", "JSON", "widening", "Its text."),
)
_MADE = {line.arrow: line.target for line in WRITES}


def columns_for(schema: pa.Schema, primary_key: Sequence[str]) -> dict[str, str]:
    """Return the type of each column of a table made for such rows.

    Raises:
        AuthorError: MySQL has no type for a column.
    """
    keys = {name.lower() for name in primary_key}
    long = sum(1 for field in schema if field.name.lower() in keys and made_for(field) in {"LONGTEXT", "LONGBLOB"})
    return {f.name: _key_type(f, long) if f.name.lower() in keys else made_for(f) for f in schema}


def made_for(field: "pa.Field[pa.DataType]") -> str:
    """Return the type that a column is made with.

    Raises:
        AuthorError: MySQL has none for it.
    """
    kind = field.type
    if pa.types.is_dictionary(kind):
        return made_for(pa.field(field.name, kind.value_type))
    if pa.types.is_decimal(kind):
        return _decimal(field.name, kind)
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        return _MADE[f"timestamp[{kind.unit}, tz=…]"]
    if pa.types.is_fixed_size_binary(kind):
        return _MADE["fixed_size_binary[n]"]
    if (is_list(kind) or pa.types.is_struct(kind)) and writable(kind):
        return _MADE["list, struct"]
    if str(kind) in _MADE:
        return _MADE[str(kind)]
    raise AuthorError(
        f"column {field.name!r} has the type {kind}, which MySQL has none for",
        hint="cast it to text or to a number where it is read",
    )


def create_table(name: str, columns: Mapping[str, str], primary_key: Sequence[str] = ()) -> str:
    """Return the statement that makes a table.

    Args:
        name: As SQL writes it.
        columns: Column to its type.
        primary_key: Those of them that tell rows apart, in key order; the others may be NULL.
    """
    keys = {key.lower() for key in primary_key}
    lines = [f"  {quoted(c)} {kind} {'NOT NULL' if c.lower() in keys else 'NULL'}" for c, kind in columns.items()]
    if primary_key:
        lines.append(f"  PRIMARY KEY ({', '.join(map(quoted, primary_key))})")
    return f"CREATE TABLE {name} (\n" + ",\n".join(lines) + "\n) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4"


def _key_type(field: "pa.Field[pa.DataType]", sharing: int) -> str:
    """Return the type of a column of the primary key, whose bytes are shared between so many of variable length."""
    kind = made_for(field)
    if kind == "LONGTEXT":  # two texts are one key only where they are the same
        letters = min(_MOST_KEY, _KEY_BYTES // _BYTES_A_LETTER // sharing)
        return f"VARCHAR({letters}) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
    return f"VARBINARY({min(_MOST_KEY, _KEY_BYTES // sharing)})" if kind == "LONGBLOB" else kind


def _decimal(name: str, kind: Any) -> str:
    digits, scale = (kind.precision, kind.scale) if kind.scale >= 0 else (kind.precision - kind.scale, 0)
    digits = max(digits, scale)
    if digits > MOST_DIGITS or scale > MOST_SCALE:
        raise AuthorError(
            f"column {name!r} has the type {kind}, and MySQL's DECIMAL has at most {MOST_DIGITS} digits, "
            f"{MOST_SCALE} of them after the point",
            hint="cast it to fewer digits, or to text, in the step before",
        )
    return f"DECIMAL({digits}, {scale})"
