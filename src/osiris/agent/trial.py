"""Whether conversations end in the right rows: cases of a wish and the rows it should give."""

import re
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import pyarrow as pa
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from osiris.agent.brief import brief
from osiris.agent.desk import Desk
from osiris.agent.ledger import Ledger, Sum
from osiris.agent.outline import Outline
from osiris.agent.recorded import Recorded, Recording
from osiris.agent.request import Request
from osiris.agent.talk import Said, Talk
from osiris.agent.tools import Question, Tool
from osiris.agent.turn import Llm, turn
from osiris.app.cache import desk_of
from osiris.app.catalogue import Rows
from osiris.app.connections import connected
from osiris.app.demo import MakeDemo, make_demo
from osiris.app.project import Door, Project
from osiris.app.readback import first_rows
from osiris.app.rows import plain_rows
from osiris.app.runs import RunReport
from osiris.model.errors import ConfigError, OsirisError, UsageError
from osiris.observe.read import read_manifest
from osiris.sql.guard import read_only

DEMO = "demo"
MOST_ROWS = 100_000  # of a result that is compared
_LEFT_OUT = ("logs", "build", ".git", ".venv", "node_modules", ".osiris_sessions", "testing_env")
Player = Literal["model", "recorded", "nothing"]
Opens = Callable[[Project, Ledger], Llm]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Expected(_Part):
    """The rows that a wish should give, whatever their order: those of a query; without one, no run at all."""

    connection: str = ""
    query: str = ""


class Case(_Part):
    """One wish.

    Attributes:
        intent: What the person says first.
        then: What they say afterwards, in order.
        answers: Words of a question to what the person answers; a question without is left to its default.
        expect: What should come of it.
        refuse: True where the right thing is to run nothing.
        says: Regular expression that is found in the last reply; empty asks for nothing.
        recording: Name of the turns that a player plays who knows the answer, from the folder of the file.
    """

    name: str
    intent: str
    then: tuple[str, ...] = ()
    answers: dict[str, str] = {}
    expect: Expected = Expected()
    refuse: bool = False
    says: str = ""
    recording: str = ""


class Suite(_Part):
    """Some wishes about one project.

    Attributes:
        project: Folder, from where the file lies; `demo` is the shop that `osiris demo` makes.
    """

    project: str = DEMO
    cases: tuple[Case, ...] = Field(min_length=1)


class Verdict(BaseModel):
    """What came of one case.

    Attributes:
        why: What is not right; empty where all is.
        requests: To the language model.
        cost: US dollars; empty where nobody knows the price, or nothing was sent.
        questions: That the person was asked.
    """

    name: str
    passed: bool
    why: str = ""
    rows: int = 0
    requests: int = 0
    calls: int = 0
    questions: int = 0
    tokens: int = 0
    cost: str = ""


class Score(BaseModel):
    """What came of all of them."""

    player: Player
    passed: int
    total: int
    verdicts: tuple[Verdict, ...]


@dataclass
class Simulated:
    """A person who tells only what they are asked, and lets nothing be lost but in the copy that they were given."""

    answers: dict[str, str]
    asked: list[str] = field(default_factory=list)

    def ask(self, questions: tuple[Question, ...]) -> tuple[str, ...]:
        """Return the answer whose words are in a question; nothing where there is none."""
        self.asked += [question.question for question in questions]
        return tuple(map(self._answer, questions))

    def correct(self, outline: Outline) -> str:  # noqa: ARG002 - a person would read it
        """Let it be."""
        return ""

    def approve(self, request: Request) -> bool:
        """Say yes where only files of the copy are written."""
        return all(not write.target.startswith(("@", "/")) for write in request.plan.writes)

    def permit(self, question: str) -> bool:  # noqa: ARG002 - a person would read it
        """Say no."""
        return False

    def _answer(self, question: Question) -> str:
        text = question.question.lower()
        return next((answer for words, answer in self.answers.items() if words.lower() in text), "")


class Silent:
    """A player who does nothing but talk."""

    def reply(self, talk: Talk, tools: tuple[Tool, ...], say: Callable[[str], None]) -> Said:  # noqa: ARG002 - the port's
        """Say something kind."""
        return Said("agent", "I'd love to.")


@dataclass
class _Counted:
    """A language model whose replies are counted."""

    llm: Llm
    ledger: Ledger = field(default_factory=Ledger)
    requests: int = 0

    def reply(self, talk: Talk, tools: tuple[Tool, ...], say: Callable[[str], None]) -> Said:
        """Return the model's reply."""
        self.requests += 1
        return self.llm.reply(talk, tools, say)


def read_suite(name: str, cwd: Path) -> tuple[Suite, Path | None]:
    """Return the cases of a file, or those that come with Osiris, and the folder they lie in.

    Raises:
        UsageError: there is no such file.
        ConfigError: it does not hold cases.
    """
    file = cwd / name
    shipped = files("osiris.agent").joinpath("evals", f"{name}.yaml")
    if file.is_file():
        text, folder = file.read_text("utf-8"), file.parent
    elif shipped.is_file():
        text, folder = shipped.read_text("utf-8"), None
    else:
        raise UsageError(f"there is no file {name!r}", hint="`osiris eval shop` runs the cases that come with Osiris")
    try:
        return Suite.model_validate(yaml.safe_load(text)), folder
    except (yaml.YAMLError, ValidationError) as exc:
        raise ConfigError(f"{name} does not hold cases: {exc}", where=name, hint="see docs/chat.md") from None


