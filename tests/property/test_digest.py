"""The digest of a column, held against a second and simpler way to work it out."""

import hashlib
import random
import struct
from collections.abc import Sequence
from decimal import Context, Decimal
from typing import Any

import pyarrow  # noqa: ICN001 - `pa` is the same without types
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osiris.runtime.digest import DAY, FIRST, MASK, MOST_WOVEN, NANOSECONDS, SECOND, STRIDE, digested, seed

pa: Any = pyarrow  # its stubs know half of the types that are tried here

# The second way: one value at a time, in plain integers.


EXACT = Context(prec=100)  # more digits than any decimal here has: the default one would round


def mix(word: int) -> int:
    word = (word ^ word >> 30) * FIRST & MASK
    word = (word ^ word >> 27) * SECOND & MASK
    return word ^ word >> 31


def after(start: int, *words: int) -> int:
    for word in words:
        start = mix((start ^ word) & MASK)
    return start


def begun(kind: str, length: int) -> int:
    return seed(kind) + length * STRIDE & MASK


def blake(value: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(value, digest_size=8).digest(), "little")


def of_bytes(kind: str, value: bytes) -> int:
    start = begun(kind, len(value))
    if len(value) > MOST_WOVEN:
        return after(start, blake(value))
    parts = [value[at : at + 8] for at in range(0, len(value), 8)]
    return after(start, *(int.from_bytes(part.rjust(8, b"\0"), "little") for part in parts))


def of_decimal(value: Decimal, scale: int) -> int:
    digits = int(EXACT.scaleb(value, scale))
    words = 2 if -(2**127) <= digits < 2**127 else 4
    return after(seed(f"decimal {scale}"), *(digits >> 64 * word & MASK for word in range(words)))


def of_list(items: Sequence[int]) -> int:
    return after(
        begun("list", len(items)), sum(mix(item + place * STRIDE & MASK) for place, item in enumerate(items, 1)) & MASK
    )


def expected(kind: Any, value: Any) -> int:  # noqa: C901, PLR0911 - a table of kinds
    if value is None:
        return seed("null")
    match str(kind).partition("[")[0].partition("<")[0].partition("(")[0]:
        case "bool":
            return seed("true" if value else "false")
        case "double" | "float" | "halffloat":
            return after(seed("float"), struct.unpack("<Q", struct.pack("<d", value))[0])
        case name if "int" in name:
            return after(seed("integer") + (STRIDE if value < 0 else 0), value & MASK)
        case name if name.startswith("decimal"):
            return of_decimal(value, kind.scale)
        case name if name.endswith(("string", "string_view")):
            return of_bytes("text", value.encode())
        case name if "binary" in name:
            return of_bytes("bytes", value)
        case "list" | "large_list" | "list_view" | "large_list_view" | "fixed_size_list":
            return of_list([expected(kind.value_type, item) for item in value])
        case "struct":
            names = "\0".join(field.name for field in kind)
            return after(seed(f"struct {names}"), *(expected(field.type, value[field.name]) for field in kind))
        case "map":
            entry = seed("struct key\0value")
            return of_list(
                [after(entry, expected(kind.key_type, key), expected(kind.item_type, item)) for key, item in value]
            )
    raise AssertionError(f"the test does not know {kind}")


def digest_of(kind: Any, values: Sequence[Any]) -> int:
    return sum(expected(kind, value) for value in values) & MASK


# What columns may hold.


def decimals(precision: int, scale: int) -> st.SearchStrategy[Decimal]:
    most = 10**precision - 1
    return st.integers(-most, most).map(lambda digits: EXACT.scaleb(Decimal(digits), -scale))


