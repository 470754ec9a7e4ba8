from random import Random

import pytest
from tests.unit.sql.shop import DIALECTS, NAMES, TABLES, benign

from osiris.model.catalogue import Column, Table
from osiris.model.errors import StatementError
from osiris.sql.names import TableName, Unresolved, tables_of, unresolved
from osiris.sql.tree import tokens


def said(sql: str, dialect: str = "duckdb", tables: tuple[Table, ...] = TABLES) -> Unresolved:
    """Return the one thing that is wrong with the names of a query."""
    (found,) = unresolved(sql, dialect, tables)
    return found


def silent(sql: str, dialect: str = "duckdb", tables: tuple[Table, ...] = TABLES) -> bool:
    return unresolved(sql, dialect, tables) == ()


def table(name: str, *columns: str, namespace: str = "") -> Table:
    return Table(name=name, namespace=namespace, columns=tuple(Column(name=c, type="") for c in columns))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_no_honest_query_is_called_wrong(dialect: str) -> None:
    assert {sql: found for sql in benign(dialect) if (found := unresolved(sql, dialect, TABLES))} == {}


def test_a_wrong_column_has_its_place_and_its_nearest_names() -> None:
    found = said("SELECT id,\n  amuont FROM orders")
    assert (found.kind, found.name, found.line, found.column) == ("column", "amuont", 2, 3)
    assert found.message == "there is no column 'amuont' in orders"
    assert found.hint == "did you mean amount?"
    assert found.nearest == ("amount",)


def test_a_column_of_another_table_is_offered_with_that_table() -> None:
    found = said("SELECT customers.amount FROM customers JOIN orders ON orders.customer_id = customers.id")
    assert found.message == "customers has no column 'amount'"
    assert found.hint == "did you mean orders.amount?"


def test_a_wrong_column_behind_an_alias_is_offered_with_the_alias() -> None:
    assert said("SELECT c.nmae FROM customers c").nearest == ("c.name",)


def test_a_column_that_looks_like_none_lists_what_there_is() -> None:
    assert said("SELECT zzzz FROM events").hint == "there is id, user_id, kind, seen_at, payload"
    assert said("SELECT e.zzzz FROM events e").hint == "there is id, user_id, kind, seen_at, payload"
    wide = table("wide", *(f"c{i}" for i in range(20)))
    assert said("SELECT zzzz FROM wide", tables=(wide,)).hint.endswith(", …")


def test_a_column_without_from_is_wrong() -> None:
    found = said("SELECT zzzz")
    assert found.message == "there is no column 'zzzz' in a query without FROM"
    assert found.hint == "add a table to FROM"


def test_a_wrong_table_is_offered_the_nearest() -> None:
    found = said("SELECT * FROM custmers")
    assert (found.kind, found.nearest, found.column) == ("table", ("customers",), 15)
    assert found.hint == "did you mean customers?"
    assert said("SELECT * FROM zzzz").hint.startswith("there is customers, orders")
    assert said("SELECT * FROM zzzz", tables=()).hint == "there are no tables here"


def test_a_wrong_name_of_with_is_offered_that_name() -> None:
    assert said("WITH recent AS (SELECT 1 AS a) SELECT a FROM recnt").nearest == ("recent",)


def test_a_wrong_table_says_nothing_of_its_columns() -> None:
    assert said("SELECT x.anything, another FROM zzzz AS x").kind == "table"


def test_a_name_before_the_point_that_is_not_in_from_is_wrong() -> None:
    assert said("SELECT x.id FROM orders").message == "nothing in FROM is called 'x'"
    assert said("SELECT x.id FROM orders").nearest == ("orders.id",)
    assert said("SELECT ordrs.id FROM orders").nearest[0] == "orders"
    assert said("SELECT ordrs.* FROM orders").message == "nothing in FROM is called 'ordrs'"
    assert said("SELECT x.zzzz").hint == "add it to FROM"
    assert said("SELECT x.zzzz FROM orders").hint == "FROM has orders"


