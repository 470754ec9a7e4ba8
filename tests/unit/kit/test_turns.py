"""Steps of one process take turns with a database file."""

from pathlib import Path
from threading import Thread

import pytest

from osiris.kit import turns
from osiris.model.errors import SourceError, TargetError


def test_many_may_read_at_once(tmp_path: Path) -> None:
    with turns.reading(tmp_path / "a"), turns.reading(tmp_path / "a", patience=0):
        pass


def test_a_writer_waits_for_a_reader(tmp_path: Path) -> None:
    with (
        turns.reading(tmp_path / "a"),
        pytest.raises(TargetError, match="still using 'a'"),
        turns.writing(tmp_path / "a", patience=0),
    ):
        pass


def test_a_writer_waits_for_a_writer(tmp_path: Path) -> None:
    with (
        turns.writing(tmp_path / "a"),
        pytest.raises(TargetError, match="still using 'a'"),
        turns.writing(tmp_path / "a", patience=0),
    ):
        pass


def test_a_reader_waits_for_a_writer(tmp_path: Path) -> None:
    with (
        turns.writing(tmp_path / "a"),
        pytest.raises(SourceError, match="is writing 'a'"),
        turns.reading(tmp_path / "a", patience=0),
    ):
        pass


def test_other_files_are_another_matter(tmp_path: Path) -> None:
    with turns.writing(tmp_path / "a"), turns.writing(tmp_path / "b", patience=0):
        pass


def test_a_link_to_a_file_is_the_file(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with turns.writing(tmp_path / "a"), pytest.raises(TargetError), turns.writing(tmp_path / "b", patience=0):
        pass


def test_a_file_is_free_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), turns.writing(tmp_path / "a"):
        _ = 1 / 0
    with turns.writing(tmp_path / "a", patience=0):
        pass


def test_whoever_waits_goes_on_when_the_file_is_free(tmp_path: Path) -> None:
    done: list[str] = []

    def write() -> None:
        with turns.writing(tmp_path / "a"):
            done.append("written")

    waiting = Thread(target=write)
    with turns.reading(tmp_path / "a"):
        waiting.start()
        done.append("read")
    waiting.join()
    assert done == ["read", "written"]
