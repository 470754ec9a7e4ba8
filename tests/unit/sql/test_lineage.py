import sqlite3
from contextlib import closing

import duckdb
import pytest
from tests.unit.sql.shop import DIALECTS, NAMES, benign, duckdb_shop, sqlite_shop

from osiris.model.errors import StatementError
from osiris.sql.lineage import lineage


def of(sql: str, dialect: str = "duckdb") -> dict[str, tuple[str, ...]]:
    return lineage(sql, dialect, NAMES)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_honest_query_has_a_lineage_of_columns_that_exist(dialect: str) -> None:
    known = {f"{table}.{column}" for table, columns in NAMES.items() for column in columns}
    for sql in benign(dialect):
        if "schema" in sql.lower() or "pg_c" in sql or "sqlite_" in sql:
            continue
        assert {source for sources in of(sql, dialect).values() for source in sources} <= known


@pytest.mark.parametrize("dialect", ["duckdb", "sqlite"])
def test_there_is_one_entry_for_each_column_that_the_database_gives_in_its_place(dialect: str) -> None:
    run = duckdb_shop().execute if dialect == "duckdb" else sqlite_shop().execute
    for sql in benign(dialect):
        found = of(sql, dialect)
        if "*" not in found:
            given = [column[0] for column in run(sql).description or ()]
            assert len(found) == len(given), sql
            named = [(at, name) for at, name in enumerate(found) if name.isidentifier() and given.count(name) == 1]
            assert all(given[at] == name for at, name in named), sql


def test_a_column_comes_from_what_its_expression_reads() -> None:
    assert of("SELECT o.id, amount * 2 AS twice, 1 AS one FROM orders o") == {
        "id": ("orders.id",),
        "twice": ("orders.amount",),
        "one": (),
    }


def test_conditions_inside_an_expression_count_and_those_outside_do_not() -> None:
    sql = "SELECT CASE WHEN status = 'x' THEN amount END AS a, sum(id) FILTER (WHERE currency = 'y') AS b "
    assert of(sql + "FROM orders WHERE customer_id > 1 GROUP BY ALL ORDER BY ordered_on") == {
        "a": ("orders.amount", "orders.status"),
        "b": ("orders.currency", "orders.id"),
    }


def test_a_window_counts_with_its_order_and_partition() -> None:
    sql = "SELECT sum(amount) OVER (PARTITION BY status ORDER BY id) AS a FROM orders"
    assert of(sql) == {"a": ("orders.amount", "orders.id", "orders.status")}


def test_lineage_goes_through_subqueries_and_with() -> None:
    sql = "WITH t AS (SELECT customer_id AS c, sum(amount) AS s FROM orders GROUP BY 1) "
    assert of(sql + "SELECT name, s + 1 AS more FROM (SELECT * FROM t) JOIN customers ON c = id") == {
        "name": ("customers.name",),
        "more": ("orders.amount",),
    }


def test_lineage_goes_through_a_recursive_query() -> None:
    sql = "WITH RECURSIVE r AS (SELECT id, salary FROM employees UNION ALL SELECT e.id, r.salary FROM employees e, r) "
    assert of(sql + "SELECT * FROM r") == {"id": ("employees.id",), "salary": ("employees.salary",)}


def test_a_set_operation_takes_values_from_all_sides() -> None:
    assert of("SELECT name FROM customers UNION ALL SELECT status FROM orders") == {
        "name": ("customers.name", "orders.status")
    }
    assert of("SELECT id, name FROM customers UNION ALL BY NAME SELECT name, salary FROM employees") == {
        "id": ("customers.id",),
        "name": ("customers.name", "employees.name"),
        "salary": ("employees.salary",),
    }


def test_a_star_is_spelt_out() -> None:
    assert list(of("SELECT * FROM orders")) == NAMES["orders"]
    assert of(
        "SELECT * EXCLUDE (user_id, kind, payload) REPLACE (user_id AS id) RENAME (seen_at AS t) FROM events"
    ) == {
        "id": ("events.user_id",),
        "t": ("events.seen_at",),
    }


