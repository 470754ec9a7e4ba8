"""What runs left behind: the list, one run, its package, its rows."""

from collections.abc import Callable, Iterator
from typing import Any, Literal

from pydantic import BaseModel, Field

from osiris.app.catalogue import Rows
from osiris.app.moments import moment
from osiris.app.operation import Operation
from osiris.app.project import Project
from osiris.app.readback import first_rows
from osiris.app.record import asked, index, packed
from osiris.app.rows import plain_rows
from osiris.model.aiop import aiop_schema
from osiris.model.errors import UsageError
from osiris.model.events import KINDS, events_schema
from osiris.model.layout import Session
from osiris.model.metrics import metrics_schema
from osiris.model.nearest import nearest
from osiris.observe.aiop.view import LEAST_TOKENS, view
from osiris.observe.journal import now, stamp
from osiris.observe.read import read_events, read_manifest
from osiris.observe.runs import Run

POLL = 0.5  # seconds between two looks at a run that goes on
Wait = Callable[[float], object]


class ListRuns(BaseModel):
    """Ask for the newest runs."""

    pipeline: str = ""
    status: str = ""
    since: str = Field(default="", description="a date, a time, or how long ago, such as 36h or 7d")
    limit: int = Field(default=20, ge=1, le=1000)


class RunLine(BaseModel):
    """One run in a list.

    Attributes:
        status: `completed`, `failed`, `interrupted`, `running`, or `killed` for one whose process is gone.
        started_at: ISO 8601, UTC.
        seconds: Wall time; None while it runs, and for a killed one.
    """

    run_id: str
    pipeline: str
    status: str
    started_at: str
    seconds: float | None = None
    total_rows: int | None = None
    error_code: str = ""


class RunList(BaseModel):
    """The runs, newest first."""

    runs: tuple[RunLine, ...]


class ShowRun(BaseModel):
    """Ask for one run: its name, the start of its name, or `last`."""

    run_id: str = "last"


class ShowEvents(ShowRun):
    """Ask for one run with what it said, all of it or a part."""

    kinds: tuple[str, ...] = Field(default=(), description="events of these kinds only")
    step_id: str = Field(default="", description="events of this step only")
    since: str = Field(default="", description="events since then only: a time, or how long ago")


class RunRecord(BaseModel):
    """One run with what it said, in order."""

    run: RunLine
    session: str
    events: tuple[dict[str, Any], ...]


class ShowPackage(ShowRun):
    """Ask for the AI Operation Package of one run."""

    format: Literal["json", "md"] = "json"
    for_llm: int = Field(default=0, ge=0, description="most tokens of a view for a language model; 0 means the whole")


class Package(BaseModel):
    """The package, as text.

    Attributes:
        path: Of its file; empty where the text is not that of a file.
        status: Of the run.
    """

    run_id: str
    path: str
    content: str
    status: str = ""


class ShowSchema(BaseModel):
    """Ask for the JSON Schema of a file of the record."""

    of: Literal["aiop", "events", "metrics"]


class Schema(BaseModel):
    """The schema; of one line, for events and metrics."""

    document: dict[str, Any]


class ShowRows(ShowRun):
    """Ask for the first rows that a run wrote."""

    step_id: str = Field(default="", description="the writer; empty means the last one")
    limit: int = Field(default=20, ge=1, le=1000)


def list_runs(project: Project, ask: ListRuns) -> RunList:
    """List the newest runs, newest first."""
    since = moment(ask.since, now())
    found = index(project).list(pipeline=ask.pipeline, status=ask.status, since=since, limit=ask.limit)
    return RunList(runs=tuple(map(_line, found)))


def show_run(project: Project, ask: ShowEvents) -> RunRecord:
    """Show one run with what it said."""
    line, session = session_of(project, ask.run_id)
    said = filter(_wanted(ask), read_events(session.events))
    return RunRecord(run=line, session=project.shown(session.folder), events=tuple(said))


def follow_run(project: Project, ask: ShowEvents, wait: Wait) -> Iterator[dict[str, Any]]:
    """Yield what a run says, as it says it, until it is over.

    Args:
        project: Holds the run.
        ask: Which run, and what of it.
        wait: Called with seconds when there is nothing new.
    """
    line, session = session_of(project, ask.run_id)
    wanted, heard = _wanted(ask), 0
    while True:
        over = index(project).get(line.run_id).status != "running"
        for record in read_events(session.events):
            if record["seq"] > heard:
                heard = record["seq"]
                if wanted(record):
                    yield record
        if over:
            return
        wait(POLL)


