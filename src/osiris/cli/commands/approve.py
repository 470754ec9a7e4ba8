"""`osiris approve`: parse, ask, show."""

from typing import Annotated

import typer

from osiris.agent.request import Request
from osiris.app.approvals import ApproveRun, approve_run, proposed
from osiris.app.project import Door
from osiris.app.rehearsal import RehearsePipeline, tried
from osiris.cli import show
from osiris.cli.command import example, new_app, terminal_of
from osiris.cli.person import AtTerminal
from osiris.cli.terminal import Terminal
from osiris.model.plan import Plan

app = new_app()


@app.command(epilog=example("osiris approve 0f3c9a7b21d4e856"))
def approve(
    ctx: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="HASH", show_default=False, help="The token of a plan, or a manifest's hash.")
    ],
) -> None:
    """Say yes to exactly one run, after a look at it. The yes is good once, for a day, and for these bytes only."""
    terminal = terminal_of(ctx)
    door = Door(confirm=lambda plan: _confirmed(terminal, name, plan))
    reply = approve_run(terminal.project(door), ApproveRun(name=name))
    until = f"{reply.approval.expires:%Y-%m-%d %H:%M} UTC"
    who, what = show.plain(reply.approval.principal), show.plain(reply.approval.pipeline)
    terminal.answer(reply, f"approved by {who}: {what}, until {until}")


def _confirmed(terminal: Terminal, name: str, plan: Plan) -> bool:
    """Show everything that code knows of the run, and return the answer of the person at the terminal."""
    if not terminal.person:
        return False
    project = terminal.project()
    found = proposed(project, name)
    asked = found.asked
    if found.plan.envelope != plan.envelope:
        return False
    trial = tried(project, RehearsePipeline(text=asked.text, params=asked.params, strict=asked.strict))
    return AtTerminal(terminal).approve(
        Request(plan=plan, oml=asked.text, assumptions=asked.assumptions, before=found.before, rehearsed=trial)
    )