def test_a_column_of_two_tables_is_ambiguous() -> None:
    found = said("SELECT id FROM customers c JOIN orders o ON o.customer_id = c.id")
    assert (found.kind, found.nearest) == ("ambiguous", ("c.id", "o.id"))
    assert found.hint == "write c.id or o.id"
    found = said("SELECT a FROM (SELECT 1 AS a), (SELECT 2 AS a)")
    assert found.message == "'a' is a column of a subquery and a subquery"
    assert found.hint == "give the subqueries names, and use them"


def test_using_and_natural_make_one_column_of_two() -> None:
    assert silent("SELECT id FROM customers JOIN orders USING (id)")
    assert silent("SELECT id FROM customers NATURAL JOIN orders")
    assert silent("SELECT id FROM customers JOIN orders USING (id) JOIN products USING (id)")
    assert said("SELECT 1 FROM customers JOIN orders USING (nmae)").kind == "column"


def test_an_ambiguous_column_is_plain_where_the_select_list_gives_that_name() -> None:
    sql = "SELECT c.id FROM customers c JOIN orders o ON o.customer_id = c.id ORDER BY id"
    assert all(silent(sql, dialect) for dialect in DIALECTS)


def test_a_join_on_columns_that_may_be_anything_is_never_ambiguous() -> None:
    tables = (table("a"), table("b", "x"))
    assert silent("SELECT x FROM a NATURAL JOIN b", tables=tables)
    assert silent("SELECT anything FROM a JOIN b USING (x)", tables=tables)


def test_an_unknown_function_is_found_and_a_dangerous_one_left_to_the_guard() -> None:
    found = said("SELECT ruond(amount) FROM orders")
    assert (found.kind, found.column) == ("function", 8)
    assert "round" in found.nearest
    assert silent("SELECT pg_sleep(1)", "postgres")


def test_names_of_the_select_list_are_known_where_the_dialect_knows_them() -> None:
    where = "SELECT amount * 2 AS twice FROM orders WHERE twice > 1"
    assert [silent(where, dialect) for dialect in DIALECTS] == [True, True, False, False]
    having = "SELECT status, sum(amount) AS s FROM orders GROUP BY status HAVING s > 1"
    assert [silent(having, dialect) for dialect in DIALECTS] == [True, True, True, False]
    again = "SELECT amount * 2 AS twice, twice + 1 AS more FROM orders"
    assert [silent(again, dialect) for dialect in DIALECTS] == [True, False, False, False]
    order = "SELECT amount * 2 AS twice FROM orders ORDER BY twice"
    assert [silent(order, dialect) for dialect in DIALECTS] == [True, True, True, True]


def test_a_subquery_sees_what_is_around_it_and_nothing_beside_it() -> None:
    assert silent("SELECT (SELECT max(amount) FROM orders WHERE customer_id = c.id) FROM customers c")
    beside = "SELECT * FROM customers c, (SELECT * FROM orders o WHERE o.customer_id = c.id) AS x"
    assert not silent(beside, "postgres")
    assert silent(beside, "duckdb")
    assert silent(beside.replace("(SELECT", "LATERAL (SELECT"), "postgres")


def test_the_right_side_of_a_semi_join_is_gone_afterwards() -> None:
    join = "FROM customers c SEMI JOIN orders o ON o.customer_id = c.id"
    assert silent(f"SELECT id {join}")
    assert said(f"SELECT o.amount {join}").kind == "table"


def test_a_recursive_query_sees_itself() -> None:
    sql = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT {} + 1 FROM r WHERE n < 9) SELECT n FROM r"
    assert silent(sql.format("n"))
    assert said(sql.format("m")).name == "m"
    assert silent("WITH RECURSIVE r AS (SELECT * FROM r) SELECT anything FROM r")


def test_a_name_of_with_hides_a_table_and_is_known_only_afterwards() -> None:
    assert silent("WITH orders AS (SELECT 1 AS a) SELECT a FROM orders")
    assert silent("WITH a AS (SELECT 1 AS x), b AS (SELECT x FROM a) SELECT x FROM b")
    assert said("WITH b AS (SELECT x FROM a), a AS (SELECT 1 AS x) SELECT x FROM b").name == "a"


