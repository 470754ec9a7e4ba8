"""Handing a pipeline on to other tools, in their words."""

from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, Field

from osiris import __version__
from osiris.app.connections import open_fields, references
from osiris.app.operation import Operation
from osiris.app.pipelines import PlanPipeline, make_ready
from osiris.app.project import Project
from osiris.app.record import index
from osiris.model.connection import Reference
from osiris.model.manifest import Manifest
from osiris.model.receipt import Receipt
from osiris.observe.openlineage import Ended, Store, event
from osiris.observe.read import read_events, read_manifest

PRODUCER = f"https://pypi.org/project/osiris-etl/{__version__}"


class ExportOpenlineage(BaseModel):
    """Ask for one event of OpenLineage: about a run, or about a pipeline that need not have run."""

    file: str = ""
    last_compile: bool = False
    params: dict[str, str] = Field(default_factory=dict)
    run_id: str = Field(default="", description="a run, the start of its name, or last; wins over a pipeline")


class LineageEvent(BaseModel):
    """The event, as OpenLineage has it."""

    event: dict[str, Any]


def export_openlineage(project: Project, ask: ExportOpenlineage) -> LineageEvent:
    """Say in OpenLineage's words what a pipeline reads and writes, and which column comes from which."""
    stores = {str(reference): _store(project, reference) for reference in references(project)}
    now = datetime.now(UTC)
    if ask.run_id:
        manifest, ended = _run(project, ask.run_id, now)
        return LineageEvent(event=event(manifest, stores, now, PRODUCER, ended))
    planned = PlanPipeline(file=ask.file, last_compile=ask.last_compile, params=ask.params, look=False)
    return LineageEvent(event=event(make_ready(project, planned).manifest, stores, now, PRODUCER))


def _run(project: Project, name: str, now: datetime) -> tuple[Manifest, Ended]:
    """Return a run's manifest, and how it ended.

    Raises:
        UsageError: there is no such run, or its record is gone.
    """
    run = index(project).get(name)
    session = project.layout.session(run.run_id)
    manifest, events = read_manifest(session), list(read_events(session.events))
    receipts = tuple(Receipt.model_validate(one["receipt"]) for one in events if one["event"] == "write_committed")
    at = datetime.fromisoformat(events[-1]["ts"]) if events else now
    return manifest, Ended(run.run_id, run.status, at, receipts)


def _store(project: Project, reference: Reference) -> Store:
    """Return where a connection's tables lie, by those of its fields that are no secrets."""
    fields = open_fields(project, reference)
    host, port, path = (fields.get(key, "") for key in ("host", "port", "path"))
    database = fields.get("database", "")
    if host:
        return Store(f"{reference.family}://{host}{f':{port}' if port else ''}", f"{database}." if database else "")
    return Store(f"{reference.family}:{path or database}" if path or database else str(reference))


EXPORT_OPENLINEAGE = Operation("export.openlineage", ExportOpenlineage, LineageEvent, export_openlineage)
