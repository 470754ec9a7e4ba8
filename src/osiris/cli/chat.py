"""A conversation on a terminal: what is said, as it comes, and what is being done meanwhile."""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Self

from rich.console import Group
from rich.padding import Padding
from rich.status import Status
from rich.text import Text

from osiris.agent.compact import compacted
from osiris.agent.desk import Desk
from osiris.agent.history import Event, History
from osiris.agent.ledger import Ledger
from osiris.agent.lock import LOCK
from osiris.agent.talk import Call, Said, Talk
from osiris.agent.turn import Llm, turn
from osiris.app.project import Door, Project
from osiris.app.runs import RunReport
from osiris.cli import show
from osiris.cli.answers import answer
from osiris.cli.person import AtTerminal
from osiris.cli.progress import Progress
from osiris.cli.prose import Part, Prose
from osiris.cli.stopping import stopping
from osiris.cli.terminal import Terminal
from osiris.model.errors import ApprovalMissing, LlmError

_DOING = {
    "overview": "looking at the connections",
    "find_tables": "looking for tables",
    "describe_tables": "reading the description of tables",
    "profile_columns": "counting what is in a table",
    "query_sample": "asking for some rows",
    "ask_user": "asking",
    "propose_plan": "saying what is going to be built",
    "write_pipeline": "writing and checking the pipeline",
    "check_pipeline": "checking the pipeline",
    "rehearse_pipeline": "trying it on a part of the rows",
    "plan_pipeline": "compiling and planning",
    "request_approval": "asking for a yes",
    "run_pipeline": "running",
    "explain_run": "reading the record of the run",
    "read_result": "reading on",
}
MOST_HEAD = 80  # characters of an argument that are shown
SPEAKER = "agent> "
_PARTS = re.compile(r"(?<=\s)(?=\S)|(?<=\n)")


