from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from osiris.model.errors import StatementError
from osiris.sql.literals import ParamValue, fill, names_in, text_of

VALUES = {
    "name": ParamValue("string", 'O\'Hara \\ "x"'),
    "since": ParamValue("date", date(2025, 1, 31)),
    "at": ParamValue("timestamp", datetime(2025, 1, 31, 12, 30, 0, 5)),
    "utc": ParamValue("timestamp", datetime(2025, 1, 31, tzinfo=UTC)),
    "n": ParamValue("integer", -5),
    "rate": ParamValue("number", Decimal("1E+2")),
    "yes": ParamValue("boolean", True),
    "no": ParamValue("boolean", False),
    "inf": ParamValue("number", float("inf")),
    "nan": ParamValue("number", Decimal("nan")),
    "huge": ParamValue("integer", 10**5000),
    "nul": ParamValue("string", "a\0b"),
    "half": ParamValue("string", "\ud800"),
    "dollar": ParamValue("string", "$$"),
}


def said(sql: str, dialect: str = "duckdb") -> StatementError:
    """Return the error of filling a statement."""
    with pytest.raises(StatementError) as caught:
        fill(sql, VALUES, dialect)
    return caught.value


@pytest.mark.parametrize(
    ("dialect", "literal"),
    [
        ("duckdb", "'O''Hara \\ \"x\"'"),
        ("sqlite", "'O''Hara \\ \"x\"'"),
        ("mysql", "'O''Hara \\\\ \"x\"'"),
        ("postgres", "E'O''Hara \\\\ \"x\"'"),
    ],
)
def test_text_is_quoted_as_the_dialect_quotes(dialect: str, literal: str) -> None:
    assert fill("SELECT ${params.name}", VALUES, dialect) == f"SELECT {literal}"


@pytest.mark.parametrize(
    ("name", "literals"),
    [
        ("since", {"DATE '2025-01-31'": "duckdb mysql postgres", "'2025-01-31'": "sqlite"}),
        (
            "at",
            {
                "TIMESTAMP '2025-01-31 12:30:00.000005'": "duckdb mysql postgres",
                "'2025-01-31 12:30:00.000005'": "sqlite",
            },
        ),
        (
            "utc",
            {"TIMESTAMPTZ '2025-01-31 00:00:00+00:00'": "duckdb postgres", "'2025-01-31 00:00:00+00:00'": "sqlite"},
        ),
        ("n", {"(-5)": "duckdb mysql postgres sqlite"}),
        ("rate", {"100": "duckdb mysql postgres sqlite"}),
        ("yes", {"TRUE": "duckdb mysql postgres", "1": "sqlite"}),
        ("no", {"FALSE": "duckdb mysql postgres", "0": "sqlite"}),
    ],
)
def test_each_type_has_its_literal(name: str, literals: dict[str, str]) -> None:
    for literal, dialects in literals.items():
        for dialect in dialects.split():
            assert fill(f"SELECT ${{params.{name}}}", VALUES, dialect) == f"SELECT {literal}"


def test_inside_quotes_a_value_is_text() -> None:
    sql = "SELECT 'from ${params.since}, ${params.yes}, ${params.n}, ${params.rate}, ${params.name}'"
    assert fill(sql, VALUES, "sqlite") == "SELECT 'from 2025-01-31, true, -5, 100, O''Hara \\ \"x\"'"


def test_inside_double_quotes_of_mysql_a_value_is_text() -> None:
    assert fill('SELECT "${params.name}"', VALUES, "mysql") == 'SELECT "O\'Hara \\\\ ""x"""'


def test_inside_dollars_a_value_is_text_unless_it_holds_one() -> None:
    assert fill("SELECT $$ '${params.since}' $$", VALUES, "postgres") == "SELECT $$ '2025-01-31' $$"
    assert "`$`" in said("SELECT $$${params.dollar} $$", "postgres").message


def test_a_comment_stays_as_it_is() -> None:
    sql = "SELECT 1 -- ${params.nowhere}\n/* ${params.name} */"
    assert fill(sql, VALUES, "duckdb") == sql


