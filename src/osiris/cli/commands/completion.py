"""`osiris completion`: parse, ask, show."""

from enum import StrEnum
from importlib.resources import files
from typing import Annotated

import typer
from rich.text import Text

from osiris.cli.command import example, new_app, terminal_of

app = new_app()


class Shell(StrEnum):
    """Who completes."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


@app.command(
    epilog=example(
        "osiris completion bash > ~/.local/share/bash-completion/completions/osiris",
        "osiris completion zsh > ~/.zfunc/_osiris",
        "osiris completion fish > ~/.config/fish/completions/osiris.fish",
    )
)
def completion(
    ctx: typer.Context, shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="bash, zsh or fish.")]
) -> None:
    """Print what makes the Tab key complete commands, options, pipelines and connections.

    Keep it where your shell looks, as below, and open a new terminal.
    """
    terminal = terminal_of(ctx)
    script = files("osiris.cli").joinpath("completion", f"osiris.{shell.value}").read_text("utf-8")
    terminal.answer({"shell": shell.value, "script": script}, Text(script.rstrip("\n")))
