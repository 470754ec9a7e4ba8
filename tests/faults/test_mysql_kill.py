"""A write to MySQL that is killed at any moment leaves the old rows or the new ones, and the next one succeeds."""

import os
import random
import signal
from collections.abc import Iterator
from multiprocessing import get_context
from typing import Literal

import pyarrow as pa
import pytest
from tests.full import MOMENTS
from tests.services.mysql import ask, database
from tests.services.proxy import wire_to
from tests.services.shared import Server
from tests.unit.components.mysql.told import fields, write

from osiris.model.errors import CheckFailed, OsirisError, OutsideError, TargetError

pytestmark = pytest.mark.slow

OLD, NEW = 300, 6_000  # rows
Mode = Literal["append", "replace", "merge", "create"]  # the last one: there is no table before
_KILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # where there is no SIGKILL, SIGTERM is as final
_FORKS = get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.unit.components.mysql.told", "pymysql"])


@pytest.fixture(scope="module")
def at() -> Iterator[Server]:
    with database() as lent:
        yield lent


def new() -> pa.Table:
    """Return the rows to write: half of the old keys are among them, and a text makes them long."""
    ids = range(OLD // 2, OLD // 2 + NEW)
    return pa.table({"id": pa.array(ids, pa.int64()), "v": ["new " + "x" * 100] * NEW})


def put(at: Server, mode: Mode, port: int, run: str = "run-1") -> None:
    through = fields(at, port=port)
    write_mode = "replace" if mode == "create" else mode
    write(at, new(), through, run, table="t", write_mode=write_mode, primary_key="id")


def prepare(at: Server, mode: Mode) -> None:
    key = "" if mode == "append" else ", PRIMARY KEY (id)"
    ask(at, "DROP TABLE IF EXISTS t")
    if mode == "create":
        return
    ask(
        at,
        f"CREATE TABLE t (id BIGINT, v VARCHAR(200){key})",
        "INSERT INTO t VALUES " + ", ".join(f"({row}, 'old')" for row in range(OLD)),
    )


def counts(at: Server) -> tuple[int, int]:
    """Return how many old and new rows there are."""
    if not ask(at, "SHOW TABLES LIKE 't'"):
        return 0, 0
    ((old, new_),) = ask(at, "SELECT coalesce(sum(v = 'old'), 0), coalesce(sum(v LIKE 'new %'), 0) FROM t")
    return int(str(old)), int(str(new_))


def after(mode: Mode, times: int = 1) -> tuple[int, int]:
    """Return how many old and new rows there are once the rows were written."""
    return {"append": (OLD, times * NEW), "merge": (OLD // 2, NEW)}.get(mode, (0, NEW))


def before(mode: Mode) -> tuple[int, int]:
    """Return how many old and new rows there are before."""
    return (0, 0) if mode == "create" else (OLD, 0)


def settled(at: Server) -> None:
    """Wait until the server has found out that whoever was killed is gone."""
    others = f"SELECT count(*) FROM information_schema.PROCESSLIST WHERE DB = '{at.database}' AND ID <> CONNECTION_ID()"
    while ask(at, others) != [(0,)]:
        continue


def goes_on(at: Server, mode: Mode) -> None:
    """See that there are the old rows or the new ones, that the next write succeeds, and that nothing else is left."""
    found = counts(at)
    assert found in {before(mode), after(mode)}
    settled(at)
    times = 1 + (counts(at) == after(mode))
    put(at, mode, at.port, "run-2")
    assert counts(at) == after(mode, times)
    assert ask(at, "SHOW TABLES") == [("t",)]


def moments(at: Server, mode: Mode) -> list[tuple[int, bool]]:
    """Return moments of a write: a message of the client's, and whether the server gets it."""
    prepare(at, mode)
    with wire_to(at.port) as wire:
        put(at, mode, wire.port)
    chance = random.Random(f"{mode} 7")  # noqa: S311 - the same ones each time
    return [(chance.randint(1, wire.messages), chance.random() < 0.5) for _ in range(MOMENTS)]


@pytest.mark.parametrize("mode", ["append", "replace", "merge", "create"])
def test_a_process_that_is_killed(at: Server, mode: Mode) -> None:
    for message, delivered in moments(at, mode):
        prepare(at, mode)
        victim: list[int] = []
        with wire_to(at.port, cut_at=message, after=delivered, cut=lambda v=victim: os.kill(v[0], _KILL)) as wire:  # type: ignore[misc]
            process = _FORKS.Process(target=wait_and_put, args=(gate := _FORKS.Event(), at, mode, wire.port))
            process.start()
            assert process.pid
            victim.append(process.pid)
            gate.set()
            process.join()
        if process.exitcode == 0:  # what was cut off was its farewell
            assert counts(at) == after(mode)
        else:
            assert process.exitcode == -_KILL, f"it was not killed at message {message}"
        goes_on(at, mode)


def wait_and_put(gate: object, at: Server, mode: Mode, port: int) -> None:
    gate.wait()  # type: ignore[attr-defined]
    put(at, mode, port)


@pytest.mark.parametrize("mode", ["append", "replace", "merge", "create"])
def test_a_connection_that_is_killed(at: Server, mode: Mode) -> None:
    for message, delivered in moments(at, mode):
        prepare(at, mode)
        with wire_to(at.port, cut_at=message, after=delivered) as wire:
            try:
                put(at, mode, wire.port)
                said: OsirisError | None = None
            except (OutsideError, CheckFailed) as exc:
                said = exc
        if said is None:
            assert counts(at) == after(mode), f"it was said to be done at message {message}"
        elif not (isinstance(said, TargetError) and "not known" in said.message):
            settled(at)
            assert counts(at) == before(mode), f"it was said to be as it was: {said.message}"
        goes_on(at, mode)
