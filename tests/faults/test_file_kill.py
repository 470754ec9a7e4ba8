"""Whenever a process dies that writes a database file: it holds the old rows or the new ones, and the next succeeds."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from tests.full import MOMENTS

from osiris.kit.component import Place, Writer
from osiris.kit.registry import Registry
from osiris.testing.writer import MARKS, stream_of

ROWS = 50_000
BATCH = 5_000
WRITES = [(family, mode) for family in ("duckdb", "sqlite") for mode in ("append", "replace", "merge")]
PHASES = ("write", "commit")  # a moment while the rows are staged, and one from the commit to the end of the process
MAKE = (
    "CREATE TABLE rows (id BIGINT, v TEXT, note TEXT DEFAULT 'x')",
    "INSERT INTO rows VALUES (0, 'old', 'n'), (1, 'old', 'n'), (2, 'old', 'n')",
)
OLD = (3, 3, 3)
NEW = {
    "append": (ROWS + 3, sum(range(ROWS)) + 3, 3),
    "replace": (ROWS, sum(range(ROWS)), 0),
    "merge": (ROWS, sum(range(ROWS)), 0),
}
TWICE = (2 * ROWS + 3, 2 * sum(range(ROWS)) + 3, 3)  # appended, though what was killed had appended them
STATE = "SELECT count(*), sum(id), count(*) FILTER (WHERE v = 'old') FROM rows"


def file(folder: Path, family: str) -> Path:
    return folder / f"shop.{family}"


@contextmanager
def opened(folder: Path, family: str) -> Iterator[Any]:
    """Open the file as a stranger would."""
    path = file(folder, family)
    with closing(duckdb.connect(path) if family == "duckdb" else sqlite3.connect(path)) as db:
        yield db


def old(folder: Path, family: str) -> None:
    for path in folder.glob("shop.*"):
        path.unlink()
    with opened(folder, family) as db:
        for statement in MAKE:
            db.execute(statement)
        db.commit()


def now(folder: Path, family: str) -> tuple[int, ...]:
    with opened(folder, family) as db:
        return tuple(map(int, db.execute(STATE).fetchone()))


def write(folder: Path, family: str, mode: str, begins: Callable[[str], None]) -> None:
    config = {"table": "rows", "write_mode": mode, "primary_key": ["id"] if mode == "merge" else []}
    place = Place(project=folder, scratch=folder / "scratch")
    writer = Registry.installed().build(f"{family}.writer", config, place, {"path": file(folder, family).name})
    assert isinstance(writer, Writer)
    table = pa.table({"id": range(ROWS), "v": [f"{number}" * 9 for number in range(ROWS)]})
    begins("write")
    staged = writer.write(stream_of(table, rows=BATCH), MARKS)
    try:
        begins("commit")
        staged.commit()
    finally:
        staged.close()


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize(("family", "mode"), WRITES)
def test_a_process_that_is_killed_at_any_moment(tmp_path: Path, family: str, mode: str) -> None:
    chance = random.Random(f"{family} {mode}")  # noqa: S311 - the same moments in every run
    (tmp_path / "scratch").mkdir()
    seen = set()
    with nursery(tmp_path, family, mode) as child:
        old(tmp_path, family)
        lived = child("", 0.0)
        assert now(tmp_path, family) == NEW[mode]
        for number in range(MOMENTS):
            phase = PHASES[number % len(PHASES)]
            old(tmp_path, family)
            child(phase, chance.uniform(0, lived[phase]))
            found = now(tmp_path, family)
            assert found in {OLD, NEW[mode]}
            seen.add(found)
        old(tmp_path, family)
        child("commit", chance.uniform(0, lived["commit"]))
        child("", 0.0)
        assert now(tmp_path, family) in {NEW[mode], TWICE if mode == "append" else NEW[mode]}
    assert OLD in seen
    assert [path.name for path in tmp_path.glob("shop.*")] == [file(tmp_path, family).name]


class nursery:  # noqa: N801 - it is used as a function
    """A process that has imported everything, and forks a writer each time that it is asked; a fork starts at once."""

    def __init__(self, folder: Path, family: str, mode: str) -> None:
        self._told = [sys.executable, __file__, str(folder), family, mode]

    def __enter__(self) -> Callable[[str, float], dict[str, float]]:
        path = os.pathsep.join(entry for entry in sys.path if entry)
        self._process = subprocess.Popen(
            self._told, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": path}
        )
        return self._child

    def __exit__(self, *_: object) -> None:
        self._process.communicate("")
        assert self._process.returncode == 0

    def _child(self, phase: str, moment: float) -> dict[str, float]:
        """Let a child write, killed so many seconds after a phase began; return how long each phase of it lasted."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{phase} {moment}\n")
        self._process.stdin.flush()
        ended, *lived = self._process.stdout.readline().split()
        assert int(ended) in ({0, -signal.SIGKILL} if phase else {0}), "a writer that nobody killed failed"
        return dict(zip(PHASES, map(float, lived), strict=False))


def _bear() -> None:
    folder, family, mode = sys.argv[1:]
    for line in sys.stdin:
        phase, moment = line[:-1].split(" ")
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            write(Path(folder), family, mode, _Mortal(phase, float(moment), writing))
            os._exit(0)
        os.close(writing)
        _, status = os.waitpid(child, 0)
        with os.fdopen(reading) as said:
            marks = [*map(float, said.read().split()), time.monotonic()]
        lived = [after - before for before, after in pairwise(marks)]
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)} {' '.join(map(str, lived))}\n")
        sys.stdout.flush()


@dataclass
class _Mortal:
    """Says when each phase begins; dies so many seconds after the one that it was told."""

    phase: str
    moment: float
    said: int

    def __call__(self, phase: str) -> None:
        os.write(self.said, f"{time.monotonic()} ".encode())
        if phase == self.phase:
            threading.Timer(self.moment, os.kill, [os.getpid(), signal.SIGKILL]).start()


if __name__ == "__main__":
    _bear()