TEXT = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    st.text("ab\0é🦊", max_size=5),
    st.integers(120, 140).map(lambda length: "x" * length),
)
INTEGERS = {
    kind: st.integers(-(2 ** (kind.bit_width - 1)), 2 ** (kind.bit_width - 1) - 1)
    for kind in (pa.int8(), pa.int16(), pa.int32(), pa.int64())
}
UNSIGNED = {kind: st.integers(0, 2**kind.bit_width - 1) for kind in (pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64())}
LISTS = pa.list_(pa.int64())
STRUCTS = pa.struct({"a": pa.int64()})
PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    **INTEGERS,
    **UNSIGNED,
    pa.bool_(): st.booleans(),
    pa.float64(): st.floats(),
    pa.float32(): st.floats(width=32),
    pa.float16(): st.floats(width=16),
    pa.string(): TEXT,
    pa.large_string(): TEXT,
    pa.string_view(): TEXT,
    pa.binary(): st.binary(max_size=140),
    pa.large_binary(): st.binary(max_size=40),
    pa.binary_view(): st.binary(max_size=40),
    pa.binary(5): st.binary(min_size=5, max_size=5),
    pa.decimal32(7, 3): decimals(7, 3),
    pa.decimal64(15, 2): decimals(15, 2),
    pa.decimal128(38, 10): decimals(38, 10),
    pa.decimal256(76, 5): decimals(76, 5) | decimals(20, 5),
    pa.null(): st.none(),
}
NESTED: dict[Any, st.SearchStrategy[Any]] = {
    pa.list_(pa.string()): st.lists(st.none() | TEXT, max_size=4),
    pa.large_list(pa.int64()): st.lists(st.none() | INTEGERS[pa.int64()], max_size=4),
    pa.list_view(pa.int32()): st.lists(st.none() | INTEGERS[pa.int32()], max_size=4),
    pa.list_(pa.int16(), 2): st.lists(st.none() | INTEGERS[pa.int16()], min_size=2, max_size=2),
    pa.list_(pa.list_(pa.bool_())): st.lists(st.none() | st.lists(st.booleans(), max_size=3), max_size=3),
    pa.struct({"a": pa.int64(), "b": pa.string()}): st.fixed_dictionaries(
        {"a": st.none() | INTEGERS[pa.int64()], "b": st.none() | TEXT}
    ),
    pa.list_(pa.struct({"x": pa.float64()})): st.lists(
        st.none() | st.fixed_dictionaries({"x": st.none() | st.floats()}), max_size=3
    ),
    pa.map_(pa.string(), pa.int64()): st.lists(st.tuples(TEXT, st.none() | INTEGERS[pa.int64()]), max_size=3),
}
COLUMNS = st.sampled_from([*PLAIN.items(), *NESTED.items()]).flatmap(
    lambda column: st.tuples(st.just(column[0]), st.lists(st.none() | column[1], max_size=30))
)

PAIRS = st.sampled_from([*PLAIN.items(), *NESTED.items()]).flatmap(
    lambda column: st.tuples(
        st.just(column[0]), *(st.lists(st.none() | column[1], max_size=3) for _ in ("first", "second"))
    )
)


@given(COLUMNS)
def test_the_digest_is_the_sum_of_the_hashes_of_the_values(column: tuple[Any, list[Any]]) -> None:
    kind, values = column
    nulls = sum(value is None for value in values)
    assert digested(pa.array(values, kind)) == (digest_of(kind, values), nulls)


@given(COLUMNS, st.randoms(use_true_random=False))
def test_neither_order_nor_batches_matter(column: tuple[Any, list[Any]], chance: random.Random) -> None:
    kind, values = column
    mixed = chance.sample(values, len(values))
    cuts = sorted(chance.choices(range(len(values) + 1), k=3))
    whole = pa.array(mixed, kind)
    pieces = [whole.slice(start, end - start) for start, end in zip([0, *cuts], [*cuts, len(values)], strict=True)]
    assert sum(digested(piece)[0] for piece in pieces) & MASK == digested(pa.array(values, kind))[0]


@given(PAIRS)
def test_other_values_give_another_digest(pair: tuple[Any, list[Any], list[Any]]) -> None:
    kind, *columns = pair
    first, second = (pa.array(values, kind) for values in columns)
    alike = sorted(map(repr, first.to_pylist())) == sorted(map(repr, second.to_pylist()))
    assert (digested(first) == digested(second)) == alike


@given(st.lists(st.none() | TEXT, min_size=1, max_size=20), st.data())
def test_one_value_changed_changes_the_digest(values: list[str | None], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(values) - 1))
    changed = data.draw((st.none() | TEXT).filter(lambda value: value != values[place]))
    others = [*values[:place], changed, *values[place + 1 :]]
    assert digested(pa.array(values, pa.string())) != digested(pa.array(others, pa.string()))


def encodings(values: list[str | None]) -> list[Any]:
    plain = pa.array(values, pa.string())
    others = pa.array(["before", "behind"], pa.string())
    runs = pa.run_end_encoded(pa.int32(), pa.string())
    return [
        plain,
        plain.cast(pa.large_string()),
        plain.cast(pa.string_view()),
        plain.dictionary_encode(),
        plain.dictionary_encode(null_encoding="encode"),
        pa.concat_arrays([others, plain, others]).slice(2, len(values)),
        pa.RunEndEncodedArray.from_arrays(list(range(1, len(values) + 1)), values, runs),
    ]


