"""The texts that a query filters by, with the columns that they are compared with."""

import pytest

from osiris.sql.filters import Compared, compared


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("SELECT 1 FROM orders WHERE status = 'paid'", [("orders", "status", "paid")]),
        ("SELECT 1 FROM orders o WHERE 'paid' <> o.status", [("orders", "status", "paid")]),
        (
            "SELECT 1 FROM s.orders WHERE status IN ('a', 'b')",
            [("s.orders", "status", "a"), ("s.orders", "status", "b")],
        ),
        (
            "SELECT 1 FROM orders o JOIN people p ON p.id = o.id WHERE p.city = 'Brno' AND kind = 'x'",
            [("people", "city", "Brno"), ("", "kind", "x")],
        ),
        ("SELECT CASE WHEN status = 'x' THEN 1 END FROM orders", [("orders", "status", "x")]),
        ("SELECT 1 FROM orders WHERE lower(status) = 'paid'", []),
        ("SELECT 1 FROM orders WHERE amount = 3 AND a = b", []),
        ("SELECT 1 FROM (SELECT * FROM orders) t WHERE t.status = 'paid'", [("", "status", "paid")]),
        ("SELECT 1 WHERE 'a' = 'a'", []),
        ("SELECT 1 FROM orders WHERE status IN (SELECT 'a')", []),
    ],
)
def test_what_is_compared_is_found(sql: str, found: list[tuple[str, str, str]]) -> None:
    assert [(one.table, one.column, one.text) for one in compared(sql, "duckdb")] == found


def test_the_line_is_told_and_nothing_twice() -> None:
    sql = "SELECT 1 FROM orders\nWHERE status = 'a'"
    assert compared(sql, "sqlite") == (Compared("orders", "status", "a", 2),)
