"""A whole project is in order, or each thing that is not is said."""

from pathlib import Path

import pytest
from tests.unit.app.projects import PIPELINE, make, opened

from osiris.app.validation import ProjectState, ValidateProject, ValidationMode, validate_project


def state(folder: Path, mode: ValidationMode = "warn") -> ProjectState:
    return validate_project(opened(folder), ValidateProject(mode=mode))


def test_a_project_in_order(tmp_path: Path) -> None:
    found = state(make(tmp_path))
    assert (found.exit_code, found.faults) == (0, ())
    assert found.connections == ("@duckdb.shop", "@filesystem.local")
    assert found.pipelines["pipelines/cities.yaml"].valid
    assert found.settings["paths.build"] == {"value": "build", "origin": "default"}


def test_an_empty_folder_is_in_order(tmp_path: Path) -> None:
    assert state(tmp_path).exit_code == 0


def test_a_wrong_pipeline(tmp_path: Path) -> None:
    (make(tmp_path) / "pipelines" / "other.yml").write_text(PIPELINE.replace("csv_writer", "csv_writr"), "utf-8")
    found = state(tmp_path)
    assert found.exit_code == 3
    assert [checked.valid for checked in found.pipelines.values()] == [True, False]


def test_a_wrong_connection(tmp_path: Path) -> None:
    (make(tmp_path) / "osiris_connections.yaml").write_text("duckdb: {shop: {path: '${NOT_SET}'}}\n", "utf-8")
    found = state(tmp_path)
    assert found.exit_code == 2
    assert [(fault.subject, fault.code) for fault in found.faults] == [("@duckdb.shop", "OSR-OPR-020")]


def test_a_pipeline_that_is_no_file_is_one_fault_among_others(tmp_path: Path) -> None:
    (make(tmp_path) / "pipelines" / "folder.yaml").mkdir()
    found = state(tmp_path)
    assert found.exit_code == 2
    assert [fault.subject for fault in found.faults] == ["pipelines/folder.yaml"]
    assert list(found.pipelines) == ["pipelines/cities.yaml"]


@pytest.mark.parametrize(("mode", "code"), [("warn", 0), ("strict", 3), ("off", 0)])
def test_what_cannot_be_proved_counts_where_strictness_is_wanted(
    tmp_path: Path, mode: ValidationMode, code: int
) -> None:
    (make(tmp_path) / "data" / "cities.csv").unlink()
    assert state(tmp_path, mode).exit_code == code


def test_off_reads_the_files_and_asks_no_more(tmp_path: Path) -> None:
    (make(tmp_path) / "pipelines" / "other.yaml").write_text("- 1\n", "utf-8")
    (tmp_path / "osiris_connections.yaml").write_text("duckdb: {shop: {path: '${NOT_SET}'}}\n", "utf-8")
    found = state(tmp_path, "off")
    assert (found.exit_code, found.faults, found.pipelines) == (0, (), {})
