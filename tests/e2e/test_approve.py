"""A person's yes to exactly one run, given in another terminal than the one that asks."""

from pathlib import Path

import pexpect
import pytest
from tests.e2e.keyboard import OSIRIS, typed, variables_of
from tests.services.llm import LlmServer, Reply
from tests.unit.agent.shop import OML, OUTLINE, ROWS, shop
from tests.unit.cli.test_chat import DRAFT

pytestmark = pytest.mark.slow
PLANNED = [
    Reply("", (("propose_plan", OUTLINE), ("write_pipeline", {"text": OML}))),
    Reply("", (("plan_pipeline", {"draft": DRAFT}),)),
]


def approve(folder: Path, token: str, answer: str) -> "pexpect.spawn[str]":
    """Type `osiris approve` at a terminal, answer, and return the screen."""
    screen = pexpect.spawn(
        str(OSIRIS), ["approve", token], cwd=str(folder), encoding="utf-8", timeout=60,
        env=variables_of(folder, TERM="xterm"), dimensions=(60, 120),
    )  # fmt: skip
    screen.expect_exact("Run exactly this? [y/N]")
    screen.sendline(answer)
    screen.expect(pexpect.EOF)
    screen.close()
    return screen


def test_what_a_conversation_asks_for_runs_after_a_yes_elsewhere_and_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / ".config"))
    asks = [Reply("", (("request_approval", {"draft": DRAFT}),)), Reply("It waits for you.")]
    runs = [Reply("", (("run_pipeline", {"draft": DRAFT}),)), Reply("Done.")]
    with LlmServer([*PLANNED, *asks, *runs, *runs]) as server:
        shop(tmp_path, settings=f"llm: {{model: test, base_url: '{server.base_url}'}}\n")
        asked = typed(tmp_path, "chat", "--once", "Give me the orders")
        assert not (tmp_path / "output").exists()
        token = asked.err.partition("osiris approve ")[2].split()[0]
        refused = approve(tmp_path, token, "n")
        assert refused.exitstatus == 6
        assert approve(tmp_path, token, "y").exitstatus == 0
        assert typed(tmp_path, "chat", "--session", "last", "--once", "Now").code == 0
        assert len((tmp_path / "output" / "orders.csv").read_text("utf-8").splitlines()) == ROWS + 1
        assert typed(tmp_path, "chat", "--session", "last", "--once", "Again").code == 6


def test_where_nobody_can_be_asked_nothing_is_approved(tmp_path: Path) -> None:
    shop(tmp_path)
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines" / "by-status.yaml").write_text(OML, "utf-8")
    token = typed(tmp_path, "plan", "pipelines/by-status.yaml", "--json").document["approval_token"]
    done = typed(tmp_path, "approve", token)
    assert done.code == 6
    assert "nobody said yes" in done.err
    assert typed(tmp_path, "approve", "0123456789abcdef").code == 2
