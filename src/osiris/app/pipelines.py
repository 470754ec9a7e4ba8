"""From a pipeline's text to a manifest, its plan, and a file that keeps it."""

import json
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, Field

from osiris import __version__
from osiris.app.connections import MASKED, ListConnections, list_connections
from osiris.app.files import write_beside
from osiris.app.knowledge import Sources, build
from osiris.app.operation import Effect, Operation
from osiris.app.project import Project
from osiris.app.record import index
from osiris.app.selection import selected
from osiris.compiler.compile import Compiled, Given, compile_pipeline
from osiris.kit.component import Writer
from osiris.model.canonical import canonical_json, digest, fingerprint
from osiris.model.diagnostics import Diagnostic, Severity
from osiris.model.document import MOST_BYTES
from osiris.model.errors import OmlError, UsageError
from osiris.model.job import NOT_SENSITIVE, Sensitive
from osiris.model.manifest import Manifest, WriteEntry
from osiris.model.nearest import nearest
from osiris.model.oml import slug
from osiris.model.plan import LastRun, Plan, PlannedStep, PlannedWrite, SourceSeen, TargetState, envelope
from osiris.observe.aiop.delta import causes
from osiris.observe.aiop.words import made_from
from osiris.observe.read import manifest_in

MANIFEST = "manifest.yaml"
PLAN = "plan.json"


class CheckPipeline(BaseModel):
    """Ask whether a pipeline is right: give its text, or the file it lies in."""

    file: str = Field(default="", description="path of an OML file")
    text: str = Field(default="", description="the OML itself; wins over `file`")
    params: dict[str, str] = Field(default_factory=dict)
    strict: bool = Field(default=False, description="treat what can't be proved as an error")


class Checked(BaseModel):
    """What the compiler found.

    Attributes:
        valid: True when there is no error; warnings and notes may be there.
        name: Of the pipeline; empty where it could not be read.
        oml_sha256: Of the text, byte for byte.
    """

    valid: bool
    name: str = ""
    oml_sha256: str
    diagnostics: tuple[Diagnostic, ...] = ()


class SavePipeline(BaseModel):
    """Ask to keep a pipeline's text as `pipelines/<name>.yaml`."""

    text: str = Field(description="the whole OML document")


class Saved(BaseModel):
    """Where the text lies, and what the compiler thinks of it."""

    file: str
    oml_sha256: str
    replaced: bool
    checked: Checked


class CompilePipeline(CheckPipeline):
    """Ask for a pipeline's manifest."""

    out: str = Field(default="", description="folder for the manifest; default below `build/`")


