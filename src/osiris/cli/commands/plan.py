"""`osiris plan`: parse, ask, show."""

from typing import Annotated

import typer

from osiris.app.files import write_beside
from osiris.app.pipelines import PlanPipeline, plan_pipeline
from osiris.cli import show
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
from osiris.observe.html.plan import plan_page

app = new_app()


@app.command(epilog=example("osiris plan pipelines/top.yaml --html plan.html", "osiris plan --last-compile"))
def plan(
    ctx: typer.Context,
    file: Pipeline = "",
    *,
    last_compile: LastCompile = False,
    param: Params = [],  # noqa: B006 - Typer wants a list and copies it
    strict: Strict = False,
    select: Select = [],  # noqa: B006 - Typer wants a list and copies it
    html: Annotated[
        str, typer.Option(metavar="FILE", show_default=False, help="Write the plan as one page, for a browser, too.")
    ] = "",
) -> None:
    """Show what a run would do: steps, queries, writes, what may be lost. Targets are looked at, and left alone."""
    terminal = terminal_of(ctx)
    asked = {"file": file, "last_compile": last_compile, "params": params_of(param), "strict": strict}
    ask = PlanPipeline(**asked, select=names_of(select))
    project = terminal.project()
    reply = plan_pipeline(project, ask)
    if html:
        write_beside(project.cwd / html, terminal.redact(plan_page(reply)).encode("utf-8"))
        terminal.say(f"page in {show.plain(html)}")
    terminal.answer(show.plan_document(reply), show.plan(reply))
