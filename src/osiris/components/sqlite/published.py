"""The published table of what a column declares in SQLite for each of Arrow's types, and what that can't keep."""

from collections.abc import Iterator

import pyarrow as pa

from osiris.kit.mapping import Writes, losses
from osiris.model.loss import Mapped

REAL_DIGITS = 15  # of a decimal that a double gives back as it was
INTEGER_DIGITS = 18  # that 63 bits always hold
_FINE = "A fraction finer than microseconds is an error."
_NUMBERS = "NaN and -0.0 are an error: SQLite has neither."

WRITES: tuple[Writes, ...] = (
    Writes("bool", "BOOLEAN"),
    Writes("int8", "INTEGER", "widening"),
    Writes("int16", "INTEGER", "widening"),
    Writes("int32", "INTEGER", "widening"),
    Writes("int64", "INTEGER"),
    Writes("uint8", "INTEGER", "widening"),
    Writes("uint16", "INTEGER", "widening"),
    Writes("uint32", "INTEGER", "widening"),
    Writes("uint64", "INTEGER", "lossy", "More than 63 bits are an error."),
    Writes("halffloat", "REAL", "widening", _NUMBERS),
    Writes("float", "REAL", "widening", _NUMBERS),
    Writes("double", "REAL", note=_NUMBERS),
    Writes("decimal(p, s)", "DECIMAL(p, s)", note="Up to 15 digits, or 18 of a whole number; otherwise the next line."),
    Writes("decimal(p, s), longer", "DECIMAL(p, s)", "lossy", "A number that SQLite would round is an error."),
    Writes("string", "TEXT"),
    Writes("large_string", "TEXT"),
    Writes("string_view", "TEXT"),
    Writes("binary", "BLOB"),
    Writes("large_binary", "BLOB"),
    Writes("binary_view", "BLOB"),
    Writes("fixed_size_binary[n]", "BLOB", "widening", "Its width is not kept."),
    Writes("date32[day]", "DATE"),
    Writes("date64[ms]", "DATE"),
    Writes("time32[s]", "TIME"),
    Writes("time32[ms]", "TIME"),
    Writes("time64[us]", "TIME"),
    Writes("time64[ns]", "TIME", "lossy", _FINE),
    Writes("timestamp[s]", "TIMESTAMP"),
    Writes("timestamp[ms]", "TIMESTAMP"),
    Writes("timestamp[us]", "TIMESTAMP"),
    Writes("timestamp[ns]", "TIMESTAMP", "lossy", _FINE),
    Writes("timestamp[s, tz=…]", "TIMESTAMPTZ", note="As UTC; the zone's name is not kept."),
    Writes("timestamp[ms, tz=…]", "TIMESTAMPTZ", note="As UTC; the zone's name is not kept."),
    Writes("timestamp[us, tz=…]", "TIMESTAMPTZ", note="As UTC; the zone's name is not kept."),
    Writes("timestamp[ns, tz=…]", "TIMESTAMPTZ", "lossy", _FINE),
)
_LONGER = next(line for line in WRITES if line.arrow.endswith("longer"))


def not_kept(schema: pa.Schema) -> tuple[Mapped, ...]:
    """Return the columns of some rows whose types don't stay what they are."""
    return (*losses(schema, WRITES), *_long_decimals(schema))


def _long_decimals(schema: pa.Schema) -> Iterator[Mapped]:
    for field in schema:
        kind = field.type
        if pa.types.is_decimal(kind) and kind.precision > (REAL_DIGITS if kind.scale > 0 else INTEGER_DIGITS):
            target = f"DECIMAL({kind.precision}, {kind.scale})"
            yield Mapped(column=field.name, source=str(kind), target=target, loss=_LONGER.loss, note=_LONGER.note)
