"""Runs: one pipeline carried out, and what it left behind."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, Field
from pydantic.json_schema import SkipJsonSchema

from osiris.app.connections import fields_at, secret_values, secrets_of
from osiris.app.consent import let_begin, with_consent
from osiris.app.elsewhere import HERE, Elsewhere, passed_values, target_of
from osiris.app.files import write_beside
from osiris.app.intent import witnesses
from osiris.app.mempack import PackProject, mempack_of, pack_project
from osiris.app.operation import Effect, Operation
from osiris.app.pipelines import PlanPipeline, Ready, make_ready
from osiris.app.project import Project
from osiris.app.record import close_record, index
from osiris.model.aiop import Used
from osiris.model.connection import parse_reference
from osiris.model.errors import OsirisError, UsageError
from osiris.model.events import RunStatus
from osiris.model.job import Job, RunResult
from osiris.model.layout import Session
from osiris.model.manifest import Manifest
from osiris.model.receipt import Receipt
from osiris.observe.aiop.norm import baseline_of
from osiris.observe.aiop.package import freeze
from osiris.observe.journal import Journal
from osiris.observe.redact import Redactor


class RunPipeline(BaseModel):
    """Ask to carry a pipeline out: a file, a manifest, a text, or the newest compiled manifest."""

    file: str = ""
    text: str = ""
    params: dict[str, str] = Field(default_factory=dict)
    strict: bool = False
    last_compile: bool = False
    select: tuple[str, ...] = Field(default=(), description="only these writers, and what they need; empty means all")
    approve: str = Field(default="", description="the token of the plan that was approved")
    said: str = Field(default="", description="what the person said in the conversation that led here")
    mempack: str = Field(default="", description="a file that describes the bundle to build after the run")
    elsewhere: SkipJsonSchema[Elsewhere] = HERE  # a person's choice: it costs money, and may pass on variables
    by_agent: bool = Field(default=False, description="a model made it: only a person's recorded yes, or a policy, do")


class RunReport(BaseModel):
    """How a run ended, and where its record lies.

    Attributes:
        error: Wire form of the error; None for a completed run.
        seconds: Wall time.
        session: Folder of the run.
        aiop: The AI Operation Package; empty where it is switched off.
        mempack: The bundle; empty where none was asked for, or where it could not be built.
    """

    run_id: str
    pipeline: str
    manifest_hash: str
    status: RunStatus
    exit_code: int
    total_rows: int
    seconds: float
    receipts: tuple[Receipt, ...]
    error: dict[str, Any] | None = None
    session: str
    aiop: str = ""
    run_card: str = ""
    mempack: str = ""
    mempack_error: dict[str, Any] | None = None


def run_pipeline(project: Project, ask: RunPipeline) -> RunReport:
    """Carry a pipeline out: move the rows, all or nothing, and leave a record."""
    if ask.by_agent and ask.elsewhere != HERE:
        raise UsageError("only a person says where a run takes place", hint="run it with `osiris run`")
    target = target_of(project, ask.elsewhere)
    ready = make_ready(project, PlanPipeline(**ask.model_dump(include=set(PlanPipeline.model_fields))))
    consent = let_begin(project, ready, token=ask.approve, by_agent=ask.by_agent)
    mempack_of(project, ask.mempack)
    run_id = new_run_id(ready.manifest.slug)
    session = project.layout.session(run_id)
    passed = passed_values(project, ask.elsewhere).values()
    redact = Redactor((*secret_values(project), *ready.sensitive.texts, *passed))
    with _recorded(project, ask, ready, session, redact) as journal:
        job, refusal = job_of(project, ready, session)
        result = target.execute(job, with_consent(journal, consent), refusal=refusal)
        index(project).ended(run_id, result)
    return _packed(project, ask, _report(project, ready, session, result, redact))


def new_run_id(slug: str) -> str:
    """Return a name for a run: its time in UTC, its pipeline and six random digits; later names sort later."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{slug[:32]}-{secrets.token_hex(3)}"


def job_of(project: Project, ready: Ready, session: Session) -> tuple[Job, OsirisError | None]:
    """Return what is to be done, and why it can't be, such as a secret that is missing."""
    names = sorted({step.connection for step in ready.manifest.steps if step.connection})
    fields, hidden, refusal = {}, tuple[str, ...](), None
    try:
        fields = {name: fields_at(project, parse_reference(name)) for name in names}
        hidden = secrets_of(project, map(parse_reference, names))
    except OsirisError as exc:
        refusal = exc
    job = Job(
        manifest=ready.manifest,
        run_id=session.folder.name,
        project=project.root,
        session=session.folder,
        connections=fields,
        sensitive=ready.sensitive,
        secrets=hidden,
    )
    return job, refusal


@contextmanager
def _recorded(
    project: Project, ask: RunPipeline, ready: Ready, session: Session, redact: Redactor
) -> Iterator[Journal]:
    """Keep everything that the record needs, before and after the run."""
    runs = index(project)
    manifest = ready.manifest
    run_id = session.folder.name
    runs.claim(manifest.slug, run_id)
    try:
        session.folder.mkdir(parents=True)
        write_beside(session.manifest, manifest.to_bytes())
        write_beside(session.oml, ready.text)
        most = project.configured.settings.aiop.baseline_runs
        freeze(
            session,
            run_id=run_id,
            config_effective=project.configured.effective(),
            previous=runs.previous(manifest.slug, run_id),
            baseline=baseline_of(runs.earlier(manifest.slug, run_id, most)),
            redact=redact,
            manifest=manifest,
            components=_used(project, manifest),
            intent=witnesses(project, manifest, ask.file, ask.said),
        )
        runs.started(run_id, manifest.slug, manifest.hash())
        yield Journal(session.events, run_id, redact=redact, listeners=(project.door.listen,))
    finally:
        runs.release(manifest.slug, run_id)


def _used(project: Project, manifest: Manifest) -> Iterator[Used]:
    for name in sorted({step.component for step in manifest.steps}):
        about = project.registry.kind(name).about
        yield Used(name=name, version=about.version, title=about.title, mode=about.mode, connection=about.connection)


def _report(project: Project, ready: Ready, session: Session, result: RunResult, redact: Redactor) -> RunReport:
    package = close_record(session, redact)
    return RunReport(
        run_id=session.folder.name,
        pipeline=ready.manifest.name,
        manifest_hash=ready.manifest.hash(),
        status=result.status,
        exit_code=result.exit_code,
        total_rows=result.total_rows,
        seconds=result.seconds,
        receipts=result.receipts,
        error=redact(result.error.to_dict()) if result.error else None,
        session=project.shown(session.folder),
        aiop=project.shown(session.aiop) if package else "",
        run_card=project.shown(session.run_card) if package else "",
    )


def _packed(project: Project, ask: RunPipeline, report: RunReport) -> RunReport:
    """Return the report of a run with the bundle that was asked for; the run stands, whatever becomes of that."""
    if not ask.mempack:
        return report
    try:
        packed = pack_project(project, PackProject(file=ask.mempack))
    except OsirisError as exc:
        return report.model_copy(update={"mempack_error": exc.to_dict()})
    return report.model_copy(update={"mempack": packed.path})


PIPELINES_RUN = Operation("pipelines.run", RunPipeline, RunReport, run_pipeline, Effect.MOVES_DATA)
