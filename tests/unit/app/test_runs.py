"""A pipeline carried out: all or nothing, with a yes where one is needed, and a record."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.app.projects import PIPELINE, make, opened, with_shop

from osiris.app.logs import (
    ListRuns,
    ShowEvents,
    ShowPackage,
    ShowRows,
    list_runs,
    show_package,
    show_rows,
    show_run,
)
from osiris.app.pipelines import CompilePipeline, PlanPipeline, compile_file, plan_pipeline
from osiris.app.project import Door
from osiris.app.record import index
from osiris.app.runs import RunPipeline, RunReport, new_run_id, run_pipeline
from osiris.model.errors import ApprovalMissing, Busy, ConfigError, UsageError
from osiris.model.plan import Plan
from osiris.runtime.stop import Stop

RUN = RunPipeline(file="pipelines/cities.yaml")
LARGE = "city\nBrno\nPraha\n"
INTO_SHOP = """\
oml_version: "0.1.0"
name: into-shop
steps:
  - {id: cities, component: filesystem.csv_extractor, mode: read, config: {path: data/cities.csv}}
  - id: write
    component: duckdb.writer
    mode: write
    config: {connection: "@duckdb", table: cities, write_mode: replace}
"""


def run(folder: Path, ask: RunPipeline = RUN, door: Door | None = None, **exported: str) -> RunReport:
    return run_pipeline(opened(folder, door, **exported), ask)


def saying(answer: bool, asked: list[Plan]) -> Door:
    def confirm(plan: Plan) -> bool:
        asked.append(plan)
        return answer

    return Door(confirm=confirm)


def taken(folder: Path) -> Path:
    """Put somebody's file where the pipeline writes."""
    (make(folder) / "output").mkdir()
    (folder / "output" / "large.csv").write_text("mine\n", "utf-8")
    return folder


def test_a_run_moves_the_rows_and_says_where_its_record_lies(tmp_path: Path) -> None:
    report = run(make(tmp_path))
    assert (tmp_path / "output" / "large.csv").read_text("utf-8") == LARGE
    assert (report.status, report.exit_code, report.total_rows, report.error) == ("completed", 0, 2, None)
    assert [(r.step_id, r.rows_in, r.rows_out) for r in report.receipts] == [
        ("cities", 0, 3), ("large", 3, 2), ("write", 2, 2)
    ]  # fmt: skip
    left = {p.name for p in (tmp_path / report.session).iterdir()}
    assert {"events.jsonl", "metrics.jsonl", "manifest.yaml", "pipeline.yaml", "aiop.json", "run-card.md"} <= left
    assert "scratch" not in left
    assert report.aiop == f"{report.session}/aiop.json"


def test_a_run_can_do_without_its_package(tmp_path: Path) -> None:
    report = run(make(tmp_path), OSIRIS_AIOP_ENABLED="false")
    assert (report.aiop, report.run_card) == ("", "")
    assert not (tmp_path / report.session / "aiop.json").exists()
    made_now = show_package(opened(tmp_path), ShowPackage())
    assert (made_now.path, json.loads(made_now.content)["run"]["run_id"]) == ("", report.run_id)
    assert not (tmp_path / report.session / "aiop.json").exists()


def test_listeners_hear_the_run_as_it_goes(tmp_path: Path) -> None:
    heard: list[dict[str, Any]] = []
    run(make(tmp_path), door=Door(listen=heard.append))
    assert (heard[0]["event"], heard[-1]["event"]) == ("run_start", "run_end")


def test_a_failed_run_leaves_a_record_and_no_target(tmp_path: Path) -> None:
    (make(tmp_path) / "data" / "cities.csv").write_text("city,people\nBrno,many\n", "utf-8")
    report = run(tmp_path)
    assert (report.status, report.exit_code) == ("failed", 1)
    assert report.error
    assert report.error["step_id"]
    assert not (tmp_path / "output" / "large.csv").exists()
    assert (tmp_path / report.aiop).is_file()


def test_a_stop_ends_the_run_and_leaves_no_target(tmp_path: Path) -> None:
    stop = Stop()
    stop.set()
    report = run(make(tmp_path), door=Door(stop=stop))
    assert (report.status, report.exit_code) == ("interrupted", 130)
    assert not (tmp_path / "output" / "large.csv").exists()


def test_what_may_be_lost_needs_a_yes(tmp_path: Path) -> None:
    with pytest.raises(ApprovalMissing) as caught:
        run(taken(tmp_path))
    assert "did not write what is in it" in caught.value.why
    token = plan_pipeline(opened(tmp_path), PlanPipeline(file=RUN.file)).token
    assert f"--approve {token}; to let it run unattended, write into osiris.yaml: approvals: " in caught.value.hint
    assert (tmp_path / "output" / "large.csv").read_text("utf-8") == "mine\n"
    assert not (tmp_path / "logs").exists() or not list_runs(opened(tmp_path), ListRuns()).runs