def test_a_statement_without_parameters_stays_as_it_is_even_if_it_is_broken() -> None:
    assert fill("SELECT 'a", VALUES, "duckdb") == "SELECT 'a"


def test_an_unknown_parameter_is_an_error_with_place_and_nearest_name() -> None:
    error = said("SELECT 1,\n ${params.sinse}")
    assert error.message == "there is no parameter 'sinse'"
    assert error.where == "line 2, column 2"
    assert error.hint.startswith("did you mean `${params.since}`")
    assert said("SELECT ${params.zzzzzzzz}").hint == "add it under `params`"


@pytest.mark.parametrize("sql", ['SELECT "${params.name}"', 'SELECT * FROM "t_${params.name}"'])
def test_a_parameter_in_a_quoted_name_is_an_error(sql: str) -> None:
    assert "never a name" in said(sql).hint


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT e${params.name}",
        "SELECT U&${params.name}",
        "SELECT t_${params.name}",
        "SELECT ${params.name}x",
        "SELECT 'a'${params.name}",
        "SELECT 'a'\n${params.name}",
        "SELECT 'a' /* b */ ${params.name}",
        "SELECT ${params.name}'a'",
        "SELECT ${params.name} -- b\n'a'",
        "SELECT ${params.n}${params.n}",
        'SELECT "a"${params.name}',
    ],
)
def test_a_parameter_that_touches_something_is_an_error(sql: str) -> None:
    assert "too close" in said(sql, "postgres").message


def test_a_parameter_behind_a_backslash_is_an_error() -> None:
    assert "backslash" in said(r"SELECT 'a\${params.name}'", "mysql").message
    assert fill(r"SELECT 'a\\${params.n}'", VALUES, "mysql") == r"SELECT 'a\\-5'"


@pytest.mark.parametrize("name", ["inf", "nan", "nul", "half", "huge"])
@pytest.mark.parametrize("dialect", ["duckdb", "sqlite", "mysql", "postgres"])
def test_a_value_that_sql_can_not_write_is_an_error_that_does_not_show_it(name: str, dialect: str) -> None:
    error = said(f"SELECT ${{params.{name}}}", dialect)
    assert repr(name) in error.message
    assert len(error.message) < 100


def test_mysql_has_no_timestamp_with_an_offset() -> None:
    assert "offset" in said("SELECT ${params.utc}", "mysql").message


def test_a_negative_number_after_a_minus_begins_no_comment() -> None:
    assert fill("SELECT 1 -${params.n}", VALUES, "sqlite") == "SELECT 1 -(-5)"


def test_names_are_found_once_each_in_order() -> None:
    assert names_in("${params.b} ${params.a} '${params.b}' ${ENV} $params.c") == ("b", "a")


def test_a_value_has_a_text() -> None:
    assert [text_of(VALUES[name]) for name in ("since", "at", "no", "n")] == [
        "2025-01-31",
        "2025-01-31 12:30:00.000005",
        "false",
        "-5",
    ]


@pytest.mark.parametrize(
    ("dialect", "kept", "lost"),
    [
        ("duckdb", "12345678901234567890123456789012345678", "12345678901234567890123456789012345678.5"),
        ("duckdb", f"0.{'1' * 37}", f"0.{'1' * 38}"),
        ("mysql", "0.123456789012345678901234567890", "0.1234567890123456789012345678901"),
        ("mysql", "9" * 65, "9" * 66),
        ("sqlite", "0.1", "0.12345678901234567890"),
    ],
)
def test_a_number_with_more_digits_than_a_database_keeps_is_refused(dialect: str, kept: str, lost: str) -> None:
    given = {"n": ParamValue("number", Decimal(kept)), "long": ParamValue("number", Decimal(lost))}
    assert fill("SELECT ${params.n}", given, dialect) == f"SELECT {kept}"
    with pytest.raises(StatementError, match="more digits") as caught:
        fill("SELECT ${params.long}", given, dialect)
    assert "cast it" in caught.value.hint
    assert fill("SELECT ${params.long}", given, "postgres") == f"SELECT {lost}"
