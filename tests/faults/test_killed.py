"""A real run from file to file, killed or stopped at a moment of its own choosing."""

import os
import signal
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from functools import partial
from itertools import count
from multiprocessing import get_context
from pathlib import Path
from types import FrameType

import duckdb
import pytest
from tests.unit.runtime.toys import PRINTS

from osiris.kit.registry import Registry
from osiris.model.events import Event
from osiris.model.job import Job, RunResult
from osiris.model.manifest import Manifest, ManifestStep
from osiris.runtime.runner import run
from osiris.runtime.stop import Stop

ROWS = 100_000  # a few batches
OLD = b"id,city\n1,Brno\n"
STEPS = (
    ManifestStep(
        id="read", component="filesystem.csv_extractor", mode="read", output="stream", config={"path": "in.csv"}
    ),
    ManifestStep(
        id="write",
        component="filesystem.csv_writer",
        mode="write",
        inputs={"df": "read"},
        config={"path": "out.csv"},
    ),
)
DATABASES = ("duckdb", "sqlite")
BOTH = (
    STEPS[0].model_copy(update={"output": "spool"}),
    *(
        ManifestStep(
            id=f"to-{family}",
            component=f"{family}.writer",
            mode="write",
            inputs={"df": "read"},
            config={"table": "t", "write_mode": "replace"},
            connection=f"@{family}.here",
        )
        for family in DATABASES
    ),
)
_KILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # where there is no SIGKILL, SIGTERM is as final


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a folder with a file to read and an older one to replace."""
    lines = "".join(f"{row},Brno\n" for row in range(ROWS))
    (tmp_path / "in.csv").write_text(f"id,city\n{lines}", "utf-8")
    (tmp_path / "out.csv").write_bytes(OLD)
    return tmp_path


def carried_out(
    project: Path,
    run_id: str,
    hear: Callable[[Event], object],
    stop: Stop,
    steps: tuple[ManifestStep, ...] = STEPS,
) -> RunResult:
    """Run, with a clock by which every batch is news."""
    manifest = Manifest(name="copy", slug="copy", oml_version="0.2.0", steps=steps, fingerprints=PRINTS)
    connections = {f"@{family}.here": {"path": f"here.{family}"} for family in DATABASES}
    job = Job(
        manifest=manifest, run_id=run_id, project=project, session=project / "logs" / run_id, connections=connections
    )
    return run(job, Registry.installed(), hear, stop=stop, clock=partial(next, count(0.0)))


def killed(project: Path, event: str, step_id: str, steps: tuple[ManifestStep, ...] = STEPS) -> None:
    """Run, and be killed when this is said; the third of its kind, for progress."""
    seen = count(1)

    def hear(said: Event) -> None:
        right = (said.event, getattr(said, "step_id", "")) == (event, step_id)
        if right and (event != "step_progress" or next(seen) == 3):
            os.kill(os.getpid(), _KILL)

    carried_out(project, "run-killed", hear, Stop(), steps)


def files(project: Path) -> list[str]:
    return sorted(path.name for path in project.iterdir() if path.is_file())


@pytest.mark.parametrize(
    ("event", "step_id", "old"),
    [
        ("step_progress", "read", True),
        ("step_complete", "read", True),
        ("step_complete", "write", True),
        ("write_committed", "write", False),
    ],
)
def test_a_killed_run_leaves_the_old_file_or_the_new_one(project: Path, event: str, step_id: str, old: bool) -> None:
    process = get_context("spawn").Process(target=killed, args=(project, event, step_id))
    process.start()
    process.join()
    assert process.exitcode == -_KILL
    new = (project / "in.csv").read_bytes()
    assert (project / "out.csv").read_bytes() == (OLD if old else new)
    result = carried_out(project, "run-again", lambda _: None, Stop())
    assert (result.status, result.total_rows) == ("completed", ROWS)
    assert (project / "out.csv").read_bytes() == new
    assert files(project) == ["in.csv", "out.csv"]


def counted(project: Path) -> tuple[int, ...]:
    """Return how many rows both databases hold."""
    with duckdb.connect(project / "here.duckdb") as one, closing(sqlite3.connect(project / "here.sqlite")) as other:
        return tuple(db.execute("SELECT count(*) FROM t").fetchall()[0][0] for db in (one, other))


def test_a_run_that_dies_between_two_commits_leaves_each_target_old_or_new(project: Path) -> None:
    with duckdb.connect(project / "here.duckdb") as one, closing(sqlite3.connect(project / "here.sqlite")) as other:
        for db in (one, other):
            db.execute("CREATE TABLE t (id TEXT, city TEXT)")
            db.execute("INSERT INTO t VALUES ('1', 'Brno')")
        other.commit()
    process = get_context("spawn").Process(target=killed, args=(project, "write_committed", "to-duckdb", BOTH))
    process.start()
    process.join()
    assert process.exitcode == -_KILL
    assert counted(project) == (ROWS, 1)
    result = carried_out(project, "run-again", lambda _: None, Stop(), BOTH)
    assert (result.status, counted(project)) == ("completed", (ROWS, ROWS))


def test_a_run_that_a_signal_stops_leaves_the_old_file(project: Path) -> None:
    stop, arrived, said = Stop(), threading.Event(), list[Event]()

    def hear(event: Event) -> None:
        said.append(event)
        if event.event == "step_progress":
            os.kill(os.getpid(), signal.SIGTERM)
            arrived.wait(60)

    def handle(_number: int, _frame: FrameType | None) -> None:
        stop.set()
        arrived.set()

    before = signal.signal(signal.SIGTERM, handle)
    try:
        result = carried_out(project, "run-stopped", hear, stop)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert (result.status, result.exit_code, result.total_rows) == ("interrupted", 130, 0)
    assert (project / "out.csv").read_bytes() == OLD
    assert files(project) == ["in.csv", "out.csv"]
    assert {event.step_id for event in said if event.event == "step_failed"} == {"read", "write"}
