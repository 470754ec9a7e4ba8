"""From the wire to Arrow: how a column's bytes become values."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from struct import Struct

import pyarrow as pa

from osiris.components.postgres.config import OddDates
from osiris.components.postgres.session import quoted
from osiris.components.postgres.types import Delivered
from osiris.components.postgres.wire import Rows
from osiris.kit.gather import Array, octet, octets, pc, positions, swapped, values
from osiris.model.errors import CheckFailed

_LENGTH = 4  # bytes of the length that stands before each value
_NULL = 255  # the first byte of a length that says NULL
_BYTE, _SHORT = 256, 65_536
_WIDTHS = {"bool": 1, "int2": 2, "int4": 4, "oid": 4, "float4": 4, "date": 4}  # the others have eight
_EIGHT = 8
_EPOCH = date(2000, 1, 1)  # PostgreSQL's
_DAYS = (_EPOCH - date(1970, 1, 1)).days  # from Arrow's to it
_FIRST, _LAST = (date(1, 1, 1) - _EPOCH).days, (date(9999, 12, 31) - _EPOCH).days
_DAY = 86_400_000_000  # microseconds
_ARRAY_HEAD = Struct(">iiIii").unpack_from  # dimensions, whether NULLs, type, length, lowest index
_DIMENSIONS = Struct(">i").unpack_from
_HEAD_BYTES = 20


@dataclass(frozen=True)
class Cells:
    """The values of one column in a block of rows, still bytes.

    Attributes:
        octets: The block, byte by byte.
        at: Position of each value's length.
        start: Position of its first byte.
        null: True where it is NULL; None where none is.
        longest: Bytes of the longest row: no value is longer.
    """

    block: pa.Buffer
    octets: Array
    at: Array
    start: Array
    null: Array | None
    longest: int

    @classmethod
    def of(cls, block: pa.Buffer, octets_: Array, at: Array, longest: int) -> "Cells":
        """Return the cells whose lengths lie at these positions."""
        null = pc.equal(pc.take(octets_, at, boundscheck=False), pa.scalar(_NULL, pa.uint8()))
        start = pc.add(at, pa.scalar(_LENGTH, pa.int32()))
        return cls(block, octets_, at, start, null if pc.any(null).as_py() else None, longest)

    def masked(self, found: Array) -> Array:
        """Return an array with NULL where the value is."""
        return found if self.null is None else pc.if_else(self.null, pa.scalar(None, found.type), found)

    def number(self, kind: pa.DataType) -> Array:
        """Return the numbers of this type; what stands for a NULL is anything."""
        return swapped(self.block, self.start, kind)

    def end(self, width: int) -> Array:
        """Return where the values of a fixed width end."""
        size = pa.scalar(width, pa.int32())
        if self.null is not None:
            size = pc.if_else(self.null, pa.scalar(0, pa.int32()), size)
        return pc.add(self.start, size)

    def ends(self) -> Array:
        """Return where the values of any length end."""
        if self.longest < _BYTE:
            length = octet(self.octets, pc.add(self.at, pa.scalar(3, pa.int32())))
        elif self.longest < _SHORT:
            low = pc.add(self.at, pa.scalar(2, pa.int32()))
            length = swapped(self.block, low, pa.int16()).view(pa.uint16()).cast(pa.int32())
        else:
            length = swapped(self.block, self.at, pa.int32())
        if self.null is not None:
            length = pc.if_else(self.null, pa.scalar(0, pa.int32()), length)
        return pc.add(self.start, length)


@dataclass(frozen=True)
class Column:
    """One column of a result.

    Attributes:
        name: As the result calls it.
        how: How its values travel.
        odd_dates: What becomes of moments that Arrow's readers don't have.
    """

    name: str
    how: Delivered
    odd_dates: OddDates

    def decoded(self, cells: Cells) -> tuple[Array, Array]:
        """Return the values, and where their bytes end.

        Raises:
            CheckFailed: a value is not of the column's Arrow type; names the column.
        """
        if self.how.array:
            ends = cells.ends()
            return self._lists(cells), ends
        return self._plain(cells)

    def _plain(self, cells: Cells) -> tuple[Array, Array]:
        kind = self.how.kind
        if self.how.wire in _FIXED:
            found = _FIXED[self.how.wire](self, cells)
            return cells.masked(found), cells.end(_WIDTHS.get(self.how.wire, _EIGHT))
        ends = cells.ends()
        wire = pa.binary() if pa.types.is_binary(kind) else pa.string()
        found = values(cells.block, cells.start, ends, wire, cells.null)
        return (found if found.type == kind else self._cast(found, kind)), ends

    def _cast(self, found: Array, kind: pa.DataType) -> Array:
        try:
            return found.cast(kind)
        except pa.ArrowInvalid as exc:
            raise CheckFailed(
                f"column {self.name!r} holds a number that {kind} does not have, such as NaN",
                hint=f"cast it in the query, such as CAST({quoted(self.name)} AS text), or leave such rows out",
            ) from exc

    def moments(self, found: Array, least: int, most: int) -> Array:
        """Return numbers of days or microseconds, those outside of the bounds by `odd_dates`.

        Raises:
            CheckFailed: one is outside, and that is not said to be NULL.
        """
        bounds = pc.min_max(found).as_py()
        if bounds["min"] is None or (bounds["min"] >= least and bounds["max"] <= most):
            return found
        if self.odd_dates != "null":
            raise CheckFailed(
                f"column {self.name!r} holds a date or time that only PostgreSQL knows, such as infinity, "
                "a year before 1 or after 9999, or 24:00",
                hint="set `odd_dates: null` or `odd_dates: text`, or leave such rows out",
            )
        fine = pc.and_(
            pc.greater_equal(found, pa.scalar(least, found.type)), pc.less_equal(found, pa.scalar(most, found.type))
        )
        return pc.if_else(fine, found, pa.scalar(None, found.type))

    def _lists(self, cells: Cells) -> Array:
        at, offsets = self._elements(cells)
        inner, _ = self._plain(Cells.of(cells.block, cells.octets, positions(at), cells.longest))
        return pa.ListArray.from_arrays(positions(offsets), inner, type=self.how.list_kind, mask=cells.null)

    def _elements(self, cells: Cells) -> tuple[list[int], list[int]]:
        """Return where the length of each element lies, and where each row's elements begin among them."""
        block = memoryview(cells.block)
        nulls = cells.null.to_pylist() if cells.null is not None else [False] * len(cells.start)
        at: list[int] = []
        offsets = [0]
        for start, null in zip(cells.start.to_pylist(), nulls, strict=True):
            if not null and (dimensions := _DIMENSIONS(block, start)[0]):
                _, _, _, count, lowest = _ARRAY_HEAD(block, start)
                if dimensions > 1 or lowest != 1:
                    raise self._no_list()
                place = start + _HEAD_BYTES
                for _ in range(count):
                    at.append(place)
                    place += _LENGTH + max(0, _DIMENSIONS(block, place)[0])
            offsets.append(len(at))
        return at, offsets

    def _no_list(self) -> CheckFailed:
        return CheckFailed(
            f"column {self.name!r} holds an array of several dimensions, or one that does not begin at 1",
            hint="set `arrays: text` to read arrays as PostgreSQL writes them",
        )


