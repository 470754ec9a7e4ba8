"""AI Operation Packages as a library: make one from values, write one for a session, compare a run with the last.

These three functions are for programs that use Osiris; their names and arguments stay as they are.
"""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import file_digest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

from pydantic import ValidationError

from osiris.app.project import Project
from osiris.app.record import close_record, index, redactor
from osiris.model.aiop import Delta
from osiris.model.canonical import canonical_json
from osiris.model.errors import ConfigError, OsirisError
from osiris.model.events import RunStatus
from osiris.model.layout import Layout, Session
from osiris.model.manifest import Manifest
from osiris.model.settings import AiopSettings, Origin
from osiris.observe.aiop.delta import causes, change, may_be_edited
from osiris.observe.aiop.foreign import manifest_of, records_of
from osiris.observe.aiop.package import freeze, frozen_of, make
from osiris.observe.metrics import metrics_of
from osiris.observe.read import fingerprints_of
from osiris.observe.redact import Redactor

_MADE = "artifact_created"
_LAST = frozenset({"cleanup_complete", "run_end"})
_WORDS: Mapping[str, Origin] = {"cli": "command line", "env": "environment", "yaml": "osiris.yaml"}


def build_aiop(  # noqa: PLR0917 - the signature is published
    session_data: Mapping[str, Any],
    manifest: Mapping[str, Any],
    events: Iterable[Mapping[str, Any]],
    metrics: Iterable[Mapping[str, Any]],
    artifacts: Iterable[Mapping[str, Any] | Path | str],
    config: Mapping[str, Any],
    show_progress: bool = False,  # noqa: FBT001, FBT002, ARG001 - the signature is published
    config_sources: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the package of a run from what a program knows of it. No file is left and no project is needed.

    Args:
        session_data: `session_id` or `run_id`; also `status`, `started_at` and `ended_at` where the events have no
            start or no end, and `oml` for the pipeline's text.
        manifest: As in `manifest.yaml`; of another shape its name and steps are taken.
        events: As in `events.jsonl`, in order; what is none of our events is told in the timeline.
        metrics: As in `metrics.jsonl`, for numbers that the events do not say themselves.
        artifacts: Files that the run made and the events do not name: paths, or mappings with `path`, `sha256`,
            `bytes` and `rows`.
        config: Settings, as `{"aiop": {...}}` or with their full names, `aiop.max_core_bytes`.
        show_progress: Nothing takes long enough to show.
        config_sources: Setting to where it comes from: `CLI`, `ENV`, `YAML`, or an origin in our words.

    Returns:
        The document of `aiop.json`. Values under the names of secrets and users of URLs are masked; what else is
        secret the caller masks.

    Raises:
        ConfigError: a setting of packages does not fit.

    Example:
        >>> session = {"session_id": "r1", "status": "completed", "started_at": "2026-01-02T03:04:05Z"}
        >>> package = build_aiop(session, {"name": "top", "steps": []}, [], [], [], {})
        >>> package["run"]["status"], package["run"]["pipeline"]
        ('completed', 'top')
    """
    known = manifest_of(manifest)
    run_id = str(session_data.get("session_id") or session_data.get("run_id") or "run")
    settings = _settings(config)
    said = _whole(session_data, [dict(event) for event in events], [_artifact(one) for one in artifacts])
    records = list(map(Redactor(), records_of((*said, *_others(metrics, said, run_id, known)), run_id, known)))
    with TemporaryDirectory(prefix="osiris-aiop-") as folder:
        session = Session(Path(folder))
        session.manifest.write_bytes(known.to_bytes())
        session.oml.write_text(str(session_data.get("oml") or ""), "utf-8")
        session.events.write_bytes(b"".join(canonical_json(record) + b"\n" for record in records))
        effective = _effective(settings, config_sources or {})
        freeze(session, run_id=run_id, config_effective=effective, previous=None, redact=Redactor(), manifest=known)
        package = make(session, settings=settings, redact=Redactor()).package
    return package.model_dump(mode="json", by_alias=True)


def export_aiop_auto(  # noqa: PLR0917 - the signature is published
    session_id: str,
    manifest_hash: str | None = None,
    status: str = "completed",  # noqa: ARG001 - the session's own record says how the run ended
    end_time: Any = None,  # noqa: ARG001 - and when
    fs_contract: Any = None,
    pipeline_slug: str | None = None,  # noqa: ARG001 - the record names the pipeline
    profile: str | None = None,  # noqa: ARG001 - and the profile
    run_id: str | None = None,
    manifest_short: str | None = None,
    session_dir: Path | str | None = None,
) -> tuple[bool, str | None]:
    """Write `aiop.json`, the run card and, where the run's settings want one, the annex of a session. Never raises.

    Everything is read from the session's folder, so the same session gives the same bytes. What the record says
    of the run wins over what is said here.

    Args:
        session_id: Name of the run; its record lies in the logs of the project around the current folder.
        manifest_hash: Of the manifest that should have run; another one in the session is an error.
        status: Not needed: the record says how the run ended.
        end_time: Not needed either.
        fs_contract: An `osiris.model.layout.Layout`, where the logs lie elsewhere.
        pipeline_slug: Not needed: the record names the pipeline.
        profile: Not needed either.
        run_id: Wins over `session_id`.
        manifest_short: The beginning of `manifest_hash`, where no more is known.
        session_dir: The session's folder itself; wins over all names.

    Returns:
        True and None, also where packages are switched off; or False, and why there is none.
    """
    try:
        session = _session(run_id or session_id, fs_contract, session_dir)
        ran = frozen_of(session).manifest_hash
        if not ran.startswith(manifest_hash or manifest_short or ""):
            return False, f"the session ran manifest {ran[:12]}, not {manifest_hash or manifest_short}"
        close_record(session, redactor(Project.open(session.folder)))
    except OsirisError as exc:
        return False, f"{exc.code}: {exc.message}"
    return True, None


def calculate_delta(
    current_run: Mapping[str, Any], manifest_hash: str, current_session_id: str | None = None
) -> dict[str, Any]:
    """Return what changed since the latest earlier run of the same pipeline that came to an end.

    The pipeline is found by the manifest's hash in the index of the project around the current folder, so that an
    edited pipeline is held against its earlier self.

    Args:
        current_run: `total_rows`, `seconds` or `duration_ms`, and `errors` or `error_code`, as far as they are known;
            the `run` of a package will do.
        manifest_hash: Of the manifest that ran.
        current_session_id: Name of the run, so that only earlier ones count; None means: all do.

    Returns:
        `first_run`; where that is False also `previous_run`, `previous_status`, `pipeline_changed`, `changed`, and for
        `rows`, `seconds` and `errors` the numbers `before` and `now` with the change in `percent`.

    Raises:
        OsirisError: the project or its index can't be read.
    """
    project = Project.open()
    runs = index(project)
    previous = runs.previous(runs.pipeline_of(manifest_hash), current_session_id or "")
    if previous is None:
        return Delta().model_dump(mode="json")
    seconds = current_run.get("seconds")
    if seconds is None and (milliseconds := current_run.get("duration_ms")) is not None:
        seconds = milliseconds / 1000
    errors = current_run.get("errors", int(bool(current_run.get("error_code"))))
    fingerprints = fingerprints_of(project.layout.session(current_session_id)) if current_session_id else {}
    return Delta(
        first_run=False,
        previous_run=previous.run_id,
        previous_status=previous.status,
        pipeline_changed=may_be_edited(previous, manifest_hash, fingerprints),
        changed=causes(previous, manifest_hash, fingerprints),
        rows=change(previous.total_rows, current_run.get("total_rows")),
        seconds=change(previous.seconds, seconds),
        errors=change(int(bool(previous.error_code)), errors if isinstance(errors, int) else len(errors)),
    ).model_dump(mode="json")


def _session(name: str, layout: Any, folder: Path | str | None) -> Session:
    if folder is not None:
        return Session(Path(folder))
    return (layout if isinstance(layout, Layout) else Project.open().layout).session(name)


def _settings(config: Mapping[str, Any]) -> AiopSettings:
    inner = config.get("aiop")
    given = dict(inner) if isinstance(inner, Mapping) else {}
    given |= {key.removeprefix("aiop."): value for key, value in config.items() if key.startswith("aiop.")}
    try:
        return AiopSettings.model_validate({key: given[key] for key in given if key in AiopSettings.model_fields})
    except ValidationError as exc:
        first = exc.errors()[0]
        raise ConfigError(f"aiop.{first['loc'][0]} can't be {first['input']!r}", why=first["msg"]) from None


def _effective(settings: AiopSettings, sources: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return each setting with its origin, in our words where it was said in others."""
    origins = {key.removeprefix("aiop."): _WORDS.get(source.lower(), source.lower()) for key, source in sources.items()}
    values = settings.model_dump(mode="json")
    return {f"aiop.{name}": {"value": value, "origin": origins.get(name, "default")} for name, value in values.items()}


def _artifact(one: Mapping[str, Any] | Path | str) -> dict[str, Any]:
    """Return what is known of a file; one that is there is measured."""
    if isinstance(one, Mapping):
        return dict(one)
    path = Path(one)
    if not path.is_file():
        return {"path": path.as_posix()}
    with path.open("rb") as content:
        return {
            "path": path.as_posix(),
            "sha256": file_digest(content, "sha256").hexdigest(),
            "bytes": path.stat().st_size,
        }


def _whole(
    session: Mapping[str, Any], events: list[dict[str, Any]], files: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return events with a start and an end, as far as the session knows them, and with all files."""
    kinds = {event.get("event") for event in events}
    named = {str(_file(event).get("path")) for event in events if event.get("event") == _MADE}
    made = [{"event": _MADE, **file} for file in files if str(file.get("path")) not in named]
    before = [] if "run_start" in kinds else [{"event": "run_start", "ts": session.get("started_at")}]
    after: list[dict[str, Any]] = []
    if "cleanup_complete" not in kinds and "total_rows" in session:
        after.append({"event": "cleanup_complete", "total_rows": session["total_rows"], "ts": session.get("ended_at")})
    if "run_end" not in kinds and session.get("status") in get_args(RunStatus):
        ended = {key: session[key] for key in ("status", "seconds", "duration_ms", "error") if key in session}
        after.append({"event": "run_end", "ts": session.get("ended_at"), **ended})
    ending = next((place for place, event in enumerate(events) if event.get("event") in _LAST), len(events))
    return [*before, *events[:ending], *made, *events[ending:], *after]


def _file(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return where an event says what file it is about."""
    inner = event.get("artifact")
    return inner if isinstance(inner, Mapping) else event


def _others(
    metrics: Iterable[Mapping[str, Any]], said: Iterable[Mapping[str, Any]], run_id: str, manifest: Manifest
) -> list[dict[str, Any]]:
    """Return the numbers that the events don't say, each as an event of its own."""
    told = {(one["metric"], one.get("step_id")) for one in metrics_of(records_of(said, run_id, manifest))}
    return [{"event": "metric", **one} for one in metrics if (one.get("metric"), one.get("step_id")) not in told]
