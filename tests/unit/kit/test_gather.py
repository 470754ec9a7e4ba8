"""Columns are gathered out of rows of bytes exactly."""

import struct

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osiris.kit.gather import integer, octet, octets, positions, swapped, values

RANGES: dict[tuple[int, pa.DataType], tuple[int, int, str]] = {
    (2, pa.int16()): (-(2**15), 2**15 - 1, "h"),
    (4, pa.int32()): (-(2**31), 2**31 - 1, "i"),
    (8, pa.int64()): (-(2**63), 2**63 - 1, "q"),
    (8, pa.uint64()): (0, 2**64 - 1, "Q"),
}


@given(st.lists(st.binary(max_size=40) | st.none(), max_size=50), st.binary(max_size=5))
def test_values_come_out_of_what_lies_between_them(rows: list[bytes | None], between: bytes) -> None:
    block, start, end = b"", [], []
    for row in rows:
        block += between
        start.append(len(block))
        block += row or b""
        end.append(len(block))
    null = pa.array([row is None for row in rows], pa.bool_())
    found = values(pa.py_buffer(block + b"end"), positions(start), positions(end), pa.binary(), null)
    found.validate(full=True)
    assert found.to_pylist() == rows


def test_texts_are_texts() -> None:
    block = "xžluťoučký🦊y".encode()
    found = values(pa.py_buffer(block), positions([1]), positions([len(block) - 1]), pa.string())
    assert found.to_pylist() == ["žluťoučký🦊"]


@pytest.mark.parametrize("big_endian", [True, False])
@pytest.mark.parametrize(("width", "kind"), RANGES)
def test_integers_of_either_order_are_exact(width: int, kind: pa.DataType, *, big_endian: bool) -> None:
    least, most, code = RANGES[width, kind]
    wanted = [least, most, 0, 1, most // 3]
    block = b"".join(b"?" + struct.pack((">" if big_endian else "<") + code, number) for number in wanted)
    at = positions([1 + (width + 1) * number for number in range(len(wanted))])
    found = integer(octets(pa.py_buffer(block)), at, width, kind, big_endian=big_endian)
    assert found.type == kind
    assert found.to_pylist() == wanted


@pytest.mark.parametrize("width", [1, 2, 3])
def test_fewer_bytes_than_the_type_has_are_a_length_without_a_sign(width: int) -> None:
    found = integer(octets(pa.py_buffer(b"\xff\xff\xff")), positions([0]), width, pa.int32(), big_endian=False)
    assert found.to_pylist() == [256**width - 1]


def test_a_byte_is_a_small_number() -> None:
    assert octet(octets(pa.py_buffer(b"\x00\xfb")), positions([1, 0])).to_pylist() == [0xFB, 0]


@pytest.mark.parametrize(
    ("kind", "code"), [(pa.int16(), "h"), (pa.uint32(), "I"), (pa.int64(), "q"), (pa.float64(), "d")]
)
def test_numbers_whose_highest_byte_comes_first_are_exact(kind: pa.DataType, code: str) -> None:
    wanted = [0, 1, 2**14, 7]
    block = b"".join(b"?" + struct.pack(f">{code}", number) for number in wanted)
    width = struct.calcsize(code)
    at = positions([1 + (width + 1) * place for place in range(len(wanted))])
    found = swapped(pa.py_buffer(block), at, kind)
    assert (found.type, found.to_pylist()) == (kind, wanted)
    assert swapped(pa.py_buffer(block), positions([]), kind).to_pylist() == []
