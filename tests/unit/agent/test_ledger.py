from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from osiris.agent.ledger import USAGE, Budget, Entry, Ledger, Sum
from osiris.agent.prices import Prices, Tokens, shipped_prices
from osiris.model.errors import LlmWithheld
from osiris.model.providers import PROVIDERS
from osiris.model.settings import AgentSettings

ONE = Entry(
    at="2026-11-25T09:00:00+00:00",
    provider="anthropic",
    model="claude-x",
    bytes_out=4000,
    bytes_in=400,
    tokens_in=1000,
    tokens_cached=800,
    tokens_written=0,
    tokens_out=50,
    cost="0.004",
    sha256="ab" * 32,
    carried=("prompts", "words"),
)
TABLE = Prices.of({
    "as_of": date(2026, 11, 1),
    "acme": {
        "one": [{"in": 3, "cached": 0.3, "written": 4, "out": 15}, {"above": 1000, "in": 6, "out": 30}],
        "two": [{"in": 1, "out": 2}, {"from": date(2026, 12, 1), "in": 2, "out": 4}],
    },
})  # fmt: skip
DAY = date(2026, 11, 25)


def test_every_call_is_kept_in_the_log_of_the_conversation() -> None:
    kept: list[tuple[str, object]] = []
    ledger = Ledger(note=lambda kind, body: kept.append((kind, body)))
    ledger.add(ONE)
    ((kind, body),) = kept
    again = Ledger()
    assert isinstance(body, dict)
    again.recall([(kind, body), ("renamed", {"title": "x"})], turns=1, calls=0)
    assert kind == USAGE
    assert again.entries == [ONE]
    assert again.line() == ""


def test_a_line_says_what_the_turn_took_and_what_all_of_them_did() -> None:
    ledger = Ledger()
    assert ledger.line() == ""
    ledger.add(ONE)
    assert ledger.line() == "1.0k tokens in (80 % cached), 50 out, $0.004; $0.004 so far"
    ledger.add(replace(ONE, tokens_cached=0, tokens_in=2_500_000, cost="1.5"))
    assert ledger.line() == "2.5M tokens in, 50 out, $1.50; $1.504 so far"
    assert ledger.line() == ""


def test_a_price_that_nobody_knows_is_said_to_be_unknown() -> None:
    ledger = Ledger()
    ledger.add(replace(ONE, cost=""))
    assert ledger.line().endswith("50 out, unknown price; unknown price so far")
    ledger.add(ONE)
    assert ledger.line().endswith("50 out, $0.004; $0.004 + unknown price of 1 request so far")
    assert Sum().money() == "$0.00"


def test_the_turns_of_a_conversation_are_bounded() -> None:
    ledger = Ledger(Budget(turns=2))
    ledger.begin_turn()
    ledger.begin_turn()
    with pytest.raises(LlmWithheld, match="the budget of this conversation is spent: 2 turns") as caught:
        ledger.begin_turn()
    assert caught.value.where == "agent.budget_turns"
    assert caught.value.why == (
        "2 turns, 0 requests, 0 tokens in, 0 out, $0.00; 0 calls of tools, databases asked for 0.0 s"
    )
    assert "osiris chat --session last" in caught.value.hint


def test_tokens_are_not_spent_twice() -> None:
    """A call is not made that would send more than is left."""
    ledger = Ledger(Budget(tokens=2000))
    ledger.add(ONE)
    ledger.must_go_on(about=949)
    with pytest.raises(LlmWithheld, match=r"2\.0k tokens"):
        ledger.must_go_on(about=950)


def test_money_is_bounded_and_what_has_no_price_is_stopped_by_its_tokens() -> None:
    ledger = Ledger(Budget(money=Decimal("0.008"), tokens=10_000))
    ledger.add(ONE)
    ledger.must_go_on()
    ledger.add(ONE)
    with pytest.raises(LlmWithheld, match=r"\$0\.01") as caught:
        ledger.must_go_on()
    assert caught.value.where == "agent.budget_money"
    unknown = Ledger(ledger.budget)
    for _ in range(10):
        unknown.must_go_on()
        unknown.add(replace(ONE, cost=""))
    with pytest.raises(LlmWithheld, match="tokens"):
        unknown.must_go_on()


