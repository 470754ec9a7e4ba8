"""`osiris logs ...`: parse, ask, show."""

import time
import webbrowser
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.text import Text

from osiris.app.keeping import Collection, CollectRuns, collect_runs
from osiris.app.logs import ListRuns, RunLine, ShowEvents, follow_run, list_runs, show_run
from osiris.app.reports import Page, ReportRun, ReportRuns, report_run, report_runs
from osiris.cli import show
from osiris.cli.command import example, new_app, terminal_of
from osiris.cli.commands import logs_aiop
from osiris.cli.commands.logs_aiop import (
    Count,
    Days,
    DryRun,
    Last,
    Limit,
    Pipeline,
    Room,
    Run,
    Session,
    Since,
    Status,
    chosen,
    collection,
    print_schema,
)
from osiris.cli.terminal import Terminal
from osiris.model.errors import UsageError

app = new_app("See what runs left behind.")


@app.command("list", epilog=example("osiris logs list", "osiris logs list --pipeline top-customers --status failed"))
def list_(
    ctx: typer.Context, pipeline: Pipeline = "", status: Status = "", since: Since = "", limit: Limit = 20
) -> None:
    """List the newest runs, newest first."""
    terminal = terminal_of(ctx)
    ask = ListRuns(pipeline=pipeline, status=status, since=since, limit=limit)
    reply = list_runs(terminal.project(), ask)
    if not reply.runs:
        terminal.say("no such run" if pipeline or status or since else "nothing has run here yet")
    headers = ("run", "pipeline", "status", "started", "seconds", "rows", "error")
    shown = [show.table(headers, map(_run, reply.runs), right="seconds rows")] if reply.runs else []
    terminal.answer(reply, *shown)


@app.command("show", epilog=example("osiris logs show", "osiris logs show 20261125T0912 --event warning"))
def show_(
    ctx: typer.Context,
    run: Run = "",
    *,
    session: Session = "",
    last: Last = False,
    event: Annotated[
        list[str], typer.Option(metavar="KIND", show_default=False, help="Only events of this kind; may be repeated.")
    ] = [],  # noqa: B006 - Typer wants a list and copies it
    step: Annotated[str, typer.Option(metavar="ID", show_default=False, help="Only events of this step.")] = "",
    since: Since = "",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the run is over, line by line.")] = False,
) -> None:
    """Show one run: how it ended, and what it said."""
    terminal = terminal_of(ctx)
    name = chosen(run or session, last=last)
    ask = ShowEvents(run_id=name, kinds=tuple(event), step_id=step, since=since)
    if follow:
        for record in follow_run(terminal.project(), ask, time.sleep):
            terminal.line(record, "  ".join(filter(None, show.event(record))))
        return
    reply = show_run(terminal.project(), ask)
    head = Text.assemble(show.status(reply.run.status), f"  {reply.run.run_id}")
    terminal.answer(reply, head, "", show.events(reply.events), "", show.facts({"record": reply.session}))


@app.command("html", epilog=example("osiris logs html --open", "osiris logs html --all"))
def html(
    ctx: typer.Context,
    run: Run = "",
    *,
    last: Last = False,
    every: Annotated[bool, typer.Option("--all", help="A list of runs, with a page about each.")] = False,
    pipeline: Pipeline = "",
    status: Status = "",
    since: Since = "",
    limit: Limit = 50,
    output: Annotated[
        str, typer.Option(metavar="FILE", show_default=False, help="Write it there instead of beside the record.")
    ] = "",
    open_: Annotated[bool, typer.Option("--open", help="Show it in the browser.")] = False,
) -> None:
    """Write a run as one page, or all runs as a list of pages. A page needs nothing else."""
    terminal = terminal_of(ctx)
    project = terminal.project()
    if every and (run or output):
        raise UsageError("--all is about many runs, and one page is named", hint="leave one of them out")
    if not every and (pipeline or status or since):
        raise UsageError("--pipeline, --status and --since choose among many runs", hint="add --all")
    if every:
        many = ReportRuns(pipeline=pipeline, status=status, since=since, limit=limit)
        _page(terminal, report_runs(project, many), show_it=open_)
    else:
        _page(terminal, report_run(project, ReportRun(run_id=chosen(run, last=last), output=output)), show_it=open_)


@app.command("gc", epilog=example("osiris logs gc --keep-days 90 --dry-run", "osiris logs gc --keep-runs 20"))
def gc(
    ctx: typer.Context,
    *,
    keep_days: Days = None,
    keep_runs: Count = None,
    keep_bytes: Room = None,
    dry_run: DryRun = False,
) -> None:
    """Remove the records of old runs. A run that goes on stays, and so does the newest of each pipeline."""
    terminal = terminal_of(ctx)
    ask = CollectRuns(keep_days=keep_days, keep_runs=keep_runs, keep_bytes=keep_bytes, dry_run=dry_run)
    reply: Collection = collect_runs(terminal.project(), ask)
    collection(terminal, reply)


@app.command("schema", epilog=example("osiris logs schema events"))
def schema(
    ctx: typer.Context,
    of: Annotated[
        Literal["aiop", "events", "metrics"], typer.Argument(metavar="FILE", help="aiop, events or metrics.")
    ],
) -> None:
    """Print the JSON Schema of a file of the record; of one line, for events.jsonl and metrics.jsonl."""
    print_schema(terminal_of(ctx), of)


app.add_typer(logs_aiop.app, name="aiop")


def _run(line: RunLine) -> tuple[show.Cell, ...]:
    seconds = "" if line.seconds is None else f"{line.seconds:.1f}"
    rows = "" if line.total_rows is None else f"{line.total_rows:,}"
    started = line.started_at[:19].replace("T", " ")
    return line.run_id, line.pipeline, show.status(line.status), started, seconds, rows, line.error_code


def _page(terminal: Terminal, reply: Page, *, show_it: bool) -> None:
    terminal.answer(reply, show.facts({"page": reply.path}))
    if show_it and not webbrowser.open(Path(reply.file).as_uri()):
        terminal.say("no browser can be started here; open the page yourself")
