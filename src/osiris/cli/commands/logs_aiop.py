"""`osiris logs aiop ...`: parse, ask, show. And what it shares with the other commands about runs."""

import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

import typer

from osiris.app.export import ExportOpenlineage, export_openlineage
from osiris.app.files import write_beside
from osiris.app.keeping import Collection, PrunePackages, prune_packages
from osiris.app.logs import Package, ShowPackage, ShowSchema, follow_package, show_package, show_schema
from osiris.app.packages import ListPackages, PackageLine, list_packages
from osiris.cli import show
from osiris.cli.command import example, new_app, terminal_of
from osiris.cli.terminal import Terminal
from osiris.model.errors import UsageError

app = new_app()

Session = Annotated[
    str, typer.Option("--session", metavar="RUN", show_default=False, help="This run: its name, or how it starts.")
]
Last = Annotated[bool, typer.Option("--last", help="The newest run, which is meant anyway.")]
Run = Annotated[
    str,
    typer.Argument(metavar="RUN", show_default=False, help="A run's name, or how it starts; or the newest."),
]
Pipeline = Annotated[str, typer.Option(metavar="NAME", show_default=False, help="Only runs of this one.")]
Status = Annotated[
    str,
    typer.Option(metavar="STATUS", show_default=False, help="Only completed, failed, interrupted, killed, running."),
]
Since = Annotated[
    str, typer.Option(metavar="WHEN", show_default=False, help="Only since a date, a time, or 36h, 7d, 2w ago.")
]
Limit = Annotated[int, typer.Option(metavar="N", min=1, max=1000, help="How many at most.")]
Output = Annotated[str, typer.Option(metavar="FILE", show_default=False, help="Write it there instead of printing it.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would go, and let it stay.")]
Days = Annotated[int | None, typer.Option("--keep-days", metavar="N", min=0, show_default=False, help="Older ones go.")]
Count = Annotated[
    int | None,
    typer.Option("--keep-runs", metavar="N", min=0, show_default=False, help="So many of each pipeline stay."),
]
Room = Annotated[
    int | None,
    typer.Option("--keep-bytes", metavar="N", min=0, show_default=False, help="All together get no larger."),
]


@app.callback(
    invoke_without_command=True,
    epilog=example("osiris logs aiop --last", "osiris logs aiop --last --format md --output card.md"),
)
def aiop(
    ctx: typer.Context,
    *,
    session: Session = "",
    last: Last = False,
    form: Annotated[
        Literal["json", "md"], typer.Option("--format", help="json for a model, md for a person.")
    ] = "json",
    output: Output = "",
    policy: Annotated[
        Literal["core", "annex"] | None, typer.Option(show_default=False, help="annex: everything beside it, too.")
    ] = None,
    compress: Annotated[
        Literal["none", "gzip", "zstd"] | None, typer.Option(show_default=False, help="How the annex is packed.")
    ] = None,
    max_core_bytes: Annotated[
        int | None, typer.Option(metavar="N", show_default=False, help="How large it may be.")
    ] = None,
    timeline_density: Annotated[
        Literal["low", "medium", "high"] | None, typer.Option(show_default=False, help="How much of the timeline.")
    ] = None,
    metrics_topk: Annotated[int | None, typer.Option(metavar="N", show_default=False, help="How many numbers.")] = None,
    for_llm: Annotated[
        int, typer.Option(metavar="TOKENS", show_default=False, help="The most telling part, in so many tokens.")
    ] = 0,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Again whenever there is more, until it ends.")
    ] = False,
) -> None:
    """Show the record of a run: what happened, why, and what to do next."""
    if ctx.invoked_subcommand:
        return
    given = {
        "policy": policy,
        "compress": compress,
        "max_core_bytes": max_core_bytes,
        "timeline_density": timeline_density,
        "metrics_topk": metrics_topk,
    }
    overrides = {f"aiop.{name}": str(value) for name, value in given.items() if value is not None}
    terminal = terminal_of(ctx)
    project = terminal.project(overrides=overrides)
    ask = ShowPackage(run_id=chosen(session, last=last), format=form, for_llm=for_llm)
    if follow and output:
        raise UsageError("--follow prints, and --output names a file", hint="leave one of them out")
    if follow:
        for reply in follow_package(project, ask, time.sleep):
            _print(terminal, reply, ask)
    else:
        _give(terminal, show_package(project, ask), ask, output, project.cwd)


