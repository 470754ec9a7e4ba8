"""The index of all runs of a project: who runs now, what ran, what it wrote."""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from osiris.model.aiop import Previous
from osiris.model.canonical import canonical_json
from osiris.model.errors import Busy, ConfigError, UsageError
from osiris.model.job import RunResult
from osiris.model.layout import Session
from osiris.model.nearest import nearest
from osiris.observe.aiop.evidence import moved
from osiris.observe.alive import Pulse, beats
from osiris.observe.journal import now, stamp
from osiris.observe.read import fingerprints_of, read_events

STATUSES = ("completed", "failed", "interrupted", "running", "killed")
PATIENCE = 30.0  # seconds that one command waits for another's write, which takes milliseconds
RUNNING = ".running"  # folder beside the index; holds a lock for each run that is going on

_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    number INTEGER PRIMARY KEY,
    run_id TEXT NOT NULL UNIQUE,
    pipeline TEXT NOT NULL,
    manifest_hash TEXT NOT NULL,
    status TEXT NOT NULL,
    started_at TEXT NOT NULL,
    seconds REAL,
    total_rows INTEGER,
    error_code TEXT NOT NULL DEFAULT '',
    steps TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX IF NOT EXISTS runs_by_pipeline ON runs (pipeline, number);
CREATE INDEX IF NOT EXISTS runs_by_manifest ON runs (manifest_hash, number);
CREATE INDEX IF NOT EXISTS runs_by_status ON runs (status, number);
CREATE TABLE IF NOT EXISTS files (
    pipeline TEXT NOT NULL,
    target TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (pipeline, target)
);
CREATE TABLE IF NOT EXISTS claims (pipeline TEXT PRIMARY KEY, run_id TEXT NOT NULL);
"""
_PREVIOUS = "run_id, manifest_hash, status, started_at, seconds, total_rows, error_code, steps"
_BEFORE = "pipeline = ? AND number < coalesce((SELECT number FROM runs WHERE run_id = ?), 9e18)"
_COLUMNS = "run_id, pipeline, manifest_hash, status, started_at, seconds, total_rows, error_code"


@dataclass(frozen=True)
class Run:
    """One run, as the index knows it.

    Attributes:
        pipeline: The slug.
        status: `completed`, `failed`, `interrupted`, `running`, or `killed` for one whose process is gone.
        started_at: ISO 8601, UTC.
        seconds: Wall time; None while it runs, and for a killed one.
    """

    run_id: str
    pipeline: str
    manifest_hash: str
    status: str
    started_at: str
    seconds: float | None = None
    total_rows: int | None = None
    error_code: str = ""


@dataclass
class RunIndex:
    """The runs of one project, in one SQLite file. Any number of processes may use it at a time.

    Every method raises ConfigError where the file is not an index, and UsageError where it can't be written.

    Attributes:
        path: `logs/index.sqlite`; made when the first run begins, never by a question.
        clock: Returns the time; a test passes its own.
        bury: Called with the name of each run found killed, by the first who notices; must not use the index.
    """

    path: Path
    clock: Callable[[], datetime] = now
    bury: Callable[[str], object] = str
    _pulses: dict[str, Pulse] = field(default_factory=dict, init=False, repr=False)

    def claim(self, slug: str, run_id: str) -> None:
        """Make this process the only one that runs the pipeline, until `release` or its end, however it ends.

        Raises:
            Busy: another run of the pipeline goes on; names it.
        """
        self._bury()
        pulse = Pulse.start(self._lock(run_id))
        try:
            with self._open(write=True) as db:
                row = db.execute("SELECT run_id FROM claims WHERE pipeline = ?", (slug,)).fetchone()
                if row:
                    self._take_over(slug, row["run_id"])
                db.execute("INSERT OR REPLACE INTO claims VALUES (?, ?)", (slug, run_id))
        except BaseException:
            pulse.stop()
            raise
        self._pulses[run_id] = pulse

    def release(self, slug: str, run_id: str) -> None:
        """Let the next run of the pipeline begin; one that never came to an end has failed. Safe to call twice."""
        with self._open(write=True) as db:
            db.execute("UPDATE runs SET status = 'failed' WHERE run_id = ? AND status = 'running'", (run_id,))
            db.execute("DELETE FROM claims WHERE pipeline = ? AND run_id = ?", (slug, run_id))
        if pulse := self._pulses.pop(run_id, None):
            pulse.stop()

    def started(self, run_id: str, slug: str, manifest_hash: str) -> None:
        """Note that a run begins."""
        with self._open(write=True) as db:
            db.execute(
                "INSERT INTO runs (run_id, pipeline, manifest_hash, status, started_at) VALUES (?, ?, ?, 'running', ?)",
                (run_id, slug, manifest_hash, stamp(self.clock())),
            )

    def ended(self, run_id: str, result: RunResult) -> None:
        """Note how a run ended, and the digests of the files that it left."""
        steps = canonical_json(
            {receipt.step_id: moved(receipt.model_dump()).model_dump() for receipt in result.receipts}
        ).decode()
        code = result.error.to_dict()["code"] if result.error else ""
        with self._open(write=True) as db:
            db.execute(
                "UPDATE runs SET status = ?, seconds = ?, total_rows = ?, error_code = ?, steps = ? WHERE run_id = ?",
                (result.status, result.seconds, result.total_rows, code, steps, run_id),
            )
            self._note_files(db, run_id)

    def previous(self, slug: str, run_id: str) -> Previous | None:
        """Return the latest earlier run of the pipeline that came to an end, or None where this is the first."""
        with self._open() as db:
            row = db.execute(
                f"SELECT {_PREVIOUS} FROM runs WHERE {_BEFORE}"  # nosec B608 # noqa: S608 - constants
                " AND status IN ('completed', 'failed', 'interrupted') ORDER BY number DESC LIMIT 1",
                (slug, run_id),
            ).fetchone()
        if row is None:
            return None
        made_from = fingerprints_of(Session(self.path.parent / row["run_id"]))
        return _previous(row).model_copy(update={"fingerprints": made_from})

    def earlier(self, slug: str, run_id: str, most: int) -> tuple[Previous, ...]:
        """Return the last completed runs of a pipeline before this one, newest first."""
        with self._open() as db:
            rows = db.execute(
                f"SELECT {_PREVIOUS} FROM runs WHERE {_BEFORE}"  # nosec B608 # noqa: S608 - constants
                " AND status = 'completed' ORDER BY number DESC LIMIT ?",
                (slug, run_id, most),
            ).fetchall()
        return tuple(_previous(row) for row in rows)

    def pipeline_of(self, manifest_hash: str) -> str:
        """Return the slug of the pipeline that a manifest is of; empty where none of that hash has run."""
        with self._open() as db:
            row = db.execute(
                "SELECT pipeline FROM runs WHERE manifest_hash = ? ORDER BY number DESC LIMIT 1", (manifest_hash,)
            ).fetchone()
        return row["pipeline"] if row else ""

    def list(
        self, *, pipeline: str = "", status: str = "", since: datetime | None = None, limit: int = 20
    ) -> tuple[Run, ...]:
        """Return the newest runs, newest first.

        Args:
            pipeline: A slug; empty means all.
            status: One of `STATUSES`; empty means all.
            since: Only runs that began then or later; None means all.
            limit: Most runs.

        Raises:
            UsageError: there is no such status.
        """
        if status and status not in STATUSES:
            raise UsageError(f"a run is never {status!r}", hint=f"it is one of: {', '.join(STATUSES)}")
        return self._select(
            "WHERE ? IN ('', pipeline) AND ? IN ('', status) AND started_at >= ? ORDER BY number DESC LIMIT ?",
            pipeline,
            status,
            stamp(since) if since else "",
            limit,
        )

    def forget(self, run_ids: Iterable[str]) -> None:
        """Drop runs from the index; what their pipelines wrote stays known."""
        with self._open(write=True) as db:
            db.executemany("DELETE FROM runs WHERE run_id = ? AND status <> 'running'", [(name,) for name in run_ids])

    def get(self, name: str) -> Run:
        """Return one run by its id, the start of its id, or `last` for the newest.

        Raises:
            UsageError: there is no such run, or there are several.
        """
        if name == "last":
            found = self.list(limit=1)
        else:
            found = self._select("WHERE run_id = ?", name) or self._select(
                "WHERE substr(run_id, 1, length(?)) = ? ORDER BY number DESC", name, name
            )
        if len(found) != 1 or not name:
            raise self._no_such(name, found)
        return found[0]

    def files(self, pipeline: str) -> dict[str, str]:
        """Return what a pipeline wrote last: file, as its target is called, to SHA-256."""
        self._bury()
        with self._open() as db:
            rows = db.execute("SELECT target, sha256 FROM files WHERE pipeline = ? ORDER BY target", (pipeline,))
            return dict(map(tuple, rows))

    def _select(self, where: str, *values: Any) -> tuple[Run, ...]:
        self._bury()
        with self._open() as db:
            return tuple(Run(**row) for row in db.execute(f"SELECT {_COLUMNS} FROM runs {where}", values))  # nosec B608 # noqa: S608 - our own words

    def _bury(self) -> None:
        """Note how each run ended that claims to go on and has no process any more."""
        with self._open() as db:
            running = [row["run_id"] for row in db.execute("SELECT run_id FROM runs WHERE status = 'running'")]
        gone = [run_id for run_id in running if not beats(self._lock(run_id))]
        if not gone:
            return
        with self._open(write=True) as db:
            for run_id in gone:
                self._close(db, run_id)
        for run_id in gone:
            self._lock(run_id).unlink(missing_ok=True)

    def _close(self, db: sqlite3.Connection, run_id: str) -> None:
        """Note how a run ended whose process is gone: as its journal says, or killed where that has no end."""
        end: dict[str, Any] = {"status": "killed"}
        for event in read_events(Session(self.path.parent / run_id).events):
            if event["event"] in {"cleanup_complete", "run_end"}:
                end |= event
        code = (end.get("error") or {}).get("code", "")
        noted = db.execute(
            "UPDATE runs SET status = ?, seconds = ?, total_rows = ?, error_code = ?"
            " WHERE run_id = ? AND status = 'running'",
            (end["status"], end.get("seconds"), end.get("total_rows"), code, run_id),
        )
        if noted.rowcount:
            self._note_files(db, run_id)
            self.bury(run_id)

    def _no_such(self, name: str, found: tuple[Run, ...]) -> UsageError:
        known = self.list(limit=100)
        if not known:
            return UsageError("nothing has run here yet", hint="run `osiris run FILE` first")
        if len(found) > 1:
            shown = ", ".join(run.run_id for run in found[:5])
            return UsageError(f"several runs begin with {name!r}", hint=f"say more of its name: {shown}")
        near = nearest(name, (run.run_id for run in known)) or tuple(run.run_id for run in known[:3])
        return UsageError(f"there is no run {name!r}", hint=f"there are: {', '.join(near)}; `last` is the newest")

    def _take_over(self, slug: str, run_id: str) -> None:
        """Clear away the claim of a process that is gone; refuse where it is not."""
        if beats(self._lock(run_id)):
            raise _busy(slug, run_id)
        self._lock(run_id).unlink(missing_ok=True)

    def _note_files(self, db: sqlite3.Connection, run_id: str) -> None:
        """Keep the digests of the files that a run put in their place; its journal knows them, however it ended."""
        for target, sha256 in _files(read_events(Session(self.path.parent / run_id).events)):
            db.execute(
                "INSERT OR REPLACE INTO files SELECT pipeline, ?, ? FROM runs WHERE run_id = ?",
                (target, sha256, run_id),
            )

    def _lock(self, run_id: str) -> Path:
        return self.path.parent / RUNNING / run_id

    @contextmanager
    def _open(self, *, write: bool = False) -> Iterator[sqlite3.Connection]:
        """Lend a connection for one transaction; a question to an index that is not there finds it empty."""
        there = write or self.path.is_file()
        try:
            if write:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            db = sqlite3.connect(self.path if there else ":memory:", timeout=PATIENCE, isolation_level=None)
        except (OSError, sqlite3.Error) as exc:
            raise self._unusable(exc) from exc
        try:
            db.row_factory = sqlite3.Row
            db.execute("BEGIN IMMEDIATE" if write else "BEGIN")
            if write or not there:
                for statement in filter(str.strip, _SCHEMA.split(";")):
                    db.execute(statement)
            yield db
            db.execute("COMMIT")
        except sqlite3.Error as exc:
            raise self._unusable(exc) from exc
        finally:
            db.close()

    def _unusable(self, exc: Exception) -> ConfigError | UsageError:
        if isinstance(exc, sqlite3.DatabaseError) and not isinstance(exc, sqlite3.OperationalError):
            return ConfigError(
                f"{self.path.name} is not an index of runs: {exc}",
                where=str(self.path),
                hint="move the file away; the next run begins a new one",
            )
        return UsageError(
            f"cannot use the index of runs: {exc}",
            where=str(self.path),
            hint="check the folder, its rights and the disk",
        )


def _previous(row: sqlite3.Row) -> Previous:
    return Previous.model_validate(dict(row) | {"steps": json.loads(row["steps"])})


def _busy(slug: str, run_id: str) -> Busy:
    return Busy(
        f"{slug} is running already: {run_id}",
        why="two runs of one pipeline at a time would write over each other",
        hint=f"wait until it ends, or look at it with `osiris logs show {run_id}`",
    )


def _files(events: Iterable[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield each file that was put in its place, by the name of its target, with its digest."""
    for event in events:
        if event["event"] == "write_committed":
            written = event["receipt"]["written"] or {}
            artifacts = written.get("artifacts", ())
            for artifact in artifacts:
                yield (written["target"] if len(artifacts) == 1 else artifact["path"]), artifact["sha256"]
