"""The runner, by what it says, gives back and leaves behind."""

import os
import shutil
import signal
import threading
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from pyarrow import ipc
from tests.unit.runtime.toys import (
    Reader,
    Through,
    World,
    batch_of,
    boom,
    job,
    read,
    step,
    through,
    toys,
    with_connections,
    write,
)

from osiris.kit.stream import Stream
from osiris.model.errors import CheckFailed, Interrupted, SourceError, StepFailed, TargetError
from osiris.runtime.digest import digested
from osiris.runtime.runner import run
from osiris.runtime.stop import Stop

CHAIN = (read(), through("clean", "read"), write("write", "clean"))
FAN_OUT = (read(), write("one", "read"), write("two", "read"))
ROWS = list(range(6))


def test_a_chain_moves_every_row(tmp_path: Path) -> None:
    world = World()
    result = world.run(tmp_path, *CHAIN)
    assert (result.status, result.error, result.exit_code, result.total_rows) == ("completed", None, 0, 6)
    assert world.targets == {"write": ROWS}
    assert world.kinds() == [
        "run_start",
        "step_start read",
        "step_start clean",
        "step_start write",
        "step_complete read",
        "step_complete clean",
        "step_complete write",
        "write_committed write",
        "artifact_created write",
        "cleanup_complete",
        "run_end",
    ]


def test_a_chain_may_be_as_long_as_one_likes(tmp_path: Path) -> None:
    world = World()
    steps = [through(f"s{number}", f"s{number - 1}" if number else "read") for number in range(400)]
    result = world.run(tmp_path, read(), *steps, write("write", "s399"))
    assert (result.error, result.total_rows) == (None, 6)
    assert not world.unclosed()
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("osiris-chain")]


def test_a_chain_may_have_as_many_readers_as_steps_that_join_them(tmp_path: Path) -> None:
    world = World()
    steps = [read("read0", rows=1)]
    for number in range(1, 250):
        before = f"s{number - 1}" if number > 1 else "read0"
        steps += [read(f"read{number}", rows=1), through(f"s{number}", before, f"read{number}")]
    result = world.run(tmp_path, *steps, write("write", "s249"))
    assert (result.error, result.total_rows) == (None, 250)
    assert not world.unclosed()


def test_receipts_say_what_every_step_took_and_gave(tmp_path: Path) -> None:
    result = World().run(tmp_path, *CHAIN)
    digest = f"{digested(pa.array(ROWS))[0]:016x}"
    assert [(r.step_id, r.status, r.rows_in, r.rows_out) for r in result.receipts] == [
        ("read", "ok", 0, 6),
        ("clean", "ok", 6, 6),
        ("write", "ok", 6, 6),
    ]
    assert all(r.digests == {"n": digest} and r.nulls == {"n": 0} and r.bytes == 48 for r in result.receipts)
    assert [r.written is not None for r in result.receipts] == [False, False, True]


def test_what_is_opened_is_closed_newest_first(tmp_path: Path) -> None:
    world = World()
    world.run(tmp_path, read(), through("clean", "read", most=2), write("write", "clean"))
    assert [noted for noted in world.noted if noted.endswith(("open", "close", "let go"))] == [
        "read open",
        "clean open",
        "write open",
        "clean close",
        "read close",
        "write let go",
    ]


def test_rows_that_several_steps_read_rest_and_every_reader_has_all_of_them(tmp_path: Path) -> None:
    world = World(does={"one row 0": lambda: rested.extend((tmp_path / "logs" / "run-1" / "scratch").glob("*.arrow"))})
    rested: list[Path] = []
    result = world.run(tmp_path, *FAN_OUT)
    assert world.targets == {"one": ROWS, "two": ROWS}
    assert world.noted.count("read open") == 1
    assert len(rested) == 1
    assert result.total_rows == 12
    assert not (tmp_path / "logs" / "run-1" / "scratch").exists()


def test_a_step_may_read_the_same_rows_twice(tmp_path: Path) -> None:
    world = World()
    result = world.run(tmp_path, read(), through("twice", "read", "read"), write("write", "twice"))
    assert world.targets == {"write": ROWS + ROWS}
    assert [(r.rows_in, r.rows_out) for r in result.receipts] == [(0, 6), (12, 12), (12, 12)]


def test_rows_that_nobody_reads_are_counted_all_the_same(tmp_path: Path) -> None:
    result = World().run(tmp_path, read(rows=100, batch=7))
    assert [(r.step_id, r.rows_out) for r in result.receipts] == [("read", 100)]
    assert (result.status, result.total_rows) == ("completed", 0)


