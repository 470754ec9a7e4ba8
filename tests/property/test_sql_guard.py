"""Whatever harmful thing is put into an honest query, wherever it lands, the guard refuses."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.sql.shop import DIALECTS, benign

from osiris.model.errors import StatementError
from osiris.sql.guard import read_only
from osiris.sql.text import Kind, spans
from osiris.sql.tree import tokens

HARM = {
    "duckdb": ["sleep_ms(9)", "nextval('s')", "write_log('x')", "getvariable('x')", "pg_sleep(1)", "my_macro(1)"],
    "sqlite": ["load_extension('x')", "writefile('a', 'b')", "readfile('x')", "\"edit\"('x')", "my_function(1)"],
    "mysql": ["SLEEP(9)", "LOAD_FILE('x')", "GET_LOCK('x', 1)", "`SLEEP`(1)", "@a", "@@version", "shop.f(1)"],
    "postgres": [
        "pg_sleep(9)",
        "pg_read_file('x')",
        "nextval('s')",
        '"pg_sleep"(1)',
        "query_to_xml('x', true, true, '')",
    ],
}
TAILS = [
    "; DROP TABLE customers",
    " ; DELETE FROM customers",
    "\n; SELECT 1",
    " FOR UPDATE",
    " FOR SHARE",
    " INTO OUTFILE 'x'",
    " INTO x",
    " /*! , 1 */",
    " /*+ x */",
    "\x00",
    " UNION SELECT unheard_of(1)",
]
WORDS = {"TokenType.VAR", "TokenType.NUMBER", "TokenType.STRING", "TokenType.IDENTIFIER", "TokenType.NULL"}


def refused(sql: str, dialect: str) -> bool:
    try:
        read_only(sql, dialect)
    except StatementError:
        return True
    return False


def honest() -> st.SearchStrategy[tuple[str, str]]:
    """Return a dialect and one of its honest queries."""
    return st.sampled_from(DIALECTS).flatmap(lambda d: st.tuples(st.just(d), st.sampled_from(benign(d))))


@settings(max_examples=300, deadline=None)
@given(honest(), st.data())
def test_a_harmful_call_in_the_place_of_any_word_is_refused(query: tuple[str, str], data: st.DataObject) -> None:
    dialect, sql = query
    words = [word for word in tokens(sql, dialect) if str(word.token_type) in WORDS]
    if words:
        word = data.draw(st.sampled_from(words))
        harm = data.draw(st.sampled_from(HARM[dialect]))
        assert refused(f"{sql[: word.start]}{harm} {sql[word.end + 1 :]}", dialect)


@settings(max_examples=200, deadline=None)
@given(honest(), st.sampled_from(TAILS))
def test_a_harmful_tail_is_refused(query: tuple[str, str], tail: str) -> None:
    dialect, sql = query
    assert refused(sql + tail, dialect)


@settings(max_examples=200, deadline=None)
@given(honest(), st.data())
def test_comments_and_spaces_between_words_change_nothing(query: tuple[str, str], data: st.DataObject) -> None:
    dialect, sql = query
    gaps = [
        at
        for span in spans(sql, dialect)
        if span.kind is Kind.CODE
        for at in range(span.start, span.end)
        if sql[at] == " "
    ]
    if gaps:
        at = data.draw(st.sampled_from(gaps))
        gap = data.draw(st.sampled_from([" /* sleep(1); */ ", "\n", "\t", " -- drop table x\n", "\r\n"]))
        assert not refused(sql[:at] + gap + sql[at + 1 :], dialect)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(DIALECTS), st.text(max_size=60))
def test_no_text_makes_the_guard_fall_over(dialect: str, text: str) -> None:
    refused(text, dialect)
    refused(f"SELECT {text}", dialect)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "sql",
    [
        f"SELECT {'(' * 5000}1{')' * 5000}",
        f"SELECT {'-' * 1} {'- ' * 3000}1",
        f"SELECT {'NOT ' * 3000}TRUE",
        f"SELECT {'CASE WHEN TRUE THEN ' * 500}1{' END' * 500}",
        "SELECT 1" + " + 1" * 5000,
        f"SELECT 1 WHERE {' AND '.join(['1 = 1'] * 3000)}",
        " UNION ALL ".join(["SELECT 1"] * 400),
    ],
    ids=["brackets", "minus", "not", "case", "plus", "and", "union"],
)
def test_a_monstrous_query_is_refused_or_passed_but_never_a_crash(dialect: str, sql: str) -> None:
    refused(sql, dialect)
