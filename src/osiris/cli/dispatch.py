"""One command line: find the command, let it answer, say what went wrong. The one `except` of the command line."""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import typer

from osiris.cli import show
from osiris.cli.libraries import heard
from osiris.cli.options import VALUES, take
from osiris.cli.overview import COMMANDS, quick
from osiris.cli.terminal import Terminal
from osiris.model.errors import EXIT_FAILED, OsirisError, UsageError
from osiris.model.nearest import nearest


def dispatch(line: Sequence[str]) -> int:
    """Carry out one command line and return its exit code; nothing is raised but an interrupt."""
    options, words = take(line)
    terminal = Terminal.of(options)
    try:
        code = _answer(terminal, words)
        terminal.out.file.flush()
    except BrokenPipeError:
        return _nobody_reads()
    return code


def _answer(terminal: Terminal, words: list[str]) -> int:
    try:
        with heard(terminal):
            return _carry_out(terminal, words)
    except BrokenPipeError:
        raise
    except typer.Abort:
        return fail(
            terminal, UsageError("a question was not answered", hint="`--help` shows how to answer it beforehand")
        )
    except typer.TyperException as exc:
        return fail(terminal, _usage(exc, words))
    except Exception as exc:  # noqa: BLE001 - the one place that catches everything
        return fail(terminal, exc)


def fail(terminal: Terminal, exc: Exception) -> int:
    """Say what went wrong, in the one shape, and return the exit code."""
    error = exc if isinstance(exc, OsirisError) else _surprise(exc)
    wire = terminal.redact(error.to_dict())
    with suppress(UsageError):
        terminal.answer({"error": wire, "exit_code": error.exit_code})
    with suppress(UsageError):  # where nothing can be written any more, the exit code tells
        if terminal.full or not terminal.options.as_json:
            terminal.complain(show.error(wire))
        if terminal.options.verbose:
            terminal.trace(exc)
    return error.exit_code


def _carry_out(terminal: Terminal, words: list[str]) -> int:
    if text := quick(words):
        terminal.out.file.write(text)
        return 0
    if words[-1] in VALUES:
        raise UsageError(f"{words[-1]} needs a value", hint="`osiris --help` shows the options of every command")
    name = words[0]
    if name not in COMMANDS:
        near = nearest(name, COMMANDS)
        hint = f"did you mean `osiris {near[0]}`?" if near else f"there are: {', '.join(COMMANDS)}"
        raise UsageError(f"there is no command {name!r}", hint=hint)
    app: typer.Typer = import_module(f"osiris.cli.commands.{name.replace('-', '_')}").app
    code = app(words[1:], prog_name=f"osiris {name}", standalone_mode=False, obj=terminal)
    return code if isinstance(code, int) else 0


def _usage(exc: typer.TyperException, words: Sequence[str]) -> UsageError:
    """Say in our shape what Typer complains of."""
    text = " ".join(exc.format_message().split()).rstrip(".").replace("Value error, ", "")
    path = getattr(getattr(exc, "ctx", None), "command_path", f"osiris {words[0]}")
    return UsageError(f"{text[:1].lower()}{text[1:]}", hint=f"`{path} --help` shows what it takes")


def _surprise(exc: Exception) -> OsirisError:
    """Say that something happened which nobody foresaw."""
    last = exc.__traceback__
    while last and last.tb_next:
        last = last.tb_next
    where = f"{Path(last.tb_frame.f_code.co_filename).name}:{last.tb_lineno}" if last else ""
    return OsirisError(
        f"something unforeseen happened: {type(exc).__name__}: {exc}",
        where=where,
        hint="this is a bug in Osiris: run it again with -v and report what it says",
    )


def _nobody_reads() -> int:
    """Leave quietly: whoever read the output has closed it."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return EXIT_FAILED