def hold(
    suite: Suite,
    folder: Path | None,
    home: Project,
    player: Player,
    *,
    open_llm: Opens,
    heard: Callable[[Verdict], None] = lambda _: None,
) -> Score:
    """Hold the conversation of every case in a copy of the project, and compare what it gave.

    Args:
        suite: The cases.
        folder: Where they lie; None for those that come with Osiris.
        home: Lends the settings and the components.
        player: Who plays the model.
        open_llm: Returns the live model.
        heard: Told of each verdict as it comes.
    """
    verdicts = []
    for case in suite.cases:
        with TemporaryDirectory(prefix="osiris-eval-") as scratch:
            project = _copied(suite, folder, home, Path(scratch))
            verdicts.append(_held(case, project, _player(case, folder, project, player, open_llm)))
        heard(verdicts[-1])
    passed = sum(verdict.passed for verdict in verdicts)
    return Score(player=player, passed=passed, total=len(verdicts), verdicts=tuple(verdicts))


def same_rows(found: Rows, expected: Rows) -> bool:
    """Return whether two results hold the same rows, in any order; NULL is NULL, and columns go by their place."""
    return Counter(found.rows) == Counter(expected.rows) and found.cut == expected.cut


def _held(case: Case, project: Project, llm: _Counted) -> Verdict:
    person = Simulated(dict(case.answers))
    desk = Desk(project, person)
    talk, said, why = Talk(brief(project)), list[Said](), ""
    for sentence in (case.intent, *case.then):
        rounds = project.configured.settings.agent.rounds
        try:
            for one in turn(talk, sentence, llm=llm, desk=desk, rounds=rounds):
                said.append(one)
        except OsirisError as exc:
            why = f"{exc.message}. {exc.why}".strip()
            break
        talk = Talk(talk.brief, (*talk.said, Said("user", sentence), *said[len(talk.said) :]))
    runs = [one.shown for one in said if isinstance(one.shown, RunReport) and one.shown.status == "completed"]
    rows, wrong = _compared(case, project, runs)
    if not wrong and not re.search(case.says, said[-1].text if said else "", re.IGNORECASE):
        wrong = f"the last reply does not say {case.says!r}"
    spent = Sum.of(llm.ledger.entries)
    return Verdict(
        name=case.name,
        passed=not wrong,
        why=wrong and (why or wrong),
        rows=rows,
        requests=llm.requests,
        calls=sum(len(one.calls) for one in said),
        questions=len(person.asked),
        tokens=spent.tokens_in + spent.tokens_out,
        cost=spent.money() if spent.calls else "",
    )


def _compared(case: Case, project: Project, runs: Sequence[RunReport]) -> tuple[int, str]:
    """Return how many rows came, and what is not right about them."""
    if case.refuse:
        return 0, "something ran that should not have" if runs else ""
    if not runs:
        return 0, "nothing ran to its end"
    found, expected = _written(project, runs[-1]), _wanted(project, case.expect)
    if found.cut or expected.cut:
        return len(found.rows), f"more than {MOST_ROWS:,} rows are not compared"
    if same_rows(found, expected):
        return len(found.rows), ""
    missing = Counter(expected.rows) - Counter(found.rows)
    other = Counter(found.rows) - Counter(expected.rows)
    return len(found.rows), f"{missing.total()} rows are missing, {other.total()} are others"


def _written(project: Project, report: RunReport) -> Rows:
    manifest = read_manifest(project.layout.session(report.run_id))
    writers = [step for step in manifest.steps if step.mode == "write"]
    return _rows(*first_rows(project, writers[-1], MOST_ROWS))


def _wanted(project: Project, expect: Expected) -> Rows:
    family, connection, reference = connected(project, expect.connection)
    read_only(expect.query, family.dialect)
    return _rows(*desk_of(family.desk, reference).query(connection, project.place, expect.query, MOST_ROWS))


def _rows(table: pa.Table, cut: bool) -> Rows:  # noqa: FBT001 - what both sources give
    types = tuple(map(str, table.schema.types))
    return Rows(columns=tuple(table.schema.names), types=types, rows=plain_rows(table), cut=cut)


def _player(case: Case, folder: Path | None, project: Project, player: Player, open_llm: Opens) -> _Counted:
    if player == "model":
        ledger = Ledger()
        return _Counted(open_llm(project, ledger), ledger)
    if player == "nothing" or not case.recording:
        return _Counted(Silent())
    return _Counted(Recorded(_recording(case.recording, folder)))


def _recording(name: str, folder: Path | None) -> Recording:
    if folder is None:
        return Recording.shipped(name)
    return Recording.model_validate(yaml.safe_load((folder / f"{name}.yaml").read_text("utf-8")))


def _copied(suite: Suite, folder: Path | None, home: Project, scratch: Path) -> Project:
    """Return a copy of the project that the cases are about, with the settings of the one at home."""
    if suite.project == DEMO:
        opened = replace(home, cwd=scratch, door=Door())
        made = Path(make_demo(opened, MakeDemo(folder="shop")).folder)
    else:
        source = ((folder or home.root) / suite.project).resolve()
        made = Path(shutil.copytree(source, scratch / "copy", ignore=shutil.ignore_patterns(*_LEFT_OUT)))
    copy = Project.open(made, exported=home.environment.variables)
    return replace(copy, configured=home.configured) if suite.project == DEMO else copy
