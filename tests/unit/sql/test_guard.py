import pytest

from osiris.model.errors import StatementError
from osiris.sql.guard import read_only


def said(sql: str, dialect: str) -> StatementError:
    """Return what the guard says against a statement."""
    with pytest.raises(StatementError) as caught:
        read_only(sql, dialect)
    return caught.value


def test_a_refusal_says_what_where_why_and_what_to_do() -> None:
    error = said("SELECT id,\n  pg_sleep(9)", "postgres")
    assert error.message == "the query is refused: it calls 'pg_sleep'"
    assert error.where == "line 2, column 3"
    assert error.why == "that keeps the server busy"
    assert error.hint


def test_an_unknown_function_is_refused_with_names_that_look_like_it() -> None:
    assert "'round'" in said("SELECT ruond(1.5)", "sqlite").hint


def test_an_unknown_function_that_looks_like_none_gets_a_hint_too() -> None:
    assert said("SELECT zzqqzzqq(1)", "sqlite").hint == "use a built-in function"


def test_a_statement_that_is_no_query_is_named() -> None:
    assert said("drop table customers", "duckdb").message == "the query is refused: it starts with 'DROP'"


def test_what_is_written_inside_a_query_is_named() -> None:
    error = said("WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x", "postgres")
    assert error.message == "the query is refused: it holds DELETE"


def test_a_query_that_can_not_be_parsed_says_where() -> None:
    assert said("SELECT a\nFROM t WHERE (", "duckdb").where.startswith("line 2")
    assert said("SELECT a FROM t WHERE AND b", "sqlite").message.startswith("the query can't be read")


def test_what_the_parser_trips_over_is_refused() -> None:
    assert said("SELECT DATE_SUB(, INTERVAL 7 DAY)", "mysql").message == "the query can't be read"
    assert said("SELECT DATE_ADD(a, INTERVAL 1 SHOP.f(1))", "mysql").message == "the query can't be read"
    assert said("SELECT {#", "duckdb").message == "the query can't be read"


def test_an_empty_query_is_refused() -> None:
    assert said("  -- nothing\n", "mysql").message == "the query is empty"
    assert said("", "mysql").message == "the query is empty"


def test_a_query_of_a_million_characters_is_refused() -> None:
    assert "characters" in said("SELECT '" + "x" * 1_000_000 + "'", "duckdb").message


def test_a_query_of_many_brackets_is_refused_at_the_same_depth_wherever_it_is_asked() -> None:
    def nested(depth: int) -> str:
        return f"SELECT {'(' * depth}1{')' * depth}"

    def deep_down(frames: int, sql: str) -> None:
        if frames:
            deep_down(frames - 1, sql)
        else:
            read_only(sql, "mysql")

    deep_down(700, nested(30))
    assert "brackets" in said(nested(31), "mysql").message


def test_words_of_danger_inside_text_and_names_are_harmless() -> None:
    read_only('SELECT \'x; DROP TABLE y /*! */ -- \' AS "delete", "pg_sleep" FROM "insert"', "postgres")
    read_only("SELECT 'LOAD_FILE(1)' AS `INTO OUTFILE`", "mysql")


def test_a_file_is_refused_in_duckdb_and_is_a_name_elsewhere() -> None:
    assert "read as a file" in said("SELECT * FROM 'a.csv'", "duckdb").message
    assert "read as a file" in said("SELECT * FROM a.parquet", "duckdb").message
    read_only('SELECT * FROM "a.csv"', "postgres")


def test_schemas_that_show_only_names_may_be_read() -> None:
    read_only("SELECT * FROM information_schema.columns", "mysql")
    assert "system table" in said("SELECT * FROM information_schema.processlist", "mysql").message


def test_a_name_with_a_list_of_columns_is_no_call() -> None:
    read_only("WITH totals(a, b) AS (SELECT 1, 2) SELECT * FROM totals AS other(c, d)", "duckdb")


def test_a_name_with_a_list_of_values_is_a_call() -> None:
    assert "sleep" in said("SELECT * FROM (SELECT 1) AS sleep(9)", "mysql").message
    assert "sleep" in said("SELECT * FROM (SELECT 1) AS sleep('x')", "mysql").message


def test_bracketed_joins_and_subqueries_are_queries() -> None:
    read_only("((SELECT 1))", "postgres")
    read_only("SELECT * FROM (a JOIN b ON a.id = b.id)", "postgres")


@pytest.mark.parametrize(
    "tail", ["ORDER BY readfile('x')", "LIMIT (SELECT sleep_ms(1))", "ORDER BY 1 LIMIT 2 OFFSET getenv('A')"]
)
def test_what_follows_a_pivot_is_looked_at(tail: str) -> None:
    assert "it calls" in said(f"PIVOT t ON a IN (1) USING sum(b) {tail}", "duckdb").message


def test_a_pivot_with_a_tail_that_can_not_be_read_says_where() -> None:
    assert said("PIVOT t ON a IN (1) USING sum(b)\nORDER BY b b", "duckdb").where == "line 2, column 12"
