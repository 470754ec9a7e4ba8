"""The language, and where editors find its schema."""

from pathlib import Path

import pytest
from tests.unit.app.projects import PIPELINE, make, opened

from osiris.app.oml import ShowSchema, pointed, schema_text, show_schema
from osiris.app.pipelines import CheckPipeline, check_pipeline


@pytest.mark.parametrize(
    ("file", "up"), [("pipelines/a.yaml", "../"), ("a.yaml", ""), ("pipelines/b/a.yaml", "../../")]
)
def test_a_pipeline_points_at_the_schema_of_its_project(tmp_path: Path, file: str, up: str) -> None:
    (tmp_path / "oml.schema.json").touch()
    text = pointed(PIPELINE, tmp_path, tmp_path / file)
    assert text == f"# yaml-language-server: $schema={up}oml.schema.json\n{PIPELINE}"
    assert pointed(text, tmp_path, tmp_path / file) == text
    assert check_pipeline(opened(make(tmp_path)), CheckPipeline(text=text)).valid


def test_where_there_is_no_schema_nothing_points_at_it(tmp_path: Path) -> None:
    assert pointed(PIPELINE, tmp_path, tmp_path / "a.yaml") == PIPELINE
    (tmp_path / "oml.schema.json").touch()
    assert pointed(PIPELINE, tmp_path, tmp_path.parent / "a.yaml") == PIPELINE


def test_the_schema_is_one_document(tmp_path: Path) -> None:
    project = opened(tmp_path)
    assert show_schema(project, ShowSchema()).document["title"] == "OML"
    assert schema_text(project.registry).endswith("}\n")
