"""Exported variables win over files, near files over far ones, and an empty one is none."""

from pathlib import Path

import pytest

from osiris.app.environment import Environment, keep_variables
from osiris.model.errors import ConfigError, UsageError


def write(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / ".env").write_text(text, "utf-8")
    return folder


def test_exported_wins_over_the_current_folder_which_wins_over_the_project(tmp_path: Path) -> None:
    project = write(tmp_path / "p", "A=project\nB=project\nC=project\n")
    here = write(project / "here", "A=here\nB=here\n")
    environment = Environment.load(here, project, {"A": "exported"})
    assert [environment.get(name) for name in "ABC"] == ["exported", "here", "project"]
    assert environment.files == (here / ".env", project / ".env")


def test_an_empty_variable_counts_as_unset_wherever_it_stands(tmp_path: Path) -> None:
    project = write(tmp_path / "p", "A=project\nB=\n")
    environment = Environment.load(project, project, {"A": ""})
    assert environment.get("A") == "project"
    assert environment.get("B", "otherwise") == "otherwise"


def test_loading_twice_gives_the_same(tmp_path: Path) -> None:
    project = write(tmp_path / "p", "A=1\n")
    exported = {"B": "2"}
    first = Environment.load(project, project, exported)
    assert Environment.load(project, project, exported) == first
    assert exported == {"B": "2"}


def test_the_process_is_asked_where_nothing_else_is_given(tmp_path: Path) -> None:
    assert Environment.load(tmp_path, tmp_path).get("PATH")


def test_values_are_taken_as_they_stand(tmp_path: Path) -> None:
    project = write(tmp_path / "p", "\ufeffA=x${B}y\nB=1\nexport C='a b'\n# D=1\n")
    environment = Environment.load(project, project, {})
    assert [environment.get(name) for name in "ABCD"] == ["x${B}y", "1", "a b", ""]


def test_variables_with_a_prefix_come_without_it_and_sorted(tmp_path: Path) -> None:
    environment = Environment({"P_B": "2", "P_A": "1", "Q": "3"})
    assert list(environment.prefixed("P_")) == [("A", "1"), ("B", "2")]


def test_a_file_that_is_no_text_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"A=\xff\xfe\n")
    with pytest.raises(ConfigError, match=r"cannot read \.env") as caught:
        Environment.load(tmp_path, tmp_path, {})
    assert "UTF-8" in caught.value.hint


@pytest.mark.parametrize(
    "value", ["plain", "two words", "it's", 'a "b"', "a\\b\\", "$HOME ${X}", "#no", "two\nlines", "ž"]
)
def test_a_variable_that_is_kept_is_read_back_as_it_was(tmp_path: Path, value: str) -> None:
    file = tmp_path / ".env"
    file.write_text("# mine\nA=1\nB=\n", "utf-8")
    keep_variables(file, {"B": value})
    assert Environment.load(tmp_path, tmp_path, {}).variables == {"A": "1", "B": value}
    assert file.read_text("utf-8").startswith("# mine\nA=1\n")


def test_only_the_owner_can_read_what_is_kept(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("A=1", "utf-8")
    file.chmod(0o644)
    keep_variables(file, {"B": "2"})
    assert file.stat().st_mode & 0o777 == 0o600
    keep_variables(tmp_path / "new" / ".env", {"B": "2"})
    assert (tmp_path / "new" / ".env").stat().st_mode & 0o777 == 0o600


def test_what_else_stands_in_the_file_stays_byte_for_byte(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    before = 'A="x\x0cy\u2028z"\r\n# mine\r\n\r\nC=1\n'.encode()
    file.write_bytes(before)
    keep_variables(file, {"B": "2"})
    assert file.read_bytes() == before + b"B=2\n"


def test_a_file_in_which_a_value_would_swallow_another_stays(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("A=1\nC='begun\n", "utf-8")
    with pytest.raises(UsageError, match="can't be kept"):
        keep_variables(file, {"B": "two\nC='begun\nwords"})
    assert file.read_text("utf-8") == "A=1\nC='begun\n"


def test_a_value_that_such_a_file_cannot_hold_is_refused_and_the_file_stays(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("A=1\n", "utf-8")
    with pytest.raises(UsageError, match="the value of B can't be kept"):
        keep_variables(file, {"B": "one\r\ntwo"})
    assert file.read_text("utf-8") == "A=1\n"