def test_the_calls_of_tools_are_bounded_and_so_is_the_next_sentence() -> None:
    ledger = Ledger(Budget(calls=2))
    for _ in range(2):
        with ledger.calling(asks=False):
            pass
    with pytest.raises(LlmWithheld, match="spent: 2 calls of tools") as caught, ledger.calling(asks=False):
        raise AssertionError("unreachable")
    assert caught.value.where == "agent.budget_calls"
    with pytest.raises(LlmWithheld, match="2 calls of tools"):
        ledger.begin_turn()
    assert ledger.warnings() == ("100 % of this conversation's budget of 2 calls of tools is spent",)


def test_the_seconds_that_databases_are_asked_are_bounded_for_the_model_and_free_for_the_person() -> None:
    kept: list[tuple[str, Mapping[str, object]]] = []
    times = iter([200.0, 207.5])
    ledger = Ledger(Budget(seconds=7), note=lambda kind, body: kept.append((kind, body)), clock=lambda: next(times))
    with ledger.asking():
        pass
    with ledger.calling(asks=True), ledger.asking():
        pass
    assert ledger.seconds == 7.5
    with pytest.raises(LlmWithheld, match="spent: 7 s of asking databases") as caught, ledger.calling(asks=True):
        raise AssertionError("unreachable")
    assert caught.value.where == "agent.budget_seconds"
    with ledger.calling(asks=False):
        pass
    again = Ledger(ledger.budget)
    again.recall(kept, turns=0, calls=2)
    assert (again.seconds, again.calls) == (7.5, 2)


def test_a_budget_of_nothing_sets_no_bound() -> None:
    ledger = Ledger()
    for _ in range(3):
        ledger.begin_turn()
        with ledger.calling(asks=True), ledger.asking():
            pass
        ledger.add(replace(ONE, tokens_in=10**9, cost="1000"))
        ledger.must_go_on(10**9)
    assert ledger.warnings() == ()


def test_what_is_nearly_spent_is_said_once() -> None:
    ledger = Ledger(Budget(turns=5, tokens=1300, money=Decimal("0.01")))
    for _ in range(3):
        ledger.begin_turn()
    assert ledger.warnings() == ()
    ledger.begin_turn()
    ledger.add(ONE)
    assert ledger.warnings() == (
        "80 % of this conversation's budget of 5 turns is spent",
        "80 % of this conversation's budget of 1.3k tokens is spent",
    )
    ledger.add(replace(ONE, cost="0.0055"))
    assert ledger.warnings() == ("95 % of this conversation's budget of $0.01 is spent",)


def test_the_budget_is_what_the_settings_say() -> None:
    settings = AgentSettings(budget_turns=1, budget_tokens=2, budget_money=3.5, budget_calls=4, budget_seconds=5.5)
    assert Budget.of(settings) == Budget(1, 2, Decimal("3.5"), 4, 5.5)


@pytest.mark.parametrize(
    ("model", "tokens", "day", "cost"),
    [
        ("one", Tokens(1000, 0, 0, 100), DAY, "0.0045"),
        ("one", Tokens(1000, 800, 100, 100), DAY, "0.00244"),
        ("one", Tokens(2000, 0, 0, 100), DAY, "0.015"),
        ("one", Tokens(2000, 1000, 0, 0), DAY, "0.012"),
        ("one-20260101", Tokens(1000, 0, 0, 0), DAY, "0.003"),
        ("one-2026-01-01", Tokens(1000, 0, 0, 0), DAY, "0.003"),
        ("one-latest", Tokens(1000, 0, 0, 0), DAY, "0.003"),
        ("two", Tokens(1000, 0, 0, 0), DAY, "0.001"),
        ("two", Tokens(1000, 0, 0, 0), date(2026, 12, 1), "0.002"),
    ],
)
def test_a_call_costs_what_the_table_says(model: str, tokens: Tokens, day: date, cost: str) -> None:
    assert TABLE.cost("acme", model, tokens, day) == Decimal(cost)


@pytest.mark.parametrize("name", ["acme/three", "acme/one-mini", "other/one"])
def test_a_model_that_is_not_in_the_table_has_no_price(name: str) -> None:
    provider, _, model = name.partition("/")
    assert TABLE.cost(provider, model, Tokens(1000), DAY) is None


def test_the_table_that_is_shipped_knows_what_is_asked_for_by_itself() -> None:
    prices = shipped_prices()
    usual = [provider for provider in PROVIDERS.values() if provider.model]
    assert len(usual) == 3
    for provider in usual:
        assert prices.cost(provider.name, provider.model, Tokens(1000, 0, 0, 10), prices.as_of) is not None
    assert all(one.wrote >= one.read > 0 for all_of in prices.by_model.values() for one in all_of)
