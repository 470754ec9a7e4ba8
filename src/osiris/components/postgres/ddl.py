"""Which PostgreSQL type a column of Arrow's gets: one table, published, and used by the code."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from osiris.components.postgres.session import quoted
from osiris.kit.cells import is_list, writable
from osiris.kit.mapping import Writes, written_as
from osiris.model.errors import AuthorError

MOST_NAME = 63  # bytes of a name; PostgreSQL would cut the rest off without a word
_ROUND = "A value with nanoseconds is an error."
_ZONE = "The moment; the zone's name goes."

WRITES: tuple[Writes, ...] = (
    Writes("bool", "BOOLEAN"),
    Writes("int8", "SMALLINT", "widening"),
    Writes("int16", "SMALLINT"),
    Writes("int32", "INTEGER"),
    Writes("int64", "BIGINT"),
    Writes("uint8", "SMALLINT", "widening"),
    Writes("uint16", "INTEGER", "widening"),
    Writes("uint32", "BIGINT", "widening"),
    Writes("uint64", "NUMERIC(20)", "widening"),
    Writes("halffloat", "REAL", "widening"),
    Writes("float", "REAL"),
    Writes("double", "DOUBLE PRECISION"),
    Writes("decimal(p, s)", "NUMERIC(p, s)"),
    Writes("date32[day]", "DATE"),
    Writes("date64[ms]", "DATE"),
    Writes("time32[s]", "TIME"),
    Writes("time32[ms]", "TIME"),
    Writes("time64[us]", "TIME"),
    Writes("time64[ns]", "TIME", note=_ROUND),
    Writes("timestamp[s]", "TIMESTAMP"),
    Writes("timestamp[ms]", "TIMESTAMP"),
    Writes("timestamp[us]", "TIMESTAMP"),
    Writes("timestamp[ns]", "TIMESTAMP", note=_ROUND),
    Writes("timestamp[s, tz=…]", "TIMESTAMPTZ", note=_ZONE),
    Writes("timestamp[ms, tz=…]", "TIMESTAMPTZ", note=_ZONE),
    Writes("timestamp[us, tz=…]", "TIMESTAMPTZ", note=_ZONE),
    Writes("timestamp[ns, tz=…]", "TIMESTAMPTZ", note=f"{_ZONE} {_ROUND}"),
    Writes("duration[s]", "INTERVAL", "widening"),
    Writes("duration[ms]", "INTERVAL", "widening"),
    Writes("duration[us]", "INTERVAL", "widening"),
    Writes("duration[ns]", "INTERVAL", "widening", _ROUND),
    Writes("string", "TEXT", note="The character NUL is an error."),
    Writes("large_string", "TEXT", note="The character NUL is an error."),
    Writes("string_view", "TEXT", note="The character NUL is an error."),
    Writes("binary", "BYTEA"),
    Writes("large_binary", "BYTEA"),
    Writes("binary_view", "BYTEA"),
    Writes("fixed_size_binary[n]", "BYTEA"),
    Writes("list, struct", "JSONB", "widening", "A list of the types above is an array; else NaN is an error."),
)


def column_type(name: str, kind: Any) -> str:
    """Return the type of a column that is made for Arrow's values.

    Raises:
        AuthorError: PostgreSQL has none for them; names the column.
    """
    if pa.types.is_dictionary(kind):
        return column_type(name, kind.value_type)
    if is_list(kind) and (inner := _plain(kind.value_type)):
        return f"{inner}[]"
    if said := _plain(kind):
        return said
    if pa.types.is_nested(kind) and writable(kind) and (line := written_as(kind, WRITES)):
        return line.target
    raise AuthorError(
        f"column {name!r} has the type {kind}, which PostgreSQL has none for",
        hint="cast it to text where it is read",
    )


def _plain(kind: Any) -> str:
    """Return the type for values that are not nested; nothing for others."""
    if pa.types.is_decimal(kind):
        digits, scale = (kind.precision, kind.scale) if kind.scale >= 0 else (kind.precision - kind.scale, 0)
        return f"NUMERIC({digits}, {scale})"
    line = None if pa.types.is_nested(kind) else written_as(kind, WRITES)
    return line.target if line else ""


def is_bytes(kind: pa.DataType) -> bool:
    """Return whether values of this type are bytes."""
    return _plain(kind) == "BYTEA"


def create_table(name: str, columns: Mapping[str, str], primary_key: Sequence[str] = ()) -> str:
    """Return the statement that makes a table.

    Args:
        name: As SQL writes it.
        columns: Name to type.
        primary_key: Columns of the key, as they are named in `columns`.
    """
    lines = [f"  {quoted(column)} {said}" for column, said in columns.items()]
    if primary_key:
        lines.append(f"  PRIMARY KEY ({', '.join(map(quoted, primary_key))})")
    return f"CREATE TABLE {name} (\n" + ",\n".join(lines) + "\n)"


def must_fit_a_name(names: Sequence[str]) -> None:
    """Refuse names that PostgreSQL would cut.

    Raises:
        AuthorError: one is too long, or empty.
    """
    for name in names:
        if not name or "\0" in name or len(name.encode()) > MOST_NAME:
            raise AuthorError(
                f"PostgreSQL has no column called {name[:MOST_NAME]!r}{'…' if len(name) > MOST_NAME else ''}: "
                f"a name has 1 to {MOST_NAME} bytes",
                hint="give it a shorter one in the step before, such as … AS short",
            )