def batch(rows: Rows, columns: Sequence[Column], schema: pa.Schema) -> pa.RecordBatch:
    """Return rows as columns.

    Raises:
        CheckFailed: a value is not of its column's Arrow type; names the column.
    """
    bytes_, at = octets(rows.block), rows.starts
    arrays = []
    for column in columns:
        found, at = column.decoded(Cells.of(rows.block, bytes_, at, rows.longest))
        arrays.append(found)
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _bool(column: Column, cells: Cells) -> Array:  # noqa: ARG001 - as the others
    return pc.equal(octet(cells.octets, cells.start), pa.scalar(1, pa.int32()))


def _number(column: Column, cells: Cells) -> Array:
    return cells.number(column.how.kind)


def _date(column: Column, cells: Cells) -> Array:
    days = column.moments(cells.masked(cells.number(pa.int32())), _FIRST, _LAST)
    return pc.add(days, pa.scalar(_DAYS, pa.int32())).view(pa.date32())


def _timestamp(column: Column, cells: Cells, zone: str | None) -> Array:
    moments = column.moments(cells.masked(cells.number(pa.int64())), _FIRST * _DAY, (_LAST + 1) * _DAY - 1)
    return pc.add(moments, pa.scalar(_DAYS * _DAY, pa.int64())).view(pa.timestamp("us", zone))


def _time(column: Column, cells: Cells) -> Array:
    return column.moments(cells.masked(cells.number(pa.int64())), 0, _DAY - 1).view(pa.time64("us"))


_FIXED: dict[str, Callable[[Column, Cells], Array]] = {
    "bool": _bool,
    "int2": _number,
    "int4": _number,
    "int8": _number,
    "oid": _number,
    "float4": _number,
    "float8": _number,
    "date": _date,
    "time": _time,
    "timestamp": partial(_timestamp, zone=None),
    "timestamptz": partial(_timestamp, zone="UTC"),
}
