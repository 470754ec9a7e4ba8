"""Sixteen digits for a column: the same for the same values, in whatever order, batches or Arrow encoding they come.

Every value becomes one word of 64 bits, mixed until each of its bits depends on every bit of the value; a column's
digest is the sum of those words over all rows, NULLs included, modulo 2**64. What counts is the value and its kind,
not how wide Arrow holds it: an `int32` 7 and an `int64` 7 are one value, a 7 as text is another.

A hash begins from the `seed` of the value's kind and takes in one word after another, each by `h = mix(h ^ word)`:

* integer: its low 64 bits; a negative one begins `STRIDE` further on
* float: the bits of its `double`; all NaNs are one, -0.0 is not 0.0
* decimal: its digits as two's complement, two words or, where they don't suffice, four; the seed has the scale
* date in milliseconds; time, timestamp, instant and duration in nanoseconds; all modulo 2**64
* text and bytes: eight bytes a word, little end first, the last ones at its upper end; it begins length times `STRIDE`
  further on; a value of more than `MOST_WOVEN` bytes is one word, its BLAKE2b
* list: one word, the sum of `mix(h + place * STRIDE)` over its items, places from 1; it begins like text
* struct: its fields; the seed has their names
* boolean: the seed alone, and so NULL, wherever it stands
* anything else: as bytes, what Python shows of it
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds

MOST_WOVEN = 128  # bytes: beyond that one call of BLAKE2b costs less than so many words
MASK = 2**64 - 1
STRIDE = 0x9E3779B97F4A7C15  # odd, so that multiplying by it loses nothing
FIRST, SECOND = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB  # with the shifts by 30, 27 and 31: splitmix64's finish
DAY = 86_400_000
NANOSECONDS = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
_WORD = 8
_DECIMAL_WORDS = 2
_SAMPLE, _FEW = 512, 32  # rows looked at first, and different texts among them: so few are counted, then hashed once

Array = Any
"""An Arrow array of any type."""
Words = Any
"""An Arrow array of `uint64`: one word a value, NULL where the value is."""


def digested(values: Array) -> tuple[int, int]:
    """Return what some rows add to their column's digest, modulo 2**64, and how many of them are NULL."""
    if _repeats(values):
        distinct, counts = pc.value_counts(values).flatten()
        found, nulls = _multiply(hashes(distinct), counts.cast(pa.uint64())), values.null_count
    else:
        found = hashes(values)
        nulls = found.null_count
    total = pc.sum(found).as_py() or 0
    return (total + nulls * seed("null")) & MASK, nulls


def _repeats(values: Array) -> bool:
    """Return whether the same few texts come again and again."""
    if str(values.type).removeprefix("large_") not in {"string", "binary"} or len(values) < 2 * _SAMPLE:
        return False
    distinct: int = pc.count_distinct(values.slice(0, _SAMPLE)).as_py()
    return distinct <= _FEW


@cache
def seed(kind: str) -> int:
    """Return what the hashes of one kind of value begin from."""
    return int.from_bytes(hashlib.blake2b(kind.encode(), digest_size=_WORD).digest(), "little")


def hashes(values: Array) -> Words:
    """Return the hash of each value; NULL where the value is NULL, whatever way Arrow has to say that."""
    return _hashing(values.type)(values) if len(values) else pa.nulls(0, pa.uint64())


@cache
def _hashing(kind: Any) -> Callable[[Array], Words]:
    if isinstance(kind, pa.BaseExtensionType):
        return lambda values: hashes(values.storage)
    return next((hashed for fits, hashed in _KINDS if fits(kind)), _anything)


def _kernel(name: str) -> Callable[..., Any]:
    """Return an Arrow kernel without the wrapper around it, which costs more than the kernel does on few rows."""
    function = pc.get_function(name)
    return lambda *arguments: function.call(list(arguments))


_add, _multiply, _subtract, _xor = map(_kernel, ("add", "multiply", "subtract", "bit_wise_xor"))
_left, _right, _or, _and = map(_kernel, ("shift_left", "shift_right", "bit_wise_or", "bit_wise_and"))
_equal, _greater, _choose, _unrolled = map(_kernel, ("equal", "greater", "if_else", "run_end_decode"))
_range: Callable[[int, int, int], Any] = pa.arange  # type: ignore[attr-defined]  # the stubs lag behind


def _taken(words: Words, places: Words) -> Words:
    return pc.take(words, places, boundscheck=False)


def _word(value: int) -> Any:
    return pa.scalar(value & MASK, pa.uint64())


_NONE = pa.scalar(None, pa.uint64())
_STRIDE, _FIRST, _SECOND = _word(STRIDE), _word(FIRST), _word(SECOND)
_0, _1, _3, _7, _27, _30, _31, _63 = map(_word, (0, 1, 3, 7, 27, 30, 31, 63))
_TRUE, _FALSE, _NULL = map(_word, map(seed, ("true", "false", "null")))
_NAN = pa.scalar(float("nan"), pa.float64())


def _mix(words: Words) -> Words:
    words = _multiply(_xor(words, _right(words, _30)), _FIRST)
    words = _multiply(_xor(words, _right(words, _27)), _SECOND)
    return _xor(words, _right(words, _31))


