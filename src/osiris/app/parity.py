"""Parity: one manifest carried out at several places, on copies, and what each of them says and leaves compared."""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import BaseModel, Field

from osiris.app.elsewhere import Elsewhere, Where, target_of
from osiris.app.operation import Effect, Operation
from osiris.app.pipelines import CheckPipeline, PlanPipeline, make_ready
from osiris.app.project import Project
from osiris.app.readback import reader_of
from osiris.app.runs import job_of, new_run_id
from osiris.kit.component import Place
from osiris.model.connection import parse_reference
from osiris.model.errors import EXIT_CHECK, EXIT_DONE, OutsideError, UsageError
from osiris.model.events import Event, HostEvent, RunStatus
from osiris.model.job import Job, RunResult
from osiris.model.manifest import ManifestStep
from osiris.remote.luggage import Luggage
from osiris.runtime.meter import Meter

_TIMED = {"seconds"}  # what differs between two runs at one place, too
_UNCOUNTED = {"step_progress", "cleanup_complete", "run_end"}  # said by the clock, or compared by the result


class CheckParity(CheckPipeline):
    """Ask whether a pipeline does the same everywhere."""

    last_compile: bool = False
    on: tuple[Where, ...] = Field(default=("here", "isolated"), min_length=2)
    elsewhere: Elsewhere = Elsewhere()


class Outcome(BaseModel):
    """What one place did.

    Attributes:
        events: How many it said, without those of the host and those said by the clock.
        digests: File that was written to a digest of its bytes or, for a database, of the rows written.
        error: What went wrong; empty for a completed run.
    """

    where: Where
    status: RunStatus
    exit_code: int
    rows: int
    seconds: float
    events: int
    digests: dict[str, str]
    error: str = ""


class ParityReport(BaseModel):
    """Whether all did the same.

    Attributes:
        differences: In words, each against the first place.
    """

    pipeline: str
    manifest_hash: str
    outcomes: tuple[Outcome, ...]
    differences: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """Return 0, or that of a broken promise."""
        return EXIT_CHECK if self.differences else EXIT_DONE


@dataclass(frozen=True)
class _Seen:
    """All that is compared of one place."""

    result: RunResult
    events: dict[str, list[dict[str, Any]]]
    digests: dict[str, str]


def check_parity(project: Project, ask: CheckParity) -> ParityReport:
    """Carry a pipeline out at several places, each on a copy of its files, and compare events, receipts and results."""
    wanted = PlanPipeline(**ask.model_dump(include=set(PlanPipeline.model_fields)), look=False)
    ready = make_ready(project, wanted)
    job, refusal = job_of(project, ready, project.layout.session(new_run_id(ready.manifest.slug)))
    if refusal:
        raise refusal
    luggage = Luggage.of(job, project.registry)
    _must_write_files(job, luggage)
    seen: list[tuple[Where, _Seen]] = []
    for where in ask.on:
        with TemporaryDirectory(prefix="osiris-parity-") as folder:
            place = ask.elsewhere.model_copy(update={"where": where})
            seen.append((where, _tried(project, place, job, luggage, Path(folder))))
    first = seen[0]
    return ParityReport(
        pipeline=ready.manifest.name,
        manifest_hash=ready.manifest.hash(),
        outcomes=tuple(_outcome(where, one) for where, one in seen),
        differences=tuple(said for other in seen[1:] for said in _differences(first, other)),
    )


def _must_write_files(job: Job, luggage: Luggage) -> None:
    """Refuse a pipeline whose targets can't be copied.

    Raises:
        UsageError: a step writes to a server.
    """
    for entry in job.manifest.writes:
        if entry.step_id not in luggage.back:
            raise UsageError(
                f"step {entry.step_id!r} writes to {entry.target}, which every place would write",
                hint="compare a pipeline that writes files; what it reads may lie anywhere",
            )


