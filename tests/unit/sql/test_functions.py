import duckdb
import pytest

from osiris.sql import functions

# What the grammar of a dialect gives without a function of that name.
GRAMMAR = {
    *(
        "cast",
        "coalesce",
        "columns",
        "current_time",
        "current_timestamp",
        "exists",
        "extract",
        "glob_match",
        "grouping",
    ),
    *("grouping_id", "ifnull", "time", "try", "try_cast"),
}
BY_CHANCE = {"error", "gen_random_uuid", "random", "uuid", "uuidv4", "uuidv7"}


def in_duckdb(condition: str) -> set[str]:
    rows = duckdb.execute(f"SELECT DISTINCT lower(function_name) FROM duckdb_functions() WHERE {condition}").fetchall()
    return {name for (name,) in rows}


def test_every_function_allowed_in_duckdb_is_there() -> None:
    assert functions.ALLOWED["duckdb"] - in_duckdb("true") - GRAMMAR == set()


def test_no_function_allowed_in_duckdb_has_side_effects_but_chance() -> None:
    assert functions.ALLOWED["duckdb"] & in_duckdb("has_side_effects") == BY_CHANCE


def test_no_pragma_is_allowed_in_duckdb_but_a_function_of_its_name() -> None:
    assert functions.ALLOWED["duckdb"] & in_duckdb("function_type = 'pragma'") == {"version"}


def test_no_function_that_reads_tables_by_name_is_allowed_in_from() -> None:
    risky = in_duckdb("function_type = 'table_macro'") | {"query", "query_table", "read_csv", "glob"}
    assert functions.IN_FROM["duckdb"] & risky == set()
    assert functions.IN_FROM["duckdb"] <= in_duckdb("function_type = 'table'")


@pytest.mark.parametrize("dialect", sorted(functions.ALLOWED))
def test_no_allowed_function_is_known_to_be_dangerous(dialect: str) -> None:
    found = {name for name in functions.ALLOWED[dialect] if functions.danger(name)}
    assert found <= {"glob", "histogram", "histogram_exact"}


def test_a_name_is_compared_without_its_case() -> None:
    assert functions.allowed("UPPER", "mysql")
    assert functions.danger("SLEEP")
    assert not functions.danger("upper")
    assert "lower" in functions.alike("LOWR", "postgres")
