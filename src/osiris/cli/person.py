"""The person at a terminal, as the agent's desk sees them."""

from collections.abc import Callable
from dataclasses import dataclass, field

from rich.console import RenderableType
from rich.text import Text

from osiris.agent.outline import Outline
from osiris.agent.request import Request
from osiris.agent.tools import Question
from osiris.cli import show
from osiris.cli.terminal import Terminal


def by_policy(request: Request) -> bool:
    """Return whether a standing policy lets a run begin that nobody is asked about."""
    return bool(request.policy)


def takes_nothing_away(request: Request) -> bool:
    """Return whether a run can't remove or change anything that is there."""
    return not request.plan.destructive


@dataclass
class AtTerminal:
    """Asks on standard error and reads answers from standard input.

    Attributes:
        yes: True answers without asking: a question by its default, a run by what `lets` says.
        lets: What a yes given beforehand is good for.
        timid: True never lets a run begin that may take something away.
        corrects: False shows what is going to be built, and goes on.
        permits: True says yes to smaller things without asking.
        quiet: Called before anything is asked, so that nothing moves on the screen meanwhile.
        refused: True once a plan was not agreed to.
    """

    terminal: Terminal
    yes: bool = False
    lets: Callable[[Request], bool] = by_policy
    timid: bool = False
    corrects: bool = True
    permits: bool = False
    quiet: Callable[[], None] = lambda: None
    refused: bool = field(default=False, init=False)

    def ask(self, questions: tuple[Question, ...]) -> tuple[str, ...]:
        """Return one answer a question; an empty one leaves the default."""
        self.quiet()
        return tuple(map(self._ask, questions))

    def correct(self, outline: Outline) -> str:
        """Show what is going to be built, and return what should be different."""
        self.quiet()
        say = self._say()
        say(show.title("What is going to be built"), show.outline(outline.model_dump()))
        if self.yes or not self.terminal.person or not self.corrects:
            return ""
        self.terminal.err.print("Enter goes on; or say what should be different: ", end="")
        return self.terminal.keyboard.readline().strip()

    def approve(self, request: Request) -> bool:
        """Show everything that code knows of a run, and return whether the person says yes to exactly it."""
        self.quiet()
        say = self._say()
        say(*show.oml(request.oml, f"pipeline {request.plan.pipeline}"))
        say(*show.difference(request.before, request.oml), *show.assumed(request.assumptions))
        say(*_sample(request), show.plan(request.plan))
        agreed = self._agreed(request)
        self.refused = self.refused or not agreed
        return agreed

    def permit(self, question: str) -> bool:
        """Return whether the person says yes to something smaller; no where nobody is asked."""
        self.quiet()
        if self.permits or self.yes:
            return self.permits
        *before, asked = question.split("\n")
        if before and self.terminal.person:
            self.terminal.complain(show.changes(before))
        return self.terminal.ask(show.plain(asked))

    def _say(self) -> Callable[..., None]:
        """Return what speaks to the person: whoever is asked something sees it, however quiet the rest is."""
        return self.terminal.say if self.yes or not self.terminal.person else self.terminal.complain

    def _agreed(self, request: Request) -> bool:
        token = request.plan.token
        if self.timid and request.plan.destructive:
            return False
        if self.yes and self.lets(request):
            self.terminal.say(f"Run exactly this? yes (--yes, token {token})")
            return True
        if not self.terminal.person and request.policy:
            self.terminal.say(f"Run exactly this? yes (policy of {show.plain(request.policy)}, token {token})")
            return True
        return self.terminal.ask("Run exactly this?")

    def _ask(self, question: Question) -> str:
        say = self._say()
        say(show.title(question.question))
        say(f"  {show.plain(question.why)}")
        for number, option in enumerate(question.options, 1):
            say(f"  {number}  {show.plain(option)}")
        if self.yes or not self.terminal.person:
            say(f"  assumed: {show.plain(question.default)}")
            return ""
        self.terminal.err.print(f"Your answer [{show.plain(question.default)}]: ", end="")
        return _meant(self.terminal.keyboard.readline().strip(), question.options)


def _sample(request: Request) -> list[RenderableType]:
    """Return the first rows that each writer would write, and what is suspicious about the rehearsal."""
    if request.rehearsed is None:
        return []
    parts: list[RenderableType] = []
    part = "" if request.rehearsed.whole else ", from a part of the rows"
    targets = {write.step_id: write.target for write in request.plan.writes}
    for writer, found in request.rehearsed.previews.items():
        parts += [show.title(f"first rows for {targets.get(writer, writer)}{part}"), show.rows(found), Text()]
    parts += [Text(f"! {show.plain(smell)}", style="yellow") for smell in request.rehearsed.smells]
    return parts


def _meant(typed: str, options: tuple[str, ...]) -> str:
    """Return the option that a number, or the start of its text, means; else what was typed."""
    if typed.isdecimal() and 1 <= int(typed) <= len(options):
        return options[int(typed) - 1]
    found = [option for option in options if typed and option.lower().startswith(typed.lower())]
    return found[0] if len(found) == 1 else typed
