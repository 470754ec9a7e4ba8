"""A conversation that dies at a moment of its own choosing, and the same one that goes on afterwards."""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.unit.agent.shop import OML, OUTLINE
from tests.unit.cli.test_chat import DRAFT, terminal

from osiris.agent.brief import brief
from osiris.agent.history import History
from osiris.agent.outline import Outline
from osiris.agent.request import Request
from osiris.agent.talk import Call, Said, Talk
from osiris.agent.tools import Question, Tool
from osiris.app.project import Project
from osiris.cli.chat import Conversation
from osiris.cli.person import AtTerminal
from osiris.observe.redact import Redactor

SENTENCE = "Give me the orders"
QUESTION = {"question": "Do cancelled orders count?", "why": "the rows", "options": ["yes", "no"], "default": "no"}
LINES = (
    Said("agent", "let me look", (Call("1", "overview"),)),
    Said("agent", "", (Call("2", "ask_user", {"questions": [QUESTION]}),)),
    Said("agent", "", (Call("3", "propose_plan", OUTLINE),)),
    Said("agent", "", (Call("4", "write_pipeline", {"text": OML}),)),
    Said("agent", "", (Call("5", "plan_pipeline", {"draft": DRAFT}),)),
    Said("agent", "", (Call("6", "run_pipeline", {"draft": DRAFT}),)),
    Said("agent", "done"),
)
KILL = getattr(signal, "SIGKILL", signal.SIGTERM)


def die() -> None:
    """Be gone at once."""
    os.kill(os.getpid(), KILL)


@dataclass
class Script:
    """Says the line that comes next, going by how often it has spoken; dies where it was told to."""

    moment: str = ""
    said: list[str] = field(default_factory=list)

    def reply(self, talk: Talk, tools: tuple[Tool, ...], say: Callable[[str], None]) -> Said:
        assert talk.open_calls() == ()
        number = sum(one.by == "agent" for one in talk.said)
        if self.moment == f"before reply {number}":
            die()
        say("a piece ")
        if self.moment == f"within reply {number}":
            die()
        return LINES[min(number, len(LINES) - 1)]


@dataclass
class Mortal(AtTerminal):
    """A person who says yes; their machine dies where it was told to."""

    moment: str = ""
    approved: int = 0
    asked: int = 0

    def ask(self, questions: tuple[Question, ...]) -> tuple[str, ...]:
        if self.moment == "asked":
            die()
        self.asked += 1
        return ("yes",)

    def correct(self, outline: Outline) -> str:
        if self.moment == "shown":
            die()
        return ""

    def approve(self, request: Request) -> bool:
        if self.moment == "approving":
            die()
        self.approved += 1
        return True


def conversation(folder: Path, session: str = "", moment: str = "") -> Conversation:
    """Return the conversation, new or as it was kept."""
    project = Project.open(folder, exported={})
    history = History(project.layout.history, Redactor())
    here = terminal()
    talk = history.talk(session, brief(project)) if session else Talk(brief(project))
    made = Conversation(here, project, Script(moment), Mortal(here, moment=moment), talk, history, session)
    began = made._began

    def hear(record: Any) -> None:
        began(record)
        if moment == f"run {record['event']}":
            die()

    made._began = hear  # type: ignore[method-assign]
    return made


def live(folder: Path, moment: str) -> None:
    """Hold the conversation until it dies."""
    conversation(folder, moment=moment).take(SENTENCE)