def test_a_star_gives_the_columns_of_its_tables() -> None:
    assert said("SELECT zzzz FROM (SELECT * FROM orders) AS o").kind == "column"
    assert silent("SELECT amount, name FROM (SELECT o.*, c.name FROM orders o, customers c)")
    assert said("SELECT status FROM (SELECT * EXCLUDE (status) FROM orders)").name == "status"
    assert silent("SELECT state FROM (SELECT * RENAME (status AS state) FROM orders)")


@pytest.mark.parametrize("change", ["EXCLUDE (sttus)", "REPLACE (1 AS sttus)", "RENAME (sttus AS state)"])
def test_a_star_can_only_change_a_column_that_it_has(change: str) -> None:
    assert said(f"SELECT * {change} FROM orders").nearest[0] == "status"
    assert said(f"SELECT orders.* {change} FROM orders").nearest[0] == "status"


def test_a_set_operation_has_the_names_of_its_first_query() -> None:
    assert said("SELECT id FROM (SELECT name FROM customers UNION SELECT status FROM orders)").name == "id"
    assert silent("SELECT a, b FROM (SELECT 1 AS a UNION BY NAME SELECT 2 AS b)")
    assert silent("SELECT name FROM customers UNION SELECT name FROM employees ORDER BY name")
    assert not silent("SELECT name FROM customers UNION SELECT name FROM employees ORDER BY salary", "postgres")


def test_columns_that_can_not_be_known_are_never_wrong() -> None:
    assert silent("SELECT paid FROM (PIVOT orders ON status USING sum(amount))")
    assert silent("SELECT anything FROM json_each('[]') AS j")
    assert silent("SELECT count FROM (SELECT count(*) FROM orders)", "postgres")
    assert silent("SELECT anything FROM t", tables=(table("t"),))
    assert silent("SELECT nspname FROM pg_catalog.pg_namespace", "postgres", ())


def test_the_columns_that_a_pivot_reads_are_known() -> None:
    assert said("PIVOT orders ON sttus USING sum(amount)").name == "sttus"
    assert said("SELECT * FROM orders PIVOT (sum(amuont) FOR status IN ('a'))").name == "amuont"
    assert said("SELECT * FROM order_lines UNPIVOT (v FOR n IN (quantty, line))").name == "quantty"
    assert said("UNPIVOT order_lines ON quantty INTO NAME n VALUE v").name == "quantty"


def test_an_alias_may_be_names_of_columns_alone() -> None:
    assert silent("SELECT a, b FROM json_to_record('{}') AS (a int, b text)", "postgres")


def test_names_that_an_alias_gives_replace_the_old_ones() -> None:
    assert silent("SELECT a, amount FROM orders AS o(a, b)")
    assert said("SELECT id FROM orders AS o(a, b)").name == "id"
    assert said("SELECT x FROM unnest([1]) AS t(y)").name == "x"
    assert silent("SELECT y FROM unnest([1]) AS t(y)")
    assert silent("SELECT a FROM (VALUES (1, 2)) AS v(a, b)")
    assert said("SELECT c FROM (VALUES (1, 2)) AS v(a, b)").name == "c"


def test_fields_of_structures_and_names_of_lambdas_are_understood() -> None:
    assert silent("SELECT dims.width, p.dims.width, dims['width'] FROM products p")
    assert said("SELECT dimz.width FROM products").nearest == ("dims",)
    assert silent("SELECT list_transform(tags, lambda x: x.a || name), [y FOR y IN tags] FROM products")
    assert said("SELECT list_transform(tags, lambda x: x || nmae) FROM products").name == "nmae"
    assert silent("SELECT list_transform(tags, lambda x: 1) FROM products")
    assert said("SELECT nmae.upper() FROM products").name == "nmae"


def test_an_arrow_that_reads_json_is_no_lambda() -> None:
    assert said("SELECT json_array_length(pyload->'items') FROM events").nearest == ("payload",)
    assert said("SELECT jsonb_array_length(pyload->'items') FROM events", "postgres").nearest == ("payload",)


def test_a_row_is_a_value_where_the_dialect_says_so() -> None:
    assert silent("SELECT c FROM customers c")
    assert silent("SELECT row_to_json(c) FROM customers c", "postgres")


def test_joins_in_brackets_are_seen_from_outside_unless_they_have_a_name() -> None:
    assert silent("SELECT c.id FROM (customers c JOIN orders o ON o.customer_id = c.id) JOIN products p ON p.id = o.id")
    assert said("SELECT c.id FROM (customers c JOIN orders o ON o.customer_id = c.id) AS both_").name == "c"


