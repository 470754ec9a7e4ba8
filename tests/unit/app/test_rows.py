"""A person reads every value as it is."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest

from osiris.app.rows import plain, plain_rows


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        (True, "true"),
        (0, "0"),
        (2**63, "9223372036854775808"),
        (1.0, "1.0"),
        (0.1, "0.1"),
        (Decimal("12.50"), "12.50"),
        (Decimal("1E+3"), "1000"),
        (b"\x00\xff", "00ff"),
        ("a\nb", "a\nb"),
        (date(2025, 1, 14), "2025-01-14"),
        (datetime(2025, 1, 14, 8, 5, tzinfo=UTC), "2025-01-14 08:05:00+00:00"),
        (time(8, 5), "08:05:00"),
        (timedelta(hours=1), "1:00:00"),
        ([1, None, Decimal("0.5")], '[1, null, "0.5"]'),
        ({"á": b"\x01"}, '{"á": "01"}'),
    ],
)
def test_a_value_is_read_with_all_its_digits(value: object, text: str | None) -> None:
    assert plain(value) == text


def test_two_columns_of_one_name_are_two_columns() -> None:
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
    assert plain_rows(table) == (("1", "2"),)


def test_times_that_python_does_not_know_are_read_too() -> None:
    table = pa.table(
        {
            "far": pa.array([253_402_300_800, None], pa.timestamp("s")),
            "fine": pa.array([1_736_841_900_000_000_001, None], pa.timestamp("ns")),
        }
    )
    (far, fine), empty = plain_rows(table)
    assert fine == "2025-01-14 08:05:00.000000001"
    assert far == "10000-01-01 00:00:00"
    assert empty == (None, None)


def test_no_rows_are_no_rows() -> None:
    assert plain_rows(pa.table({"a": pa.array([], pa.int64())})) == ()