class CompiledPipeline(BaseModel):
    """Where the manifest lies.

    Attributes:
        folder: Holds `manifest.yaml`, `plan.json` and `cfg/<step>.json`.
        sources: What was known of each connection, and since when.
    """

    name: str
    manifest_hash: str
    folder: str
    manifest: str
    steps: int
    sources: tuple[SourceSeen, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


class PlanPipeline(CheckPipeline):
    """Ask what a run would do."""

    last_compile: bool = Field(default=False, description="plan the newest compiled manifest")
    select: tuple[str, ...] = Field(default=(), description="only these writers, and what they need; empty means all")
    look: bool = Field(
        default=True, description="look at sources and targets, read-only; otherwise only files here are opened"
    )


@dataclass(frozen=True)
class Ready:
    """A pipeline compiled, with its text and its plan."""

    manifest: Manifest
    text: bytes
    plan: Plan
    sensitive: Sensitive = NOT_SENSITIVE


def check_pipeline(project: Project, ask: CheckPipeline) -> Checked:
    """Check a pipeline: shape, names, types, safety. All findings at once, nothing is run or written."""
    text, _ = _text(project, ask)
    return _checked(_compile(project, ask, text, Sources(project, look=False)))


def save_pipeline(project: Project, ask: SavePipeline) -> Saved:
    """Keep a pipeline's text in the project and check it. Nothing is run."""
    text = ask.text.encode("utf-8")
    checked = _checked(_compile(project, CheckPipeline(text=ask.text), text, Sources(project, look=False)))
    if not checked.name:
        raise OmlError("the text is not a pipeline", checked.diagnostics, hint="mend what the findings say")
    file = project.layout.pipeline(slug(checked.name))
    replaced = file.is_file() and file.read_bytes() != text
    write_beside(file, text)
    return Saved(file=project.shown(file), oml_sha256=checked.oml_sha256, replaced=replaced, checked=checked)


def compile_file(project: Project, ask: CompilePipeline) -> CompiledPipeline:
    """Compile a pipeline into a manifest: everything decided, nothing run."""
    sources = Sources(project, look=False)
    manifest, text, _ = compiled(project, ask, sources)
    folder = _keep(project, manifest, text, project.cwd / ask.out if ask.out else None)
    return CompiledPipeline(
        name=manifest.name,
        manifest_hash=manifest.hash(),
        folder=project.shown(folder),
        manifest=project.shown(folder / "manifest.yaml"),
        steps=len(manifest.steps),
        sources=sources.seen(),
        diagnostics=manifest.notes,
    )


def plan_pipeline(project: Project, ask: PlanPipeline) -> Plan:
    """Show what a run would do: steps, reads, writes, DDL, what is destructive, not proved, new since the last run."""
    ready = make_ready(project, ask)
    return ready.plan.model_copy(update={"last": _last_run(project, ready.manifest)})


def _last_run(project: Project, manifest: Manifest) -> LastRun | None:
    before = index(project).previous(manifest.slug, "")
    if before is None:
        return None
    since = made_from(causes(before, manifest.hash(), manifest.fingerprints.model_dump()))
    return LastRun(run_id=before.run_id, status=before.status, started_at=before.started_at, since=since)


def make_ready(project: Project, ask: PlanPipeline) -> Ready:
    """Return a pipeline compiled and planned; a manifest is taken as it is.

    Raises:
        OmlError: the compiler refuses the pipeline; carries all findings.
        UsageError: there is no such file, a manifest is not whole, or what is selected is no writer.
    """
    sources = Sources(project, look=ask.look)
    if not ask.text and (folder := _manifest_folder(project, ask)):
        manifest, text = _read_manifest(folder)
        _decided(project, manifest, ask)
        _whole(manifest)
        sensitive = NOT_SENSITIVE
    else:
        manifest, text, sensitive = compiled(project, ask, sources)
    manifest = selected(manifest, ask.select)
    writes = tuple(_write(project, manifest, entry, look=ask.look) for entry in manifest.writes)
    return Ready(manifest, text, _plan(project, manifest, writes, sources), sensitive)


def compiled(project: Project, ask: CheckPipeline, sources: Sources) -> tuple[Manifest, bytes, Sensitive]:
    """Return a pipeline's manifest, its text, and what the manifest leaves out.

    Args:
        project: Where the pipeline belongs.
        ask: Names the pipeline and its parameters.
        sources: Answers what is known of what it reads.

    Raises:
        OmlError: the compiler refuses it; carries all findings.
        UsageError: there is no such file.
    """
    text, name = _text(project, ask)
    result = _compile(project, ask, text, sources)
    if result.manifest is None:
        count = sum(d.severity is Severity.ERROR for d in result.diagnostics)
        found = f"{count} error{'s' if count != 1 else ''}"
        hint = _aged(result, sources) or "mend what the findings say"
        raise OmlError(f"the pipeline has {found}", result.diagnostics, where=name, hint=hint)
    return result.manifest, text, result.sensitive


def _text(project: Project, ask: CheckPipeline) -> tuple[bytes, str]:
    """Return the pipeline's bytes and the name to show for them."""
    if ask.text:
        return ask.text.encode("utf-8"), "the text"
    if not ask.file:
        raise UsageError("no pipeline was named", hint="give a file, such as pipelines/top-customers.yaml")
    file = project.file(ask.file)
    if file.is_dir():
        raise UsageError(f"{ask.file!r} is a folder", hint="name a pipeline file in it")
    try:
        with file.open("rb") as opened:
            return opened.read(MOST_BYTES + 1), ask.file
    except FileNotFoundError:
        here = sorted(p.name for p in file.parent.glob("*.y*ml")) if file.parent.is_dir() else []
        near = nearest(file.name, here) or here[:5]
        hint = f"here are: {', '.join(near)}" if near else "check the path"
        raise UsageError(f"there is no file {ask.file!r}", hint=hint) from None
    except OSError as exc:
        raise UsageError(f"cannot read {ask.file!r}: {exc.strerror}", hint="check its rights") from None


def _manifest_folder(project: Project, ask: PlanPipeline) -> Path | None:
    """Return the build folder that is meant, or None where a pipeline is."""
    if ask.last_compile and ask.file:
        raise UsageError("a file and --last-compile name two pipelines", hint="leave one of them out")
    if not ask.last_compile:
        file = project.file(ask.file) if ask.file else Path()
        if file.is_dir() and (file / MANIFEST).is_file():
            return file
        return file.parent if file.name == MANIFEST and file.is_file() else None
    if not project.layout.latest.is_file():
        raise UsageError("nothing has been compiled here yet", hint="run `osiris compile FILE` first")
    return project.layout.build / project.layout.latest.read_text("utf-8", errors="replace").strip()


def _decided(project: Project, manifest: Manifest, ask: PlanPipeline) -> None:
    """Refuse to decide again what a manifest has decided.

    Raises:
        UsageError: parameters are given, or another profile is.
    """
    if ask.params or project.profile not in ("", manifest.profile):
        given = f"parameters ({', '.join(ask.params)})" if ask.params else f"profile {project.profile!r}"
        raise UsageError(
            f"a manifest can't take {given}: it was compiled with its own",
            hint="give the pipeline's file instead, or compile it again",
        )


def _whole(manifest: Manifest) -> None:
    """Refuse a manifest that lacks the values of sensitive parameters.

    Raises:
        UsageError: a setting still holds one by its name.
    """
    settings = [str(step.config) for step in manifest.steps]
    for name, value in manifest.params.items():
        if value == MASKED and any(f"${{params.{name}}}" in text for text in settings):
            raise UsageError(
                f"a manifest does not keep the value of the sensitive parameter {name!r}",
                hint="give the pipeline's file instead, with the parameter",
            )


def _read_manifest(folder: Path) -> tuple[Manifest, bytes]:
    """Return the manifest and the text that it was made from; both are compared with their hashes.

    The manifest's own stands in `plan.json`, beside it where it was compiled; a run keeps no plan.
    """
    try:
        content, text = (folder / MANIFEST).read_bytes(), (folder / "pipeline.yaml").read_bytes()
        manifest = manifest_in(content)
        plan = json.loads((folder / PLAN).read_bytes()) if (folder / PLAN).is_file() else {}
    except (OSError, ValueError) as exc:
        raise UsageError(f"cannot read the manifest in {folder}", hint="compile the pipeline again") from exc
    whole = manifest.to_bytes() == content and manifest.fingerprints.oml == digest(text)
    if not whole or plan.get("manifest_hash", manifest.hash()) != manifest.hash():
        raise UsageError(f"the manifest in {folder} was changed by hand", hint="compile the pipeline again")
    return manifest, text


def _aged(result: Compiled, sources: Sources) -> str:
    """Return what to do where a name is missing and the catalogue was kept: the source may have it by now."""
    kept = sources.from_cache()
    if not kept or not any(finding.code.startswith("OSR-NAM-") for finding in result.diagnostics):
        return ""
    seen = ", ".join(f"{one.connection} as it was on {one.seen:%Y-%m-%d %H:%M} UTC" for one in kept)
    return f"mend what the findings say; the catalogue is that of {seen}: `osiris discover --refresh` looks again"


def _compile(project: Project, ask: CheckPipeline, text: bytes, sources: Sources) -> Compiled:
    connections = project.connections
    exported = {name.lower(): value for name, value in project.environment.prefixed("OSIRIS_PARAM_")}
    given = Given(
        registry=project.registry,
        aliases=connections.aliases(),
        defaults=connections.defaults(),
        params=ask.params,
        exported_params=exported,
        profile=project.profile,
        know=sources,
        strict=ask.strict,
        version=__version__,
    )
    return compile_pipeline(text, given)


def _checked(result: Compiled) -> Checked:
    return Checked(
        valid=result.manifest is not None,
        name=result.pipeline.name if result.pipeline else "",
        oml_sha256=result.oml_sha256,
        diagnostics=result.diagnostics,
    )


def _plan(
    project: Project, manifest: Manifest, writes: tuple[PlannedWrite, ...], sources: Sources | None = None
) -> Plan:
    """Return the plan of a manifest; without sources it is the same whenever and wherever it is made."""
    steps = tuple(
        PlannedStep(
            step_id=step.id,
            component=step.component,
            mode=step.mode,
            takes=tuple(dict.fromkeys(step.inputs.values())),
            waits=step.needs,
            reads=(step.connection or str(step.config.get("path", ""))) if step.mode == "read" else "",
            tables=sources.tables(step) if sources else (),
            query=str(step.config.get("query") or ""),
            columns=step.columns,
            lineage=step.lineage,
            losses=step.losses,
            proved=step.proved,
        )
        for step in manifest.steps
    )
    return Plan(
        pipeline=manifest.name,
        manifest_hash=manifest.hash(),
        envelope=envelope(manifest, manifest.fingerprints.oml, connection_fingerprints(project, manifest)),
        profile=manifest.profile,
        params=manifest.params,
        steps=steps,
        writes=writes,
        sources=sources.seen() if sources else (),
        not_proved=manifest.notes,
    )


def connection_fingerprints(project: Project, manifest: Manifest) -> dict[str, str]:
    """Return a fingerprint of each connection's fields as written: variables by name, secrets left out."""
    names = sorted({step.connection for step in manifest.steps if step.connection})
    shown = {line.name: line.fields for line in list_connections(project, ListConnections()).connections}
    return {name: fingerprint(shown.get(name, {})) for name in names}


def _write(project: Project, manifest: Manifest, entry: WriteEntry, *, look: bool) -> PlannedWrite:
    state: TargetState | None = None
    if look:
        writer = build(project, manifest.step(entry.step_id))
        assert isinstance(writer, Writer)  # noqa: S101 - the compiler gave it an entry
        state = writer.look().model_copy(update={"target": entry.target})
    return PlannedWrite(
        step_id=entry.step_id,
        target=entry.target,
        write_mode=entry.write_mode,
        primary_key=entry.primary_key,
        ddl=entry.ddl,
        state=state,
        destructive=_destructive(project, manifest.slug, entry, state),
    )


def _destructive(project: Project, pipeline: str, entry: WriteEntry, state: TargetState | None) -> str:
    """Return why rows or files that exist now may be gone or different afterwards; empty where they can't."""
    if state is None or not state.exists or entry.write_mode == "append":
        return ""
    if state.sha256:
        ours = index(project).files(pipeline).get(entry.target)
        return "" if ours == state.sha256 else f"{entry.target} exists, and this pipeline did not write what is in it"
    if state.rows == 0:
        return ""
    held = "rows" if state.rows is None else f"{state.rows} rows"
    verb = "replaced" if entry.write_mode == "replace" else "updated by key"
    return f"{entry.target} holds {held} that will be {verb}"


def _keep(project: Project, manifest: Manifest, text: bytes, out: Path | None) -> Path:
    """Write the manifest's folder and, where it is the usual one, `LATEST`; return the folder."""
    folder = out or project.layout.compiled(manifest.slug, manifest.hash())
    plan = _plan(project, manifest, tuple(_write(project, manifest, entry, look=False) for entry in manifest.writes))
    write_beside(folder / MANIFEST, manifest.to_bytes())
    write_beside(folder / "pipeline.yaml", text)
    write_beside(folder / PLAN, canonical_json(plan.model_dump(mode="json")) + b"\n")
    for step in manifest.steps:
        write_beside(folder / "cfg" / f"{step.id}.json", canonical_json(step.config) + b"\n")
    if out is None:
        write_beside(project.layout.latest, f"{folder.relative_to(project.layout.build).as_posix()}\n".encode())
    return folder


PIPELINES_CHECK = Operation("pipelines.check", CheckPipeline, Checked, check_pipeline)
PIPELINES_SAVE = Operation("pipelines.save", SavePipeline, Saved, save_pipeline, Effect.SAVES_DRAFT)
PIPELINES_COMPILE = Operation("pipelines.compile", CompilePipeline, CompiledPipeline, compile_file, Effect.SAVES_DRAFT)
PIPELINES_PLAN = Operation("pipelines.plan", PlanPipeline, Plan, plan_pipeline)
