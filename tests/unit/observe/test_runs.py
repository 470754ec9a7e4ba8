"""The index of runs: who runs now, what ran, what it wrote."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.unit.observe.shop import FILE, WRITTEN, receipts, ticking

from osiris.model.errors import Busy, CheckFailed, ConfigError, Interrupted, OsirisError, UsageError
from osiris.model.events import RunStatus, WriteCommitted
from osiris.model.job import RunResult
from osiris.model.layout import Session
from osiris.model.receipt import Receipt
from osiris.observe.alive import Pulse, beats
from osiris.observe.journal import Journal
from osiris.observe.runs import RunIndex

HOLD = """
import sys
from pathlib import Path
from osiris.observe.runs import RunIndex
index = RunIndex(Path(sys.argv[1]))
index.claim("shop", "theirs")
index.started("theirs", "shop", "hash")
print("claimed", flush=True)
sys.stdin.read()
"""


def result(error: OsirisError | None = None, seconds: float = 1.5) -> RunResult:
    status: RunStatus = "failed" if error else "completed"
    if isinstance(error, Interrupted):
        status = "interrupted"
    return RunResult(status, receipts(), 10, seconds, error)


def ran(index: RunIndex, run_id: str, slug: str = "shop", error: OsirisError | None = None) -> None:
    index.claim(slug, run_id)
    index.started(run_id, slug, f"hash-of-{run_id}")
    index.ended(run_id, result(error))
    index.release(slug, run_id)


@contextmanager
def another_process(path: Path) -> Iterator[Callable[[], None]]:
    """Let another process run the pipeline; lend what kills it."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:

        def kill() -> None:
            child.kill()
            child.wait()

        assert child.stdout
        assert child.stdout.readline() == "claimed\n"
        try:
            yield kill
        finally:
            kill()


@pytest.fixture
def index(tmp_path: Path) -> RunIndex:
    return RunIndex(tmp_path / "logs" / "index.sqlite", clock=ticking(timedelta(seconds=1)))


def test_a_question_makes_no_file(index: RunIndex) -> None:
    assert index.list() == ()
    assert index.files("shop") == {}
    assert index.previous("shop", "a") is None
    assert not index.path.parent.exists()


def test_a_second_run_of_a_pipeline_is_refused_with_the_first_ones_name(index: RunIndex) -> None:
    index.claim("shop", "first")
    with pytest.raises(Busy, match="first") as caught:
        RunIndex(index.path).claim("shop", "second")
    assert "first" in caught.value.hint
    index.claim("another", "third")
    index.release("shop", "first")
    index.claim("shop", "second")


def test_a_refused_run_leaves_nothing_behind(index: RunIndex) -> None:
    index.claim("shop", "first")
    with pytest.raises(Busy):
        index.claim("shop", "second")
    index.release("shop", "second")
    with pytest.raises(Busy, match="first"):
        index.claim("shop", "third")
    assert [file.name for file in (index.path.parent / ".running").iterdir()] == ["first"]


def test_a_claim_can_be_released_twice(index: RunIndex) -> None:
    index.claim("shop", "a")
    index.release("shop", "a")
    index.release("shop", "a")
    index.claim("shop", "a")


def test_a_run_of_another_process_is_seen_and_respected(index: RunIndex) -> None:
    with another_process(index.path):
        assert index.get("last").status == "running"
        with pytest.raises(Busy, match="theirs"):
            index.claim("shop", "ours")


def test_a_killed_run_is_called_so_and_its_claim_is_taken_over(index: RunIndex) -> None:
    with another_process(index.path) as kill:
        kill()
        assert index.get("theirs").status == "killed"
        assert index.get("theirs").seconds is None
        assert [run.run_id for run in index.list(status="killed")] == ["theirs"]
        index.claim("shop", "ours")
        assert not beats(index.path.parent / ".running" / "theirs")


def test_a_run_that_broke_off_in_this_process_has_failed(index: RunIndex) -> None:
    index.claim("shop", "a")
    index.started("a", "shop", "hash")
    assert index.get("a").status == "running"
    index.release("shop", "a")
    assert index.get("a").status == "failed"


def test_an_ended_run_is_kept_with_its_numbers(index: RunIndex) -> None:
    ran(index, "a", error=CheckFailed("no"))
    run = index.get("a")
    assert (run.status, run.pipeline, run.manifest_hash) == ("failed", "shop", "hash-of-a")
    assert (run.seconds, run.total_rows, run.error_code) == (1.5, 10, "OSR-CHK-000")
    assert run.started_at == "2026-01-02T03:04:05.600Z"


def test_runs_are_listed_newest_first_and_filtered(index: RunIndex) -> None:
    ran(index, "1")
    ran(index, "2", "other")
    ran(index, "3", error=Interrupted("stopped"))
    assert [run.run_id for run in index.list()] == ["3", "2", "1"]
    assert [run.run_id for run in index.list(limit=2)] == ["3", "2"]
    assert [run.run_id for run in index.list(pipeline="shop")] == ["3", "1"]
    assert [run.run_id for run in index.list(status="interrupted")] == ["3"]
    assert index.list(pipeline="shop", status="failed") == ()


def test_a_status_that_no_run_has_is_refused(index: RunIndex) -> None:
    with pytest.raises(UsageError, match="'done'") as caught:
        index.list(status="done")
    assert "completed" in caught.value.hint


def test_a_run_is_found_by_name_by_the_start_of_its_name_and_as_the_last(index: RunIndex) -> None:
    ran(index, "20260101-a")
    ran(index, "20260102-b")
    ran(index, "20260102-b-more")
    assert index.get("20260101-a").run_id == "20260101-a"
    assert index.get("20260101").run_id == "20260101-a"
    assert index.get("20260102-b").run_id == "20260102-b"
    assert index.get("last").run_id == "20260102-b-more"


