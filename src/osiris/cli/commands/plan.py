"""`osiris plan`: parse, ask, show."""

from typing import Annotated

import typer
from rich.text import Text

from osiris.app.files import write_beside
from osiris.app.pipelines import PlanPipeline, plan_pipeline
from osiris.app.rehearsal import MOST_ROWS, RehearsePipeline, rehearse_pipeline
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


@app.command(
    epilog=example(
        "osiris plan pipelines/top.yaml --html plan.html",
        "osiris plan --last-compile",
        "osiris plan top.yaml --sample 100",
    )
)
def plan(
    ctx: typer.Context,
    file: Pipeline = "",
    *,
    last_compile: LastCompile = False,
    param: Params = [],  # noqa: B006 - Typer wants a list and copies it
    strict: Strict = False,
    select: Select = [],  # noqa: B006 - Typer wants a list and copies it
    sample: Annotated[
        int | None,
        typer.Option(min=1, max=MOST_ROWS, metavar="N", help="Try it on so many rows; show what would be written."),
    ] = None,
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
    if sample is None:
        terminal.answer(show.plan_document(reply), show.plan(reply))
        return
    tried = rehearse_pipeline(project, RehearsePipeline(**asked, select=names_of(select), rows=sample))
    document = show.plan_document(reply) | {"sample": tried.model_dump(mode="json")}
    terminal.answer(document, show.plan(reply), Text(), *show.tried(tried), *show.previews(tried))