def test_a_step_that_is_read_in_part_is_complete_with_what_it_gave(tmp_path: Path) -> None:
    world = World()
    result = world.run(tmp_path, read(rows=100), through("head", "read", most=3), write("write", "head"))
    assert [(r.step_id, r.rows_in, r.rows_out) for r in result.receipts] == [
        ("read", 0, 3),
        ("head", 3, 3),
        ("write", 3, 3),
    ]
    assert not world.unclosed()
    assert world.targets == {"write": [0, 1, 2]}


def test_a_step_that_reads_nothing_of_another_leaves_it_complete(tmp_path: Path) -> None:
    world = World()
    steps = (read("a", rows=2), read("b"), through("first", "a", "b", most=2), write("write", "first"))
    result = world.run(tmp_path, *steps)
    assert [r.rows_out for r in result.receipts] == [2, 0, 2, 2]
    assert not world.unclosed()


def test_an_empty_stream_is_written_too(tmp_path: Path) -> None:
    world = World()
    result = world.run(tmp_path, read(rows=0), write("write", "read"))
    assert world.targets == {"write": []}
    assert result.receipts[0].digests == {"n": "0" * 16}


def test_independent_chains_run_side_by_side(tmp_path: Path) -> None:
    both = threading.Barrier(2, timeout=60)
    world = World(does={"a row 3": both.wait, "b row 3": both.wait})
    result = world.run(tmp_path, read("a"), read("b"), write("wa", "a"), write("wb", "b"))
    assert result.status == "completed"
    assert world.targets == {"wa": ROWS, "wb": ROWS}


def test_all_writers_stage_before_the_first_commits_and_commit_in_order(tmp_path: Path) -> None:
    world = World()
    world.run(tmp_path, read("a"), read("b"), write("last", "b"), write("first", "a"))
    ends = [noted for noted in world.noted if noted.endswith(("stage", "commit"))]
    assert set(ends[:2]) == {"last stage", "first stage"}
    assert ends[2:] == ["last commit", "first commit"]


def test_a_step_that_needs_a_writer_waits_for_its_commit(tmp_path: Path) -> None:
    world = World()
    world.run(tmp_path, read("a"), write("wa", "a"), step("b", "read", needs=("wa",)), write("wb", "b"))
    assert world.noted.index("wa commit") < world.noted.index("b open")
    assert world.noted.count("wa commit") == 1
    assert world.kinds().index("write_committed wa") < world.kinds().index("step_start b")


def test_progress_is_said_now_and_then(tmp_path: Path) -> None:
    world = World()

    def tick() -> None:
        world.now += 0.2

    world.does = {f"read row {row}": tick for row in range(10)}
    world.run(tmp_path, read(rows=10), write("write", "read"))
    assert [(event.step_id, event.rows, event.bytes) for event in world.heard("step_progress")] == [
        ("read", 3, 24),
        ("read", 6, 48),
        ("read", 9, 72),
    ]
    assert [event.seconds for event in world.heard("step_complete")] == [pytest.approx(2.0)] * 2


def test_writers_of_rows_at_rest_say_their_progress(tmp_path: Path) -> None:
    world = World()

    def tick() -> None:
        world.now += 1

    world.does = {"one row 2": tick}
    world.run(tmp_path, *FAN_OUT)
    assert ("one", 4) in [(event.step_id, event.rows) for event in world.heard("step_progress")]


# Before the first row


def connected(name: str, connection: str) -> Any:
    return read(name).model_copy(update={"connection": connection})


def test_every_connection_is_resolved_once_and_before_anything_is_opened(tmp_path: Path) -> None:
    world = World()
    steps = (connected("a", "@toy.x"), connected("b", "@toy.x"), connected("c", "@toy.a"))
    made = with_connections(job(tmp_path, *steps), x={"host": "h"}, a={"host": "h"})
    result = run(made, toys(world), world.hear, stop=Stop())
    assert result.status == "completed"
    kinds = [event.event for event in world.said]
    assert kinds[1:6] == ["connection_resolve_start", "connection_resolve_complete"] * 2 + ["step_start"]
    assert [event.connection for event in world.heard("connection_resolve_start")] == ["@toy.a", "@toy.x"]


