"""`osiris e2b ...`: parse, ask, show."""

from typing import Annotated, Any

import typer

from osiris.app.project import Door
from osiris.app.sandboxes import (
    BuildTemplate,
    ListTemplates,
    SandboxLine,
    SweepSandboxes,
    TemplateLine,
    build_template,
    list_templates,
    sweep_sandboxes,
)
from osiris.cli import show
from osiris.cli.command import example, new_app, terminal_of
from osiris.remote.sandbox import GIB

app = new_app("See to E2B's sandboxes; needs E2B_API_KEY.")
template = new_app("See to the templates that sandboxes are made from.")
app.add_typer(template, name="template")


@template.command("build", epilog=example("osiris e2b template build", "osiris e2b template build --cpu 4 --mem 8"))
def build(
    ctx: typer.Context,
    *,
    cpu: Annotated[int | None, typer.Option(min=1, metavar="N", help="Processors.")] = None,
    mem: Annotated[int | None, typer.Option(min=1, metavar="GB", help="Memory.")] = None,
) -> None:
    """Build the template for `osiris run --e2b`, with the Osiris that runs here."""
    terminal = terminal_of(ctx)

    def listen(record: dict[str, Any]) -> None:
        terminal.say(show.plain(str(record["said"])))

    reply = build_template(terminal.project(Door(listen=listen)), BuildTemplate(cpu=cpu, memory_gb=mem))
    terminal.answer(reply, f"built {show.plain(reply.name)}")


@template.command("list", epilog=example("osiris e2b template list"))
def list_(ctx: typer.Context) -> None:
    """List the templates of your account."""
    terminal = terminal_of(ctx)
    reply = list_templates(terminal.project(), ListTemplates())
    if not reply.templates:
        terminal.say("there is no template yet; `osiris e2b template build` makes one")
    headers = ("template", "cpu", "GB", "status", "built", "")
    shown = [show.table(headers, map(_template, reply.templates), right="cpu GB")] if reply.templates else []
    terminal.answer(reply, *shown)


@app.command("sweep", epilog=example("osiris e2b sweep"))
def sweep(
    ctx: typer.Context,
    *,
    everything: Annotated[bool, typer.Option("--all", help="End those of other projects and machines, too.")] = False,
) -> None:
    """End the sandboxes that no run uses any more."""
    terminal = terminal_of(ctx)
    reply = sweep_sandboxes(terminal.project(), SweepSandboxes(all=everything))
    if not reply.sandboxes:
        terminal.say("there is no sandbox of Osiris's")
    shown = [show.table(("sandbox", "run", "started", ""), map(_sandbox, reply.sandboxes))] if reply.sandboxes else []
    terminal.answer(reply, *shown)


def _template(line: TemplateLine) -> tuple[show.Cell, ...]:
    ours = "holds this Osiris" if line.ours else ""
    return line.name, str(line.cpu), f"{line.memory_mb / GIB:g}", line.status, line.built_at[:10], ours


def _sandbox(line: SandboxLine) -> tuple[show.Cell, ...]:
    return line.sandbox_id, line.run, line.started_at[:19].replace("T", " "), line.state
