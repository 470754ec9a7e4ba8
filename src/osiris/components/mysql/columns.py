"""From the wire to Arrow: which type a column of a result has, and how its bytes become values."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from osiris.components.mysql.config import ZeroDates
from osiris.components.mysql.types import MysqlType
from osiris.components.mysql.wire import HEAD, Field, Rows
from osiris.kit.gather import Array, integer, octet, octets, pc, positions, values
from osiris.model.errors import SourceError

_BINARY = 63  # the number of the character set that is none
_FREE = 31  # the scale of a FLOAT or DOUBLE that has none
_UNSIGNED = 32  # a column's flag
_NULL = 0xFB  # what a length byte says that is no length
_LONG = ((0xFC, 2), (0xFD, 3), (0xFE, 8))  # and those after which the length follows, in so many bytes
_DOWN = 1 << 31  # a length is read from at most four bytes: a block is far smaller than what eight can say
_ONE = pa.scalar(1, pa.int32())
_ZERO_DATE = "^0000|-00"  # a year, a month or a day of zero
_NAMES = {
    0: "DECIMAL",
    1: "TINYINT",
    2: "SMALLINT",
    3: "INT",
    4: "FLOAT",
    5: "DOUBLE",
    6: "NULL",
    7: "TIMESTAMP",
    8: "BIGINT",
    9: "MEDIUMINT",
    10: "DATE",
    11: "TIME",
    12: "DATETIME",
    13: "YEAR",
    14: "DATE",
    16: "BIT",
    245: "JSON",
    246: "DECIMAL",
    255: "GEOMETRY",
}


class ZeroDate(SourceError):
    """A column holds a date that no calendar has."""


@dataclass(frozen=True)
class Cells:
    """One column's values in a block of rows, still bytes.

    Attributes:
        null: True where the value is NULL; None where none is.
    """

    block: pa.Buffer
    octets: Array
    start: Array
    end: Array
    null: Array | None

    def texts(self) -> Array:
        """Return them as texts that nobody has looked at: good enough to read numbers from."""
        return values(self.block, self.start, self.end, pa.string(), self.null)

    def bytes(self) -> Array:
        """Return them as they are."""
        return values(self.block, self.start, self.end, pa.binary(), self.null)

    def masked(self, found: Array) -> Array:
        """Return an array with NULL where the value is."""
        return found if self.null is None else pc.if_else(self.null, pa.scalar(None, found.type), found)


@dataclass(frozen=True)
class WireColumn:
    """One column of a result.

    Attributes:
        as_double: Whether the server would round the values in print, so that the query has to ask for doubles.
    """

    name: str
    kind: pa.DataType
    decode: Callable[[Cells], Array]
    as_double: bool = False


def columns_of_result(fields: Sequence[Field], zero_dates: ZeroDates) -> tuple[WireColumn, ...]:
    """Return how each column of a result is read.

    Args:
        fields: What the server says of them.
        zero_dates: What becomes of dates that no calendar has.
    """
    return tuple(_column(field, zero_dates) for field in fields)


def type_on_wire(field: Field) -> MysqlType:
    """Return the type of a column of a result."""
    name = _NAMES.get(field.code, "VARCHAR" if field.charset != _BINARY else "VARBINARY")
    unsigned = bool(field.flags & _UNSIGNED)
    size = field.length
    if name == "DECIMAL":  # its length counts the sign and the point, too
        size -= (field.scale > 0) + (not unsigned)
    return MysqlType(name, unsigned, size, field.scale)


def batch(rows: Rows, columns: tuple[WireColumn, ...], schema: pa.Schema) -> pa.RecordBatch:
    """Return rows as columns.

    Raises:
        SourceError: a value is none that its column's type has; names the column.
    """
    bytes_, starts = octets(rows.block), positions(rows.starts)
    at, arrays = starts, []
    for column in columns:
        cells = _cells(rows.block, bytes_, at)
        arrays.append(_decoded(column, cells))
        at = cells.end
    ends = pc.add(at, pa.scalar(HEAD, pa.int32()))  # there the next row begins
    if not (ends.slice(0, len(ends) - 1).equals(starts.slice(1)) and at[-1].as_py() == rows.end):
        raise SourceError("the server sent rows that do not end where their values end", hint="run it again")
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _column(field: Field, zero_dates: ZeroDates) -> WireColumn:
    own = type_on_wire(field)
    kind = own.arrow(dates_as_text=zero_dates == "text")
    if pa.types.is_floating(kind):
        rounded = pa.types.is_float32(kind) or field.scale < _FREE
        return WireColumn(field.name, kind, _number(kind), as_double=rounded)
    return WireColumn(field.name, kind, _decoder(own, kind, zero_dates))


def _decoder(own: MysqlType, kind: pa.DataType, zero_dates: ZeroDates) -> Callable[[Cells], Array]:
    if own.name == "BIT":
        return _bits(own.size)
    if pa.types.is_temporal(kind):
        return _moments(kind, none=zero_dates == "null")
    if pa.types.is_string(kind):
        return lambda cells: cells.bytes().cast(pa.string())  # the cast looks whether it is UTF-8
    if pa.types.is_binary(kind):
        return Cells.bytes
    return _number(kind)


def _cells(block: pa.Buffer, bytes_: Array, at: Array) -> Cells:
    """Return where one column's values lie; the values of the next begin where these end."""
    length = octet(bytes_, at)
    start = pc.add(at, _ONE)
    if (pc.max(length).as_py() or 0) < _NULL:
        return _inside(Cells(block, bytes_, start, pc.add(start, length), None))
    first, null = length, pc.equal(length, _NULL)
    length = pc.if_else(null, pa.scalar(0, pa.int32()), length)
    for code, width in _LONG:
        such = pc.equal(first, code)
        if pc.any(such).as_py():
            said = integer(bytes_, pc.if_else(such, start, at), min(width, 4), pa.uint64(), big_endian=False)
            said = pc.min_element_wise(said, pa.scalar(_DOWN - 1, pa.uint64())).cast(pa.int32())
            length = pc.if_else(such, said, length)
            start = pc.if_else(such, pc.add(start, pa.scalar(width, pa.int32())), start)
    return _inside(Cells(block, bytes_, start, pc.add(start, length), null if pc.any(null).as_py() else None))


