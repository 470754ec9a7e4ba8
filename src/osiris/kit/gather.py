"""Values that lie scattered in a block of bytes, gathered into columns without a Python object a value.

A database's wire protocol sends rows: lengths and values, one after the other. Here a column's values are picked out of
many rows at once, by position. All positions are int32 arrays with one element a row.
"""

import sys
from array import array
from functools import lru_cache
from typing import Any, TypeAlias

import pyarrow as pa
from pyarrow import compute

# Arrow's arrays and functions: their stubs know no function that takes a scalar beside an array.
Array: TypeAlias = Any
pc: Any = compute

_HALF = 32  # bits of one of two positions in a word


def octets(block: pa.Buffer) -> Array:
    """Return a block as an array of bytes, without a copy."""
    return pa.Array.from_buffers(pa.uint8(), block.size, [None, block])


def positions(at: list[int]) -> Array:
    """Return positions as an array."""
    return pa.array(at, pa.int32())


def octet(bytes_: Array, at: Array) -> Array:
    """Return the byte at each position, as int32."""
    return pc.take(bytes_, at, boundscheck=False).cast(pa.int32())


def integer(bytes_: Array, at: Array, width: int, kind: pa.DataType, *, big_endian: bool) -> Array:
    """Return the integer of `width` bytes at each position.

    Args:
        bytes_: The block, from `octets`.
        at: Position of the first byte.
        width: 1 to 8 bytes; fewer than the type has are taken as unsigned.
        kind: An integer type of `width` bytes or more.
        big_endian: Whether the highest byte comes first.
    """
    word: Any = pa.scalar(0, pa.uint64())
    for number in range(width):
        part = pc.take(bytes_, _moved(at, number), boundscheck=False).cast(pa.uint64())
        shift = 8 * (width - 1 - number if big_endian else number)
        word = pc.bit_wise_or(word, pc.shift_left(part, pa.scalar(shift, pa.uint64())) if shift else part)
    if 8 * width < kind.bit_width or pa.types.is_unsigned_integer(kind):
        return word.cast(kind)
    return word.cast({1: pa.uint8(), 2: pa.uint16(), 4: pa.uint32(), 8: pa.uint64()}[width]).view(kind)


def values(block: pa.Buffer, start: Array, end: Array, kind: pa.DataType, null: Array | None = None) -> Array:
    """Return the bytes from each start to its end as texts or bytes of variable length.

    Args:
        block: Holds the values; a value begins where the one of the row before has ended, or later.
        start: Position of the first byte of each value.
        end: Position after its last byte; at least `start`, NULLs included.
        kind: `pa.string()` or `pa.binary()`; that a text is UTF-8 is not checked.
        null: True where the value is NULL; None where none is.

    Returns:
        An array of its own memory.
    """
    count = len(start)
    if count == 0:
        return pa.array([], kind)
    # Between two values lies what does not belong to the column: an array over all of it, of which every second counts.
    low, high = start.cast(pa.int64()), pc.shift_left(end.cast(pa.int64()), pa.scalar(_HALF, pa.int64()))
    edges = pc.bit_wise_or(low, high)
    whole = pa.Array.from_buffers(kind, 2 * count - 1, [None, edges.buffers()[1], block])
    wanted = _even(count)
    if null is not None:
        wanted = pc.if_else(null, pa.scalar(None, pa.int32()), wanted)
    return pc.take(whole, wanted, boundscheck=False)


def swapped(block: pa.Buffer, at: Array, kind: pa.DataType) -> Array:
    """Return the number at each position whose highest byte comes first: as wide as the type, signed as it is.

    Args:
        block: Holds the numbers; a number ends where the next begins, or before.
        at: Position of the first byte.
        kind: An integer or floating type of 16, 32 or 64 bits.
    """
    count, width = len(at), kind.bit_width // 8
    if count == 0:
        return pa.array([], kind)
    packed: Any = values(block, at, _moved(at, width), pa.binary()).buffers()[2]
    numbers = array({2: "h", 4: "i", 8: "q"}[width])
    numbers.frombytes(packed.slice(0, width * count))
    if sys.byteorder == "little":
        numbers.byteswap()
    return pa.Array.from_buffers(kind, count, [None, pa.py_buffer(numbers)])


def _moved(at: Array, by: int) -> Array:
    return pc.add(at, pa.scalar(by, pa.int32())) if by else at


def _even(count: int) -> Array:
    """Return 0, 2, 4 … as int32."""
    size = 1 << max(0, count - 1).bit_length()
    return _even_numbers(size).slice(0, count)


@lru_cache(maxsize=8)
def _even_numbers(count: int) -> Array:
    return pa.array(range(0, 2 * count, 2), pa.int32())