@given(st.lists(st.none() | TEXT, min_size=1, max_size=20))
def test_the_encoding_does_not_matter(values: list[str | None]) -> None:
    found = {digested(array) for array in encodings(values)}
    assert found == {(digest_of(pa.string(), values), values.count(None))}


@given(st.lists(st.none() | INTEGERS[pa.int8()], max_size=20))
def test_the_width_of_a_number_does_not_matter(values: list[int | None]) -> None:
    assert len({digested(pa.array(values, kind)) for kind in INTEGERS}) == 1
    assert (
        len(
            {digested(pa.array(values, pa.float64()).cast(kind)) for kind in (pa.float16(), pa.float32(), pa.float64())}
        )
        == 1
    )
    cents = [None if value is None else Decimal(value).scaleb(-2) for value in values]
    money = (pa.decimal32(5, 2), pa.decimal64(12, 2), pa.decimal128(38, 2), pa.decimal256(70, 2))
    assert len({digested(pa.array(cents, kind)) for kind in money}) == 1


@given(st.lists(st.none() | st.integers(-(10**9), 10**9), max_size=20))
def test_the_unit_of_a_time_does_not_matter(seconds: list[int | None]) -> None:
    for kind in (pa.timestamp, lambda unit: pa.timestamp(unit, tz="UTC"), pa.duration):
        coarse = pa.array(seconds, kind("s"))
        total = digested(coarse)
        assert all(digested(coarse.cast(kind(unit))) == total for unit in NANOSECONDS)


@given(st.lists(st.none() | st.integers(0, 86_399), max_size=20))
def test_the_unit_of_a_time_of_day_does_not_matter(seconds: list[int | None]) -> None:
    coarse = pa.array(seconds, pa.int32()).cast(pa.time32("s"))
    finer = (pa.time32("ms"), pa.time64("us"), pa.time64("ns"))
    assert {digested(coarse.cast(kind)) for kind in finer} == {digested(coarse)}


@given(st.lists(st.none() | st.integers(-(2**31), 2**31 - 1), max_size=20))
def test_how_a_date_is_held_does_not_matter(days: list[int | None]) -> None:
    dates = pa.array(days, pa.int32()).view(pa.date32())
    finer = pa.array([None if day is None else day * DAY for day in days], pa.int64()).view(pa.date64())
    assert digested(dates) == digested(finer)


def test_two_time_zones_are_one_instant_and_none_is_another() -> None:
    there, here = (pa.array([0, None], pa.timestamp("us", tz=zone)) for zone in ("Europe/Prague", "UTC"))
    assert digested(there) == digested(here) != digested(pa.array([0, None], pa.timestamp("us")))


def test_all_nans_are_one() -> None:
    odd = pa.array([0x7FF8000000000001, 0xFFF8000000000000], pa.uint64()).view(pa.float64())
    assert digested(odd) == digested(pa.array([float("nan")] * 2))


def test_what_lies_below_a_null_does_not_matter() -> None:
    mask = pa.py_buffer(bytes([0b101]))
    numbers = pa.Array.from_buffers(pa.int64(), 3, [mask, pa.array([1, 999, 3]).buffers()[1]])
    assert digested(numbers) == digested(pa.array([1, None, 3]))
    texts = pa.array(["a", "garbage" * 30, "b"])
    hidden = pa.Array.from_buffers(pa.string(), 3, [mask, *texts.buffers()[1:]])
    assert digested(hidden) == digested(pa.array(["a", None, "b"]))
    money = pa.array([Decimal(1), Decimal(2), Decimal(3)])
    assert digested(pa.Array.from_buffers(money.type, 3, [mask, money.buffers()[1]])) == digested(
        pa.array([Decimal(1), None, Decimal(3)], money.type)
    )
    lists = pa.ListArray.from_arrays([0, 1, 3, 4], pa.array([1, 2, 3, 4]), mask=pa.array([False, True, False]))
    assert digested(lists) == digested(pa.array([[1], None, [4]]))


def interval(*parts: int) -> Any:
    return pa.array([pa.MonthDayNano(list(parts))], pa.month_day_nano_interval())


def union(values: list[Any]) -> Any:
    return pa.UnionArray.from_sparse(pa.array([0] * len(values), pa.int8()), [pa.array(values)])


