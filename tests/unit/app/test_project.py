"""A command finds its project, its files and its places."""

import os
from pathlib import Path

import pytest

from osiris.app.project import Door, Project, ignore, refuse
from osiris.kit.registry import Registry
from osiris.model.errors import UsageError

NOBODY = Registry({})


def opened(folder: Path, **exported: str) -> Project:
    return Project.open(folder, registry=NOBODY, exported=exported)


@pytest.mark.parametrize("marker", ["osiris.yaml", "osiris_connections.yaml"])
def test_the_nearest_folder_above_with_a_file_of_ours_is_the_project(tmp_path: Path, marker: str) -> None:
    inside = tmp_path / "shop" / "a" / "b"
    inside.mkdir(parents=True)
    (tmp_path / "shop" / marker).touch()
    project = opened(inside)
    assert (project.root, project.cwd) == (tmp_path / "shop", inside)


def test_without_such_a_file_the_folder_itself_is_the_project(tmp_path: Path) -> None:
    assert opened(tmp_path).root == tmp_path


def test_a_folder_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no folder") as caught:
        opened(tmp_path / "nowhere")
    assert "-C" in caught.value.hint


def test_a_file_is_looked_for_from_where_the_person_stands_then_from_the_root(tmp_path: Path) -> None:
    inside = tmp_path / "pipelines"
    inside.mkdir()
    (tmp_path / "osiris.yaml").touch()
    for file in (tmp_path / "a.yaml", tmp_path / "b.yaml", inside / "a.yaml"):
        file.touch()
    project = opened(inside)
    assert project.file("a.yaml") == inside / "a.yaml"
    assert project.file("b.yaml") == tmp_path / "b.yaml"


def test_paths_are_shown_from_the_root(tmp_path: Path) -> None:
    project = opened(tmp_path)
    assert project.shown(tmp_path / "logs" / "x") == "logs/x"
    assert project.shown(tmp_path.parent) == str(tmp_path.parent)


def test_each_place_is_where_the_settings_say(tmp_path: Path) -> None:
    (tmp_path / "osiris.yaml").write_text("paths: {build: made, logs: /var/osiris}\n", "utf-8")
    project = opened(tmp_path, OSIRIS_PATHS_OUTPUT="out")
    assert project.layout.build == tmp_path / "made"
    assert project.layout.logs == Path("/var/osiris")
    assert project.configured.settings.paths.output == "out"
    assert project.place.project == tmp_path


def test_connections_are_read_once(tmp_path: Path) -> None:
    (tmp_path / "osiris_connections.yaml").write_text("duckdb: {a: {path: x}}\n", "utf-8")
    project = opened(tmp_path)
    assert project.connections.aliases() == {"duckdb": ("a",)}
    assert project.connections is project.connections


def test_where_nobody_is_the_answer_is_no() -> None:
    door = Door()
    assert door.confirm is refuse
    assert door.listen is ignore
    assert not refuse(None)  # type: ignore[arg-type]
    ignore({})


def test_without_a_folder_the_process_says_where(tmp_path: Path) -> None:
    assert Project.open(registry=NOBODY).cwd == Path.cwd().resolve()
    assert os.environ.get("PATH", "") == Project.open(registry=NOBODY).environment.get("PATH")
