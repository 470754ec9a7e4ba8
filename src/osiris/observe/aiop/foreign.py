"""Manifests and records as other programs keep them, in the shape of ours. What does not fit is told, not dropped."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from pydantic import ValidationError

from osiris.model.errors import OsirisError
from osiris.model.events import EVENT, KINDS, STAMP
from osiris.model.manifest import Fingerprints, Manifest
from osiris.model.oml import Mode, slug
from osiris.observe.journal import stamp

_BEGINNING = "1970-01-01T00:00:00.000Z"
_ENDINGS: tuple[tuple[str, Mode], ...] = (("extractor", "read"), ("writer", "write"), ("processor", "transform"))
_FINGERPRINTS = dict.fromkeys(Fingerprints.model_fields, "")
_STATUSES = {
    "completed": "completed", "success": "completed", "succeeded": "completed", "ok": "completed", "failed": "failed",
    "failure": "failed", "error": "failed", "interrupted": "interrupted", "cancelled": "interrupted",
    "canceled": "interrupted", "aborted": "interrupted",
}  # fmt: skip

Record = dict[str, Any]


def manifest_of(given: Mapping[str, Any]) -> Manifest:
    """Return a manifest; one that is not ours keeps its name and, of each step, id, component, mode and inputs."""
    try:
        return Manifest.model_validate(dict(given))
    except ValidationError:
        pipeline = given.get("pipeline")
        inner = pipeline if isinstance(pipeline, Mapping) else {"name": pipeline}
        name = str(given.get("name") or inner.get("name") or inner.get("id") or "pipeline")
        steps = [_step(step) for step in given.get("steps", ()) if isinstance(step, Mapping)]
        known = {step["id"] for step in steps}
        for step in steps:
            step["inputs"] = {giver: giver for giver in step.pop("givers") if giver in known}
        return Manifest.model_validate({
            "name": name,
            "slug": slug(name),
            "oml_version": str(given.get("oml_version") or "0.1.0"),
            "steps": steps,
            "fingerprints": _FINGERPRINTS | _texts(given.get("fingerprints")),
        })  # fmt: skip


def records_of(events: Iterable[Mapping[str, Any]], run_id: str, manifest: Manifest) -> Iterator[Record]:
    """Yield records as a journal has them, numbered anew."""
    fit = _Fitting(run_id, manifest)
    latest = _BEGINNING
    for seq, event in enumerate(events, 1):
        latest = moment_of(event.get("ts") or event.get("timestamp"), latest)
        yield fit(event) | {"seq": seq, "ts": latest, "session": run_id}


def moment_of(value: Any, otherwise: str) -> str:
    """Return a time as our records write it; a number is seconds since 1970."""
    try:
        found = datetime.fromtimestamp(value, UTC) if isinstance(value, int | float) else datetime.fromisoformat(value)
        known = stamp(found if found.tzinfo else found.replace(tzinfo=UTC))
    except (TypeError, ValueError, OSError, OverflowError):
        return otherwise
    return max(known, _BEGINNING)


def _step(step: Mapping[str, Any]) -> Record:
    component = str(step.get("component") or step.get("driver") or "unknown")
    mode = step.get("mode") or next((mode for ending, mode in _ENDINGS if component.endswith(ending)), "transform")
    needs = step.get("needs") or ()
    inputs = step.get("inputs")
    givers = tuple(map(str, inputs.values() if isinstance(inputs, Mapping) else needs))
    config = step.get("config")
    return {
        "id": str(step.get("id") or component),
        "component": component,
        "mode": mode if mode in {"read", "transform", "write"} else "transform",
        "config": config if isinstance(config, dict) else {},
        "givers": givers,
    }


@dataclass(frozen=True)
class _Fitting:
    """Fits events of one run."""

    run_id: str
    manifest: Manifest

    def __call__(self, event: Mapping[str, Any]) -> Record:
        """Return an event without the journal's stamp; one that is none of ours has a name of its own."""
        body = {str(key): _plain(value) for key, value in event.items() if key not in STAMP and key != "timestamp"}
        kind = str(body.get("event") or "unknown")
        if kind not in KINDS:
            return body | {"event": kind}
        for shape in (body, self._fitted(kind, body)):
            try:
                return EVENT.validate_python(shape).model_dump(mode="json")
            except ValidationError:
                continue
        return body | {"event": f"{kind}_said"}

    def _fitted(self, kind: str, body: Record) -> Record:
        if kind == "run_start":
            return {
                "event": kind,
                "run_id": self.run_id,
                "pipeline": self.manifest.name,
                "manifest_hash": self.manifest.hash(),
                "steps_total": len(self.manifest.steps),
                "osiris_version": str(body.get("osiris_version") or ""),
            }
        step_id = str(body.get("step_id") or "")
        component, mode = next(
            ((step.component, step.mode) for step in self.manifest.steps if step.id == step_id),
            (str(body.get("component") or body.get("driver") or "unknown"), "transform"),
        )
        named = {"step_id": step_id, "component": component, "mode": mode}
        if kind == "step_start":
            return {"event": kind, **named}
        return _FITTED[kind](body | named) if kind in _FITTED else body