DIFFERENT: list[tuple[str, Any, Any]] = [
    ("nothing and an empty text", pa.array([None], pa.string()), pa.array([""])),
    ("nothing and zero", pa.array([None], pa.int64()), pa.array([0])),
    ("the two zeros", pa.array([0.0]), pa.array([-0.0])),
    ("text and bytes", pa.array(["a"]), pa.array([b"a"])),
    ("text and number", pa.array(["7"]), pa.array([7])),
    ("a number and its double", pa.array([7]), pa.array([7.0])),
    ("minus one and the largest", pa.array([-1]), pa.array([2**64 - 1], pa.uint64())),
    ("scales", pa.array([Decimal("1.10")]), pa.array([Decimal("1.1")])),
    ("once and twice", pa.array(["a"]), pa.array(["a", "a"])),
    ("twice and never", pa.array(["a", "a"]), pa.array([], pa.string())),
    ("a zero byte more", pa.array([b"a"]), pa.array([b"a\0"])),
    ("a zero byte before", pa.array([b"a"]), pa.array([b"\0a"])),
    ("the last byte", pa.array(["x" * 129]), pa.array(["x" * 128 + "y"])),
    ("the ninth byte", pa.array(["12345678a"]), pa.array(["12345678b"])),  # pragma: allowlist secret
    ("values that changed places", pa.array(["ab", "cd"]), pa.array(["ad", "cb"])),
    ("the same sum", pa.array([1, 4]), pa.array([2, 3])),
    ("no list and an empty one", pa.array([None], LISTS), pa.array([[]], LISTS)),
    (
        "an empty list and one of nothing",
        pa.array([[]], pa.list_(pa.int64())),
        pa.array([[None]], pa.list_(pa.int64())),
    ),
    ("the order in a list", pa.array([[1, 2]]), pa.array([[2, 1]])),
    ("where a list ends", pa.array([[1, 2], [3]]), pa.array([[1], [2, 3]])),
    ("names of fields", pa.array([{"a": 1}]), pa.array([{"b": 1}])),
    (
        "no struct and one of nothing",
        pa.array([None], pa.struct({"a": pa.int64()})),
        pa.array([{"a": None}], pa.struct({"a": pa.int64()})),
    ),
    ("a day and a month", interval(1, 0, 0), interval(0, 1, 0)),
    (
        "a day and its nanoseconds",
        interval(0, 1, 0),
        interval(0, 0, DAY * 1_000_000),
    ),
    ("in a union", union(["a", "b"]), union(["a", "c"])),
    ("nothing in a union", union(["a", None]), union(["a", "None"])),
]


@pytest.mark.parametrize(("first", "second"), [pair[1:] for pair in DIFFERENT], ids=[pair[0] for pair in DIFFERENT])
def test_is_told_apart(first: Any, second: Any) -> None:
    assert digested(first) != digested(second)


def test_an_extension_is_what_it_stores() -> None:
    stored = pa.array([b"0123456789abcdef", None], pa.binary(16))
    assert digested(pa.ExtensionArray.from_storage(pa.uuid(), stored)) == digested(stored)


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.binary(), pa.large_binary()])
@pytest.mark.parametrize(("different", "empty"), [(1, 0), (20, 0), (5_000, 0), (5_000, 1_000)])
def test_a_long_column_of_texts_that_repeat_has_the_same_digest(kind: Any, different: int, empty: int) -> None:
    texts = [
        f"{number % min(different, 20 if number < 3_000 else different)}{'é' * (number % 3)}" for number in range(9_000)
    ]
    values = [None if number % 7 == 0 or number < empty else text for number, text in enumerate(texts)]
    if "binary" in str(kind):
        values = [None if value is None else value.encode() for value in values]  # type: ignore[misc]
    assert digested(pa.array(values, kind)) == (digest_of(kind, values), values.count(None))


def test_texts_that_are_no_utf8_are_told_apart_too() -> None:
    found = {digested(pa.array([sign] * 2_000, pa.binary()).view(pa.string()))[0] for sign in (b"\xff", b"\xfe", b"")}
    assert len(found) == 3


def test_neighbours_in_long_runs_do_not_cancel() -> None:
    seen = {digested(pa.array(range(start, start + 1000)))[0] for start in range(500)}
    assert len(seen) == 500


PAST = {
    "62264ebae9c4f087": pa.array([1, -1, None]),
    "9a3592b747181078": pa.array([1.5, None]),
    "5b2dcd5b8f57459e": pa.array(["", "Brno", "x" * 200, None]),
    "314261fcd833ab6f": pa.array([Decimal("1.10"), None]),
    "275f74176c8299f4": pa.array([True, False, None]),
    "095de0b6c579769c": pa.array([[1, 2], [], None]),
}


@pytest.mark.parametrize("digits", PAST)
def test_the_digests_of_past_runs_stay_comparable(digits: str) -> None:
    assert f"{digested(PAST[digits])[0]:016x}" == digits
