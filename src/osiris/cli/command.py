"""What every module in `commands` begins with: a Typer application, an example, and the terminal to answer on."""

from typing import Annotated, Any

import typer

from osiris.cli.overview import COMMON
from osiris.cli.terminal import Terminal
from osiris.model.errors import UsageError

HELP_WIDTH = 80  # whatever the terminal's: a text of one width is reviewed as it is read
SHAPE: dict[str, Any] = {
    "add_completion": False,
    "rich_markup_mode": None,
    "pretty_exceptions_enable": False,
    "context_settings": {"help_option_names": ["--help", "-h"], "terminal_width": HELP_WIDTH},
    "epilog": f"\b\n{COMMON}",
}
Params = Annotated[
    list[str], typer.Option("--param", metavar="NAME=VALUE", help="Set a parameter of the pipeline; may be repeated.")
]
Pipeline = Annotated[
    str,
    typer.Argument(metavar="FILE", show_default=False, help="A pipeline, a manifest, or a folder that holds one."),
]
LastCompile = Annotated[bool, typer.Option("--last-compile", help="Take the manifest compiled last.")]
Select = Annotated[
    list[str],
    typer.Option(metavar="IDS", show_default=False, help="Only these writers and what they need; a,b or repeated."),
]
Strict = Annotated[bool, typer.Option("--strict", help="Treat what can't be proved as an error.")]


def new_app(sentence: str = "") -> typer.Typer:
    """Return the application of one command, or, with a sentence about it, of a group of commands.

    Example:
        A module in `commands` is an application and functions that parse, ask and show:

            app = new_app()

            @app.command(epilog=example("osiris validate --json"))
            def validate(ctx: typer.Context) -> None:
                terminal = terminal_of(ctx)
                terminal.answer(validate_project(terminal.project(), ValidateProject()), ...)
    """
    app = typer.Typer(**SHAPE)
    if sentence:
        app.callback(help=sentence)(_group)
    return app


def example(*lines: str) -> str:
    """Return what stands below the help of a command: how it is used, and the options that all have."""
    shown = "\n".join(f"  {line}" for line in lines)
    return f"\b\nExample:\n{shown}\n\n\b\n{COMMON}"


def terminal_of(ctx: typer.Context) -> Terminal:
    """Return the terminal that a command answers on."""
    terminal = ctx.obj
    assert isinstance(terminal, Terminal)  # noqa: S101 - `dispatch` put it there
    return terminal


def params_of(words: list[str]) -> dict[str, str]:
    """Return parameters by name, from `NAME=VALUE`; the last one of a name wins.

    Raises:
        UsageError: a word has no `=`.
    """
    pairs = [word.partition("=") for word in words]
    if wrong := next((name for name, equals, _ in pairs if not (equals and name)), None):
        raise UsageError(f"{wrong!r} is not a parameter", hint="write --param NAME=VALUE")
    return {name: value for name, _, value in pairs}


def names_of(words: list[str]) -> tuple[str, ...]:
    """Return names from an option that may be repeated, each time with one name or several between commas.

    Raises:
        UsageError: one of them holds no name: it would mean all, and a part is meant.

    Example:
        >>> names_of(["a,b", "c"])
        ('a', 'b', 'c')
    """
    found = [[name for part in word.split(",") if (name := part.strip())] for word in words]
    if not all(found):
        raise UsageError("an option that takes names was given none", hint="name one, or leave the option out")
    return tuple(name for names in found for name in names)


def _group() -> None:
    """Hold several commands together."""
