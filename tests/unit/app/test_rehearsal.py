"""A pipeline is tried on a part of its rows, and nothing is written."""

from pathlib import Path

import pytest
from tests.unit.app.projects import make, opened

from osiris.app.rehearsal import RehearsePipeline, rehearse_pipeline
from osiris.model.errors import OmlError, StepFailed

FILE = "pipelines/cities.yaml"


def test_the_rows_that_would_be_written_are_shown_and_none_is(tmp_path: Path) -> None:
    tried = rehearse_pipeline(opened(make(tmp_path)), RehearsePipeline(file=FILE))
    assert [(step.step_id, step.rows, step.cut) for step in tried.steps] == [
        ("cities", 3, False), ("large", 2, False), ("write", 2, False),
    ]  # fmt: skip
    assert tried.previews["write"].rows == (("Brno",), ("Praha",))
    assert (tried.whole, tried.smells) == (True, ())
    assert not (tmp_path / "output").exists()
    assert not (tmp_path / "logs").exists()


def test_a_part_is_called_a_part(tmp_path: Path) -> None:
    tried = rehearse_pipeline(opened(make(tmp_path)), RehearsePipeline(file=FILE, rows=1))
    assert (tried.whole, [step.cut for step in tried.steps]) == (False, [True, True, True])


def test_what_is_suspicious_is_told(tmp_path: Path) -> None:
    make(tmp_path)
    (tmp_path / "data" / "cities.csv").write_text("city,people\n,402739\n,1397880\n", "utf-8")
    text = (tmp_path / FILE).read_text("utf-8")
    tried = rehearse_pipeline(opened(tmp_path), RehearsePipeline(text=text))
    assert "cities: city is NULL in every row" in tried.smells
    empty = rehearse_pipeline(opened(tmp_path), RehearsePipeline(text=text, params={"least": "9999999"}))
    assert empty.smells[-2:] == ("large: gives no rows", "write: would write no rows")


def test_a_step_that_fails_is_named(tmp_path: Path) -> None:
    make(tmp_path)
    file = tmp_path / FILE
    file.write_text(file.read_text("utf-8").replace("SELECT city", "SELECT CAST(city AS INTEGER) AS city"), "utf-8")
    with pytest.raises(StepFailed, match="step 'large' failed"):
        rehearse_pipeline(opened(tmp_path), RehearsePipeline(file=FILE))


def test_a_pipeline_that_is_wrong_is_not_tried(tmp_path: Path) -> None:
    make(tmp_path)
    with pytest.raises(OmlError):
        rehearse_pipeline(opened(tmp_path), RehearsePipeline(text="name: x\n"))