class Screen:
    """Shows a conversation: the agent's words on standard output, what its tools do on standard error."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._moves = terminal.err.is_terminal and not terminal.options.quiet
        self._status: Status | None = None
        self._held = ""  # a word that may go on in the next piece
        self._column = 0
        self._speaks = False
        self._calls: dict[str, Call] = {}
        self._prose = Prose() if terminal.out.is_terminal else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.rest()

    def doing(self, what: str) -> None:
        """Say what is being done, until something else is shown."""
        self.rest()
        if self._moves:
            self._status = self._terminal.err.status(Text(show.plain(what), style="dim"))
            self._status.start()

    def rest(self) -> None:
        """Leave the screen to others: nothing moves, and a new line begins."""
        self._still()
        self._word(self._held)
        self._held = ""
        self._speaks = False
        self._show(self._prose.end() if self._prose else ())
        if self._column:
            self._put("\n")

    def say(self, piece: str) -> None:
        """Show a piece of what the agent says; words stay unbroken where a person reads them."""
        if not piece:
            return
        self._still()
        if not self._speaks and self._terminal.out.is_terminal:
            self._put(SPEAKER)
            self._speaks = True
        *words, self._held = _PARTS.split(self._held + show.plain(piece))
        for word in words:
            self._word(word)

    def said(self, one: Said) -> None:
        """Show what was said besides the words: what the agent is about to do, what the desk answers."""
        self.rest()
        if one.by == "agent":
            self.expect(one.calls)
            return
        part = answer(one.shown) if one.answers else Text(show.plain(one.text), style="yellow")
        if part is not None:
            head = [_head(self._calls[one.answers])] if one.answers else []
            self._terminal.say(Padding(Group(*head, part), (0, 0, 1, 2)))

    def expect(self, calls: Iterable[Call]) -> None:
        """Know the calls whose answers are about to be shown."""
        self._calls |= {call.id: call for call in calls}

    def _still(self) -> None:
        if self._status:
            self._status.stop()
            self._status = None

    def _word(self, word: str) -> None:
        self._show(self._prose.take(word) if self._prose and word else [(word, "")])

    def _show(self, parts: Iterable[Part]) -> None:
        for part in parts:
            if isinstance(part, tuple):
                self._write(*part)
            elif not self._terminal.options.as_json:
                self._put("\n" * bool(self._column))
                self._terminal.out.print(part)
                self._column = 0

    def _write(self, word: str, style: str) -> None:
        if word.strip() and self._column and self._column + len(word.rstrip()) > self._terminal.out.width:
            self._put("\n")
        self._put(word, style)

    def _put(self, word: str, style: str = "") -> None:
        if self._terminal.options.as_json:
            return
        if style:
            self._terminal.out.print(Text(word, style=style), end="", soft_wrap=True)
        else:
            self._terminal.out.file.write(word)
        self._terminal.out.file.flush()
        self._column = 0 if word.endswith("\n") else self._column + len(word)


class Runs:
    """Shows the runs of one turn, one after the other, in place of what moves on the screen."""

    def __init__(self, terminal: Terminal, screen: Screen) -> None:
        self._terminal = terminal
        self._screen = screen
        self._now = Progress(terminal)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._now.__exit__(kind, exc, trace)

    def is_running(self) -> bool:
        """Return whether rows are moving."""
        return self._now.is_running()

    def break_in(self, sentence: str) -> None:
        """Say something important in place of what moves."""
        self._now.break_in(sentence)

    def __call__(self, record: dict[str, Any]) -> None:
        """Take one record of a run."""
        if record["event"] == "run_start":
            self._screen.rest()
            self._now = Progress(self._terminal)
        self._now(record)
        if record["event"] == "run_end":
            self._now.__exit__(None, None, None)


@dataclass
class Conversation:
    """One conversation on a terminal. What happens is kept as it happens, so that a crash loses none of it.

    Attributes:
        llm: None where there is no language model: commands work, sentences don't.
        history: Where it is kept; None keeps nothing.
        session: Its name there; empty until the first sentence.
        lock: What it is held with; kept when it begins.
        ledger: What it takes.
    """

    terminal: Terminal
    project: Project
    llm: Llm | None
    person: AtTerminal
    talk: Talk
    history: History | None = None
    session: str = ""
    lock: Mapping[str, Any] = field(default_factory=dict)
    ledger: Ledger = field(default_factory=Ledger)
    desk: Desk = field(init=False)

    def __post_init__(self) -> None:
        self.desk = Desk(self.project, self.person, note=self.note, session=self.session, ledger=self.ledger)
        self.desk.recall(self.talk)
        events = self._events("")
        for event in events:
            if event.kind == "replaced":
                self.desk.drafts.recall(event.body)
            elif event.kind == "undone":
                self.desk.drafts.replaced.pop()
        self.ledger.note = self.note
        turns = sum(one.by == "user" for one in self.talk.said)
        calls = sum(len(one.calls) for one in self.talk.said)
        self.ledger.recall(((event.kind, event.body) for event in events), turns=turns, calls=calls)

    @property
    def draft(self) -> str:
        """Return the text of the newest draft; empty where there is none."""
        return self.desk.drafts.newest.text if self.desk.drafts.newest else ""

    def take(self, sentence: str) -> tuple[Said, ...]:
        """Hold one turn, show it, keep it, and return what was said.

        Raises:
            LlmError: the language model can't be reached; what was said before is kept.
            KeyboardInterrupt: the person wants the turn to end; likewise.
        """
        llm = self._model()
        self.ledger.begin_turn()
        self._finish()
        said = self._plus(Said("user", self.desk.redact.text(sentence)))
        return (said, *self._hold(llm, self.talk.said[-1].text))

    def go_on(self) -> tuple[Said, ...]:
        """Bring a turn that was cut off to its end and return what was said; nothing where none was.

        What had been asked of the tools is done now, but for runs: they are never done twice.

        Raises:
            LlmError: the language model can't be reached.
            KeyboardInterrupt: the person wants the turn to end.
        """
        if not self.talk.is_open():
            return ()
        llm = self._model()
        runs = {str(event.body["call"]): str(event.body["run_id"]) for event in self._events("run")}
        with self._screened() as screen:
            screen.expect(self.talk.open_calls())
            for one in self.desk.resume(self.talk, runs):
                screen.said(self._plus(one))
        return self._hold(llm, "")

    def ask_desk(self, call: Call) -> Said:
        """Return what the desk answers to a call that the person makes; the model is told nothing of it.

        Raises:
            KeyboardInterrupt: the person wants it to end.
        """
        with self._screened() as screen:
            screen.doing(_DOING.get(call.tool, "working"))
            return self.desk.answer(call)

    def learn(self, rule: str) -> None:
        """Let the model know something that the person decided; it hears it with the next sentence."""
        self._finish()
        self._plus(Said("desk", rule))

    def _hold(self, llm: Llm, sentence: str) -> tuple[Said, ...]:
        said: list[Said] = []
        self.talk = compacted(self.talk, self.project.configured.settings.agent.context_tokens)
        before = Talk(self.talk.brief, self.talk.said[:-1]) if sentence else self.talk
        rounds = self.project.configured.settings.agent.rounds
        try:
            with self._screened() as screen:
                screen.doing("thinking")
                for one in turn(before, sentence, llm=llm, desk=self.desk, rounds=rounds, say=screen.say):
                    said.append(self._plus(one))
                    screen.said(one)
                    screen.doing(_doing(said))
        except KeyboardInterrupt:
            self._finish()
            self._plus(Said("desk", "the person stopped this turn"))
            raise
        finally:
            self._tell_cost()
        return tuple(said)

    def _tell_cost(self) -> None:
        """Say in one quiet line what the turn took, and what of the budget is nearly spent."""
        if line := self.ledger.line():
            self.terminal.say(Text(line, style="dim"))
        for warning in self.ledger.warnings():
            self.terminal.say(Text(warning, style="yellow"))

    @contextmanager
    def _screened(self) -> Iterator["Screen"]:
        """Lend the screen to what is said and run, and Ctrl-C to the person."""
        with (
            Screen(self.terminal) as screen,
            Runs(self.terminal, screen) as runs,
            stopping(running=runs.is_running, said=runs.break_in) as stop,
        ):

            def listen(record: dict[str, Any]) -> None:
                self._began(record)
                runs(record)

            self.person.quiet = screen.rest
            self.desk.project = replace(self.project, door=Door(listen=listen, stop=stop, confined=True))
            yield screen

    def _finish(self) -> None:
        """Let no call stay open: one that was cut off was interrupted, and the agent learns of it."""
        for one in self.talk.closed().said[len(self.talk.said) :]:
            self._plus(one)

    def _began(self, record: Mapping[str, Any]) -> None:
        """Keep that a run has begun: after a crash it is looked up, and not done again."""
        waiting = [call for call in self.talk.open_calls() if call.tool == "run_pipeline"]
        if record["event"] == "run_start" and waiting:
            self.note("run", {"call": waiting[0].id, "run_id": record["run_id"]})

    def _plus(self, one: Said) -> Said:
        """Add one thing said, on the disk first."""
        if self.history:
            if not self.session:
                self.session = self.desk.session = self.history.begin()
                self.history.note(self.session, LOCK, self.lock)
            self.history.keep(self.session, one)
        self.talk = self.talk.plus(one)
        return one

    def note(self, kind: str, body: Mapping[str, Any]) -> None:
        """Keep something that happened besides what is said."""
        if self.history and self.session:
            self.history.note(self.session, kind, body)

    def _events(self, kind: str) -> tuple[Event, ...]:
        return self.history.events(self.session, kind) if self.history and self.session else ()

    def _model(self) -> Llm:
        if self.llm is None:
            raise LlmError("there is no language model to talk with", hint="/help shows what works without one")
        return self.llm


def exit_code(said: tuple[Said, ...]) -> int:
    """Return what the command line returns for a turn: of its last run, or of the missing yes to it."""
    codes = [one.shown.exit_code for one in said if isinstance(one.shown, RunReport | ApprovalMissing)]
    return codes[-1] if codes else 0


def document(said: tuple[Said, ...]) -> list[dict[str, Any]]:
    """Return what was said as a JSON value; a tool's answer as the model read it."""
    return [
        {"by": one.by, "text": one.text, "calls": [{"tool": c.tool, "arguments": c.arguments} for c in one.calls]}
        for one in said
    ]


def _head(call: Call) -> Text:
    """Return a tool with what it was asked, as far as that is short."""
    words = [", ".join(v) if isinstance(v, list) else v for v in call.arguments.values() if _is_short(v)]
    return Text(show.plain(" ".join([call.tool, *words])), style="dim")


def _is_short(value: Any) -> bool:
    texts = value if isinstance(value, list) else [value]
    return all(isinstance(text, str) and "\n" not in text for text in texts) and sum(map(len, texts)) <= MOST_HEAD


def _doing(said: list[Said]) -> str:
    """Return what comes next: the first call without an answer, or a thought."""
    waiting = Talk("", tuple(said)).open_calls()
    return _DOING.get(waiting[0].tool, "working") if waiting else "thinking"
