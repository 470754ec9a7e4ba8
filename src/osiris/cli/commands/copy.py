"""`osiris copy`: parse, ask, show."""

from typing import Annotated, Any

import typer

from osiris.app.copying import PlanCopy, PlannedCopy, plan_copy
from osiris.app.project import Door
from osiris.app.runs import RunPipeline, RunReport, run_pipeline
from osiris.cli import show
from osiris.cli.command import example, names_of, new_app, terminal_of
from osiris.cli.progress import Progress
from osiris.cli.stopping import stopping
from osiris.cli.terminal import Terminal
from osiris.model.errors import ApprovalMissing
from osiris.model.spec import WriteMode

app = new_app()
_PLACE = "A table, @family.alias/table; or a file: .csv, .json, .parquet …"


@app.command(
    epilog=example(
        "osiris copy @mysql.shop/orders @duckdb.local/orders",
        "osiris copy @duckdb.local/orders orders.parquet",
        "osiris copy orders.csv @postgres.shop/orders --mode merge --key id",
    )
)
def copy(
    ctx: typer.Context,
    source: Annotated[str, typer.Argument(metavar="SRC", help=_PLACE)],
    target: Annotated[str, typer.Argument(metavar="DST", help="Likewise.")],
    *,
    mode: Annotated[WriteMode, typer.Option(help="How to write what is there already.")] = "replace",
    key: Annotated[
        list[str],
        typer.Option(
            "--key",
            "--primary-key",
            metavar="COLUMNS",
            show_default=False,
            help="Merge: what tells rows apart; a,b or repeated.",
        ),
    ] = [],  # noqa: B006 - Typer wants a list and copies it
    save: Annotated[
        str, typer.Option(metavar="FILE", show_default=False, help="Keep the pipeline there, to run it again.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the pipeline and its plan; move nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Say yes to the plan beforehand.")] = False,
) -> None:
    """Copy a table or a file: shows the pipeline that does it and its plan, asks, and runs it."""
    terminal = terminal_of(ctx)
    ask = PlanCopy(source=source, target=target, mode=mode, key=names_of(key), save=save)
    planned = plan_copy(terminal.project(), ask)
    if dry_run:
        terminal.answer(_document(planned), *show.draft(planned.oml, plain=True), "", show.plan(planned.plan))
        return
    _say(terminal, planned)
    if not yes and not terminal.ask("Run exactly this?"):
        raise ApprovalMissing("nobody said yes, so nothing was copied", hint="say it beforehand with --yes")
    report = _run(terminal, planned)
    terminal.answer(_document(planned) | {"run": report.model_dump(mode="json")}, show.report(report))
    if report.error and not terminal.options.as_json:
        terminal.complain(show.error(report.error))
    raise typer.Exit(report.exit_code)


def _say(terminal: Terminal, planned: PlannedCopy) -> None:
    """Show the pipeline and its plan: whoever is asked sees them, however quiet the rest is."""
    say = terminal.complain if terminal.person else terminal.say
    say(*show.oml(planned.oml, f"pipeline {planned.saved or planned.plan.pipeline}"), show.plan(planned.plan))


def _run(terminal: Terminal, planned: PlannedCopy) -> RunReport:
    with Progress(terminal) as progress, stopping(running=progress.is_running, said=progress.break_in) as stop:
        project = terminal.project(Door(listen=progress, stop=stop))
        return run_pipeline(project, RunPipeline(text=planned.oml, approve=planned.plan.token))


def _document(planned: PlannedCopy) -> dict[str, Any]:
    return {"oml": planned.oml, "saved": planned.saved, "plan": show.plan_document(planned.plan)}
