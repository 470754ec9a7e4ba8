"""What the desk tells of a database: the same types that the extractor delivers, at bounded cost."""

import pytest
from tests.services.postgres import ask
from tests.services.shared import Server
from tests.unit.components.postgres.servers import HERE, connection, extractor, stranger

from osiris.components.postgres.desk import MOST_BYTES, catalogue, profile, query
from osiris.model.errors import AuthorError, CheckFailed, SourceError, StatementError

EVERY_TYPE = [
    "bool", "int2", "int4", "int8", "oid", "float4", "float8", "numeric", "numeric(5,2)", "numeric(50,4)",
    "numeric(90,4)", "money", "text", "varchar(9)", "char(3)", '"char"', "name", "bytea", "date", "time", "time(3)",
    "timetz", "timestamp", "timestamp(0)", "timestamptz", "interval", "uuid", "json", "jsonb", "xml", "inet", "cidr",
    "macaddr", "bit(3)", "varbit", "int4range", "point", "tsvector", "int4[]", "text[][]", "numeric(5,2)[]", "box[]",
    "uuid[]", "amount", "large_amount", "amount[]", "mood", "mood[]", "pair",
]  # fmt: skip


def test_the_catalogue_has_the_types_that_the_extractor_delivers(at: Server) -> None:
    ask(
        at,
        "CREATE DOMAIN amount AS numeric(12, 2)",
        "CREATE DOMAIN large_amount AS amount",
        "CREATE TYPE mood AS ENUM ('sad')",
        "CREATE TYPE pair AS (a int, b text)",
        f"CREATE TABLE t ({', '.join(f'c{place} {kind}' for place, kind in enumerate(EVERY_TYPE))})",
    )
    table = catalogue(connection(at), HERE).table("t")
    assert table is not None
    survey = extractor(at, table="t").survey()
    assert [(c.name, c.type) for c in table.columns] == [(c.name, c.type) for c in survey.columns]
    said = dict(zip(EVERY_TYPE, (c.source_type for c in table.columns), strict=True))
    assert said["numeric(5,2)"] == "numeric(5,2)"
    assert said["char(3)"] == "character(3)"
    assert said["large_amount"] == "large_amount"


def test_the_catalogue_tells_keys_comments_views_and_estimates(at: Server) -> None:
    ask(
        at,
        "CREATE SCHEMA sales",
        "CREATE TABLE customers (id int, region int, city text NOT NULL, PRIMARY KEY (region, id))",
        "COMMENT ON TABLE customers IS 'who buys'",
        "COMMENT ON COLUMN customers.city IS 'where they live'",
        "CREATE TABLE sales.orders (id int PRIMARY KEY, other int REFERENCES sales.orders, day date)",
        "CREATE TABLE lines (order_id int REFERENCES sales.orders (id), n int)",
        "CREATE VIEW cities AS SELECT DISTINCT city FROM customers",
        "CREATE TABLE parts (n int) PARTITION BY LIST (n)",
        "CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1)",
        "INSERT INTO customers SELECT i, 1, 'Brno' FROM generate_series(1, 500) AS s(i)",
        "ANALYZE customers",
    )
    found = catalogue(connection(at), HERE)
    assert [(t.namespace, t.name, t.kind) for t in found.tables] == [
        ("", "cities", "view"),
        ("", "customers", "table"),
        ("", "lines", "table"),
        ("", "parts", "table"),
        ("sales", "orders", "table"),
    ]
    customers, orders, lines = found.table("customers"), found.table("orders"), found.table("lines")
    assert customers is not None
    assert orders is not None
    assert lines is not None
    assert customers.primary_key == ("region", "id")
    assert (customers.comment, customers.rows, lines.rows) == ("who buys", 500, None)
    assert [(c.name, c.nullable, c.comment) for c in customers.columns] == [
        ("id", False, ""),
        ("region", False, ""),
        ("city", False, "where they live"),
    ]
    assert orders.references == {"other": "sales.orders.id"}
    assert lines.references == {"order_id": "sales.orders.id"}
    assert found.dialect == "postgres"
    assert [t.namespace for t in catalogue(connection(at, schema="sales"), HERE).tables][-1] == ""


