"""What a conversation takes, as a person sees it: a quiet line, a table, a warning, an end."""

import json
import sqlite3
from dataclasses import replace
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from tests.e2e.keyboard import typed
from tests.services.llm import LlmServer, Reply
from tests.unit.agent.shop import shop

from osiris.agent.ledger import Budget, Entry, Ledger
from osiris.cli.cost import Bodies, cost
from osiris.cli.options import Options
from osiris.cli.terminal import Terminal

KEY = "sk-a-key-of-a-test"  # pragma: allowlist secret
COUNTED = Reply("Hello to you.", usage=(1000, 800, 50))
ONE = Entry(
    at="2026-11-25T09:00:00+00:00", provider="anthropic", model="claude-x", bytes_out=4000, bytes_in=400,
    tokens_in=1000, tokens_cached=800, tokens_written=0, tokens_out=50, cost="0.004", sha256="ab" * 32,
    carried=("prompts", "names"),
)  # fmt: skip


def project(folder: Path, server: LlmServer, more: str = "", llm: str = "model: test") -> Path:
    shop(folder, settings=f"llm: {{{llm}, base_url: '{server.base_url}'}}\n{more}")
    return folder


def shown(ledger: Ledger) -> str:
    out = StringIO()
    console = Console(file=out, width=200, highlight=False, markup=False, no_color=True)
    Terminal(Options(), console, console, False, StringIO()).say(cost(ledger))
    return out.getvalue()


def test_after_a_turn_one_quiet_line_says_what_it_took(tmp_path: Path) -> None:
    with LlmServer([COUNTED]) as server:
        done = typed(project(tmp_path, server), "chat", "--once", "hello")
    assert done.out == "Hello to you.\n"
    assert "1.0k tokens in (80 % cached), 50 out, unknown price; unknown price so far" in done.err


def test_the_log_of_a_conversation_is_its_ledger(tmp_path: Path) -> None:
    with LlmServer([COUNTED]) as server:
        done = typed(project(tmp_path, server), "chat", "--once", "hello", "--json")
    (database,) = (tmp_path / ".osiris_sessions").glob("*.sqlite*")
    with sqlite3.connect(database) as db:
        rows = db.execute("SELECT body FROM events WHERE session = ? AND kind = 'usage'", (done.document["session"],))
        (body,) = (json.loads(text) for (text,) in rows)
    db.close()
    assert (body["provider"], body["model"], body["tokens_in"]) == ("compatible", "test", 1000)
    assert body["bytes_out"] == len(server.bodies[0])
    assert body["carried"] == ["prompts", "words"]


def test_a_conversation_that_has_spent_its_turns_ends_and_says_how_to_go_on(tmp_path: Path) -> None:
    with LlmServer([COUNTED] * 3) as server:
        at = project(tmp_path, server, "agent: {budget_turns: 1}\n")
        first = typed(at, "chat", "--once", "hello")
        second = typed(at, "chat", "--session", "last", "--once", "more")
    assert first.code == 0
    assert "100 % of this conversation's budget of 1 turn is spent" in first.err
    assert second.code == 2
    assert "the budget of this conversation is spent: 1 turn" in second.err
    assert "1 turn, 1 request, 1.0k tokens in, 50 out" in second.err
    assert "osiris chat --session last" in second.err
    assert len(server.requests) == 1


def test_a_model_that_calls_too_many_tools_is_told_so_and_the_next_sentence_ends(tmp_path: Path) -> None:
    with LlmServer([Reply("", (("overview", {}),) * 3), Reply("That was all.")]) as server:
        at = project(tmp_path, server, "agent: {budget_calls: 2}\n")
        first = typed(at, "chat", "--once", "what is there?", "--json")
        second = typed(at, "chat", "--session", "last", "--once", "more")
    answers = [json.loads(one["text"]) for one in first.document["said"] if one["by"] == "desk"]
    assert ["error" in answer for answer in answers] == [False, False, True]
    assert "2 calls of tools" in answers[-1]["error"]["message"]
    assert second.code == 2
    assert "agent.budget_calls" in second.err