def _tried(project: Project, where: Elsewhere, job: Job, luggage: Luggage, folder: Path) -> _Seen:
    for piece in luggage.pieces:
        if piece.path.parent.is_dir():
            (folder / piece.name).parent.mkdir(parents=True, exist_ok=True)
        for name, path in piece.all:
            if path.is_file():
                shutil.copy2(path, folder / name)
    copy = Job(
        manifest=job.manifest,
        run_id=job.run_id,
        project=folder,
        session=folder / ".parity",
        connections=job.connections,
        sensitive=job.sensitive,
        secrets=job.secrets,
    )
    copy.session.mkdir()
    said: list[Event] = []
    result = target_of(project, where).execute(copy, said.append)
    return _Seen(result, _by_step(said), dict(sorted(_digests(project, copy, luggage))))


def _by_step(said: list[Event]) -> dict[str, list[dict[str, Any]]]:
    """Return what was said of each step, in order: steps that have nothing to do with each other may take turns."""
    found: dict[str, list[dict[str, Any]]] = {}
    for event in said:
        if not isinstance(event, HostEvent) and event.event not in _UNCOUNTED:
            step_id = getattr(event, "step_id", "") or getattr(event, "connection", "")
            found.setdefault(step_id, []).append(_untimed(event.model_dump(mode="json")))
    return found


def _untimed(value: Any) -> Any:
    match value:
        case dict():
            return {key: _untimed(inner) for key, inner in value.items() if key not in _TIMED}
        case list():
            return [_untimed(inner) for inner in value]
    return value


def _digests(project: Project, job: Job, luggage: Luggage) -> Iterator[tuple[str, str]]:
    """Yield what lies in each target: a file's bytes count, and of a database, whose bytes nobody sees, the rows."""
    for piece in luggage.pieces:
        if not (piece.written and (job.project / piece.name).is_file()):
            continue
        step = job.manifest.step(piece.step_id)
        if step.connection and project.registry.family(parse_reference(step.connection).family).desk is not None:
            yield f"{step.connection}/{step.config.get('table', '')}", _rows(project, job, step)
        else:
            yield piece.name, hashlib.sha256((job.project / piece.name).read_bytes()).hexdigest()


def _rows(project: Project, job: Job, writer: ManifestStep) -> str:
    """Return a digest of all rows of a table, whatever their order; of one that is not there, what its family says."""
    place = Place(project=job.project, scratch=job.session)
    fields = job.connections.get(writer.connection or "")
    try:
        with reader_of(project, writer, place, fields).extract() as stream:
            meter = Meter(stream.schema)
            for _ in meter.over(stream, nullcontext, lambda _: None):
                pass
    except OutsideError as exc:
        return exc.message
    return hashlib.sha256(repr((meter.rows, meter.digests, meter.nulls)).encode()).hexdigest()


def _outcome(where: Where, seen: _Seen) -> Outcome:
    return Outcome(
        where=where,
        status=seen.result.status,
        exit_code=seen.result.exit_code,
        rows=seen.result.total_rows,
        seconds=seen.result.seconds,
        events=sum(map(len, seen.events.values())),
        digests=seen.digests,
        error=seen.result.error.message if seen.result.error else "",
    )


def _differences(first: tuple[Where, _Seen], other: tuple[Where, _Seen]) -> Iterator[str]:
    (here, one), (there, two) = first, other
    ends = [(seen.result.status, _error(seen.result), seen.result.total_rows) for seen in (one, two)]
    if ends[0] != ends[1]:
        yield f"{there} ends with {ends[1]}, {here} with {ends[0]}"
    for step_id in sorted(one.events.keys() | two.events.keys()):
        if one.events.get(step_id) != two.events.get(step_id):
            yield f"{there} says something else of {step_id or 'the run'!r} than {here}"
    for receipt, its in zip(one.result.receipts, two.result.receipts, strict=False):
        if _untimed(receipt.model_dump()) != _untimed(its.model_dump()):
            yield f"the receipt of step {receipt.step_id!r} of {there} is not that of {here}"
    for name in sorted(one.digests.keys() | two.digests.keys()):
        if one.digests.get(name) != two.digests.get(name):
            yield f"{name} from {there} is not {name} from {here}"


def _error(result: RunResult) -> tuple[str, str]:
    return (result.error.to_dict()["code"], result.error.message) if result.error else ("", "")


PIPELINES_PARITY = Operation("pipelines.parity", CheckParity, ParityReport, check_parity, Effect.GRANTS)
