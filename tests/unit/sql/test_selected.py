"""A query that only selects columns has the types of the catalogue; for any other nothing is guessed."""

import pytest

from osiris.model.catalogue import Column, Table
from osiris.sql.selected import everything_of, selected

ORDERS = Table(
    name="orders",
    columns=(
        Column(name="id", type="int64", nullable=False, source_type="BIGINT", comment="the key"),
        Column(name="amount", type="decimal128(10, 2)"),
        Column(name="Note", type="string"),
    ),
)
CUSTOMERS = Table(name="customers", namespace="crm", columns=(Column(name="id", type="int32"),))
SHOP = (ORDERS, CUSTOMERS)


def types(sql: str, dialect: str = "mysql") -> dict[str, str] | None:
    found = selected(sql, dialect, SHOP)
    return None if found is None else {column.name: column.type for column in found}


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT id FROM orders", {"id": "int64"}),
        ("SELECT DISTINCT o.Note AS n FROM orders o WHERE o.id > 3 ORDER BY 1 LIMIT 2", {"n": "string"}),
        ("SELECT * FROM orders", {"id": "int64", "amount": "decimal128(10, 2)", "Note": "string"}),
        ("SELECT c.id AS c, o.id FROM orders o LEFT JOIN crm.customers c ON true", {"c": "int32", "id": "int64"}),
        ("SELECT c.* FROM orders o, crm.customers c", {"id": "int32"}),
        ("SELECT id FROM orders GROUP BY id HAVING count(*) > 1", {"id": "int64"}),
    ],
)  # fmt: skip
def test_plain_columns_have_the_types_of_the_catalogue(sql: str, expected: dict[str, str]) -> None:
    assert types(sql) == expected


def test_any_column_may_be_null_and_says_nothing_more() -> None:
    assert selected("SELECT id FROM orders", "mysql", SHOP) == (Column(name="id", type="int64"),)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT amount + 1 FROM orders",
        "SELECT sum(amount) AS amount FROM orders",
        "SELECT CAST(id AS CHAR) AS id FROM orders",
        "SELECT 1 AS id",
        "SELECT id, (SELECT 1) AS one FROM orders",
        "SELECT id FROM (SELECT 'x' AS id) AS orders",
        "WITH orders AS (SELECT 'x' AS id) SELECT id FROM orders",
        "SELECT id FROM orders UNION SELECT id FROM crm.customers",
        "SELECT o.id FROM orders o JOIN crm.customers c USING (id)",
        "SELECT o.id FROM orders o NATURAL JOIN crm.customers c",
        "SELECT o.id, c.id FROM orders o, crm.customers c",
        "SELECT o.*, c.* FROM orders o, crm.customers c",
        "SELECT nothing FROM orders",
        "SELECT id FROM nowhere",
        "SELECT orders FROM orders",
        "SELECT id FROM",
        "SELECT row_number() OVER (ORDER BY id) AS id FROM orders",
    ],
)
@pytest.mark.parametrize("dialect", ["mysql", "postgres"])
def test_nothing_is_guessed(sql: str, dialect: str) -> None:
    assert types(sql, dialect) is None


@pytest.mark.parametrize("sql", ["SELECT * EXCLUDE (id) FROM orders", "SELECT * REPLACE (1 AS id) FROM orders"])
def test_a_star_that_leaves_out_or_replaces_is_not_guessed(sql: str) -> None:
    assert types(sql, "duckdb") is None


def test_postgresql_folds_names_that_are_not_quoted() -> None:
    assert types("SELECT ID FROM orders", "postgres") == {"id": "int64"}
    assert types('SELECT "Note" AS "Said" FROM orders', "postgres") == {"Said": "string"}
    assert types("SELECT Note FROM orders", "postgres") is None


@pytest.mark.parametrize(
    ("dialect", "expected"),
    [
        ("mysql", "SELECT * FROM `crm`.`customers` LIMIT 3"),
        ("postgres", 'SELECT * FROM "crm"."customers" LIMIT 3'),
    ],
)
def test_a_table_is_asked_for_in_the_words_of_its_dialect(dialect: str, expected: str) -> None:
    assert everything_of(CUSTOMERS, dialect, 3) == expected


def test_a_name_can_not_break_out_of_its_quotes() -> None:
    asked = everything_of(Table(name='x"; DROP TABLE y; --'), "postgres", 1)
    assert asked == 'SELECT * FROM "x""; DROP TABLE y; --" LIMIT 1'
