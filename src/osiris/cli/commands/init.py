"""`osiris init`: parse, ask, show."""

import shlex
from typing import Annotated

import typer

from osiris.app.scaffold import InitedProject, InitProject, init_project, template
from osiris.cli import show
from osiris.cli.command import example, new_app, terminal_of
from osiris.model.layout import SETTINGS

app = new_app()


@app.command(
    epilog=example("osiris init shop", "osiris init shop --template top-report", "osiris init --stdout > osiris.yaml")
)
def init(
    ctx: typer.Context,
    folder: Annotated[
        str, typer.Argument(metavar="DIR", show_default=False, help="Where; the current folder otherwise.")
    ] = ".",
    *,
    template_: Annotated[
        str,
        typer.Option(
            "--template", metavar="NAME", show_default=False, help="Begin with this pipeline: `osiris templates list`."
        ),
    ] = "",
    git: Annotated[bool, typer.Option("--git", help="Make the folder a git repository, too.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
    stdout: Annotated[bool, typer.Option("--stdout", help="Print osiris.yaml and make nothing.")] = False,
    no_comments: Annotated[bool, typer.Option("--no-comments", help="Leave out what explains.")] = False,
) -> None:
    """Start a project: settings, connections, a folder for pipelines. What is there stays as it is."""
    terminal = terminal_of(ctx)
    if stdout:
        text = template(SETTINGS, comments=not no_comments)
        terminal.answer({"file": SETTINGS, "content": text}, text.rstrip("\n"))
        return
    ask = InitProject(folder=folder, git=git, force=force, comments=not no_comments, template=template_)
    reply = init_project(terminal.project(), ask)
    lines = [(name, "made") for name in reply.created] + [(name, "was there, left as it is") for name in reply.kept]
    terminal.answer(reply, show.title(f"project in {reply.folder}"), show.table(("file", ""), lines))
    if reply.missing:
        connections = ", ".join(reply.missing)
        terminal.say(f"the pipeline names what is not configured here: {connections}; change it, or add them")
    terminal.say(_next(reply))


def _next(reply: InitedProject) -> str:
    if reply.pipeline and not reply.missing:
        return f"next: osiris -C {shlex.quote(reply.folder)} run {reply.pipeline}"
    return "next: put a pipeline into pipelines/, or say what you need with `osiris chat`"