def test_the_catalogue_leaves_out_what_this_user_may_not_read(at: Server) -> None:
    ask(at, "CREATE TABLE open (a int)", "CREATE TABLE shut (a int)", "CREATE TABLE half (a int, b int)")
    with stranger(at) as other:
        ask(at, f"GRANT SELECT ON open TO {other.user}", f"GRANT SELECT (a) ON half TO {other.user}")
        assert [t.name for t in catalogue(connection(other), HERE).tables] == ["half", "open"]


@pytest.mark.slow
def test_two_thousand_tables_are_told_in_one_go(at: Server) -> None:
    one = "CREATE TABLE t' || i || ' (id int PRIMARY KEY, a text, b numeric(9, 2), c date)"
    ask(at, f"DO $$BEGIN FOR i IN 1..2000 LOOP EXECUTE '{one}'; END LOOP; END$$")
    found = catalogue(connection(at), HERE)
    assert len(found.tables) == 2000
    assert all(len(table.columns) == 4 and table.primary_key == ("id",) for table in found.tables)


def test_a_profile_tells_nulls_distinct_values_and_bounds(at: Server) -> None:
    ask(
        at,
        "CREATE TABLE t (n int, amount numeric(9, 2), city text, day date, j jsonb, l int[], b bytea, long text)",
        "INSERT INTO t SELECT i, i * 1.5, CASE i % 3 WHEN 0 THEN NULL WHEN 1 THEN 'Brno' ELSE 'Praha' END, "
        "CASE WHEN i = 5 THEN 'infinity' ELSE DATE '2024-01-01' + i END, '{\"a\": 1}', ARRAY[i % 2], 'x', "
        "repeat('y', 100) FROM generate_series(1, 90) AS s(i)",
    )
    found = profile(connection(at), HERE, "t", 1000)
    assert (found.table, found.rows, found.exact) == ("t", 90, True)
    columns = {column.name: column for column in found.columns}
    assert (columns["n"].minimum, columns["n"].maximum, columns["n"].distinct) == ("1", "90", 90)
    assert (columns["amount"].minimum, columns["amount"].maximum) == ("1.50", "135.00")
    assert columns["city"].nulls == pytest.approx(1 / 3)
    assert columns["city"].values == ("Brno", "Praha")
    assert (columns["city"].minimum, columns["city"].maximum) == (None, None)
    assert columns["day"].minimum == "2024-01-02"
    assert columns["j"].distinct == 1
    assert columns["l"].distinct == 2
    assert columns["long"].values == ()
    assert profile(connection(at), HERE, "t", 10).rows == 10
    assert not profile(connection(at), HERE, "t", 10).exact
    assert profile(connection(at), HERE, "t", 90).exact


def test_a_profile_of_an_empty_table_is_one(at: Server) -> None:
    ask(at, "CREATE TABLE t (n int)")
    found = profile(connection(at), HERE, "t", 10)
    assert (found.rows, found.exact, found.columns[0].nulls, found.columns[0].minimum) == (0, True, 0.0, None)
    with pytest.raises(SourceError, match="nowhere"):
        profile(connection(at), HERE, "nowhere", 10)


@pytest.mark.slow
def test_a_profile_stops_before_it_has_read_too_much(at: Server) -> None:
    ask(at, "CREATE TABLE t AS SELECT repeat('x', 4000000) || i AS a FROM generate_series(1, 40) AS s(i)")
    found = profile(connection(at), HERE, "t", 1000)
    assert 0 < found.rows * 4_000_000 < 2 * MOST_BYTES
    assert not found.exact


def test_a_question_gets_its_first_rows(shared: Server) -> None:
    sql = "SELECT i, i * 1.5 AS n FROM generate_series(1, 100) AS s(i) ORDER BY i DESC;"
    rows, cut = query(connection(shared), HERE, sql, 2)
    assert rows.to_pydict() == {"i": [100, 99], "n": ["150.0", "148.5"]}
    assert cut
    _, cut = query(connection(shared), HERE, sql, 100)
    assert not cut


def test_a_question_may_not_change_anything_and_is_told_what_is_wrong(shared: Server) -> None:
    with pytest.raises(StatementError):
        query(connection(shared), HERE, "DROP TABLE t", 1)
    with pytest.raises(AuthorError, match="nobody") as caught:
        query(connection(shared), HERE, "SELECT\n nobody", 1)
    assert caught.value.where == "query, line 2, column 2"
    with pytest.raises(CheckFailed, match="'d'"):
        query(connection(shared), HERE, "SELECT DATE 'infinity' AS d", 1)