@pytest.mark.parametrize(
    ("name", "hint"), [("2026", "20260102-b"), ("20260109-b", "20260102-b"), ("%", "last"), ("", "20260101-a")]
)
def test_a_name_that_means_no_one_run_is_refused_with_those_that_there_are(
    index: RunIndex, name: str, hint: str
) -> None:
    ran(index, "20260101-a")
    ran(index, "20260102-b")
    with pytest.raises(UsageError) as caught:
        index.get(name)
    assert hint in caught.value.hint


def test_where_nothing_has_run_the_last_run_is_refused(index: RunIndex) -> None:
    with pytest.raises(UsageError, match="nothing has run") as caught:
        index.get("last")
    assert "osiris run" in caught.value.hint


def test_the_previous_run_is_the_latest_of_the_pipeline_that_ended(index: RunIndex) -> None:
    assert index.previous("shop", "1") is None
    ran(index, "1")
    ran(index, "2", error=CheckFailed("no"))
    ran(index, "3", "other")
    index.claim("shop", "4")
    index.started("4", "shop", "hash")
    found = index.previous("shop", "5")
    assert found is not None
    assert (found.run_id, found.status, found.error_code) == ("2", "failed", "OSR-CHK-000")
    assert found.steps["top"].rows == 10
    assert found.steps["top"].nulls == {"customer": 1, "revenue": 0}
    before = index.previous("shop", "2")
    assert before is not None
    assert before.run_id == "1"


def test_files_are_those_that_the_pipelines_journals_committed(index: RunIndex) -> None:
    for run_id, sha256 in (("1", "a" * 64), ("2", "b" * 64)):
        commits(index, run_id, receipt(FILE.path, sha256))
        ran(index, run_id)
    commits(index, "3", receipt("output/other.csv", "c" * 64))
    ran(index, "3", "other")
    ran(index, "4")
    assert index.files("shop") == {FILE.path: "b" * 64}
    assert index.files("other") == {"output/other.csv": "c" * 64}


def test_files_of_a_killed_run_are_known_too(index: RunIndex) -> None:
    with another_process(index.path) as kill:
        commits(index, "theirs", receipt(FILE.path, "d" * 64))
        kill()
    assert index.list()[0].status == "killed"
    assert index.files("shop") == {FILE.path: "d" * 64}


def test_a_target_of_several_files_is_known_by_each(index: RunIndex) -> None:
    parts = tuple(FILE.model_copy(update={"path": f"out/{name}", "sha256": name * 64}) for name in "ab")
    whole = WRITTEN.model_copy(update={"target": "out", "artifacts": parts})
    commits(index, "1", receipts()[-1].model_copy(update={"written": whole}))
    ran(index, "1")
    assert index.files("shop") == {"out/a": "a" * 64, "out/b": "b" * 64}


def test_a_table_is_no_file(index: RunIndex) -> None:
    table = WRITTEN.model_copy(update={"target": "@duckdb.shop/top", "artifacts": ()})
    commits(index, "1", receipts()[-1].model_copy(update={"written": table}))
    ran(index, "1")
    assert index.files("shop") == {}


def test_a_file_that_is_no_index_is_refused(index: RunIndex) -> None:
    index.path.parent.mkdir()
    index.path.write_bytes(b"this is not a database, whatever its name says" * 100)
    with pytest.raises(ConfigError, match=r"index\.sqlite") as caught:
        index.list()
    assert caught.value.hint
    with pytest.raises(ConfigError):
        index.claim("shop", "a")
    assert not list((index.path.parent / ".running").glob("*"))


def test_a_folder_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("in the way", "utf-8")
    index = RunIndex(tmp_path / "logs" / "index.sqlite")
    with pytest.raises(UsageError) as caught:
        index.claim("shop", "a")
    assert caught.value.hint
    with pytest.raises(UsageError) as caught:
        index.started("a", "shop", "hash")
    assert caught.value.hint


def test_a_folder_in_place_of_the_index_is_said_so(index: RunIndex) -> None:
    index.path.mkdir(parents=True)
    with pytest.raises(UsageError, match="index of runs"):
        index.started("a", "shop", "hash")


def test_two_processes_cannot_hold_one_pulse(tmp_path: Path) -> None:
    pulse = Pulse.start(tmp_path / "run")
    assert beats(tmp_path / "run")
    with pytest.raises(UsageError):
        Pulse.start(tmp_path / "run")
    pulse.stop()
    pulse.stop()
    assert not beats(tmp_path / "run")


def test_the_index_notes_the_time_in_utc(tmp_path: Path) -> None:
    index = RunIndex(tmp_path / "index.sqlite")
    ran(index, "a")
    began = datetime.fromisoformat(index.get("a").started_at)
    assert began.tzinfo == UTC
    assert abs(datetime.now(UTC) - began) < timedelta(minutes=10)


def receipt(path: str, sha256: str) -> Receipt:
    artifact = FILE.model_copy(update={"path": path, "sha256": sha256})
    written = WRITTEN.model_copy(update={"target": path, "artifacts": (artifact,)})
    return receipts()[-1].model_copy(update={"written": written})


def commits(index: RunIndex, run_id: str, *written: Receipt) -> None:
    """Let a run's journal say that it committed."""
    kept = Session(index.path.parent / run_id)
    kept.folder.mkdir(parents=True)
    journal = Journal(kept.events, run_id)
    for proof in written:
        journal(WriteCommitted(step_id=proof.step_id, receipt=proof))
