"""Whatever dies, and whenever: PostgreSQL holds the old rows or the new ones, and the next run succeeds."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pytest
from tests.full import MOMENTS
from tests.services.postgres import ask, database
from tests.services.shared import Server
from tests.unit.components.postgres.servers import HERE, fields
from tests.unit.components.supabase.doors import dsn

from osiris.kit.component import Writer
from osiris.kit.registry import Registry
from osiris.model.errors import OutsideError
from osiris.testing.writer import MARKS, stream_of

ROWS = 4_000
BATCH = 200
WRITES = [(family, mode) for family in ("postgres", "supabase") for mode in ("append", "replace", "merge")]
OLD = [(5, 10)]
NEW = {
    "append": [(5 + ROWS, 10 + sum(range(ROWS)))],
    "replace": [(ROWS, sum(range(ROWS)))],
    "merge": [(ROWS, sum(range(ROWS)))],
}


@pytest.fixture(scope="module")
def at() -> Iterator[Server]:
    with database() as server:
        yield server


def rows() -> pa.Table:
    return pa.table({"id": range(ROWS), "v": [f"{number}" * 9 for number in range(ROWS)]})


def old(at: Server) -> None:
    ask(
        at,
        "DROP TABLE IF EXISTS rows",
        "CREATE TABLE rows (id bigint, v text, note text DEFAULT 'x')",
        "INSERT INTO rows SELECT i, 'old' FROM generate_series(0, 4) AS s(i)",
    )


def now(at: Server) -> list[tuple[Any, ...]]:
    """Return what the table holds, once the server has noticed whatever died."""
    mine = "application_name = 'osiris' AND datname = current_database()"
    while ask(at, f"SELECT count(*) FROM pg_stat_activity WHERE {mine}") != [(0,)]:
        pass
    return ask(at, "SELECT count(*), sum(id)::bigint FROM rows")


def clean(at: Server) -> bool:
    return ask(at, "SELECT count(*) FROM pg_class WHERE relname ~ 'osiris'") == [(0,)]


def write(at: Server, family: str, mode: str) -> None:
    config = {"table": "rows", "write_mode": mode, "primary_key": ["id"] if mode == "merge" else []}
    connection = {"pg_dsn": dsn(at)} if family == "supabase" else fields(at)
    writer = Registry.installed().build(f"{family}.writer", config, HERE, connection)
    assert isinstance(writer, Writer)
    staged = writer.write(stream_of(rows(), rows=BATCH), MARKS)
    try:
        staged.commit()
    finally:
        staged.close()


def seconds(job: Callable[[], None]) -> float:
    began = time.monotonic()
    job()
    return time.monotonic() - began


@pytest.mark.slow
@pytest.mark.parametrize(("family", "mode"), WRITES)
def test_a_connection_that_is_cut_at_any_moment(at: Server, family: str, mode: str) -> None:
    chance = random.Random(f"connection {family} {mode}")  # noqa: S311 - the same moments in every run
    old(at)
    whole = seconds(lambda: write(at, family, mode))
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'osiris' AND datname = "
    for _ in range(MOMENTS):
        old(at)
        timer = threading.Timer(chance.uniform(0, whole), ask, [at, f"{cut} '{at.database}'"])
        timer.start()
        try:
            write(at, family, mode)
        except OutsideError:
            expected = OLD
        else:
            expected = NEW[mode]
        timer.join()
        assert now(at) == expected
        assert clean(at)
    old(at)
    write(at, family, mode)
    assert now(at) == NEW[mode]


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize(("family", "mode"), WRITES)
def test_a_process_that_is_killed_at_any_moment(at: Server, family: str, mode: str) -> None:
    chance = random.Random(f"process {family} {mode}")  # noqa: S311 - the same moments in every run
    seen = set()
    with nursery(at, family, mode) as child:
        old(at)
        whole = child(None)
        assert now(at) == NEW[mode]
        for _ in range(MOMENTS):
            old(at)
            child(chance.uniform(0, whole))
            found = now(at)
            assert found in (OLD, NEW[mode])
            assert clean(at)
            seen.add(str(found))
        old(at)
        child(None)
        assert now(at) == NEW[mode]
    assert str(OLD) in seen


class nursery:  # noqa: N801 - it is used as a function
    """A process that has imported everything, and forks a writer each time that it is asked; a fork starts at once."""

    def __init__(self, at: Server, family: str, mode: str) -> None:
        self._told = [sys.executable, __file__, family, mode, at.host, str(at.port), at.user, at.password, at.database]

    def __enter__(self) -> Callable[[float | None], float]:
        path = os.pathsep.join(entry for entry in sys.path if entry)
        self._process = subprocess.Popen(
            self._told, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": path}
        )
        return self._child

    def __exit__(self, *_: object) -> None:
        self._process.communicate("")
        assert self._process.returncode == 0

    def _child(self, moment: float | None) -> float:
        """Let a child write, killed after so many seconds; return how long it lived."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{moment or ''}\n")
        self._process.stdin.flush()
        ended, lived = self._process.stdout.readline().split()
        assert int(ended) == (0 if moment is None else int(ended)), "a writer that nobody killed failed"
        assert int(ended) in {0, -signal.SIGKILL}
        return float(lived)


def _bear() -> None:
    family, mode, host, port, user, password, name = sys.argv[1:]
    at = Server(host, int(port), user, password, name)
    for line in sys.stdin:
        began = time.monotonic()
        child = os.fork()
        if not child:
            if line.strip():
                threading.Timer(float(line), os.kill, [os.getpid(), signal.SIGKILL]).start()
            write(at, family, mode)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)} {time.monotonic() - began}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _bear()