def test_a_budget_holds_for_a_conversation_that_is_taken_up_again(tmp_path: Path) -> None:
    with LlmServer([replace(COUNTED, usage=(90_000, 0, 50)), COUNTED]) as server:
        at = project(tmp_path, server, "agent: {budget_tokens: 90100}\n")
        assert typed(at, "chat", "--once", "hello").code == 0
        done = typed(at, "chat", "--session", "last", "--once", "more")
    assert "the budget of this conversation is spent: 90.1k tokens" in done.err
    assert "agent.budget_tokens" in done.err
    assert len(server.requests) == 1


def test_prompts_are_shown_to_who_wants_to_see_them(tmp_path: Path) -> None:
    with LlmServer([Reply("Let me see.", (("overview", {}),)), COUNTED]) as server:
        done = typed(project(tmp_path, server), "chat", "--show-prompt", "--once", "what is there?")
    assert f"prompt, {len(server.bodies[0]):,} bytes: " in done.err.replace("\n", " ")
    assert "what is there?" in done.err
    assert "characters as before" in done.err


def test_of_later_prompts_only_what_is_new_is_shown() -> None:
    said: list[str] = []
    bodies = Bodies(said.append)
    for body in ("[1]", "[1,2]", "[1,2]"):
        bodies(body)
    assert said == [
        "prompt, 3 bytes: [1]",
        "prompt, 5 bytes: [2 characters as before] …,2]",
        "prompt, 5 bytes: [5 characters as before] …",
    ]


def test_the_command_line_says_whom_to_talk_with(tmp_path: Path) -> None:
    with LlmServer([COUNTED] * 2) as server:
        at = project(tmp_path, server, llm="provider: responses, model: one")
        assert typed(at, "chat", "--model", "two", "--once", "hello").code == 0
        assert typed(at, "chat", "--model", "responses:three", "--once", "hello").code == 0
        wrong = typed(at, "chat", "--provider", "antropic", "--once", "hello")
    assert [request["model"] for request in server.requests] == ["two", "three"]
    assert wrong.code == 2
    assert "there is no provider 'antropic'" in wrong.err


def test_what_was_sent_is_a_table(tmp_path: Path) -> None:
    ledger = Ledger(Budget(turns=40, tokens=3_000_000, money=Decimal(5), calls=60, seconds=9))
    assert shown(ledger) == "nothing was sent to a language model yet\n"
    ledger.begin_turn()
    for entry in (ONE, replace(ONE, cost="", estimated=True, outcome="broke off")):
        ledger.add(entry)
    text = shown(ledger)
    for said in (
        "09:00:00",
        "4,000",
        "$0.004",
        "~1,000",
        "? (broke off)",
        "? is the unknown price of anthropic:claude-x",
        "abababab",
        "prompts, names",
        "1 turn, 2 requests, 2.0k tokens in, 100 out, $0.004 + unknown price of 1 request; 0 calls of tools",
        "budget: 40 turns, 3,000,000 tokens, $5.00, 60 calls of tools, 9 s of asking databases",
        "(anthropic:claude-x 2)",
    ):
        assert said in text, said


def test_of_many_calls_the_newest_are_shown_and_the_others_counted() -> None:
    ledger = Ledger()
    for _ in range(23):
        ledger.add(ONE)
    assert "and 3 calls before them" in shown(ledger)
    assert "budget: none" in shown(ledger)


def test_a_person_asks_what_it_has_cost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with LlmServer([COUNTED]) as server:
        monkeypatch.setattr("sys.stdin", StringIO("/cost\nhello\n/cost\n/quit\n"))
        done = typed(project(tmp_path, server), "chat")
    assert done.code == 0
    assert "nothing was sent to a language model yet" in done.out
    assert "1 turn, 1 request, 1.0k tokens in, 50 out, unknown price; 0 calls of tools" in done.out