def test_columns_that_every_table_has_are_known() -> None:
    assert silent("SELECT rowid, o.rowid FROM orders o", "sqlite")
    assert silent("SELECT ctid, o.xmin FROM orders o", "postgres")
    assert not silent("SELECT ctid FROM orders", "mysql")


def test_sqlite_would_take_a_wrong_quoted_column_for_text() -> None:
    assert "silently take it for text" in said('SELECT * FROM orders WHERE status = "paid"', "sqlite").message
    assert said('SELECT * FROM orders WHERE status = "zzzzzz"', "sqlite").hint == "write 'zzzzzz' if it is text"
    assert silent('SELECT * FROM orders WHERE status = "paid"', "mysql")


def test_case_counts_in_postgres_where_quotes_say_so() -> None:
    tables = (table("Orders", "Id", "amount"),)
    assert silent('SELECT "Id", AMOUNT FROM "Orders"', "postgres", tables)
    assert said("SELECT amount FROM Orders", "postgres", tables).nearest == ("Orders",)
    assert said('SELECT id FROM "Orders"', "postgres", tables).nearest == ("Id",)
    assert silent("SELECT ID FROM ORDERS", "mysql", tables)


def test_a_namespace_chooses_the_table() -> None:
    tables = (table("orders", "id"), table("orders", "amount", namespace="sales"), table("leads", namespace="crm"))
    assert silent("SELECT id FROM orders", tables=tables)
    assert silent("SELECT amount FROM sales.orders", tables=tables)
    assert said("SELECT id FROM sales.orders", tables=tables).name == "id"
    assert said("SELECT * FROM crm.orders", tables=tables).nearest == ("sales.orders",)
    assert said("SELECT * FROM leads", tables=tables).nearest == ("crm.leads",)
    assert silent("SELECT anything FROM leads", "sqlite", tables)


def test_the_default_namespace_may_be_named_or_not() -> None:
    assert silent("SELECT id FROM main.orders", "duckdb")
    assert silent("SELECT id FROM shop.main.orders", "duckdb")
    assert silent("SELECT shop.orders.id FROM shop.orders", "mysql")
    assert silent("SELECT public.orders.id FROM public.orders", "postgres")
    assert silent("SELECT id FROM orders", "postgres", (table("orders", "id", namespace="public"),))
    assert not silent("SELECT id FROM other.orders", "postgres")


def test_a_table_behind_in_is_no_column() -> None:
    assert silent("WITH ids AS (SELECT 1 AS id) SELECT * FROM orders WHERE id IN ids", "sqlite")


def test_a_star_inside_a_function_is_understood() -> None:
    assert silent("SELECT count(o.*), count(*) FROM orders o", "postgres")
    assert said("SELECT count(x.*) FROM orders o", "postgres").name == "x"


def test_a_star_may_change_a_column_by_its_full_name() -> None:
    assert said("SELECT status FROM (SELECT * EXCLUDE (orders.status) FROM orders)").name == "status"


def test_findings_come_in_the_order_of_the_text_and_each_once() -> None:
    found = unresolved("SELECT zz1, zz2\nFROM orders WHERE zz2 = zz1 ORDER BY zz3", "mysql", TABLES)
    assert [(f.name, f.line) for f in found] == [("zz1", 1), ("zz2", 1), ("zz2", 2), ("zz1", 2), ("zz3", 2)]


def test_a_query_that_can_not_be_parsed_is_an_error() -> None:
    with pytest.raises(StatementError):
        unresolved("SELECT FROM WHERE", "duckdb", TABLES)
    with pytest.raises(StatementError):
        unresolved("", "duckdb", TABLES)
    with pytest.raises(StatementError):
        tables_of("SELECT 1; SELECT 2", "duckdb")


def test_a_name_is_found_however_deep_it_stands() -> None:
    deep = "SELECT zzzz FROM orders"
    for _ in range(25):
        deep = f"SELECT * FROM ({deep})"
    assert said(deep).name == "zzzz"


