"""`osiris run`: parse, ask, show."""

from typing import Annotated

import typer

from osiris.app.elsewhere import HERE, Elsewhere
from osiris.app.pipelines import PlanPipeline, plan_pipeline
from osiris.app.project import Door
from osiris.app.rehearsal import MOST_ROWS, RehearsePipeline, rehearse_pipeline
from osiris.app.runs import RunPipeline, run_pipeline
from osiris.cli import show
from osiris.cli.approval import asking
from osiris.cli.command import (
    LastCompile,
    Params,
    Pipeline,
    Select,
    Strict,
    example,
    names_of,
    new_app,
    params_of,
    terminal_of,
)
from osiris.cli.places import chosen, with_place
from osiris.cli.progress import Progress
from osiris.cli.stopping import stopping
from osiris.cli.terminal import Terminal
from osiris.model.errors import EXIT_FAILED, UsageError

app = new_app()


@app.command(
    epilog=example(
        "osiris run pipelines/top.yaml",
        "osiris run pipelines/top.yaml --sample 1000",
        "osiris run --last-compile --approve 0f3c9a7b21d4e856",
    )
)
@with_place
def run(
    ctx: typer.Context,
    file: Pipeline = "",
    *,
    last_compile: LastCompile = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan, open no target, move nothing.")] = False,
    sample: Annotated[
        int | None, typer.Option(min=1, max=MOST_ROWS, metavar="N", help="Try it on so many rows, and write none.")
    ] = None,
    select: Select = [],  # noqa: B006 - Typer wants a list and copies it
    approve: Annotated[
        str, typer.Option(metavar="TOKEN", show_default=False, help="Your yes to exactly the plan with this token.")
    ] = "",
    param: Params = [],  # noqa: B006 - Typer wants a list and copies it
    strict: Strict = False,
    mempack: Annotated[
        str, typer.Option(metavar="FILE", show_default=False, help="Build the bundle that this file describes, after.")
    ] = "",
    isolated: Annotated[bool, typer.Option("--isolated", help="Run in a process of its own.")] = False,
    e2b: Annotated[bool, typer.Option("--e2b", help="Run in a sandbox of E2B's; needs E2B_API_KEY.")] = False,
    place: Elsewhere = HERE,
) -> None:
    """Carry a pipeline out: all or nothing, with a record of what happened. Asks first where data may be lost."""
    terminal = terminal_of(ctx)
    asked = {
        "file": file,
        "last_compile": last_compile,
        "params": params_of(param),
        "strict": strict,
        "select": names_of(select),
    }
    where = chosen(place, isolated=isolated, e2b=e2b)
    if sample:
        if dry_run or approve or mempack or where != HERE:
            raise UsageError("--sample writes nothing, and another option wants a run", hint="leave one of them out")
        tried = rehearse_pipeline(terminal.project(), RehearsePipeline(**asked, rows=sample))
        terminal.answer(tried, *show.tried(tried), *show.previews(tried))
    elif dry_run:
        plan = plan_pipeline(terminal.project(), PlanPipeline(**asked, look=False))
        terminal.answer(show.plan_document(plan), show.plan(plan))
    else:
        raise typer.Exit(_run(terminal, RunPipeline(**asked, approve=approve, mempack=mempack, elsewhere=where)))


def _run(terminal: Terminal, ask: RunPipeline) -> int:
    with Progress(terminal) as progress, stopping(running=progress.is_running, said=progress.break_in) as stop:
        door = Door(confirm=asking(terminal), listen=progress, stop=stop)
        reply = run_pipeline(terminal.project(door), ask)
    terminal.answer(reply, show.report(reply))
    for error in filter(None, (reply.error, reply.mempack_error)):
        if not terminal.options.as_json:
            terminal.complain(show.error(error))
    return reply.exit_code or (EXIT_FAILED if reply.mempack_error else 0)
