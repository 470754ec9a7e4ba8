"""A small shop in DuckDB, and a person who says what a test wants."""

from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from osiris.agent.desk import Desk
from osiris.agent.outline import Outline
from osiris.agent.request import Request
from osiris.agent.talk import Call, Said
from osiris.agent.tools import Question
from osiris.app.project import Project
from osiris.model.plan import Plan

DATABASE = "shop.duckdb"
CONNECTIONS = "connections:\n  duckdb:\n    shop:\n      path: shop.duckdb\n"
ROWS = 12
OML = """\
oml_version: "0.1.0"
name: by-status
steps:
  - id: orders
    component: duckdb.extractor
    mode: read
    config:
      connection: "@duckdb.shop"
      query: SELECT order_id, status, amount FROM orders
  - id: write
    component: filesystem.csv_writer
    mode: write
    needs: [orders]
    config: {path: output/orders.csv, write_mode: replace}
"""
WRONG = OML.replace("status, amount", "state, amount")
OUTLINE = {
    "sources": ["@duckdb.shop/orders"],
    "grain": "one row an order",
    "destination": "output/orders.csv",
    "write_mode": "replace",
}


def shop(folder: Path, *, settings: str = "") -> Project:
    """Return a project over twelve orders; every fourth has no e-mail address."""
    folder.mkdir(exist_ok=True)
    with duckdb.connect(folder / DATABASE) as db:
        db.execute("CREATE TABLE orders (order_id BIGINT PRIMARY KEY, email TEXT, status TEXT, amount BIGINT NOT NULL)")
        rows = [
            [n, None if n % 4 == 0 else f"buyer{n}@example.com", "paid" if n % 3 else "cancelled", 100 + n]
            for n in range(1, ROWS + 1)
        ]
        db.executemany("INSERT INTO orders VALUES (?, ?, ?, ?)", rows)
    (folder / "osiris_connections.yaml").write_text(CONNECTIONS, "utf-8")
    (folder / "osiris.yaml").write_text(settings, "utf-8")
    return Project.open(folder, exported={})


@dataclass
class Willing:
    """A person.

    Attributes:
        yes: What they say to a plan, and to anything smaller.
        answers: What they say to questions, in order; nothing once these are used up.
        seen: The plans, with their texts, that they were shown.
        requests: The same, with everything that was shown.
        corrections: What they say to what is going to be built, in order.
    """

    yes: bool = True
    answers: list[str] = field(default_factory=list)
    seen: list[tuple[Plan, str]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    corrections: list[str] = field(default_factory=list)
    outlines: list[Outline] = field(default_factory=list)

    def ask(self, questions: tuple[Question, ...]) -> tuple[str, ...]:
        self.asked += [question.question for question in questions]
        return tuple(self.answers.pop(0) if self.answers else "" for _ in questions)

    def correct(self, outline: Outline) -> str:
        self.outlines.append(outline)
        return self.corrections.pop(0) if self.corrections else ""

    def approve(self, request: Request) -> bool:
        self.seen.append((request.plan, request.oml))
        self.requests.append(request)
        return self.yes

    def permit(self, question: str) -> bool:
        self.asked.append(question)
        return self.yes


def call(desk: Desk, tool: str, **arguments: object) -> Said:
    """Return what the desk answers to one call."""
    return desk.answer(Call("1", tool, arguments))