@app.command("list", epilog=example("osiris logs aiop list", "osiris logs aiop list --since 7d"))
def list_(
    ctx: typer.Context, pipeline: Pipeline = "", status: Status = "", since: Since = "", limit: Limit = 20
) -> None:
    """List the packages of the newest runs."""
    terminal = terminal_of(ctx)
    ask = ListPackages(pipeline=pipeline, status=status, since=since, limit=limit)
    reply = list_packages(terminal.project(), ask)
    headers = ("run", "pipeline", "status", "bytes", "annex", "")
    shown = [show.table(headers, map(_line, reply.packages), right="bytes annex")] if reply.packages else []
    terminal.answer(reply, *shown)


@app.command("show", epilog=example("osiris logs aiop show 20261125T0912"))
def show_(ctx: typer.Context, run: Run = "", *, output: Output = "") -> None:
    """Show the package of one run, as it is kept."""
    terminal = terminal_of(ctx)
    project = terminal.project()
    ask = ShowPackage(run_id=run or "last")
    _give(terminal, show_package(project, ask), ask, output, project.cwd)


@app.command("schema", epilog=example("osiris logs aiop schema"))
def schema(ctx: typer.Context) -> None:
    """Print the JSON Schema of aiop.json."""
    print_schema(terminal_of(ctx), "aiop")


@app.command("prune", epilog=example("osiris logs aiop prune --keep-runs 20 --dry-run"))
def prune(
    ctx: typer.Context,
    *,
    keep_days: Days = None,
    keep_runs: Count = None,
    keep_bytes: Room = None,
    dry_run: DryRun = False,
) -> None:
    """Remove the packages of old runs. Records stay, and every package can be made again from its record."""
    terminal = terminal_of(ctx)
    ask = PrunePackages(keep_days=keep_days, keep_runs=keep_runs, keep_bytes=keep_bytes, dry_run=dry_run)
    collection(terminal, prune_packages(terminal.project(), ask))


@app.command("openlineage", epilog=example("osiris logs aiop openlineage"))
def openlineage(ctx: typer.Context, run: Run = "") -> None:
    """Print a run as an event of OpenLineage. `osiris export openlineage` does the same."""
    terminal = terminal_of(ctx)
    reply = export_openlineage(terminal.project(), ExportOpenlineage(run_id=run or "last"))
    _write(terminal, [json.dumps(terminal.redact(reply.event), indent=2, ensure_ascii=False)])


def chosen(name: str, *, last: bool) -> str:
    """Return the run that is meant.

    Raises:
        UsageError: two are.
    """
    if name and last:
        raise UsageError("a run is named, and --last names one too", hint="leave one of them out")
    return name or "last"


def collection(terminal: Terminal, reply: Collection) -> None:
    """Show what went, or would go."""
    headers = ("run", "pipeline", "status", "bytes", "why")
    lines = ((one.run_id, one.pipeline, show.status(one.status), f"{one.bytes:,}", one.why) for one in reply.gone)
    verb = "would go" if reply.dry_run else "gone"
    head = f"{show.count(len(reply.gone), 'run')} {verb}, {reply.gone_bytes:,} bytes; {reply.kept:,} stay"
    if reply.gone:
        terminal.answer(reply, show.table(headers, lines, right="bytes"), "", head)
    else:
        terminal.answer(reply, head)


def print_schema(terminal: Terminal, of: Literal["aiop", "events", "metrics"]) -> None:
    """Print a JSON Schema; it is a document already, whatever form was asked for."""
    reply = show_schema(terminal.project(), ShowSchema(of=of))
    _write(terminal, [json.dumps(reply.document, indent=2, ensure_ascii=False)])


def _line(line: PackageLine) -> tuple[show.Cell, ...]:
    annex = f"{line.annex_bytes:,}" if line.annex_bytes else ""
    state = "shortened" if line.truncated else "" if line.bytes else "not made"
    return line.run_id, line.pipeline, show.status(line.status), f"{line.bytes:,}", annex, state


def _give(terminal: Terminal, reply: Package, ask: ShowPackage, output: str, cwd: Path) -> None:
    if output:
        write_beside(cwd / output, reply.content.encode("utf-8"))
        terminal.answer({"run_id": reply.run_id, "path": output}, f"written to {show.plain(output)}")
    else:
        _print(terminal, reply, ask)


def _print(terminal: Terminal, reply: Package, ask: ShowPackage) -> None:
    """Print a package; one for a program is its own JSON document."""
    if terminal.options.as_json and (ask.for_llm or ask.format == "md"):
        terminal.answer(reply)
    else:
        _write(terminal, [reply.content.rstrip("\n")])


def _write(terminal: Terminal, lines: Iterable[str]) -> None:
    for line in lines:
        terminal.out.file.write(terminal.redact(line) + "\n")
    terminal.out.file.flush()