def _after(start: Any, words: Words) -> Words:
    return _mix(_xor(start, words))


def _integers(values: Array) -> Words:
    if kinds.is_unsigned_integer(values.type):
        return _after(_word(seed("integer")), values.cast(pa.uint64()))
    words = values.cast(pa.int64()).view(pa.uint64())
    return _after(_add(_multiply(_right(words, _63), _STRIDE), _word(seed("integer"))), words)


def _floats(values: Array) -> Words:
    doubles = values.cast(pa.float64())
    strange = pc.is_nan(doubles)
    if pc.any(strange).as_py():
        doubles = _choose(strange, _NAN, doubles)
    return _after(_word(seed("float")), doubles.view(pa.uint64()))


def _booleans(values: Array) -> Words:
    return _choose(values, _TRUE, _FALSE)


def _counted(kind: str, values: Array, factor: int) -> Words:
    """Return the hashes of values that count some unit, once they count the canonical one."""
    if values.type.bit_width < pa.int64().bit_width:
        values = values.view(pa.int32()).cast(pa.int64())
    words = values.view(pa.uint64())
    return _after(_word(seed(kind)), words if factor == 1 else _multiply(words, _word(factor)))


def _dates(values: Array) -> Words:
    return _counted("date", values, DAY if kinds.is_date32(values.type) else 1)


def _times(values: Array) -> Words:
    return _counted("time", values, NANOSECONDS[values.type.unit])


def _timestamps(values: Array) -> Words:
    return _counted("instant" if values.type.tz else "timestamp", values, NANOSECONDS[values.type.unit])


def _durations(values: Array) -> Words:
    return _counted("duration", values, NANOSECONDS[values.type.unit])