@pytest.mark.parametrize(
    ("join", "sources"),
    [
        ("JOIN", ("customers.id",)),
        ("LEFT JOIN", ("customers.id",)),
        ("RIGHT JOIN", ("orders.id",)),
        ("FULL JOIN", ("customers.id", "orders.id")),
    ],
)
def test_a_column_of_using_comes_from_the_side_that_is_kept(join: str, sources: tuple[str, ...]) -> None:
    assert of(f"SELECT id FROM customers {join} orders USING (id)") == {"id": sources}
    assert list(of(f"SELECT * FROM customers {join} orders USING (id)")).count("id") == 1


def test_a_value_of_a_subquery_counts() -> None:
    assert of("SELECT (SELECT max(amount) FROM orders o WHERE o.customer_id = c.id) AS m FROM customers c") == {
        "m": ("orders.amount",)
    }


def test_structures_lambdas_and_rows_of_functions_count() -> None:
    assert of("SELECT dims.width AS w, list_transform(tags, lambda x: x || name) AS l FROM products") == {
        "w": ("products.dims",),
        "l": ("products.name", "products.tags"),
    }
    assert of("SELECT tag FROM products p, unnest(p.tags) AS t(tag)") == {"tag": ("products.tags",)}
    assert of("SELECT j.value FROM events e, json_each(e.payload) j") == {"value": ("events.payload",)}
    assert of("SELECT name.upper() AS n, to_json(customers) AS j FROM customers")["n"] == ("customers.name",)


def test_an_alias_of_the_select_list_counts() -> None:
    assert of("SELECT amount * 2 AS twice, twice + 1 AS more FROM orders")["more"] == ("orders.amount",)


def test_values_count() -> None:
    assert of("SELECT a, b FROM (VALUES (1, 2)) AS v(a, b)") == {"a": (), "b": ()}
    assert of("VALUES (1, 2)", "postgres") == {"column1": (), "column2": ()}


def test_columns_that_can_not_be_listed_are_a_star() -> None:
    assert of("PIVOT events ON kind USING count(*)") == {"*": tuple(sorted(f"events.{c}" for c in NAMES["events"]))}
    assert of("SELECT COLUMNS(* EXCLUDE (id, user_id, seen_at, payload)) FROM events") == {"*": ("events.kind",)}
    assert list(of("SELECT * LIKE '%_id' FROM orders")) == ["*"]
    assert lineage("SELECT * FROM t", "duckdb", {}) == {"*": ("t.*",)}
    assert lineage("SELECT * FROM t", "duckdb", {"t": []}) == {"*": ("t.*",)}


def test_a_column_of_a_table_that_is_not_known_is_named() -> None:
    assert lineage("SELECT x.a, b FROM s.t AS x", "duckdb", {}) == {"a": ("s.t.a",), "b": ("s.t.b",)}


def test_where_it_can_not_be_told_all_candidates_are_named() -> None:
    assert lineage("SELECT a FROM t, u", "duckdb", {}) == {"a": ("t.a", "u.a")}


def test_tables_are_named_as_keyed() -> None:
    tables = {"Sales.Orders": ["Amount"]}
    assert lineage("SELECT amount FROM sales.orders", "mysql", tables) == {"amount": ("Sales.Orders.Amount",)}


def test_columns_of_one_name_are_told_apart() -> None:
    assert of("SELECT c.id, o.id, 1 AS id_1 FROM customers c, orders o") == {
        "id": ("customers.id",),
        "id_1": ("orders.id",),
        "id_1_1": (),
    }


def test_a_column_without_a_name_has_its_text() -> None:
    assert list(of("SELECT count(*), sum(amount), amount + 1 FROM orders")) == [
        "count_star()",
        "sum(amount)",
        "amount + 1",
    ]


def test_a_query_that_can_not_be_parsed_is_an_error() -> None:
    with pytest.raises(StatementError):
        of("SELECT FROM WHERE")


