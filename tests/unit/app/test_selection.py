"""A part of a pipeline is carried out: the writers named, what they need, and nothing else."""

from pathlib import Path

import pytest
from tests.unit.app.projects import make, opened

from osiris.app.pipelines import PlanPipeline, make_ready, plan_pipeline
from osiris.app.runs import RunPipeline, run_pipeline
from osiris.model.errors import ApprovalMissing, UsageError

TWO = """\
oml_version: "0.1.0"
name: two
steps:
  - {id: cities, component: filesystem.csv_extractor, mode: read, config: {path: data/cities.csv}}
  - id: first
    component: filesystem.csv_writer
    mode: write
    needs: [cities]
    config: {path: output/first.csv}
  - id: again
    component: filesystem.csv_extractor
    mode: read
    needs: [first]
    config: {path: output/first.csv}
  - id: second
    component: filesystem.csv_writer
    mode: write
    needs: [again]
    config: {path: output/second.csv}
  - id: third
    component: filesystem.parquet_writer
    mode: write
    needs: [cities]
    config: {path: output/third.parquet}
"""


def steps(folder: Path, *writers: str) -> list[str]:
    ready = make_ready(opened(make(folder)), PlanPipeline(text=TWO, select=writers, look=False))
    return [step.id for step in ready.manifest.steps]


def test_a_writer_brings_along_whose_rows_it_takes(tmp_path: Path) -> None:
    assert steps(tmp_path, "third") == ["cities", "third"]


def test_a_writer_brings_along_what_has_to_be_written_first(tmp_path: Path) -> None:
    assert steps(tmp_path, "second") == ["cities", "first", "again", "second"]


def test_nothing_selected_is_everything(tmp_path: Path) -> None:
    assert steps(tmp_path) == steps(tmp_path, "second", "third") == ["cities", "first", "again", "second", "third"]


def test_only_the_targets_selected_are_written(tmp_path: Path) -> None:
    report = run_pipeline(opened(make(tmp_path)), RunPipeline(text=TWO, select=("first",)))
    assert (report.status, [receipt.step_id for receipt in report.receipts]) == ("completed", ["cities", "first"])
    assert [file.name for file in (tmp_path / "output").iterdir()] == ["first.csv"]


@pytest.mark.parametrize(
    ("name", "hint"), [("fist", "did you mean first?"), ("again", "these write: first, second, third"), ("x", "third")]
)
def test_what_writes_nothing_cannot_be_selected(tmp_path: Path, name: str, hint: str) -> None:
    with pytest.raises(UsageError, match=f"no step '{name}' that writes") as caught:
        steps(tmp_path, name)
    assert hint in caught.value.hint


def test_a_yes_to_the_whole_is_none_to_a_part(tmp_path: Path) -> None:
    project = opened(make(tmp_path))
    whole = plan_pipeline(project, PlanPipeline(text=TWO))
    with pytest.raises(ApprovalMissing, match="not what was approved"):
        run_pipeline(project, RunPipeline(text=TWO, select=("first",), approve=whole.token))
    part = plan_pipeline(project, PlanPipeline(text=TWO, select=("first",)))
    assert run_pipeline(project, RunPipeline(text=TWO, select=("first",), approve=part.token)).status == "completed"
