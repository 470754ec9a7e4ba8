"""Where a person, or a program, sits: results go to standard output, everything else to standard error.

A command gets its terminal from `osiris.cli.command.terminal_of`, opens its project with `terminal.project(door)`,
gives its result with `terminal.answer(reply, shown...)` and says everything else with `terminal.say(...)`. What it
shows is made in `osiris.cli.show`.
"""

import json
import os
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from getpass import getpass
from io import TextIOWrapper
from pathlib import Path
from typing import Any, TextIO

from pydantic import BaseModel
from rich.console import Console, RenderableType
from rich.text import Text

from osiris.app.connections import secret_values
from osiris.app.project import Door, Project
from osiris.cli.options import Options
from osiris.model.errors import OsirisError, UsageError
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
        full: True once something could not be written.
    """

    options: Options
    out: Console
    err: Console
    person: bool = False
    keyboard: TextIO = field(default_factory=lambda: sys.stdin)
    full: bool = False
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
        self.hide(_secrets(project))
        return project

    def hide(self, secrets: Iterable[str]) -> None:
        """Show none of these values from now on."""
        self._secrets |= set(secrets)
        self._redactor = Redactor(sorted(self._secrets))

    def answer(self, reply: BaseModel | Mapping[str, Any], *shown: RenderableType) -> None:
        """Give the result: the reply as one JSON document where that was asked for, else what is shown."""
        if self.options.as_json:
            document = reply.model_dump(mode="json") if isinstance(reply, BaseModel) else reply
            self._write(self.out, json.dumps(self.redact(document), indent=2, ensure_ascii=False) + "\n")
            return
        for part in shown:
            self._print(self.out, part)

    def line(self, record: Mapping[str, Any], shown: str) -> None:
        """Give one of many results as it comes: a JSON document on a line of its own, or a line of text."""
        if self.options.as_json:
            self._write(self.out, json.dumps(self.redact(record), ensure_ascii=False) + "\n")
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

    def question(self, question: str, default: str = "") -> str:
        """Return what a person answers, without blanks around it; the default where they only press Enter.

        Raises:
            UsageError: nobody can be asked, or the answers have ended.
        """
        if not self.person:
            raise UsageError(f"nobody can be asked: {question}", hint="`--help` shows how to answer it beforehand")
        self.err.print(f"{question}{f' [{default}]' if default else ''}: ", end="", markup=False)
        if not (line := self.keyboard.readline()):
            raise UsageError("a question was not answered", hint="`--help` shows how to answer it beforehand")
        return line.strip() or default

    def secret(self, question: str) -> str:
        """Return a secret: typed unseen by a person, or the next line of standard input."""
        typed = getpass(f"{question}: ") if self.person else self.keyboard.readline()
        self.hide((secret := typed.rstrip("\r\n"),))
        return secret

    def trace(self, exc: BaseException) -> None:
        """Show where an exception came from, without secrets."""
        self.complain(Text(self.redact("".join(traceback.format_exception(exc))), style="dim"))

    def redact(self, value: Any) -> Any:
        """Return a text, or a tree of texts, without the secrets of the projects opened."""
        return self._redactor(value)

    def _print(self, console: Console, part: RenderableType) -> None:
        """Print without secrets and, where no terminal is, without the blanks that fill up lines."""
        with self._room(console), console.capture() as captured:
            console.print(part)
        text = self.redact(captured.get())
        if not console.is_terminal:
            text = "".join(f"{line.rstrip()}\n" for line in text.splitlines())
        self._write(console, text)

    def _write(self, console: Console, text: str) -> None:
        with self._room(console):
            console.file.write(text)
            console.file.flush()

    @contextmanager
    def _room(self, console: Console) -> Iterator[None]:
        """Say in words that there is no room for what is written, and drop what comes after it.

        Raises:
            BrokenPipeError: nobody reads on.
            UsageError: there is no room.
        """
        try:
            yield
        except BrokenPipeError:
            raise
        except OSError as exc:
            self.full = True
            os.dup2(os.open(os.devnull, os.O_WRONLY), console.file.fileno())
            raise UsageError(
                f"the output can't be written: {(exc.strerror or str(exc)).lower()}", hint="make room where it goes"
            ) from exc


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
