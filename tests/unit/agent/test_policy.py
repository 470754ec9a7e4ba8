"""What of the data the model may see, by connection, table and column."""

import pytest

from osiris.agent.policy import Policies, is_personal, masked
from osiris.model.settings import Sampling

SHOP = "@duckdb.shop"
BY: dict[str, Sampling] = {
    SHOP: "masked",
    f"{SHOP}/orders": "profile",
    f"{SHOP}/orders.note": "none",
    f"{SHOP}/cities": "raw",
}


@pytest.mark.parametrize(
    ("connection", "table", "column", "policy"),
    [
        ("@sqlite.crm", "x", "y", "profile"),
        (SHOP, "", "", "masked"),
        (SHOP, "people", "city", "masked"),
        (SHOP, "orders", "status", "profile"),
        (SHOP, "orders", "note", "none"),
        (SHOP, "cities", "people", "masked"),
    ],
)
def test_what_is_said_most_closely_holds(connection: str, table: str, column: str, policy: Sampling) -> None:
    assert Policies(by=BY).of(connection, table, column) == policy


def test_values_as_they_are_need_a_yes_in_the_conversation_too() -> None:
    policies = Policies(by=BY)
    assert policies.may_ask(SHOP)
    assert not policies.may_ask("@sqlite.crm")
    policies.agreed.add(SHOP)
    assert policies.of(SHOP, "cities", "people") == "raw"
    assert not policies.may_ask(SHOP)


def test_what_looks_personal_is_never_seen_as_it_is() -> None:
    policies = Policies("raw", agreed={SHOP})
    assert policies.of(SHOP, "orders", "email") == "masked"
    assert policies.of(SHOP, "orders", "amount") == "raw"
    assert [is_personal(text) for text in ("a@b.cz", "+420 777 123 456", "4111 1111 1111 1111", "paid", "2024")] == [
        True, True, True, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("sources", "policy"),
    [
        (["orders.status", "orders.note"], "none"),
        (["orders.status", "people.city"], "profile"),
        ([], "masked"),
        (["people.*"], "none"),
        (["*"], "none"),
    ],
)
def test_what_was_computed_is_seen_as_the_strictest_of_its_sources(sources: list[str], policy: Sampling) -> None:
    assert Policies(by=BY).strictest(SHOP, sources) == policy


def test_what_nobody_can_trace_is_never_seen_as_it_is() -> None:
    assert Policies("raw", agreed={SHOP}).strictest(SHOP, ["*"]) == "masked"


def test_a_mask_keeps_the_shape() -> None:
    assert masked("AB-12/č x") == "XX-99/x x"