def _inside(cells: Cells) -> Cells:
    """Refuse values that would lie beyond the block: what is there is not ours.

    Raises:
        SourceError: the server's lengths are wrong.
    """
    bounds = pc.min_max(cells.end).as_py()
    if bounds["max"] is not None and not 0 <= bounds["min"] <= bounds["max"] <= cells.block.size:
        raise SourceError("the server sent a value that is longer than its row", hint="run it again")
    return cells


def _decoded(column: WireColumn, cells: Cells) -> Array:
    try:
        return column.decode(cells)
    except pa.ArrowInvalid as exc:
        if pa.types.is_temporal(column.kind):
            raise ZeroDate(
                f"column {column.name!r} holds a date that no calendar has, such as 0000-00-00",
                hint="set `zero_dates: null` or `zero_dates: text`, or mend the rows",
            ) from exc
        raise SourceError(
            f"column {column.name!r} holds a value that is no {column.kind}", hint="CAST it in the query"
        ) from exc


def _number(kind: pa.DataType) -> Callable[[Cells], Array]:
    if pa.types.is_float32(kind):  # the text is that of a double: read as such, then it is this float exactly
        return lambda cells: cells.texts().cast(pa.float64()).cast(kind, safe=False)
    return lambda cells: cells.texts().cast(kind)


def _moments(kind: Any, *, none: bool) -> Callable[[Cells], Array]:
    """Return how dates and moments are read; those that no calendar has are NULL or an error."""
    zone = kind.tz if pa.types.is_timestamp(kind) else None
    plain = pa.timestamp("us") if zone else kind
    first = pa.scalar(date(1, 1, 1), pa.date32()).cast(plain)

    def decode(cells: Cells) -> Array:
        text = cells.texts()
        if none:
            text = pc.if_else(pc.match_substring_regex(text, _ZERO_DATE), pa.scalar(None, pa.string()), text)
        found = text.cast(plain)
        if pc.any(pc.less(found, first)).as_py():
            raise pa.ArrowInvalid("a year of zero")
        return found if zone is None else pc.assume_timezone(found, zone)

    return decode


def _bits(count: int) -> Callable[[Cells], Array]:
    """Return how BIT(1), a boolean, or BIT(n), an unsigned integer, is read: bytes, the highest first."""
    width = (count + 7) // 8

    def decode(cells: Cells) -> Array:
        number = integer(cells.octets, cells.start, width, pa.uint64(), big_endian=True)
        return cells.masked(pc.equal(number, 1) if count == 1 else number)

    return decode
