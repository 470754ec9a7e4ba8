import pytest

from osiris.model.errors import StatementError
from osiris.sql.text import Kind, place, spans, where, without_comments


def kinds(sql: str, dialect: str) -> list[tuple[str, str]]:
    """Return the stretches that are not code, as kind and text."""
    return [(span.kind.name, span.text) for span in spans(sql, dialect) if span.kind is not Kind.CODE]


def test_the_stretches_of_a_statement_are_the_statement() -> None:
    sql = "SELECT 'a''b', \"c\" -- d\n/* e /* f */ */ FROM $x$ g $x$"
    assert "".join(span.text for span in spans(sql, "postgres")) == sql


def test_each_dialect_has_its_own_quotes() -> None:
    assert kinds('"a" `b` [c]', "sqlite") == [("NAME", '"a"'), ("NAME", "`b`"), ("NAME", "[c]")]
    assert kinds('"a" `b` [c]', "mysql") == [("ESCAPED", '"a"'), ("NAME", "`b`")]
    assert kinds('"a" `b` [c]', "postgres") == [("NAME", '"a"')]
    assert kinds('"a" `b` [c]', "duckdb") == [("NAME", '"a"'), ("NAME", "`b`")]


def test_a_backslash_escapes_where_the_dialect_says_so() -> None:
    assert kinds(r"'a\'b'", "mysql") == [("ESCAPED", r"'a\'b'")]
    assert kinds(r"'a\' E'b\'c'", "postgres") == [("STRING", r"'a\'"), ("ESCAPED", r"E'b\'c'")]
    assert kinds(r"'a\'", "sqlite") == [("STRING", r"'a\'")]


def test_comments_nest_where_the_dialect_says_so() -> None:
    assert kinds("/* a /* b */ c */", "duckdb") == [("COMMENT", "/* a /* b */ c */")]
    assert kinds("/* a /* b */ c", "mysql") == [("COMMENT", "/* a /* b */")]


def test_two_dashes_begin_a_comment_in_mysql_only_before_a_space() -> None:
    assert kinds("1--1", "mysql") == []
    assert kinds("1-- 1", "mysql") == [("COMMENT", "-- 1")]
    assert kinds("1--1", "sqlite") == [("COMMENT", "--1")]
    assert kinds("1 # 1\n2", "mysql") == [("COMMENT", "# 1")]


def test_a_carriage_return_ends_a_comment_where_the_dialect_says_so() -> None:
    assert kinds("-- a\rb", "postgres") == [("COMMENT", "-- a")]
    assert kinds("-- a\rb", "duckdb") == [("COMMENT", "-- a")]
    assert kinds("-- a\rb", "sqlite") == [("COMMENT", "-- a\rb")]


def test_a_dollar_inside_a_name_opens_nothing() -> None:
    assert kinds("a$b$c", "postgres") == []
    assert kinds("$b$ ' $b$", "postgres") == [("DOLLAR", "$b$ ' $b$")]
    assert kinds("$1", "postgres") == []


@pytest.mark.parametrize("sql", ["SELECT 'a", 'SELECT "a', "SELECT /* a", "SELECT $$a", "SELECT e'a\\'"])
def test_what_has_no_end_is_an_error_with_its_place(sql: str) -> None:
    with pytest.raises(StatementError) as caught:
        spans(sql, "duckdb")
    assert caught.value.where == "line 1, column 8"


def test_comments_turn_into_spaces_and_lines_stay() -> None:
    assert without_comments("a /* b\nc */ d -- e", "sqlite") == "a     \n     d     "


def test_a_place_counts_lines_and_columns_from_one() -> None:
    assert place("ab\ncd", 4) == (2, 2)
    assert where("ab", 0) == "line 1, column 1"
