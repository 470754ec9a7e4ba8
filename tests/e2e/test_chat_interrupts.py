"""Ctrl-C in a conversation, wherever it comes: the turn ends, the conversation goes on, nothing is half done."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pexpect
import pytest
from tests.e2e.keyboard import OSIRIS, left_in, typed, variables_of
from tests.services.llm import LlmServer, Reply
from tests.unit.agent.shop import OML, OUTLINE, shop

from osiris.agent.drafts import name_of

pytestmark = pytest.mark.slow
ENDLESS = "SELECT CAST(sum(a.i * b.i) AS VARCHAR) AS n FROM range(9000000) AS a(i), range(9000000) AS b(i)"
SLOW = """\
oml_version: "0.1.0"
name: slow
steps:
  - id: numbers
    component: duckdb.processor
    mode: transform
    config: {query: SELECT i FROM range(4000000000) AS r(i)}
  - {id: write, component: filesystem.csv_writer, mode: write, config: {path: output/out.csv}}
"""
STOPPED = "stopped; say what to do instead"


@pytest.fixture
def server() -> Iterator[LlmServer]:
    with LlmServer([]) as running:
        yield running


def chat(folder: Path, server: LlmServer) -> "pexpect.spawn[str]":
    shop(folder, settings=f"llm: {{model: test, base_url: '{server.base_url}'}}\n")
    screen = pexpect.spawn(
        str(OSIRIS), ["chat"], cwd=str(folder), encoding="utf-8", timeout=60, dimensions=(50, 120),
        env=variables_of(folder, TERM="xterm", PROMPT_TOOLKIT_NO_CPR="1"),
    )  # fmt: skip
    screen.expect("/help says")
    return screen


def goes_on(screen: "pexpect.spawn[str]", server: LlmServer) -> None:
    """Expect that the turn has stopped and that the next one works, then leave."""
    screen.expect(STOPPED)
    server.replies[:] = [Reply("Here I am again.")]
    screen.sendline("and now?")
    screen.expect("Here I am again.")
    screen.expect("so far")
    screen.sendline("/quit")
    screen.expect(pexpect.EOF)
    screen.close()
    assert screen.exitstatus == 0
    last = server.requests[-1]["messages"]
    assert last[-1]["content"] == "and now?"
    asked = {call["id"] for message in last for call in message.get("tool_calls") or ()}
    answered = {message["tool_call_id"] for message in last if message["role"] == "tool"}
    assert asked == answered


def said(folder: Path) -> list[dict[str, Any]]:
    """Return what was kept of what was said."""
    with closing(sqlite3.connect(folder / ".osiris_sessions" / "history.sqlite")) as db:
        rows = db.execute("SELECT body FROM events WHERE kind = 'said' ORDER BY seq").fetchall()
    return [json.loads(body) for (body,) in rows]


def test_in_the_middle_of_what_the_model_says(tmp_path: Path, server: LlmServer) -> None:
    server.replies.append(Reply("Once upon a time there was a table with many rows. " * 4, hangs=20))
    screen = chat(tmp_path, server)
    screen.sendline("Tell me a story")
    screen.expect("agent> Once")
    screen.sendintr()
    goes_on(screen, server)
    assert [one["by"] for one in said(tmp_path)] == ["user", "desk", "user", "agent"]
    assert "Once upon" not in json.dumps(said(tmp_path))


def test_while_a_database_works(tmp_path: Path, server: LlmServer) -> None:
    server.replies.append(Reply("", (("query_sample", {"connection": "@duckdb.shop", "sql": ENDLESS}),)))
    screen = chat(tmp_path, server)
    screen.sendline("How many?")
    screen.expect("asking for some rows")
    screen.sendintr()
    goes_on(screen, server)
    assert '{"interrupted":true}' in [one["text"] for one in said(tmp_path)]


def test_at_a_question(tmp_path: Path, server: LlmServer) -> None:
    server.replies.append(Reply("", (("propose_plan", OUTLINE),)))
    screen = chat(tmp_path, server)
    screen.sendline("Give me the orders")
    screen.expect("say what should be different")
    screen.sendintr()
    goes_on(screen, server)


def test_at_the_plan(tmp_path: Path, server: LlmServer) -> None:
    name = name_of(OML)
    calls = (
        ("propose_plan", OUTLINE),
        ("write_pipeline", {"text": OML}),
        ("plan_pipeline", {"draft": name}),
        ("run_pipeline", {"draft": name}),
    )
    server.replies.append(Reply("", calls))
    screen = chat(tmp_path, server)
    screen.sendline("Give me the orders")
    screen.expect("say what should be different")
    screen.sendline("")
    screen.expect_exact("Run exactly this? [y/N]")
    screen.sendintr()
    goes_on(screen, server)
    assert not (tmp_path / "output").exists()
    assert typed(tmp_path, "logs", "list", "--json").document["runs"] == []


def test_while_rows_move(tmp_path: Path, server: LlmServer) -> None:
    (tmp_path / "output").mkdir()
    (tmp_path / "output" / "out.csv").write_text("before\n", "utf-8")
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines" / "slow.yaml").write_text(SLOW, "utf-8")
    screen = chat(tmp_path, server)
    screen.sendline("/run pipelines/slow.yaml")
    screen.expect_exact("Run exactly this? [y/N]")
    screen.sendline("y")
    screen.expect(r"numbers +[1-9][0-9,]* rows")
    screen.sendintr()
    screen.expect_exact("stopping; once more leaves at once")
    screen.expect("slow.*: 0 rows written")
    server.replies.append(Reply("Here I am again."))
    screen.sendline("and now?")
    screen.expect("Here I am again.")
    screen.sendline("/quit")
    screen.expect(pexpect.EOF)
    screen.close()
    assert screen.exitstatus == 0
    assert left_in(tmp_path)["output/out.csv"] == b"before\n"
    assert [run["status"] for run in typed(tmp_path, "logs", "list", "--json").document["runs"]] == ["interrupted"]


def test_at_the_prompt_with_half_a_sentence(tmp_path: Path, server: LlmServer) -> None:
    screen = chat(tmp_path, server)
    screen.expect("you>")
    screen.send("delete all")
    screen.sendintr()
    screen.expect("Ctrl-D, leaves")
    server.replies.append(Reply("Here I am."))
    screen.sendline("hello")
    screen.expect("Here I am.")
    screen.sendline("/quit")
    screen.expect(pexpect.EOF)
    screen.close()
    assert [one["text"] for one in said(tmp_path) if one["by"] == "user"] == ["hello"]
