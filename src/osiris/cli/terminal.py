"""Where a person, or a program, sits: results go to standard output, everything else to standard error.

A command gets its terminal from `osiris.cli.command.terminal_of`, opens its project with `terminal.project(door)`,
gives its result with `terminal.answer(reply, shown...)` and says everything else with `terminal.say(...)`. What it
shows is made in `osiris.cli.show`.
"""

import json
import os
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import TextIOWrapper
from pathlib import Path
from typing import Any, TextIO

from pydantic import BaseModel
from rich.console import Console, RenderableType
from rich.text import Text

from osiris.app.connections import secret_values
from osiris.app.project import Door, Project
from osiris.cli.options import Options
from osiris.model.errors import OsirisError
from osiris.observe.redact import Redactor

WIDE = 4_000  # columns of an output that no terminal wraps: a table's row stays one line


@dataclass
class Terminal:
    """One call of the command line: what it was told, and where it speaks.

    Attributes:
        out: Standard output, for results.
        err: Standard error, for progress, questions and errors.
        person: True when somebody can see a question and answer it.
        keyboard: Where answers come from.
    """

    options: Options
    out: Console
    err: Console
    person: bool = False
    keyboard: TextIO = field(default_factory=lambda: sys.stdin)
    _secrets: set[str] = field(default_factory=set, repr=False)
    _redactor: Redactor = field(default_factory=Redactor, repr=False)

    @classmethod
    def of(cls, options: Options, environment: Mapping[str, str] | None = None) -> "Terminal":
        """Return the terminal that this process has."""
        variables = os.environ if environment is None else environment
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        person = sys.stdin.isatty() and sys.stderr.isatty() and not variables.get("CI")
        return cls(options, _console(sys.stdout, options, variables), _console(sys.stderr, options, variables), person)

    def project(self, door: Door | None = None, overrides: Mapping[str, str] | None = None) -> Project:
        """Open the project to work in, and remember its secrets.

        Raises:
            OperatorError: the folder, the settings or the environment are wrong.
        """
        folder = Path(self.options.folder) if self.options.folder else None
        project = Project.open(folder, profile=self.options.profile, door=door, overrides=overrides)
        return self.remember(project)

    def remember(self, project: Project) -> Project:
        """Return the project; what it keeps secret is not shown from now on."""
        self._secrets |= _secrets(project)
        self._redactor = Redactor(sorted(self._secrets))
        return project

    def answer(self, reply: BaseModel | Mapping[str, Any], *shown: RenderableType) -> None:
        """Give the result: the reply as one JSON document where that was asked for, else what is shown."""
        if self.options.as_json:
            document = reply.model_dump(mode="json") if isinstance(reply, BaseModel) else reply
            self.out.file.write(json.dumps(self.redact(document), indent=2, ensure_ascii=False) + "\n")
            return
        for part in shown:
            self._print(self.out, part)

    def line(self, record: Mapping[str, Any], shown: str) -> None:
        """Give one of many results as it comes: a JSON document on a line of its own, or a line of text."""
        if self.options.as_json:
            self.out.file.write(json.dumps(self.redact(record), ensure_ascii=False) + "\n")
            self.out.file.flush()
        else:
            self._print(self.out, Text(shown))

    def say(self, *shown: RenderableType) -> None:
        """Say something that is not the result, unless nothing should be said."""
        if not self.options.quiet:
            self.complain(*shown)

    def complain(self, *shown: RenderableType) -> None:
        """Say something that has to be said, such as an error."""
        for part in shown:
            self._print(self.err, part)

    def ask(self, question: str) -> bool:
        """Return whether a person answers yes; False where nobody can."""
        if not self.person:
            return False
        self.err.print(f"{question} [y/N] ", end="", markup=False)
        return self.keyboard.readline().strip().lower() in {"y", "yes"}

    def trace(self, exc: BaseException) -> None:
        """Show where an exception came from, without secrets."""
        self.complain(Text(self.redact("".join(traceback.format_exception(exc))), style="dim"))

    def redact(self, value: Any) -> Any:
        """Return a text, or a tree of texts, without the secrets of the projects opened."""
        return self._redactor(value)

    def _print(self, console: Console, part: RenderableType) -> None:
        """Print without secrets and, where no terminal is, without the blanks that fill up lines."""
        with console.capture() as captured:
            console.print(part)
        text = self.redact(captured.get())
        if not console.is_terminal:
            text = "".join(f"{line.rstrip()}\n" for line in text.splitlines())
        console.file.write(text)
        console.file.flush()


def _console(stream: TextIO, options: Options, environment: Mapping[str, str]) -> Console:
    colorless = not options.color or bool(environment.get("NO_COLOR"))
    wide = None if stream.isatty() or environment.get("COLUMNS") else WIDE
    return Console(
        file=stream, no_color=colorless, force_terminal=None if not environment.get("CI") else False,
        width=wide, highlight=False, markup=False, emoji=False, soft_wrap=False,
    )  # fmt: skip


def _secrets(project: Project) -> set[str]:
    """Return what a project keeps secret; nothing where it can't even be read."""
    try:
        return set(secret_values(project))
    except OsirisError:
        return set()
