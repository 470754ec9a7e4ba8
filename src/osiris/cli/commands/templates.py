"""`osiris templates ...`: parse, ask, show."""

from typing import Annotated

import typer
from rich.text import Text

from osiris.app.library import ListTemplates, ShowTemplate, list_templates, show_template
from osiris.cli import show
from osiris.cli.command import example, new_app, terminal_of

app = new_app("See pipelines to begin with.")


@app.command("list", epilog=example("osiris templates list"))
def list_(ctx: typer.Context) -> None:
    """List the templates, and what each does."""
    terminal = terminal_of(ctx)
    reply = list_templates(terminal.project(), ListTemplates())
    terminal.answer(reply, show.table(("template", "does"), ((line.name, line.intent) for line in reply.templates)))
    terminal.say("next: osiris init DIR --template NAME")


@app.command(
    "show",
    epilog=example(
        "osiris templates show top-report", "osiris templates show top-report --quiet > pipelines/top-report.yaml"
    ),
)
def show_(ctx: typer.Context, name: Annotated[str, typer.Argument(metavar="NAME", help="As `list` shows it.")]) -> None:
    """Print one template: the pipeline. What it does and needs is said beside it."""
    terminal = terminal_of(ctx)
    reply = show_template(terminal.project(), ShowTemplate(name=name))
    needs = {"connections": ", ".join(reply.connections), "files": ", ".join(reply.files)}
    terminal.say(Text(reply.description), show.facts(needs), "")
    terminal.answer(reply, *show.draft(reply.oml, plain=not terminal.out.is_terminal))
