"""An input answers to the names that oml.md promises, and to no other."""

import pytest

from osiris.kit.naming import aliases, plain, under_all_names


def test_the_only_input_answers_to_its_step_and_to_df() -> None:
    assert aliases({"orders": "read-orders"}) == {
        "read_orders": "orders",
        "df_read_orders": "orders",
        "input_df": "orders",
        "df": "orders",
    }


def test_a_name_in_the_plan_is_not_its_own_alias() -> None:
    assert aliases({"df": "read-orders"}) == {"read_orders": "df", "df_read_orders": "df", "input_df": "df"}
    assert "read_orders" not in aliases({"read_orders": "read-orders"})


def test_several_inputs_answer_to_their_steps_only() -> None:
    assert aliases({"o": "orders", "c": "customers"}) == {
        "orders": "o",
        "df_orders": "o",
        "customers": "c",
        "df_customers": "c",
    }


@pytest.mark.parametrize("other", ["orders", "Orders"])
def test_a_name_written_by_the_author_beats_a_step_of_that_name(other: str) -> None:
    assert aliases({other: "customers", "o": "orders"}) == {
        "customers": other,
        "df_customers": other,
        "df_orders": "o",
    }


def test_a_further_name_that_two_steps_claim_means_neither() -> None:
    assert aliases({"one": "df-a", "two": "a"}) == {"df_df_a": "one", "a": "two"}
    assert aliases({"one": "Sales", "two": "sales"}) == {}


def test_one_step_under_two_names_answers_to_its_id_once() -> None:
    assert aliases({"left": "rows", "right": "rows"}) == {"rows": "left", "df_rows": "left"}


def test_no_input_has_no_name() -> None:
    assert aliases({}) == {}


def test_a_step_id_becomes_a_name_in_sql() -> None:
    assert plain("read-all-orders") == "read_all_orders"


def test_what_stands_for_an_input_stands_there_under_all_its_names() -> None:
    rows, more = object(), object()
    found = under_all_names({"o": rows, "c": more}, {"o": "orders", "c": "customers"})
    assert {name for name, value in found.items() if value is rows} == {"o", "orders", "df_orders"}
    assert {name for name, value in found.items() if value is more} == {"c", "customers", "df_customers"}