def _complete(body: Record) -> Record:
    """Return what a step gave, with a receipt of what is known."""
    step_id, component, mode = body["step_id"], body["component"], body["mode"]
    rows = _number(body, "rows", "rows_processed", "rows_written", "rows_read", "rows_out")
    seconds = body.get("seconds", _number(body, "duration_ms") / 1000)
    taken = 0 if mode == "read" else rows
    receipt = {
        "step_id": step_id,
        "component": component,
        "mode": mode,
        "rows_in": taken,
        "rows_out": rows,
        "seconds": seconds,
    }
    return {
        "event": "step_complete",
        "step_id": step_id,
        "rows": rows,
        "bytes": 0,
        "seconds": seconds,
        "receipt": receipt,
    }


def _failed(body: Record) -> Record:
    seconds = body.get("seconds", _number(body, "duration_ms") / 1000)
    return {
        "event": "step_failed",
        "step_id": body["step_id"],
        "error": _error(body),
        "seconds": seconds,
    }


def _cleaned(body: Record) -> Record:
    return {"event": "cleanup_complete", "total_rows": _number(body, "total_rows", "rows")}


def _ended(body: Record) -> Record:
    """Return how a run ended; a word for it that nobody knows is no end."""
    code = _number(body, "exit_code")
    said = str(body.get("status") or ("failed" if code or body.get("error") else "completed")).lower()
    if said not in _STATUSES:
        return body
    status = _STATUSES[said]
    failed = status != "completed" and bool(body.get("error") or body.get("message"))
    return {
        "event": "run_end",
        "status": status,
        "exit_code": code or int(status != "completed"),
        "seconds": body.get("seconds", _number(body, "duration_ms") / 1000),
        "error": _error(body) if failed else None,
    }


def _made(body: Record) -> Record:
    artifact = {
        "path": str(body.get("path") or ""),
        "sha256": str(body.get("sha256") or ""),
        "bytes": _number(body, "bytes", "size_bytes"),
        "rows": body.get("rows"),
    }
    return {"event": "artifact_created", "step_id": body["step_id"], "artifact": artifact}


def _error(body: Record) -> Record:
    """Return the wire form of an error of which there may be only a text."""
    given = body.get("error")
    known = given if isinstance(given, Mapping) else {"message": given or body.get("message") or "no reason was given"}
    wire = OsirisError(str(known.get("message") or "no reason was given")).to_dict()
    texts = {key: str(known[key]) for key in ("code", "where", "why", "hint") if known.get(key)}
    return wire | texts | {"retriable": bool(known.get("retriable"))}


def _number(body: Record, *names: str) -> int:
    return next((int(body[name]) for name in names if isinstance(body.get(name), int | float)), 0)


def _plain(value: Any) -> Any:
    """Return a value as JSON has it; what JSON has not is told as text."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if isfinite(value) else str(value)
        case Mapping():
            return {str(key): _plain(inner) for key, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_plain(inner) for inner in value]
    return str(value)


def _texts(value: Any) -> dict[str, str]:
    return {key: str(value[key]) for key in _FINGERPRINTS if key in value} if isinstance(value, Mapping) else {}


_FITTED = {
    "step_complete": _complete,
    "step_failed": _failed,
    "cleanup_complete": _cleaned,
    "run_end": _ended,
    "artifact_created": _made,
}
