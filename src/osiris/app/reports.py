"""Runs as pages for people."""

from pydantic import BaseModel, Field

from osiris.app.files import write_beside
from osiris.app.logs import ListRuns, ShowRun, session_of
from osiris.app.moments import moment
from osiris.app.operation import Effect, Operation
from osiris.app.project import Project
from osiris.app.record import index, redactor
from osiris.model.errors import OsirisError
from osiris.observe.html.report import list_of, report
from osiris.observe.journal import now


class ReportRun(ShowRun):
    """Ask for a page about one run."""

    output: str = Field(default="", description="file to write, from where the person stands; default in the record")


class ReportRuns(ListRuns):
    """Ask for a page that lists runs, and a page about each of them."""


class Page(BaseModel):
    """Where the page lies, and how many runs it shows."""

    path: str
    file: str
    runs: int


def report_run(project: Project, ask: ReportRun) -> Page:
    """Write a page about one run: what happened and why, the graph, the timeline, receipts, statements, columns."""
    _, session = session_of(project, ask.run_id)
    file = project.cwd / ask.output if ask.output else session.report
    write_beside(file, report(session, redactor(project)).encode("utf-8"))
    return Page(path=project.shown(file), file=str(file), runs=1)


def report_runs(project: Project, ask: ReportRuns) -> Page:
    """Write a page that lists runs, with a page about each that has a record."""
    redact = redactor(project)
    found = index(project).list(
        pipeline=ask.pipeline, status=ask.status, since=moment(ask.since, now()), limit=ask.limit
    )
    pages = set[str]()
    for run in found:
        session = project.layout.session(run.run_id)
        try:
            write_beside(session.report, report(session, redact).encode("utf-8"))
        except OsirisError:
            continue  # a run without a record is listed all the same
        pages.add(run.run_id)
    file = project.layout.report
    write_beside(file, list_of(found, frozenset(pages), redact).encode("utf-8"))
    return Page(path=project.shown(file), file=str(file), runs=len(found))


LOGS_HTML = Operation("logs.html", ReportRun, Page, report_run, Effect.SAVES_DRAFT)
LOGS_HTML_ALL = Operation("logs.html_all", ReportRuns, Page, report_runs, Effect.SAVES_DRAFT)