@pytest.mark.parametrize("answer", [True, False])
def test_the_person_at_the_door_decides(tmp_path: Path, answer: bool) -> None:
    asked: list[Plan] = []
    taken(tmp_path)
    if answer:
        run(tmp_path, door=saying(answer, asked))
    else:
        with pytest.raises(ApprovalMissing):
            run(tmp_path, door=saying(answer, asked))
    assert (tmp_path / "output" / "large.csv").read_text("utf-8") == (LARGE if answer else "mine\n")
    assert [plan.destructive for plan in asked] == [True]


def test_a_token_is_a_yes_to_exactly_one_plan(tmp_path: Path) -> None:
    taken(tmp_path)
    token = plan_pipeline(opened(tmp_path), PlanPipeline(file=RUN.file)).token
    with pytest.raises(ApprovalMissing, match="what would run is not what was approved"):
        run(tmp_path, RunPipeline(file=RUN.file, params={"least": "1"}, approve=token))
    assert run(tmp_path, RunPipeline(file=RUN.file, approve=token)).status == "completed"


def test_nobody_is_asked_where_nothing_can_be_lost(tmp_path: Path) -> None:
    asked: list[Plan] = []
    make(tmp_path)
    run(tmp_path, door=saying(False, asked))
    run(tmp_path, door=saying(False, asked))
    assert asked == []


def test_the_newest_manifest_runs_as_it_was_compiled(tmp_path: Path) -> None:
    compiled = compile_file(opened(make(tmp_path)), CompilePipeline(file=RUN.file, params={"least": "1000000"}))
    (tmp_path / "pipelines" / "cities.yaml").unlink()
    report = run(tmp_path, RunPipeline(last_compile=True))
    assert report.manifest_hash == compiled.manifest_hash
    assert (tmp_path / "output" / "large.csv").read_text("utf-8") == "city\nPraha\n"


def test_a_text_runs_too(tmp_path: Path) -> None:
    assert run(make(tmp_path), RunPipeline(text=PIPELINE)).total_rows == 2


def test_a_pipeline_runs_once_at_a_time(tmp_path: Path) -> None:
    runs = index(opened(make(tmp_path)))
    (tmp_path / "logs").mkdir(exist_ok=True)
    runs.claim("cities", "first")
    with pytest.raises(Busy, match="first"):
        run(tmp_path)
    runs.release("cities", "first")
    assert run(tmp_path).status == "completed"


def test_logs_that_cannot_be_written_are_a_clear_error(tmp_path: Path) -> None:
    (make(tmp_path) / "logs").touch()
    with pytest.raises((UsageError, ConfigError)) as caught:
        run(tmp_path)
    assert caught.value.hint
    assert not (tmp_path / "output").exists()


def test_later_runs_have_later_names() -> None:
    first, second = new_run_id("a" * 40), new_run_id("b")
    assert first[:15] <= second[:15]
    assert f"-{'a' * 32}-" in first
    assert new_run_id("a") != new_run_id("a")


def test_runs_are_listed_newest_first_and_found_by_the_start_of_their_names(tmp_path: Path) -> None:
    first = run(make(tmp_path))
    other = PIPELINE.replace("name: cities", "name: others").replace("large.csv", "others.csv")
    second = run(tmp_path, RunPipeline(text=other))
    project = opened(tmp_path)
    found = list_runs(project, ListRuns()).runs
    assert {line.run_id for line in found} == {first.run_id, second.run_id}
    assert [line.run_id for line in list_runs(project, ListRuns(pipeline="others")).runs] == [second.run_id]
    assert list_runs(project, ListRuns(status="failed")).runs == ()
    record = show_run(project, ShowEvents(run_id=first.run_id[:-1]))
    assert (record.run.status, record.run.total_rows, record.session) == ("completed", 2, first.session)
    assert record.events[-1]["event"] == "run_end"


def test_a_run_that_never_was_is_said(tmp_path: Path) -> None:
    project = opened(make(tmp_path))
    with pytest.raises(UsageError) as caught:
        show_run(project, ShowEvents())
    assert caught.value.hint
    run(tmp_path)
    with pytest.raises(UsageError, match="nope"):
        show_run(project, ShowEvents(run_id="nope"))


def test_the_package_is_the_text_of_its_file(tmp_path: Path) -> None:
    report = run(make(tmp_path))
    project = opened(tmp_path)
    for_model = show_package(project, ShowPackage())
    assert (for_model.path, for_model.run_id) == (report.aiop, report.run_id)
    assert json.loads(for_model.content)
    assert show_package(project, ShowPackage(format="md")).content == (tmp_path / report.run_card).read_text("utf-8")


def test_what_a_run_wrote_is_read_back(tmp_path: Path) -> None:
    run(make(tmp_path))
    project = opened(tmp_path)
    rows = show_rows(project, ShowRows(limit=1))
    assert (rows.columns, rows.rows, rows.cut) == (("city",), (("Brno",),), True)
    assert show_rows(project, ShowRows(step_id="write")).rows == (("Brno",), ("Praha",))
    with pytest.raises(UsageError, match="no writer 'large'"):
        show_rows(project, ShowRows(step_id="large"))


def test_what_a_run_wrote_into_a_table_is_read_back(tmp_path: Path) -> None:
    run(with_shop(tmp_path), RunPipeline(text=INTO_SHOP))
    assert len(show_rows(opened(tmp_path), ShowRows()).rows) == 3
