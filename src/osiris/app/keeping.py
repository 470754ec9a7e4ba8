"""How long records of runs are kept: by age, by count, by size."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from pydantic import BaseModel, Field

from osiris.app.operation import Effect, Operation
from osiris.app.project import Project
from osiris.app.record import index
from osiris.model.errors import UsageError
from osiris.model.layout import Session
from osiris.observe.journal import now, stamp
from osiris.observe.runs import Run

Parts = Callable[[Session], Sequence[Path]]  # what of a session is meant

_ALL = -1  # SQLite's word for no limit


class CollectRuns(BaseModel):
    """Ask that old records go; what is left open is as the settings `logs.*` say, and 0 sets no bound."""

    keep_days: int | None = Field(default=None, ge=0)
    keep_runs: int | None = Field(default=None, ge=0, description="the newest so many of each pipeline stay")
    keep_bytes: int | None = Field(default=None, ge=0, description="the oldest go until all are no larger")
    dry_run: bool = Field(default=False, description="say what would go, and let it stay")


class PrunePackages(CollectRuns):
    """Ask that packages of old runs go: `aiop.json`, the run card, the annex and the page; they can be made again."""


class Gone(BaseModel):
    """One record, or one package, that went or would go."""

    run_id: str
    pipeline: str
    status: str
    started_at: str
    bytes: int
    why: str


class Collection(BaseModel):
    """What went, oldest last.

    Attributes:
        dry_run: True where nothing did, in truth.
        kept: Runs that stay.
        kept_bytes: How large they are.
    """

    dry_run: bool
    gone: tuple[Gone, ...]
    gone_bytes: int
    kept: int
    kept_bytes: int


def collect_runs(project: Project, ask: CollectRuns) -> Collection:
    """Remove the records of old runs, but never of one that goes on, nor the newest of a pipeline."""
    return _collect(project, ask, lambda session: (session.folder,), forget=True)


def prune_packages(project: Project, ask: PrunePackages) -> Collection:
    """Remove the packages of old runs; the records stay, and every package can be made again from its record."""
    return _collect(project, ask, _package, forget=False)


def _collect(project: Project, ask: CollectRuns, parts: Parts, *, forget: bool) -> Collection:
    runs = index(project).list(limit=_ALL)
    sizes = {run.run_id: sum(map(size_of, parts(project.layout.session(run.run_id)))) for run in runs}
    reasons = dict(_reasons(runs, sizes, _bounds(project, ask)))
    if not forget:
        reasons = {run_id: why for run_id, why in reasons.items() if sizes[run_id]}
    gone = tuple(
        Gone.model_validate(vars(run) | {"bytes": sizes[run.run_id], "why": reasons[run.run_id]})
        for run in runs
        if run.run_id in reasons
    )
    for one in () if ask.dry_run else gone:
        for path in parts(project.layout.session(one.run_id)):
            _remove(path)
        if forget:
            index(project).forget([one.run_id])
    gone_bytes = sum(one.bytes for one in gone)
    return Collection(
        dry_run=ask.dry_run,
        gone=gone,
        gone_bytes=gone_bytes,
        kept=len(runs) - len(gone),
        kept_bytes=sum(sizes.values()) - gone_bytes,
    )


def size_of(path: Path) -> int:
    """Return the bytes of a file, or of all files below a folder; 0 where nothing is there."""
    if path.is_dir() and not path.is_symlink():
        return sum(size_of(inside) for inside in path.iterdir())
    return path.lstat().st_size if path.is_symlink() or path.exists() else 0


def _bounds(project: Project, ask: CollectRuns) -> dict[str, int]:
    """Return the bounds that count: those asked for, else those of the settings.

    Raises:
        UsageError: there is none.
    """
    set_ = project.configured.settings.logs.model_dump()
    asked = ask.model_dump(include=set(set_), exclude_none=True)
    bounds = {name: value for name, value in (set_ | asked).items() if value}
    if not bounds:
        raise UsageError(
            "nothing says what is too old", hint="give --keep-days, --keep-runs or --keep-bytes, or set logs.keep_days"
        )
    return bounds


def _reasons(runs: Sequence[Run], sizes: dict[str, int], bounds: dict[str, int]) -> Iterator[tuple[str, str]]:
    """Yield each run that has to go, with the reason, newest first."""
    kept = set(_safe(runs))
    days, most, room = bounds.get("keep_days"), bounds.get("keep_runs"), bounds.get("keep_bytes")
    earliest = stamp(now() - timedelta(days=days)) if days else ""
    counted: dict[str, int] = {}
    held = sum(sizes[run_id] for run_id in kept)
    for run in runs:
        counted[run.pipeline] = counted.get(run.pipeline, 0) + 1
        if run.run_id in kept:
            continue
        if run.started_at < earliest:
            yield run.run_id, f"older than {days} days"
        elif most and counted[run.pipeline] > most:
            yield run.run_id, f"not among the newest {most} of {run.pipeline}"
        elif room and held + sizes[run.run_id] > room:
            yield run.run_id, f"beyond {room:,} bytes"
        else:
            held += sizes[run.run_id]


def _safe(runs: Sequence[Run]) -> Iterator[str]:
    """Yield what stays whatever the bounds: runs that go on, and of each pipeline the newest and the newest completed.

    The next run is held against them.
    """
    newest, completed = set[str](), set[str]()
    for run in runs:
        if run.status == "running" or run.pipeline not in newest:
            yield run.run_id
        if run.status == "completed" and run.pipeline not in completed:
            completed.add(run.pipeline)
            yield run.run_id
        newest.add(run.pipeline)


def _package(session: Session) -> Sequence[Path]:
    return session.aiop, session.run_card, session.annex, session.report


def _remove(path: Path) -> None:
    try:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as exc:
        raise UsageError(
            f"cannot remove {path.name}: {exc.strerror}", where=str(path), hint="check the folder and its rights"
        ) from exc


# A model that could remove records could hide what it did.
LOGS_GC = Operation("logs.gc", CollectRuns, Collection, collect_runs, Effect.GRANTS)
AIOP_PRUNE = Operation("aiop.prune", PrunePackages, Collection, prune_packages, Effect.GRANTS)
