"""A pipeline is tried on a part of its rows, and nothing is written."""

from pathlib import Path

import pytest
from tests.unit.app.projects import make, opened

from osiris.app.rehearsal import MANY, RehearsePipeline, rehearse_pipeline
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


@pytest.mark.parametrize(("rows", "told"), [(MANY, True), (MANY - 1, False)])
def test_a_column_that_says_the_same_in_many_rows_is_told_without_what_it_says(
    tmp_path: Path, rows: int, *, told: bool
) -> None:
    make(tmp_path)
    cities = "".join(f"City {number},300000\n" for number in range(rows))
    (tmp_path / "data" / "cities.csv").write_text(f"city,people\n{cities}", "utf-8")
    text = (tmp_path / FILE).read_text("utf-8").replace("SELECT city", "SELECT city, people")
    tried = rehearse_pipeline(opened(tmp_path), RehearsePipeline(text=text))
    assert (f"write: people has the same value in each of {rows} rows" in tried.smells) is told
    assert "300000" not in str(tried.smells)


def test_a_step_that_fails_is_named(tmp_path: Path) -> None:
    make(tmp_path)
    file = tmp_path / FILE
    file.write_text(file.read_text("utf-8").replace("SELECT city", "SELECT CAST(city AS INTEGER) AS city"), "utf-8")
    with pytest.raises(StepFailed, match="step 'large' failed"):
        rehearse_pipeline(opened(tmp_path), RehearsePipeline(file=FILE))


def test_a_step_that_takes_too_long_is_broken_off(tmp_path: Path) -> None:
    make(tmp_path)
    file = tmp_path / FILE
    endless = (
        "SELECT CAST(sum(a.i * b.i) AS VARCHAR) AS city FROM range(9000000) AS a(i), range(9000000) AS b(i), cities"
    )
    before, _, after = file.read_text("utf-8").partition("SELECT city")
    file.write_text(f"{before}{endless}\n{after[after.index('  - id') :]}", "utf-8")
    with pytest.raises(StepFailed, match=r"took longer than 0\.2 s") as caught:
        rehearse_pipeline(opened(tmp_path), RehearsePipeline(file=FILE, seconds=0.2))
    assert caught.value.step_id == "large"


def test_a_pipeline_that_is_wrong_is_not_tried(tmp_path: Path) -> None:
    make(tmp_path)
    with pytest.raises(OmlError):
        rehearse_pipeline(opened(tmp_path), RehearsePipeline(text="name: x\n"))