def show_package(project: Project, ask: ShowPackage) -> Package:
    """Show the AI Operation Package of one run, for a model (`json`) or a person (`md`)."""
    line, session = session_of(project, ask.run_id)
    file = session.aiop if ask.format == "json" else session.run_card
    if not file.is_file() or ask.for_llm or asked(project):
        return _made_now(project, ask, line, session)
    return Package(run_id=line.run_id, path=project.shown(file), content=file.read_text("utf-8"), status=line.status)


def follow_package(project: Project, ask: ShowPackage, wait: Wait) -> Iterator[Package]:
    """Yield the package of a run each time there is more of it, until the run is over.

    Args:
        project: Holds the run.
        ask: Which run, and in which form.
        wait: Called with seconds when there is nothing new.
    """
    line, session = session_of(project, ask.run_id)
    seen = -1
    while True:
        line = _line(index(project).get(line.run_id))
        size = session.events.stat().st_size if session.events.is_file() else 0
        if size != seen:
            seen = size
            yield _made_now(project, ask, line, session)
        if line.status != "running":
            return
        wait(POLL)


def show_schema(project: Project, ask: ShowSchema) -> Schema:  # noqa: ARG001 - every operation has a project
    """Show the JSON Schema of `aiop.json`, or of a line of `events.jsonl` or `metrics.jsonl`."""
    return Schema(document=_SCHEMAS[ask.of]())


def show_rows(project: Project, ask: ShowRows) -> Rows:
    """Show the first rows of what a run wrote, read back from where they lie now."""
    _, session = session_of(project, ask.run_id)
    manifest = read_manifest(session)
    writers = [step for step in manifest.steps if step.mode == "write" and ask.step_id in ("", step.id)]
    if not writers:
        raise UsageError(f"the run has no writer {ask.step_id!r}", hint="see the run card for its steps")
    table, cut = first_rows(project, writers[-1], ask.limit)
    return Rows(
        columns=tuple(table.schema.names),
        types=tuple(map(str, table.schema.types)),
        rows=plain_rows(table),
        cut=cut,
    )


def session_of(project: Project, name: str) -> tuple[RunLine, Session]:
    """Return one run by its name, the start of its name, or `last`, and where it keeps what.

    Raises:
        UsageError: there is no such run, or there are several.
    """
    line = _line(index(project).get(name))
    return line, project.layout.session(line.run_id)


def _line(run: Run) -> RunLine:
    return RunLine.model_validate(run, from_attributes=True)


def _made_now(project: Project, ask: ShowPackage, line: RunLine, session: Session) -> Package:
    made = packed(project, session, annex=line.status != "running")
    if ask.for_llm:
        content = view(made.package, max(LEAST_TOKENS, ask.for_llm))
    else:
        content = made.core if ask.format == "json" else made.card
    return Package(run_id=line.run_id, path="", content=content, status=line.status)


def _wanted(ask: ShowEvents) -> Callable[[dict[str, Any]], bool]:
    if unknown := sorted(set(ask.kinds) - set(KINDS)):
        near = nearest(unknown[0], KINDS) or KINDS
        raise UsageError(f"there is no event {unknown[0]!r}", hint=f"there are: {', '.join(near)}")
    since = moment(ask.since, now())
    earliest = stamp(since) if since else ""

    def wanted(record: dict[str, Any]) -> bool:
        kind = not ask.kinds or record["event"] in ask.kinds
        step = not ask.step_id or record.get("step_id") == ask.step_id
        return kind and step and record["ts"] >= earliest

    return wanted


_SCHEMAS: dict[str, Callable[[], dict[str, Any]]] = {
    "aiop": aiop_schema,
    "events": events_schema,
    "metrics": metrics_schema,
}

LOGS_LIST = Operation("logs.list", ListRuns, RunList, list_runs)
LOGS_SHOW = Operation("logs.show", ShowEvents, RunRecord, show_run)
LOGS_AIOP = Operation("logs.aiop", ShowPackage, Package, show_package)
LOGS_ROWS = Operation("logs.rows", ShowRows, Rows, show_rows)
LOGS_SCHEMA = Operation("logs.schema", ShowSchema, Schema, show_schema)