def test_the_tables_that_a_query_reads_are_found_without_names_of_with() -> None:
    sql = "WITH a AS (SELECT * FROM s.t1), b AS (SELECT * FROM a) SELECT (SELECT 1 FROM t2) FROM b, t3, T3, unnest([1])"
    assert tables_of(sql, "duckdb") == (
        TableName("s", "t1"),
        TableName("", "t2"),
        TableName("", "t3"),
        TableName("", "T3"),
    )


def test_a_table_with_the_name_of_a_later_or_hidden_with_is_a_table() -> None:
    assert tables_of("WITH a AS (SELECT * FROM a) SELECT * FROM a", "duckdb") == (TableName("", "a"),)
    assert tables_of("WITH RECURSIVE a AS (SELECT * FROM a) SELECT * FROM a", "duckdb") == ()
    assert tables_of("SELECT * FROM x.y.z", "duckdb") == (TableName("x.y", "z"),)


def mutants(count: int) -> list[tuple[str, str, str]]:
    """Return queries with one misspelt name each: dialect, query, what the name was."""
    random = Random(7)  # noqa: S311 - the same mistakes every time
    known = {name for names in NAMES.values() for name in names if len(name) > 3} | set(NAMES)
    found = [
        (dialect, f"{sql[: w.start]}{misspelt(sql[w.start : w.end + 1], random)}{sql[w.end + 1 :]}", w.text)
        for dialect in DIALECTS
        for sql in benign(dialect)
        for w in tokens(sql, dialect)
        if w.text in known
        and "sqlite_" not in sql
        and "INTO NAME" not in sql
        and str(w.token_type) in {"TokenType.VAR", "TokenType.IDENTIFIER"}
    ]
    return random.sample(found, count)


def misspelt(name: str, random: Random) -> str:
    """Return a name with a letter lost, doubled, wrong, or two of them swapped; quotes stay."""
    at = random.randrange(1, len(name) - 2)
    letters = name[at : at + 2]
    return name[:at] + random.choice([letters[1:], letters[0] + letters, "q" + letters[1:], "zx"]) + name[at + 2 :]


@pytest.mark.slow
def test_a_thousand_misspelt_names_are_found_and_nearly_all_put_right() -> None:
    missed, unhelpful = [], []
    for dialect, sql, right in mutants(1000):
        found = unresolved(sql, dialect, TABLES)
        offered = {part for one in found for name in one.nearest for part in name.lower().split(".")}
        missed += [] if found else [(dialect, sql)]
        unhelpful += [] if right.lower() in offered else [(dialect, sql)]
    assert missed == []
    assert len(unhelpful) <= 100


@pytest.mark.parametrize("before", ["", "WITH t AS (FROM orders) "])
def test_a_wrong_column_of_a_pivot_that_is_sorted_has_its_place(before: str) -> None:
    found = said(f"{before}PIVOT orders ON status IN ('paid')\nUSING sum(amuont) ORDER BY customer_id LIMIT 3")
    assert (found.name, found.line, found.column) == ("amuont", 2, 11)


def test_a_star_without_the_column_of_one_table_has_that_of_the_other() -> None:
    assert silent("SELECT id FROM (SELECT * EXCLUDE (c.id) FROM customers c JOIN employees e ON e.id = c.id)")


@pytest.mark.parametrize(("excluded", "message"), [("e.nmae", "e has no column 'nmae'"), ("x.id", "is called 'x'")])
def test_what_a_star_leaves_out_must_be_there(excluded: str, message: str) -> None:
    found = said(f"SELECT * EXCLUDE ({excluded}) FROM customers c JOIN employees e ON e.id = c.id")
    assert message in found.message


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_column_that_brackets_merged_is_one_on_either_side_of_a_join(dialect: str) -> None:
    tables = [Table(name=name, columns=(Column(name="id", type=""),)) for name in "abcd"]
    for left in ("a", "a JOIN d USING (id)", "(a JOIN d USING (id))"):
        assert unresolved(f"SELECT id FROM {left} LEFT JOIN (b JOIN c USING (id)) USING (id)", dialect, tables) == ()
        (found,) = unresolved(f"SELECT 1 FROM {left} JOIN (b JOIN c ON b.id = c.id) USING (id)", dialect, tables)
        assert found.kind == "ambiguous"
