"""What lies behind the connections, told step by step."""

from pathlib import Path

import pytest
from tests.unit.app.projects import make, opened, with_shop

from osiris.app.catalogue import (
    DescribeTables,
    FindTables,
    Overview,
    ProfileTable,
    QuerySample,
    describe_tables,
    find_tables,
    overview,
    profile_table,
    query_sample,
)
from osiris.model.errors import ConfigError, OsirisError, StatementError, UsageError

SHOP = "@duckdb.shop"


def test_the_overview_names_each_connections_tables(tmp_path: Path) -> None:
    shop, local = overview(opened(with_shop(tmp_path)), Overview()).connections
    assert (shop.connection, shop.tables, shop.tables_total) == (SHOP, ("customers", "orders"), 2)
    assert (local.connection, local.tables) == ("@filesystem.local", ())
    assert "files, not tables" in local.problem


def test_the_overview_says_who_does_not_answer(tmp_path: Path) -> None:
    shop, _ = overview(opened(make(tmp_path)), Overview()).connections
    assert shop.tables == ()
    assert shop.problem


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("customer", ["customers", "orders"]),
        ("AMOUNT", ["orders"]),
        ("orders name", ["orders", "customers"]),
        ("", ["customers", "orders"]),
        ("nothing-like-it", []),
    ],
)
def test_tables_are_found_by_words_best_first(tmp_path: Path, words: str, found: list[str]) -> None:
    project = opened(with_shop(tmp_path))
    for connection in ("", SHOP, "@duckdb"):
        answer = find_tables(project, FindTables(words=words, connection=connection))
        assert [table.table for table in answer.tables] == found
        assert answer.total == len(found)


def test_a_table_found_tells_its_size_and_why(tmp_path: Path) -> None:
    table = find_tables(opened(with_shop(tmp_path)), FindTables(words="amount")).tables[0]
    assert (table.connection, table.rows, table.columns, table.matches) == (SHOP, 30, 3, ("amount",))


def test_a_search_in_one_connection_says_that_it_does_not_answer(tmp_path: Path) -> None:
    project = opened(make(tmp_path))
    assert find_tables(project, FindTables(words="")).tables == ()
    with pytest.raises(OsirisError):
        find_tables(project, FindTables(words="", connection=SHOP))


def test_tables_are_described_in_the_order_asked_for(tmp_path: Path) -> None:
    answer = describe_tables(
        opened(with_shop(tmp_path)), DescribeTables(connection="@duckdb", tables=("ORDERS", "customers"))
    )
    assert (answer.connection, answer.dialect) == (SHOP, "duckdb")
    assert [table.name for table in answer.tables] == ["orders", "customers"]
    assert [column.name for column in answer.tables[0].columns] == ["id", "customer_id", "amount"]
    assert answer.tables[1].primary_key == ("id",)


@pytest.mark.parametrize(("name", "hint"), [("custmers", "did you mean customers"), ("x", "tables: customers, orders")])
def test_a_table_that_is_not_there_is_answered_with_those_that_are(tmp_path: Path, name: str, hint: str) -> None:
    with pytest.raises(UsageError, match=f"@duckdb.shop has no table '{name}'") as caught:
        describe_tables(opened(with_shop(tmp_path)), DescribeTables(connection=SHOP, tables=(name,)))
    assert hint in caught.value.hint


def test_a_table_is_profiled(tmp_path: Path) -> None:
    profile = profile_table(opened(with_shop(tmp_path)), ProfileTable(connection=SHOP, table="customers"))
    assert (profile.rows, profile.exact) == (2, True)
    assert {column.name: column.nulls for column in profile.columns} == {"id": 0.0, "name": 0.5}


def test_a_query_gives_its_first_rows(tmp_path: Path) -> None:
    project = opened(with_shop(tmp_path))
    rows = query_sample(project, QuerySample(connection=SHOP, sql="SELECT id, amount FROM orders ORDER BY id", limit=2))
    assert (rows.columns, rows.rows, rows.cut) == (("id", "amount"), (("0", "0.50"), ("1", "0.50")), True)
    assert rows.types == ("int64", "decimal128(10, 2)")
    all_rows = query_sample(project, QuerySample(connection=SHOP, sql="SELECT name FROM customers ORDER BY id"))
    assert (all_rows.rows, all_rows.cut) == ((("Ada",), (None,)), False)


@pytest.mark.parametrize("sql", ["DROP TABLE orders", "SELECT 1; SELECT 2", "SELECT * FROM read_csv('/etc/passwd')"])
def test_a_query_that_is_not_one_plain_select_is_refused(tmp_path: Path, sql: str) -> None:
    with pytest.raises(StatementError):
        query_sample(opened(with_shop(tmp_path)), QuerySample(connection=SHOP, sql=sql))


def test_files_are_not_asked(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds files, not tables"):
        query_sample(opened(make(tmp_path)), QuerySample(connection="@filesystem", sql="SELECT 1"))


def test_strangers_are_not_asked(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        find_tables(opened(make(tmp_path)), FindTables(words="", connection="@duckdb.crm"))
