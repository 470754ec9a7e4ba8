from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.unit.agent.shop import Willing, shop

from osiris.agent.desk import Desk
from osiris.agent.talk import Call, Said, Talk
from osiris.agent.tools import TOOLS, Tool
from osiris.agent.turn import turn
from osiris.model.errors import LlmError


@dataclass
class Scripted:
    """Says its lines in order."""

    lines: list[Said]
    heard: list[Talk] = field(default_factory=list)
    offered: list[tuple[Tool, ...]] = field(default_factory=list)

    def reply(self, talk: Talk, tools: tuple[Tool, ...], say: Callable[[str], None]) -> Said:
        self.heard.append(talk)
        self.offered.append(tools)
        if not self.lines:
            raise LlmError("nothing is left to say")
        say(self.lines[0].text)
        return self.lines.pop(0)


LOOK = Said("agent", "let me look", (Call("1", "overview"),))
DONE = Said("agent", "there is one connection")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(shop(tmp_path), Willing())


def test_the_loop_goes_round_until_the_agent_just_talks(desk: Desk) -> None:
    llm, pieces = Scripted([LOOK, DONE]), list[str]()
    said = list(turn(Talk("brief"), "what is there?", llm=llm, desk=desk, say=pieces.append))
    assert [one.by for one in said] == ["agent", "desk", "agent"]
    assert said[1].text == '{"connections":[{"connection":"@duckdb.shop","tables":["orders"],"tables_total":1}]}'
    assert pieces == ["let me look", "there is one connection"]


def test_the_agent_hears_everything_that_was_said_before(desk: Desk) -> None:
    llm = Scripted([LOOK, DONE])
    said = list(turn(Talk("brief"), "what is there?", llm=llm, desk=desk))
    assert [one.text for one in llm.heard[1].said] == ["what is there?", "let me look", said[1].text]
    assert llm.heard[1].brief == "brief"


def test_a_turn_returns_the_longer_conversation(desk: Desk) -> None:
    running = turn(Talk("brief"), "what is there?", llm=Scripted([LOOK, DONE]), desk=desk)
    said = []
    while True:
        try:
            said.append(next(running))
        except StopIteration as end:
            talk = end.value
            break
    assert talk == Talk("brief", (Said("user", "what is there?"), *said))


def test_the_tools_are_the_same_in_every_round(desk: Desk) -> None:
    llm = Scripted([LOOK, LOOK, DONE])
    list(turn(Talk(), "what is there?", llm=llm, desk=desk))
    assert llm.offered == [TOOLS] * 3


def test_a_turn_that_does_not_end_by_itself_is_ended(desk: Desk) -> None:
    said = list(turn(Talk(), "go on", llm=Scripted([LOOK] * 9), desk=desk, rounds=2))
    assert [one.by for one in said] == ["agent", "desk", "agent", "desk", "desk"]
    assert said[-1].text.startswith("stopped after 2 rounds")


def test_what_was_said_before_the_model_vanished_stands(desk: Desk) -> None:
    running = turn(Talk(), "what is there?", llm=Scripted([LOOK]), desk=desk)
    assert [next(running).by, next(running).by] == ["agent", "desk"]
    with pytest.raises(LlmError):
        next(running)


def test_a_claim_without_evidence_goes_back_to_the_agent(desk: Desk) -> None:
    claim = Said("agent", "all is well [ev.receipt.write.rows.1700000000000]")
    said = list(turn(Talk(), "is all well?", llm=Scripted([claim, Said("agent", "I don't know")]), desk=desk))
    assert [one.by for one in said] == ["agent", "desk", "agent"]
    assert "there is no evidence ev.receipt.write.rows.1700000000000" in said[1].text