TABLES = {"a": ["p", "x", "y"], "b": ["q", "y", "x"], "c": ["y", "r", "p"]}
MERGED = {
    "SELECT * FROM a JOIN b USING (y)": ("p x y q x", "y p x q x", "y p x q x"),
    "SELECT * FROM a JOIN b USING (y, x)": ("p x y q", "y x p q", "x y p q"),
    "SELECT * FROM a LEFT JOIN b USING (y)": ("p x y q x", "y p x q x", "y p x q x"),
    "SELECT * FROM a NATURAL JOIN b": ("p x y q", "x y p q", "x y p q"),
    "SELECT * FROM a NATURAL JOIN b NATURAL JOIN c": ("p x y q r", "y p x q r", "y p x q r"),
    "SELECT * FROM a JOIN b USING (x, y) JOIN c USING (p)": ("p x y q y r", "p x y q y r", "p x y q y r"),
    "SELECT * FROM a JOIN b USING (x) CROSS JOIN c": ("p x y q y y r p", "x p y q y y r p", "x p y q y y r p"),
    "SELECT b.*, a.* FROM a JOIN b USING (x)": ("q y x p x y", "q y x p x y", "q y x p x y"),
}


@pytest.mark.parametrize("sql", MERGED)
def test_a_star_over_merged_columns_gives_each_in_its_place(sql: str) -> None:
    """As DuckDB 2.0 and SQLite 3.50, PostgreSQL 17 and MariaDB 11 list them; the first two are asked."""
    in_place, postgres, mysql = MERGED[sql]
    with closing(duckdb.connect()) as duck, closing(sqlite3.connect(":memory:")) as lite:
        for dialect, db in (("duckdb", duck), ("sqlite", lite)):
            for table, columns in TABLES.items():
                db.execute(f"CREATE TABLE {table} ({', '.join(f'{name} int' for name in columns)})")
            assert " ".join(column[0] for column in db.execute(sql).description or ()) == in_place
            assert _listed(sql, dialect) == in_place
    assert _listed(sql, "postgres") == postgres
    assert _listed(sql, "mysql") == mysql


def _listed(sql: str, dialect: str) -> str:
    return " ".join(name.partition("_")[0] for name in lineage(sql, dialect, TABLES))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_joins_in_brackets_merged_is_not_the_left_side_s(dialect: str) -> None:
    bracket = "(b JOIN c USING (y))"
    assert lineage(f"SELECT y FROM a LEFT JOIN {bracket} USING (y)", dialect, TABLES) == {"y": ("a.y",)}
    assert lineage(f"SELECT y FROM a RIGHT JOIN {bracket} USING (y)", dialect, TABLES) == {"y": ("b.y",)}
    both = "SELECT y FROM a FULL JOIN (b FULL JOIN c USING (y)) USING (y)"
    assert lineage(both, dialect, TABLES) == {"y": ("a.y", "b.y", "c.y")}
    two = f"SELECT * FROM a JOIN b AS d USING (y) JOIN {bracket} ON a.p = c.p"
    assert lineage(two, dialect, TABLES)["y"] == ("a.y",)


def test_a_set_operation_goes_by_the_place_of_merged_columns() -> None:
    sql = "SELECT * FROM a JOIN b USING (y, x) UNION ALL SELECT p, p, p, r FROM c"
    assert lineage(sql, "duckdb", TABLES)["q"] == ("b.q", "c.r")
    assert lineage(sql, "duckdb", TABLES)["y"] == ("a.y", "c.p")


def test_a_star_without_the_column_of_one_table_keeps_that_of_the_other() -> None:
    join = "FROM customers c JOIN employees e ON e.id = c.id"
    assert lineage(f"SELECT * EXCLUDE (e.id, name) {join}", "duckdb", NAMES)["id"] == ("customers.id",)
    assert of(f"SELECT id FROM (SELECT * EXCLUDE (c.id) {join})") == {"id": ("employees.id",)}
    assert "id" not in of(f"SELECT * EXCLUDE (id) {join}")
    assert "id" not in of(f"SELECT c.* EXCLUDE (c.id) {join}")