def _decimals(values: Array) -> Words:
    kind = values.type
    if kind.bit_width < pa.decimal128(1).bit_width:
        values = values.cast(pa.decimal128(kind.precision, kind.scale))
    words = _fields(values, values.type.byte_width // _WORD)
    found = _word(seed(f"decimal {kind.scale}"))
    for word in words[:_DECIMAL_WORDS]:
        found = _after(found, word)
    if len(words) > _DECIMAL_WORDS:
        found = _longer(found, words)
    return _valid(found, values)


def _longer(found: Words, words: list[Words]) -> Words:
    """Take the upper words in as well, where they are not just the sign again."""
    sign = _subtract(_0, _right(words[1], _63))
    suffice = pc.and_(_equal(words[2], sign), _equal(words[3], sign))
    return _choose(suffice, found, _after(_after(found, words[2]), words[3]))


def _intervals(values: Array) -> Words:
    first, second = _fields(values, 2)
    return _valid(_after(_after(_word(seed("interval")), first), second), values)


def _fields(values: Array, words: int) -> list[Words]:
    """Return the first, second and so on word of values that are so many words wide, NULLs as they lie."""
    _, data = values.buffers()
    flat = pa.Array.from_buffers(
        pa.uint64(), len(values) * words, [None, data], offset=values.offset * words, null_count=0
    )
    return [flat.take(_range(start, len(flat), words)) for start in range(words)]


def _valid(found: Words, values: Array) -> Words:
    return _choose(values.is_valid(), found, _NONE) if values.null_count else found


def _nothing(values: Array) -> Words:
    return pa.nulls(len(values), pa.uint64())


def _encoded(values: Array) -> Words:
    return hashes(values.dictionary).take(values.indices)


def _run_ends(values: Array) -> Words:
    return hashes(_unrolled(values))


def _structs(values: Array) -> Words:
    names = "\0".join(field.name for field in values.type)
    found: Any = pa.repeat(_word(seed(f"struct {names}")), len(values))
    for place in range(values.type.num_fields):
        found = _after(found, hashes(pc.struct_field(values, [place])).fill_null(_NULL))
    return _valid(found, values)


def _maps(values: Array) -> Words:
    entry = pa.struct([pa.field("key", values.type.key_type), pa.field("value", values.type.item_type)])
    return _lists(values.cast(pa.large_list(entry)))


def _lists(values: Array) -> Words:
    lengths = pc.list_value_length(values).cast(pa.uint64()).fill_null(_0)
    ends = pc.cumulative_sum(lengths)
    starts = _subtract(ends, lengths)
    items = hashes(pc.list_flatten(values)).fill_null(_NULL)
    places = _subtract(_range(1, len(items) + 1, 1).cast(pa.uint64()), _repeated(starts, ends))
    sums = pa.concat_arrays(
        [pa.array([0], pa.uint64()), pc.cumulative_sum(_mix(_add(items, _multiply(places, _STRIDE))))]
    )
    words = _subtract(sums.take(ends), sums.take(starts))
    return _valid(_after(_begun("list", lengths), words), values)


def _repeated(starts: Words, ends: Words) -> Words:
    """Return each list's start once for each of its items; Arrow's own kernel counts items below NULLs too."""
    some = _greater(ends, starts)
    runs = pa.RunEndEncodedArray.from_arrays(ends.filter(some).cast(pa.int64()), starts.filter(some))
    return _unrolled(runs)


def _begun(kind: str, lengths: Words) -> Words:
    return _add(_multiply(lengths, _STRIDE), _word(seed(kind)))


def _texts(values: Array) -> Words:
    kind = "text" if str(values.type).endswith(("string", "string_view")) else "bytes"
    plain = values.cast(pa.large_binary())
    offsets = pa.Array.from_buffers(pa.uint64(), len(plain) + 1, [None, plain.buffers()[1]], offset=plain.offset)
    lengths = _subtract(offsets.slice(1), offsets.slice(0, len(plain)))
    found = _begun(kind, lengths)
    long = _greater(lengths, _word(MOST_WOVEN))
    if not pc.any(long).as_py():
        return _valid(_woven(_Bytes.of(plain, offsets, lengths), found), values)
    short = _Bytes.of(plain, offsets, _choose(long, _0, lengths))
    boiled = pa.array([_blake(value or b"") for value in plain.filter(long).to_pylist()], pa.uint64())
    return _valid(pc.replace_with_mask(_woven(short, found), long, _after(found.filter(long), boiled)), values)


def _blake(value: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(value, digest_size=_WORD).digest(), "little")


@dataclass(frozen=True)
class _Bytes:
    """Values of bytes, to be read eight bytes at a time.

    Attributes:
        words: All the bytes.
        first: Which word each value begins in.
        skip: Bits of that word that are not the value's.
        counts: Words that each value fills, the last one not always wholly.
        tail: Bits of the last word that are not the value's.
    """

    words: Words
    first: Words
    skip: Words
    counts: Words
    tail: Words

    @classmethod
    def of(cls, values: Array, offsets: Words, lengths: Words) -> Self:
        """Return values of `large_binary`, of which only the first so many bytes count."""
        start, end = offsets[0].as_py(), offsets[-1].as_py()
        places = _subtract(offsets.slice(0, len(values)), _word(start))
        return cls(
            words=_aligned(values.buffers()[2], start, end),
            first=_right(places, _3),
            skip=_left(_and(places, _7), _3),
            counts=_right(_add(lengths, _7), _3),
            tail=_left(_and(_subtract(_0, lengths), _7), _3),
        )

    def filter(self, wanted: Array) -> Self:
        """Return some of the values."""
        parts = (part.filter(wanted) for part in (self.first, self.skip, self.counts, self.tail))
        return type(self)(self.words, *parts)

    def word(self, number: int) -> Words:
        """Return one word of each value that has so many; of the others, whatever lies there."""
        low, high = (_taken(self.words, _add(self.first, _word(number + ahead))) for ahead in (0, 1))
        both = _or(_right(low, self.skip), _left(_left(high, _subtract(_63, self.skip)), _1))
        return _left(both, _choose(_equal(self.counts, _word(number + 1)), self.tail, _0))


def _aligned(data: pa.Buffer | None, start: int, end: int) -> Words:
    """Return some bytes as words, with room behind them for every word that is looked at."""
    count = (end - start) // _WORD + MOST_WOVEN // _WORD + 2
    copy = pa.allocate_buffer(count * _WORD)
    if data is not None:
        memoryview(copy)[: end - start] = memoryview(data)[start:end]
    return pa.Array.from_buffers(pa.uint64(), count, [None, copy], null_count=0)


def _woven(text: _Bytes, found: Words, number: int = 0) -> Words:
    """Take in the words of each value, from one on."""
    more = _greater(text.counts, _word(number))
    count = pc.sum(more).as_py() or 0
    if not count:
        return found
    if count < len(more) // 2:
        return pc.replace_with_mask(found, more, _woven(text.filter(more), found.filter(more), number))
    taken = _after(found, text.word(number))
    return _woven(text, taken if count == len(more) else _choose(more, taken, found), number + 1)


def _anything(values: Array) -> Words:
    start = seed("anything")
    return pa.array(
        [None if value is None else start ^ _blake(repr(value).encode()) for value in values.to_pylist()], pa.uint64()
    )


def _is_text(kind: pa.DataType) -> bool:
    return str(kind).partition("[")[0].removeprefix("large_") in {
        "string",
        "string_view",
        "binary",
        "binary_view",
        "fixed_size_binary",
    }


def _is_list(kind: pa.DataType) -> bool:
    return kinds.is_nested(kind) and not kinds.is_union(kind)


_KINDS: tuple[tuple[Callable[[Any], bool], Callable[[Array], Words]], ...] = (
    (kinds.is_integer, _integers),
    (kinds.is_floating, _floats),
    (kinds.is_boolean, _booleans),
    (kinds.is_date, _dates),
    (kinds.is_time, _times),
    (kinds.is_timestamp, _timestamps),
    (kinds.is_duration, _durations),
    (kinds.is_decimal, _decimals),
    (kinds.is_interval, _intervals),
    (kinds.is_null, _nothing),
    (_is_text, _texts),
    (kinds.is_dictionary, _encoded),
    (kinds.is_run_end_encoded, _run_ends),
    (kinds.is_struct, _structs),
    (kinds.is_map, _maps),
    (_is_list, _lists),
)
