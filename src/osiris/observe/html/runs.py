"""The index of a project's runs as a page."""

from collections.abc import Sequence
from urllib.parse import quote

from osiris.model.layout import REPORT
from osiris.observe.html.markup import Child, el, page
from osiris.observe.html.parts import Line, facts, state, table
from osiris.observe.runs import Run


def runs_page(runs: Sequence[Run], pages: frozenset[str]) -> str:
    """Return the page that lists runs.

    Args:
        runs: Newest first.
        pages: Names of those that have a page of their own.
    """
    failed = sum(run.status not in {"completed", "running"} for run in runs)
    told: list[tuple[str, Child]] = [
        ("runs", f"{len(runs):,}"),
        ("did not complete", f"{failed:,}"),
        ("pipelines", f"{len({run.pipeline for run in runs}):,}"),
    ]
    heads = ("run", "pipeline", "ended", "began, UTC", "seconds", "rows", "error")
    lines = [_line(run, has_page=run.run_id in pages) for run in runs]
    shown = (
        table("Runs, newest first", heads, lines, numbers="seconds,rows")
        if runs
        else el("p", "Nothing has run here yet.")
    )
    return page("Runs", el("header", el("h1", "Runs"), facts(told)), el("main", shown, id="content"))


def _line(run: Run, *, has_page: bool) -> Line:
    name: Child = run.run_id
    if has_page:
        name = el("a", run.run_id, href=f"{quote(run.run_id, safe='')}/{REPORT}")
    seconds = "" if run.seconds is None else f"{run.seconds:,.2f}"
    rows = "" if run.total_rows is None else f"{run.total_rows:,}"
    began = run.started_at[:19].replace("T", " ")
    code = el("code", run.error_code) if run.error_code else ""
    return "", (name, run.pipeline, state(run.status), began, seconds, rows, code)
