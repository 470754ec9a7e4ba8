"""No value, whatever it holds, becomes more than one literal; the database reads back exactly what went in."""

import math
import sqlite3
from datetime import date, datetime
from decimal import Decimal

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp, parse_one

from osiris.model.errors import StatementError
from osiris.sql.literals import ParamValue, fill
from osiris.sql.text import Kind, spans

DUCKDB = duckdb.connect()
SQLITE = sqlite3.connect(":memory:")

nasty = st.text(alphabet=st.sampled_from("'\"\\;-$/*`()%_ \n\teExX1Aé😀"), max_size=20)
texts = st.one_of(
    st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40), nasty
)


def filled(sql: str, value: ParamValue, dialect: str) -> str:
    return fill(sql, {"x": value}, dialect)


def text(value: str) -> ParamValue:
    return ParamValue("string", value)


@settings(deadline=None)
@given(texts)
def test_duckdb_reads_the_text_that_was_given(value: str) -> None:
    assert DUCKDB.execute(filled("SELECT ${params.x}, 1", text(value), "duckdb")).fetchall() == [(value, 1)]


@settings(deadline=None)
@given(texts)
def test_sqlite_reads_the_text_that_was_given(value: str) -> None:
    assert SQLITE.execute(filled("SELECT ${params.x}, 1", text(value), "sqlite")).fetchall() == [(value, 1)]


@settings(deadline=None)
@given(texts, st.sampled_from(["a '' %${params.x}%", "${params.x}", "x${params.x}${params.x}"]))
def test_text_inside_quotes_stays_inside(value: str, around: str) -> None:
    meant = around.replace("''", "'").replace("${params.x}", value)
    sql = f"SELECT '{around}', 1"
    assert DUCKDB.execute(filled(sql, text(value), "duckdb")).fetchall() == [(meant, 1)]
    assert SQLITE.execute(filled(sql, text(value), "sqlite")).fetchall() == [(meant, 1)]


@settings(deadline=None)
@given(texts)
def test_text_inside_escaped_quotes_stays_inside(value: str) -> None:
    assert DUCKDB.execute(filled(r"SELECT e'\t${params.x}', 1", text(value), "duckdb")).fetchall() == [
        ("\t" + value, 1)
    ]


@settings(deadline=None)
@given(
    texts, st.sampled_from(["SELECT ${params.x}, 1", "SELECT 'a${params.x}b', 1", "SELECT ${params.x} AS a, 1 -- c"])
)
def test_in_every_dialect_a_text_is_one_stretch_of_text(value: str, sql: str) -> None:
    for dialect in ("duckdb", "sqlite", "mysql", "postgres"):
        found = filled(sql, text(value), dialect)
        kinds = [span.kind for span in spans(found, dialect) if span.kind not in {Kind.CODE, Kind.COMMENT}]
        assert len(kinds) == 1
        tree = parse_one(found, dialect=dialect)
        assert [type(e) for e in tree.args["expressions"][1:]] == [exp.Literal]


@settings(deadline=None)
@given(st.integers(-(2**62), 2**62))
def test_integers_come_back_exactly(value: int) -> None:
    given_value = ParamValue("integer", value)
    assert DUCKDB.execute(
        filled("SELECT ${params.x}, 0 -${params.x} + ${params.x}", given_value, "duckdb")
    ).fetchall() == [(value, 0)]
    assert SQLITE.execute(filled("SELECT ${params.x}", given_value, "sqlite")).fetchall() == [(value,)]


@given(st.integers())
def test_an_integer_that_would_become_a_float_is_refused(value: int) -> None:
    for dialect, bits, run in (("duckdb", 127, DUCKDB.execute), ("sqlite", 63, SQLITE.execute)):
        try:
            sql = filled("SELECT ${params.x}", ParamValue("integer", value), dialect)
        except StatementError:
            assert not -(2**bits) <= value < 2**bits
        else:
            assert run(sql).fetchall() == [(value,)]


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_come_back_as_exactly_as_the_database_reads_them(value: float) -> None:
    given_value = ParamValue("number", value)
    ((in_duckdb,),) = DUCKDB.execute(filled("SELECT CAST(${params.x} AS DOUBLE)", given_value, "duckdb")).fetchall()
    ((in_sqlite,),) = SQLITE.execute(filled("SELECT ${params.x} + 0.0", given_value, "sqlite")).fetchall()
    assert math.isclose(in_duckdb, value, rel_tol=1e-15, abs_tol=1e-300)
    assert math.isclose(in_sqlite, value, rel_tol=1e-14, abs_tol=1e-300)


@settings(deadline=None)
@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**20), max_value=10**20))
def test_decimals_come_back_exactly(value: Decimal) -> None:
    sql = filled("SELECT CAST(${params.x} AS DECIMAL(38, 4))", ParamValue("number", value), "duckdb")
    assert DUCKDB.execute(sql).fetchall() == [(value,)]


@settings(deadline=None)
@given(st.dates(min_value=date(1000, 1, 1)), st.datetimes(min_value=datetime(1000, 1, 1)))
def test_dates_and_times_come_back_exactly(day: date, moment: datetime) -> None:
    values = {"d": ParamValue("date", day), "t": ParamValue("timestamp", moment)}
    sql = "SELECT ${params.d}, ${params.t}"
    assert DUCKDB.execute(fill(sql, values, "duckdb")).fetchall() == [(day, moment)]
    assert SQLITE.execute(fill(sql, values, "sqlite")).fetchall() == [(day.isoformat(), moment.isoformat(sep=" "))]
