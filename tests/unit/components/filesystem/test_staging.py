"""A file takes its target's place whole, or not at all."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from tests.unit.components.filesystem.files import MARKS, Files

from osiris.components.filesystem.staging import StagedFile
from osiris.kit.beside import alone
from osiris.kit.lock import lock
from osiris.model.errors import CheckFailed, TargetError
from osiris.model.job import Marks
from osiris.testing.writer import breaking, stream_of

TABLE = pa.table({"a": [1, 2]})
OTHER = Marks(run_id="run-2", step_id="write")
KINDS = ("csv", "json", "parquet")


def staged_in(files: Files, name: str = "out.txt", marks: Marks = MARKS, *, create_dirs: bool = True) -> StagedFile:
    return StagedFile.beside(files.root / name, name, files.place, marks, create_dirs=create_dirs)


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_appended_to_meanwhile_is_not_written_over(files: Files, kind: str) -> None:
    files.write(kind, TABLE, path="out")
    staged = files.writer(kind, path="out", write_mode="append").write(stream_of(TABLE), OTHER)
    files.write(kind, pa.table({"a": [1, 2, 3]}), path="out")
    with pytest.raises(TargetError, match="'out' was changed by another while rows were appended"):
        staged.commit()
    staged.close()
    assert files.read(kind, path="out").num_rows == 3
    assert list(files.everything()) == ["out"]


@pytest.mark.skipif(sys.platform == "win32", reason="folders are not locked there")
@pytest.mark.parametrize("kind", KINDS)
def test_of_two_runs_that_append_at_once_the_later_one_sees_what_the_first_one_did(files: Files, kind: str) -> None:
    later = files.writer(kind, path="out", write_mode="append").write(stream_of(TABLE), OTHER)
    with ThreadPoolExecutor(1) as pool:
        with alone(files.root):
            committed = pool.submit(later.commit)
            with pytest.raises(TimeoutError):
                committed.result(timeout=0.2)
            files.put("out", "the first one's rows")
        with pytest.raises(TargetError, match="'out' was changed by another"):
            committed.result()
    later.close()
    assert files.get("out") == "the first one's rows"


@pytest.mark.skipif(sys.platform == "win32", reason="folders are not locked there")
def test_a_folder_that_another_program_keeps_locked_is_an_error_and_no_wait_for_ever(tmp_path: Path) -> None:
    with alone(tmp_path), pytest.raises(TargetError, match="locked"), alone(tmp_path, patience=0.1):
        pass
    with alone(tmp_path):
        assert tmp_path.is_dir()


def test_what_was_replaced_or_removed_meanwhile_is_replaced(files: Files) -> None:
    for change in (lambda: files.put("out", "x"), (files.root / "out").unlink):
        files.write("csv", TABLE, path="out")
        staged = files.writer("csv", path="out").write(stream_of(TABLE), MARKS)
        change()
        staged.commit()
        staged.close()
        assert files.read("csv", path="out").num_rows == 2


def test_rows_are_not_appended_to_a_file_that_is_gone(files: Files) -> None:
    files.write("csv", TABLE, path="out")
    staged = files.writer("csv", path="out", write_mode="append").write(stream_of(TABLE), MARKS)
    (files.root / "out").unlink()
    with pytest.raises(TargetError, match="changed by another"):
        staged.commit()
    staged.close()
    assert files.everything() == {}


def test_a_step_that_writes_already_is_not_disturbed(files: Files) -> None:
    first = staged_in(files)
    with pytest.raises(TargetError, match="is being written by this step already"):
        staged_in(files)
    other = staged_in(files, marks=replace(MARKS, run_id="run-2"))
    assert len(files.everything()) == 2
    other.close()
    first.close()
    assert files.everything() == {}


def test_two_steps_of_one_run_do_not_write_one_file_under_two_names(files: Files) -> None:
    files.put("out.txt", "")
    (files.root / "link").symlink_to("out.txt")
    first = files.writer("csv", path="out.txt").write(stream_of(TABLE), MARKS)
    with pytest.raises(TargetError, match="'link' is being written by another step of this run"):
        files.writer("csv", path="link").write(stream_of(TABLE), replace(MARKS, step_id="other"))
    first.commit()
    first.close()
    assert list(files.everything()) == ["link", "out.txt"]
    files.writer("csv", path="link").write(stream_of(TABLE), replace(MARKS, step_id="other")).close()


def test_names_of_runs_and_steps_may_hold_anything(files: Files) -> None:
    staged = staged_in(files, marks=Marks(run_id="../run/1", step_id="é" * 300))
    assert staged.path.parent == files.root
    staged.close()


def test_folders_that_were_made_go_again_unless_another_uses_them(files: Files) -> None:
    staged = staged_in(files, "new/er/out.txt")
    files.put("new/theirs.txt", "")
    staged.close()
    staged.close()
    assert list(files.everything()) == ["new", "new/theirs.txt"]


@pytest.mark.parametrize("name", ["folder", "missing/out.txt"])
def test_a_target_that_can_not_be_leaves_nothing(files: Files, name: str) -> None:
    (files.root / "folder").mkdir()
    with pytest.raises(TargetError):
        staged_in(files, name, create_dirs=False)
    assert list(files.everything()) == ["folder"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_source_that_breaks_leaves_no_folder(files: Files, kind: str) -> None:
    with pytest.raises(Exception, match="half way"):
        files.writer(kind, path="new/out").write(breaking(10), MARKS)
    assert files.everything() == {}


@pytest.mark.skipif(sys.platform == "win32", reason="files have no such rights there")
def test_a_file_keeps_its_rights(files: Files) -> None:
    (files.root / files.put("out", "")).chmod(0o640)
    files.write("csv", TABLE, path="out")
    assert (files.root / "out").stat().st_mode & 0o777 == 0o640


def test_a_file_that_does_not_hold_all_rows_is_not_committed(files: Files) -> None:
    staged = staged_in(files)
    staged.put(b"1\n")
    with pytest.raises(CheckFailed, match=r"'out.txt' would hold 1 of the 2 rows that were written"):
        staged.finish("replace", 2, 0, lambda _: 1)
    staged.close()
    assert files.everything() == {}


@pytest.mark.skipif(sys.platform == "win32", reason="files are not locked there but held")
def test_a_lock_is_held_until_the_file_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    with path.open("rb") as first, path.open("rb") as second:
        assert lock(first)
        assert not lock(second, wait=False)
        first.close()
        assert lock(second, wait=False)


def test_what_a_killed_run_left_is_removed_and_what_others_named_alike_is_not(files: Files) -> None:
    left = staged_in(files, marks=replace(MARKS, run_id="killed"))
    os.close(os.dup(left.file.fileno()))
    left.file.close()  # as the system does for a process that is gone
    files.put(".osiris-mine.part", "")
    files.write("csv", TABLE, path="out.txt")
    assert sorted(files.everything()) == [".osiris-mine.part", "out.txt"]


def test_receipts_say_what_lies_there(files: Files) -> None:
    written = files.write("csv", TABLE, path="deep/out.csv")
    look = files.writer("csv", path="deep/out.csv").look()
    artifact = written.artifacts[0]
    assert (artifact.path, artifact.rows, artifact.bytes) == ("deep/out.csv", 2, 6)
    assert (look.exists, look.sha256) == (True, artifact.sha256)
    assert not files.writer("csv", path="deep/other.csv").look().exists