@pytest.mark.parametrize("given", [{}, {"x": {"hots": "h"}}], ids=["missing", "incomplete"])
def test_a_connection_that_is_not_right_ends_the_run_before_anything_is_opened(tmp_path: Path, given: Any) -> None:
    world = World()
    result = run(
        with_connections(job(tmp_path, connected("a", "@toy.x")), **given), toys(world), world.hear, stop=Stop()
    )
    assert (result.status, result.exit_code) == ("failed", 2)
    assert result.error
    assert "osiris_connections.yaml" in result.error.hint
    assert world.noted == []
    assert world.kinds()[-2:] == ["cleanup_complete", "run_end"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (read().model_copy(update={"component": "toy.reeder"}), "there is no component 'toy.reeder'"),
        (read(speed=3), "settings don't fit toy.reader: speed"),
        (read().model_copy(update={"mode": "transform"}), "toy.reader can't transform"),
        (write("read", "none").model_copy(update={"inputs": {}}), "not of 0"),
        (step("read", "read", needs=("later",)), "'read' waits for 'later'"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused_before_anything_is_opened(
    tmp_path: Path, wrong: Any, message: str
) -> None:
    world = World()
    result = world.run(tmp_path, read("first"), write("sink", "first"), wrong)
    assert result.exit_code == 2
    assert result.error
    assert message in result.error.message
    assert result.error.hint
    assert world.noted == []


class Unmakeable(Reader):
    def __init__(self, config: Any, place: Any, connection: Any = None) -> None:
        raise SystemExit(3)


def test_a_component_that_breaks_when_it_is_made_does_not_break_the_runner(tmp_path: Path) -> None:
    result = World().run(tmp_path, read(), using=[Unmakeable])
    assert (result.status, result.exit_code) == ("failed", 1)
    assert result.error
    assert "SystemExit" in result.error.message


# What does not add up


def test_a_writer_that_stages_too_few_rows_fails_the_run_before_any_commit(tmp_path: Path) -> None:
    world = World()
    result = world.run(tmp_path, *FAN_OUT[:2], write("two", "read", lie=-1))
    assert (result.status, result.exit_code, result.total_rows) == ("failed", 4, 0)
    assert world.targets == {}
    assert isinstance(result.error, StepFailed)
    assert isinstance(result.error.cause, CheckFailed)
    assert result.error.step_id == "two"
    assert {r.step_id: r.status for r in result.receipts}["two"] == "mismatch"
    assert not world.unclosed()


@pytest.mark.parametrize("lie", [0, 1], ids=["says so", "hides it"])
def test_a_writer_that_leaves_rows_behind_fails_the_run(tmp_path: Path, lie: int) -> None:
    world = World()
    result = world.run(tmp_path, read(), write("write", "read", most=3, lie=lie))
    assert (result.exit_code, world.targets) == (4, {})
    assert not world.unclosed()


@pytest.mark.parametrize(
    ("mode", "said", "status"),
    [
        ("replace", {"rows_after": 5}, "mismatch"),
        ("append", {"rows_before": 2, "rows_after": 7}, "mismatch"),
        ("append", {"rows_before": 2, "rows_after": 8}, "ok"),
        ("append", {"rows_before": None, "rows_after": 8}, "ok"),
        ("replace", {"rows_after": None}, "ok"),
        ("merge", {"rows_before": 2, "rows_after": 3}, "ok"),
    ],
)
def test_what_a_target_says_after_the_commit_must_add_up(
    tmp_path: Path, mode: str, said: dict[str, Any], status: str
) -> None:
    world = World(written=lambda written: written.model_copy(update=said))
    result = world.run(tmp_path, read(), write("write", "read", write_mode=mode))
    assert result.exit_code == (4 if status == "mismatch" else 0)
    assert result.receipts[-1].status == status
    assert world.heard("write_committed")[0].receipt == result.receipts[-1]
    assert result.total_rows == 6


class Fickle(Reader):
    def _rows(self) -> Generator[pa.RecordBatch]:
        yield batch_of(range(3))
        yield pa.record_batch({"m": pa.array([1])})


def test_a_component_whose_columns_change_half_way_fails_the_run(tmp_path: Path) -> None:
    result = World().run(tmp_path, read(), write("write", "read"), using=[Fickle])
    assert result.exit_code == 4
    assert result.error
    assert result.error.why == "first n int64, now m int64"


def all_but_the_last(batches: list[pa.RecordBatch]) -> list[pa.RecordBatch]:
    return batches[:-1]


def one_changed(batches: list[pa.RecordBatch]) -> list[pa.RecordBatch]:
    return [batch_of(range(7, 8)), *batches[1:]]


@pytest.mark.parametrize("spoil", [all_but_the_last, one_changed])
def test_rows_that_come_back_from_disk_as_others_fail_the_run(tmp_path: Path, spoil: Any) -> None:
    def spoilt() -> None:
        (file,) = (tmp_path / "logs" / "run-1" / "scratch").glob("*.arrow")
        batches = spoil(list(ipc.open_stream(file.read_bytes())))
        with ipc.new_stream(str(file), batches[0].schema) as again:
            for batch in batches:
                again.write_batch(batch)

    world = World(does={"two open": spoilt})
    result = world.run(tmp_path, *FAN_OUT[:2], write("two", "read", needs=("one",)))
    assert (result.exit_code, world.targets) == (4, {"one": ROWS})
    assert isinstance(result.error, StepFailed)
    assert result.error.step_id == "two"
    assert result.error.cause.why == "already committed, and stays so: one"


@pytest.mark.parametrize("size", [0, 100, 400])
def test_rows_that_do_not_come_back_from_disk_fail_the_run(tmp_path: Path, size: int) -> None:
    def cut() -> None:
        (file,) = (tmp_path / "logs" / "run-1" / "scratch").glob("*.arrow")
        os.truncate(file, size)

    world = World(does={"twice open": cut})
    result = world.run(tmp_path, read(), through("twice", "read", "read"), write("write", "twice"))
    assert (result.status, world.targets) == ("failed", {})
    assert isinstance(result.error, StepFailed)
    assert result.error.step_id == "twice"
    assert "disk" in result.error.hint


# Who did it


class ThroughDuckDB(Through):
    def _rows(self, inputs: Mapping[str, Stream]) -> Generator[pa.RecordBatch]:
        with duckdb.connect() as con:
            con.register("rows", inputs["in0"].reader())
            yield from con.sql("SELECT n FROM rows").to_arrow_reader(1)


@pytest.mark.parametrize("error", [SourceError("the disk is gone", hint="plug it in"), ValueError("a bug")])
def test_the_step_that_raised_first_is_named_though_duckdb_stands_between(tmp_path: Path, error: Exception) -> None:
    world = World(does={"read row 4": boom(error)})
    result = world.run(tmp_path, *CHAIN, using=[ThroughDuckDB])
    assert isinstance(result.error, StepFailed)
    assert result.error.step_id == "read"
    assert result.error.__cause__ is error
    assert str(error) in result.error.message
    assert "Traceback" not in result.error.message
    failed = {event.step_id: event.error for event in world.heard("step_failed")}
    assert failed.keys() == {"read", "clean", "write"}
    assert failed["read"] == result.error.to_dict()
    assert failed["clean"]["code"] == failed["write"]["code"] == "OSR-RUN-002"


def test_duckdb_passes_all_rows_on(tmp_path: Path) -> None:
    world = World()
    assert world.run(tmp_path, *CHAIN, using=[ThroughDuckDB]).status == "completed"
    assert world.targets == {"write": ROWS}


def test_a_fault_is_one_clear_sentence(tmp_path: Path) -> None:
    world = World(does={"read row 1": boom(ValueError("no column\nTraceback (most recent call last):\n  File"))})
    error = world.run(tmp_path, *CHAIN).error
    assert error
    assert error.to_dict() == {
        "code": "OSR-RUN-003",
        "message": "step 'read' failed: it broke with ValueError: no column",
        "where": "",
        "why": "this is a fault in Osiris or in a component, not in the pipeline",
        "hint": "please report it with the run's events.jsonl",
        "retriable": False,
        "step_id": "read",
    }


# Being stopped


def test_a_run_that_is_stopped_before_it_begins_opens_nothing(tmp_path: Path) -> None:
    world = World()
    world.stop.set()
    result = world.run(tmp_path, *CHAIN)
    assert (result.status, result.exit_code, world.noted) == ("interrupted", 130, [])
    assert world.kinds() == ["run_start", "cleanup_complete", "run_end"]


@pytest.mark.parametrize("moment", ["read open", "read row 0", "read row 5", "clean row 3", "write row 4"])
def test_a_run_that_is_stopped_takes_back_what_it_staged(tmp_path: Path, moment: str) -> None:
    world = World()
    world.does = {moment: world.stop.set}
    result = world.run(tmp_path, *CHAIN)
    assert (result.status, result.exit_code, result.total_rows) == ("interrupted", 130, 0)
    assert isinstance(result.error, Interrupted)
    assert world.targets == {}
    assert not world.unclosed()
    assert {event.error["code"] for event in world.heard("step_failed")} <= {Interrupted.code}
    assert world.heard("run_end")[0].status == "interrupted"


def test_a_run_that_is_stopped_after_its_last_row_commits_nothing(tmp_path: Path) -> None:
    world = World()
    world.does = {"two stage": world.stop.set}
    result = world.run(tmp_path, read("a"), write("one", "a"), read("b"), write("two", "b"))
    assert (result.status, world.targets) == ("interrupted", {})
    assert not world.unclosed()


def test_commits_that_have_begun_are_finished(tmp_path: Path) -> None:
    world, held = World(), list[bool]()

    def wish() -> None:
        world.stop.set()
        held.append(world.stop.held)

    world.does = {"one commit": wish, "two let go": lambda: held.append(world.stop.held)}
    result = world.run(tmp_path, *FAN_OUT)
    assert (result.status, world.targets) == ("completed", {"one": ROWS, "two": ROWS})
    assert held == [True, False]


def test_a_stop_before_a_commit_that_others_wait_for_is_heeded(tmp_path: Path) -> None:
    world = World()
    world.does = {"wa stage": world.stop.set}
    result = world.run(tmp_path, read("a"), write("wa", "a"), step("b", "read", needs=("wa",)))
    assert (result.status, world.targets) == ("interrupted", {})
    assert "b open" not in world.noted


def test_a_stop_after_a_commit_that_others_waited_for_tells_what_stays(tmp_path: Path) -> None:
    world = World()
    world.does = {"b row 0": world.stop.set}
    result = world.run(tmp_path, read("a"), write("wa", "a"), step("b", "read", needs=("wa",)), write("wb", "b"))
    assert (result.status, world.targets, result.total_rows) == ("interrupted", {"wa": ROWS}, 6)
    assert result.error
    assert result.error.why == "already committed, and stays so: wa"
    assert world.heard("run_end")[0].error == result.error.to_dict()


def test_ctrl_c_stops_the_run(tmp_path: Path) -> None:
    world = World(does={"read row 2": lambda: os.kill(os.getpid(), signal.SIGINT)})
    result = world.run(tmp_path, read(rows=10**9), write("write", "read"))
    assert (result.status, result.exit_code, world.targets) == ("interrupted", 130, {})
    assert not world.unclosed()


def test_ctrl_c_while_commits_are_going_on_is_held_back(tmp_path: Path) -> None:
    world = World(does={"one commit": lambda: os.kill(os.getpid(), signal.SIGINT)})
    result = world.run(tmp_path, *FAN_OUT)
    assert (result.status, world.targets) == ("completed", {"one": ROWS, "two": ROWS})


# When events can't be kept


@pytest.mark.parametrize("last", ["run_start", "step_start", "step_complete"])
def test_a_run_whose_events_can_not_be_kept_changes_nothing(tmp_path: Path, last: str) -> None:
    world = World()

    def emit(event: Any) -> None:
        if event.event == last:
            raise OSError(28, "No space left on device")
        world.said.append(event)

    result = run(job(tmp_path, *CHAIN), toys(world), emit, stop=world.stop)
    assert (result.status, world.targets) == ("failed", {})
    assert result.error
    assert "No space left" in result.error.message
    assert "run_end" not in world.kinds()


@pytest.mark.parametrize("last", ["write_committed", "cleanup_complete", "run_end"])
def test_an_event_that_can_not_be_kept_breaks_off_no_commit_and_is_told(tmp_path: Path, last: str) -> None:
    world = World()

    def emit(event: Any) -> None:
        if event.event == last:
            raise ValueError("closed")

    result = run(job(tmp_path, *FAN_OUT), toys(world), emit, stop=world.stop)
    assert world.targets == {"one": ROWS, "two": ROWS}
    assert (result.status, result.exit_code, result.total_rows) == ("failed", 1, 12)


# What can't be cleaned up


def test_what_can_not_be_let_go_after_the_commit_is_a_warning(tmp_path: Path) -> None:
    world = World(does={"one let go": boom(TargetError("the file is busy"))})
    result = world.run(tmp_path, *FAN_OUT)
    assert (result.status, world.targets) == ("completed", {"one": ROWS, "two": ROWS})
    assert [(event.step_id, event.message) for event in world.heard("warning")] == [
        ("one", "not cleaned up: the file is busy")
    ]


def test_scratch_that_can_not_be_removed_is_a_warning(tmp_path: Path) -> None:
    scratch = tmp_path / "logs" / "run-1" / "scratch"

    def replaced() -> None:
        shutil.rmtree(scratch)
        scratch.write_text("not a folder")

    world = World(does={"write let go": replaced})
    assert world.run(tmp_path, *CHAIN).status == "completed"
    assert "is left behind" in world.heard("warning")[0].message


def test_a_session_that_can_not_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("not a folder")
    result = World().run(tmp_path, *CHAIN)
    assert (result.status, result.exit_code) == ("failed", 1)
