"""`osiris mempack`: parse, ask, show."""

from typing import Annotated

import typer

from osiris.app.mempack import Packed, PackProject, pack_project
from osiris.cli import show
from osiris.cli.command import example, new_app, terminal_of
from osiris.cli.terminal import Terminal

app = new_app()


@app.command(epilog=example("osiris mempack", "osiris mempack mempack.yaml --output for-a-model.md"))
def mempack(
    ctx: typer.Context,
    file: Annotated[
        str, typer.Argument(metavar="FILE", show_default=False, help="A YAML file that says what goes in.")
    ] = "",
    *,
    output: Annotated[str, typer.Option(metavar="FILE", show_default=False, help="Write the bundle there.")] = "",
) -> None:
    """Put pipelines, catalogue and latest runs into one text for a model to read. Secrets stay out."""
    terminal = terminal_of(ctx)
    show_packed(terminal, pack_project(terminal.project(), PackProject(file=file, output=output)))


def show_packed(terminal: Terminal, reply: Packed) -> None:
    """Show where a bundle lies and how much is in it."""
    left = f", {show.count(len(reply.left_out), 'part')} left out" if reply.left_out else ""
    told = f"{show.count(len(reply.parts), 'part')}{left}, {show.count(reply.bytes, 'byte')}"
    terminal.answer(reply, show.facts({"bundle": reply.path, "holds": told}))
