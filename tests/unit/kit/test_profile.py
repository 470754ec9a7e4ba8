"""Statistics of rows say what the rows are."""

from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest

from osiris.kit.profile import MOST_VALUES, profiled


def test_a_column_is_told_by_nulls_distinct_values_and_bounds() -> None:
    rows = pa.table(
        {
            "n": pa.array([3, None, 1, 3], pa.int32()),
            "amount": [Decimal("1.50"), None, Decimal("-2.00"), None],
            "day": [date(2024, 2, 29), date(1, 1, 1), None, None],
            "city": ["Brno", "", None, "Brno"],
            "pair": [{"a": float("nan")}, {"a": 1.0}, None, {"a": 1.0}],
        }
    )
    found = profiled("t", rows, exact=True)
    n, amount, day, city, pair = found.columns
    assert (found.table, found.rows, found.exact) == ("t", 4, True)
    assert (n.type, n.nulls, n.distinct, n.minimum, n.maximum, n.values) == ("int32", 0.25, 2, "1", "3", ("1", "3"))
    assert (amount.minimum, amount.maximum) == ("-2.00", "1.50")
    assert (day.minimum, day.maximum) == ("0001-01-01", "2024-02-29")
    assert (city.minimum, city.distinct, city.values) == (None, 2, ("", "Brno"))
    assert pair.distinct == 2


@pytest.mark.parametrize("values", [[str(number) for number in range(MOST_VALUES + 1)], ["x" * 61]])
def test_many_or_long_values_are_not_listed(values: list[str]) -> None:
    assert profiled("t", pa.table({"a": values}), exact=False).columns[0].values == ()


def test_no_rows_have_statistics_too() -> None:
    (column,) = profiled("t", pa.table({"a": pa.array([], pa.float64())}), exact=True).columns
    assert (column.nulls, column.distinct, column.minimum, column.values) == (0.0, 0, None, ())
