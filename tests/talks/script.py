"""A conversation written down: what the person says, what the model says to it, and what code makes of both."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
from tests.unit.agent.shop import DATABASE, OUTLINE, Willing, shop

from osiris.agent.brief import brief
from osiris.agent.desk import Desk
from osiris.agent.talk import Call, Said, Talk
from osiris.agent.tools import Tool
from osiris.agent.turn import turn
from osiris.app.project import Project
from osiris.app.runs import RunReport

SHOP = "@duckdb.shop"
Asked = tuple[str, dict[str, Any]]
PLAN: Asked = ("propose_plan", OUTLINE)
DRAFT = "?"  # stands for the newest draft


@dataclass
class Player:
    """Says what is written for it; a draft that it can't know is the newest one that it was told of."""

    lines: list[list[Asked] | str]

    def reply(self, talk: Talk, tools: tuple[Tool, ...], say: Callable[[str], None]) -> Said:
        line = self.lines.pop(0) if self.lines else "done"
        if isinstance(line, str):
            return Said("agent", line)
        number = len(talk.said)
        drafts = [told["draft"] for one in talk.said if one.answers and "draft" in (told := json.loads(one.text))]
        made = (
            Call(f"{number}-{n}", tool, {k: drafts[-1] if v == DRAFT else v for k, v in given.items()})
            for n, (tool, given) in enumerate(line)
        )
        return Said("agent", "", tuple(made))


@dataclass
class Held:
    """A conversation in one project, turn by turn."""

    project: Project
    person: Willing = field(default_factory=Willing)
    talk: Talk = field(default_factory=Talk)

    def __post_init__(self) -> None:
        self.talk = Talk(brief(self.project))
        self.desk = Desk(self.project, self.person)

    def say(self, sentence: str, *lines: list[Asked] | str) -> "Held":
        """Hold one turn; each line is what the model calls, or its last word."""
        player = Player(list(lines))
        said = list(turn(self.talk, sentence, llm=player, desk=self.desk))
        assert player.lines == []
        self.talk = self.talk.plus(Said("user", sentence), *said)
        return self

    def answers(self, tool: str) -> list[dict[str, Any]]:
        """Return what a tool answered, in order, as the model reads it."""
        tools = {call.id: call.tool for one in self.talk.said for call in one.calls}
        return [json.loads(one.text) for one in self.talk.said if one.answers and tools[one.answers] == tool]

    def reports(self) -> list[RunReport]:
        """Return the runs, in order."""
        return [one.shown for one in self.talk.said if isinstance(one.shown, RunReport)]

    def error(self, tool: str) -> str:
        """Return why a tool refused last."""
        return str(self.answers(tool)[-1]["error"]["message"])

    def lines(self, file: str) -> list[str]:
        """Return the lines of a file that a run wrote."""
        return (self.project.root / file).read_text("utf-8").splitlines()


def begin(folder: Path, *statements: str, settings: str = "", **person: Any) -> Held:
    """Return a conversation about the shop, after some changes to it."""
    project = shop(folder, settings=settings)
    with duckdb.connect(folder / DATABASE) as db:
        for statement in statements:
            db.execute(statement)
    return Held(project, Willing(**person))


def oml(query: str, path: str = "output/out.csv", name: str = "orders", *, write: str = "write_mode: replace") -> str:
    """Return a pipeline that writes what a query gives."""
    body = "\n".join(f"        {line}" for line in query.splitlines())
    return f"""\
oml_version: "0.1.0"
name: {name}
steps:
  - id: read
    component: duckdb.extractor
    mode: read
    config:
      connection: "{SHOP}"
      query: |
{body}
  - id: write
    component: filesystem.csv_writer
    mode: write
    needs: [read]
    config: {{path: {path}, {write}}}
"""


def written(text: str) -> list[Asked]:
    return [("write_pipeline", {"text": text})]


def asked(tool: str, **arguments: Any) -> list[Asked]:
    return [(tool, arguments)]


RUN: tuple[list[Asked], ...] = (
    [("rehearse_pipeline", {"draft": DRAFT})],
    [("plan_pipeline", {"draft": DRAFT})],
    [("run_pipeline", {"draft": DRAFT})],
)
