"""What runs left behind: found, followed, shown as a package and as a page, and removed in time."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.unit.app.projects import PIPELINE, make, opened, with_shop

from osiris.app.keeping import CollectRuns, PrunePackages, collect_runs, prune_packages
from osiris.app.logs import (
    ListRuns,
    Package,
    ShowEvents,
    ShowPackage,
    ShowSchema,
    follow_package,
    follow_run,
    list_runs,
    show_package,
    show_run,
    show_schema,
)
from osiris.app.moments import moment
from osiris.app.packages import ListPackages, list_packages
from osiris.app.project import Project
from osiris.app.record import index
from osiris.app.reports import ReportRun, ReportRuns, report_run, report_runs
from osiris.app.runs import RunPipeline, RunReport, run_pipeline
from osiris.model.errors import ConfigError, UsageError
from osiris.model.events import CleanupComplete, Event, RunEnd, RunStart, StepStart, Warned
from osiris.model.job import RunResult
from osiris.observe.aiop.package import freeze
from osiris.observe.journal import Journal
from osiris.observe.redact import Redactor

RUN = RunPipeline(file="pipelines/cities.yaml")
OTHER = RunPipeline(text=PIPELINE.replace("name: cities", "name: others").replace("large.csv", "others.csv"))
KILLED = """
import os, signal, sys
from pathlib import Path
from osiris.app.project import Door, Project
from osiris.app.runs import RunPipeline, run_pipeline

def listen(record):
    if record["event"] == "step_start":
        os.kill(os.getpid(), signal.SIGKILL)

project = Project.open(Path(sys.argv[1]), door=Door(listen=listen), exported={})
run_pipeline(project, RunPipeline(file="pipelines/cities.yaml"))
"""
MISSING = """\
oml_version: "0.1.0"
name: missing
steps:
  - id: read
    component: mysql.extractor
    mode: read
    config: {connection: "@mysql.crm", query: SELECT 1 AS n}
  - {id: write, component: filesystem.csv_writer, mode: write, config: {path: output/n.csv}}
"""


def run(folder: Path, ask: RunPipeline = RUN, **exported: str) -> RunReport:
    return run_pipeline(opened(folder, None, **exported), ask)


def killed(folder: Path) -> None:
    """Have a run of the pipeline killed at its first step."""
    subprocess.run([sys.executable, "-c", KILLED, folder], check=False)


class Going:
    """A run that goes on for as long as a test says."""

    def __init__(self, project: Project, name: str = "going") -> None:
        self.project, self.name = project, name
        self.session = project.layout.session(name)
        self.index = index(project)
        self.index.claim("going", name)
        self.session.folder.mkdir(parents=True)
        self.session.manifest.write_bytes(next(project.layout.logs.glob("*/manifest.yaml")).read_bytes())
        config = project.configured.effective()
        freeze(self.session, run_id=name, config_effective=config, previous=None, redact=Redactor())
        self.index.started(name, "going", "hash")
        self.say = Journal(self.session.events, name)
        self.later: list[list[Event]] = []

    def wait(self, _seconds: float) -> None:
        """Let the run come on, or end where it has nothing more to say."""
        if self.later:
            for event in self.later.pop(0):
                self.say(event)
            return
        self.say(RunEnd(status="completed", exit_code=0, seconds=1.0))
        self.index.ended(self.name, RunResult("completed", (), 0, 1.0, None))
        self.index.release("going", self.name)


def begun() -> Event:
    return RunStart(run_id="going", pipeline="p", manifest_hash="h", steps_total=1, osiris_version="0")


def test_runs_are_found_by_when_they_began(tmp_path: Path) -> None:
    report = run(make(tmp_path))
    project = opened(tmp_path)
    for since, count in (("1h", 1), ("2020-01-01", 1), ("2999-01-01", 0), ("", 1)):
        assert len(list_runs(project, ListRuns(since=since)).runs) == count
    began = datetime.fromisoformat(list_runs(project, ListRuns()).runs[0].started_at)
    assert list_runs(project, ListRuns(since=began.isoformat())).runs[0].run_id == report.run_id
    after = (began + timedelta(milliseconds=1)).isoformat()
    assert list_runs(project, ListRuns(since=after)).runs == ()


@pytest.mark.parametrize("text", ["yesterday", "7", "d7", "2026-13-01", "9999999d", "999999w"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no moment") as caught:
        moment(text, datetime(2026, 1, 1, tzinfo=UTC))
    assert "36h" in caught.value.hint


def test_a_moment_without_a_zone_is_in_utc() -> None:
    assert moment("2026-01-02", datetime.now(UTC)) == datetime(2026, 1, 2, tzinfo=UTC)
    assert moment("2026-01-02T03:00+02:00", datetime.now(UTC)) == datetime(2026, 1, 2, 1, tzinfo=UTC)


def test_events_are_found_by_kind_step_and_time(tmp_path: Path) -> None:
    run(make(tmp_path))
    project = opened(tmp_path)

    def said(**ask: Any) -> list[tuple[str, str]]:
        return [(e["event"], e.get("step_id", "")) for e in show_run(project, ShowEvents(**ask)).events]

    assert said(kinds=("run_start", "run_end")) == [("run_start", ""), ("run_end", "")]
    assert {step for _, step in said(step_id="large")} == {"large"}
    assert said(kinds=("step_complete",), step_id="write") == [("step_complete", "write")]
    assert said(since="2999-01-01") == []
    assert len(said(since="1h")) == len(said())


def test_an_event_that_nobody_says_is_refused_with_its_nearest_kin(tmp_path: Path) -> None:
    run(make(tmp_path))
    with pytest.raises(UsageError, match="'step_completed'") as caught:
        show_run(opened(tmp_path), ShowEvents(kinds=("step_completed",)))
    assert "step_complete" in caught.value.hint


def test_a_run_is_followed_until_it_is_over(tmp_path: Path) -> None:
    run(make(tmp_path))
    going = Going(opened(tmp_path))
    going.say(begun())
    going.later = [[Warned(message="slow")], [], [StepStart(step_id="a", component="x.y", mode="read")]]
    heard = [record["event"] for record in follow_run(going.project, ShowEvents(run_id="going"), going.wait)]
    assert heard == ["run_start", "warning", "step_start", "run_end"]
    again = follow_run(going.project, ShowEvents(run_id="going", kinds=("warning",)), going.wait)
    assert [record["message"] for record in again] == ["slow"]


def test_the_package_of_a_run_that_goes_on_comes_again_whenever_there_is_more(tmp_path: Path) -> None:
    run(make(tmp_path))
    going = Going(opened(tmp_path))
    going.say(begun())
    going.later = [[Warned(message="slow")], [], [CleanupComplete(total_rows=0)]]
    packages = list(follow_package(going.project, ShowPackage(run_id="going"), going.wait))
    told = [json.loads(package.content) for package in packages]
    assert [len(one["evidence"]["timeline"]) for one in told] == [1, 2, 3, 4]
    assert [one["run"]["status"] for one in told] == ["unfinished", "unfinished", "unfinished", "completed"]
    assert [package.status for package in packages] == ["running", "running", "running", "completed"]


def shown(project: Project, **ask: Any) -> Package:
    return show_package(project, ShowPackage(**ask))


def test_settings_of_the_moment_make_another_package_and_say_where_they_come_from(tmp_path: Path) -> None:
    report = run(make(tmp_path))
    kept = (tmp_path / report.aiop).read_bytes()
    (tmp_path / "osiris.yaml").write_text("aiop: {metrics_topk: 5}\n", "utf-8")
    assert shown(opened(tmp_path)).content.encode() == kept
    project = Project.open(
        tmp_path, overrides={"aiop.max_core_bytes": "20000"}, exported={"OSIRIS_AIOP_TIMELINE_DENSITY": "low"}
    )
    made_now = shown(project)
    told = json.loads(made_now.content)
    assert made_now.path == ""
    config = told["metadata"]["config_effective"]
    assert config["aiop.max_core_bytes"] == {"value": 20000, "origin": "command line"}
    assert config["aiop.timeline_density"] == {"value": "low", "origin": "environment"}
    assert config["aiop.metrics_topk"] == {"value": 1000, "origin": "default"}
    assert "step_start" not in {moment["event"] for moment in told["evidence"]["timeline"]}
    assert (tmp_path / report.aiop).read_bytes() == kept


def test_an_annex_can_be_asked_for_later(tmp_path: Path) -> None:
    report = run(make(tmp_path))
    project = Project.open(tmp_path, overrides={"aiop.policy": "annex", "aiop.compress": "zstd"}, exported={})
    told = json.loads(shown(project).content)
    paths = [tmp_path / report.session / file["path"] for file in told["metadata"]["annex"]]
    assert len(paths) == 7
    assert all(path.is_file() for path in paths)


def test_a_run_writes_the_annex_that_its_settings_want(tmp_path: Path) -> None:
    report = run(make(tmp_path), OSIRIS_AIOP_POLICY="annex", OSIRIS_AIOP_COMPRESS="gzip")
    assert (tmp_path / report.session / "aiop-annex" / "timeline.ndjson.gz").is_file()


def test_a_setting_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"aiop\.compress"):
        run(make(tmp_path), OSIRIS_AIOP_COMPRESS="rar")


def test_a_model_with_little_room_gets_a_view(tmp_path: Path) -> None:
    run(make(tmp_path))
    told = shown(opened(tmp_path), for_llm=500).content
    assert told.startswith("# run ")
    assert len(shown(opened(tmp_path), for_llm=1).content) < len(told)


@pytest.mark.parametrize("of", ["aiop", "events", "metrics"])
def test_every_schema_is_shown(tmp_path: Path, of: Any) -> None:
    document = show_schema(opened(make(tmp_path)), ShowSchema(of=of)).document
    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_packages_are_listed_with_their_size(tmp_path: Path) -> None:
    run(make(tmp_path), OSIRIS_AIOP_ENABLED="false")
    report = run(tmp_path, OSIRIS_AIOP_POLICY="annex")
    newest, without = list_packages(opened(tmp_path), ListPackages()).packages
    assert (newest.run_id, newest.path, newest.truncated) == (report.run_id, report.aiop, False)
    assert newest.bytes == (tmp_path / report.aiop).stat().st_size
    assert newest.annex_bytes > 0
    assert (without.bytes, without.path) == (0, "")


def test_a_killed_run_gets_its_record_from_the_next_command(tmp_path: Path) -> None:
    killed(make(tmp_path))
    project = opened(tmp_path)
    (line,) = list_runs(project, ListRuns()).runs
    assert line.status == "killed"
    session = project.layout.session(line.run_id)
    assert session.metrics.is_file()
    told = json.loads(session.aiop.read_bytes())
    assert told["run"]["status"] == "killed"
    assert "was killed" in session.run_card.read_text("utf-8")
    events = show_run(project, ShowEvents()).events
    assert events[-1]["event"] == "run_killed"
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    before = session.events.read_bytes()
    list_runs(opened(tmp_path), ListRuns())
    assert session.events.read_bytes() == before


def test_the_next_run_closes_the_record_of_a_killed_one(tmp_path: Path) -> None:
    killed(make(tmp_path))
    report = run(tmp_path)
    assert report.status == "completed"
    first = min(path for path in (tmp_path / "logs").iterdir() if path.is_dir() and path.name[0].isdigit())
    assert (first / "aiop.json").is_file()


def test_a_line_that_a_killed_run_left_half_written_is_told_from_the_end(tmp_path: Path) -> None:
    run(make(tmp_path))
    going = Going(opened(tmp_path))
    going.say(begun())
    with going.session.events.open("ab") as journal:
        journal.write(b'{"event":"step_st')
    going.index._pulses["going"].stop()
    assert list_runs(going.project, ListRuns(pipeline="going")).runs[0].status == "killed"
    assert [record["event"] for record in show_run(going.project, ShowEvents(run_id="going")).events] == [
        "run_start",
        "run_killed",
    ]


def test_a_run_that_was_killed_after_its_end_ended_as_its_journal_says(tmp_path: Path) -> None:
    run(make(tmp_path))
    going = Going(opened(tmp_path))
    for event in (begun(), CleanupComplete(total_rows=7), RunEnd(status="completed", exit_code=0, seconds=2.5)):
        going.say(event)
    going.index._pulses["going"].stop()
    (line,) = list_runs(going.project, ListRuns(pipeline="going")).runs
    assert (line.status, line.total_rows, line.seconds) == ("completed", 7, 2.5)
    assert json.loads(going.session.aiop.read_bytes())["run"]["status"] == "completed"


def test_a_record_that_cannot_be_closed_keeps_nobody_from_the_list(tmp_path: Path) -> None:
    run(make(tmp_path))
    going = Going(opened(tmp_path))
    going.session.frozen.unlink()
    going.index._pulses["going"].stop()
    assert list_runs(going.project, ListRuns(pipeline="going")).runs[0].status == "killed"
    assert not going.session.aiop.exists()


def test_a_secret_that_is_missing_when_the_run_begins_is_on_record(tmp_path: Path) -> None:
    make(tmp_path)
    (tmp_path / "osiris_connections.yaml").write_text(
        "mysql:\n  crm: {host: 127.0.0.1, port: 1, user: u, password: '${NOBODY_SET_THIS}', database: d}\n", "utf-8"
    )
    report = run(tmp_path, RunPipeline(text=MISSING))
    assert (report.status, report.exit_code) == ("failed", 2)
    assert report.error
    assert report.error["code"] == "OSR-OPR-020"
    project = opened(tmp_path)
    kinds = [event["event"] for event in show_run(project, ShowEvents()).events]
    assert (kinds[0], kinds[-1]) == ("run_start", "run_end")
    assert json.loads(shown(project).content)["run"]["error_code"] == "OSR-OPR-020"
    assert list_runs(project, ListRuns()).runs[0].error_code == "OSR-OPR-020"


def several(folder: Path) -> list[str]:
    """Run one pipeline four times and another once; return the names, newest first."""
    make(folder)
    reports = [run(folder), run(folder), run(folder), run(folder, OTHER), run(folder)]
    return [report.run_id for report in reversed(reports)]


def folders(folder: Path) -> set[str]:
    return {path.name for path in (folder / "logs").iterdir() if path.is_dir() and path.name[0].isdigit()}


def test_old_records_go_and_the_newest_of_each_pipeline_stays(tmp_path: Path) -> None:
    newest, other, *older = several(tmp_path)
    project = opened(tmp_path)
    looked = collect_runs(project, CollectRuns(keep_runs=1, dry_run=True))
    assert [gone.run_id for gone in looked.gone] == older
    assert looked.gone_bytes == sum(gone.bytes for gone in looked.gone) > 0
    assert folders(tmp_path) == {newest, other, *older}
    done = collect_runs(project, CollectRuns(keep_runs=1))
    assert (done.gone, done.kept) == (looked.gone, 2)
    assert folders(tmp_path) == {newest, other}
    assert [line.run_id for line in list_runs(project, ListRuns()).runs] == [newest, other]
    assert "not among the newest 1" in done.gone[0].why


def test_records_go_by_age_and_by_size(tmp_path: Path) -> None:
    newest, other, *older = several(tmp_path)
    project = opened(tmp_path)
    assert collect_runs(project, CollectRuns(keep_days=1, dry_run=True)).gone == ()
    whole = collect_runs(project, CollectRuns(keep_bytes=10**9, dry_run=True))
    assert (whole.gone, whole.kept) == ((), 5)
    part = collect_runs(project, CollectRuns(keep_bytes=whole.kept_bytes - 1, dry_run=True))
    assert [gone.run_id for gone in part.gone] == older[-1:]
    nothing = collect_runs(project, CollectRuns(keep_bytes=1))
    assert {gone.run_id for gone in nothing.gone} == set(older)
    assert folders(tmp_path) == {newest, other}


def test_what_settings_say_about_keeping_counts_where_nothing_else_is_said(tmp_path: Path) -> None:
    several(tmp_path)
    project = opened(tmp_path, OSIRIS_LOGS_KEEP_RUNS="2")
    assert len(collect_runs(project, CollectRuns(dry_run=True)).gone) == 2
    assert len(collect_runs(project, CollectRuns(keep_runs=3, dry_run=True)).gone) == 1
    with pytest.raises(UsageError, match="too old") as caught:
        collect_runs(opened(tmp_path), CollectRuns())
    assert "--keep-days" in caught.value.hint


def test_a_run_that_goes_on_is_never_removed(tmp_path: Path) -> None:
    run(make(tmp_path))
    going = Going(opened(tmp_path), "20990101-going")
    collect_runs(going.project, CollectRuns(keep_runs=1, keep_bytes=1))
    assert going.session.folder.is_dir()


def test_what_a_pipeline_wrote_is_known_after_its_records_are_gone(tmp_path: Path) -> None:
    several(tmp_path)
    project = opened(tmp_path)
    collect_runs(project, CollectRuns(keep_runs=1))
    assert index(project).files("cities").keys() == {"output/large.csv"}


def test_a_record_that_is_a_link_is_removed_and_what_it_leads_to_is_not(tmp_path: Path) -> None:
    _, _, older, *_ = several(tmp_path / "project")
    logs, elsewhere = tmp_path / "project" / "logs", tmp_path / "elsewhere"
    (logs / older).rename(elsewhere)
    (logs / older).symlink_to(elsewhere)
    collect_runs(opened(tmp_path / "project"), CollectRuns(keep_runs=1))
    assert not (logs / older).exists()
    assert (elsewhere / "events.jsonl").is_file()


def test_packages_go_and_can_be_made_again(tmp_path: Path) -> None:
    newest, other, *older = several(tmp_path)
    project = opened(tmp_path)
    before = (tmp_path / "logs" / older[0] / "aiop.json").read_text("utf-8")
    done = prune_packages(project, PrunePackages(keep_runs=1))
    assert [gone.run_id for gone in done.gone] == older
    assert folders(tmp_path) == {newest, other, *older}
    assert not (tmp_path / "logs" / older[0] / "aiop.json").exists()
    assert shown(project, run_id=older[0]).content == before
    assert prune_packages(project, PrunePackages(keep_runs=1)).gone == ()


def test_a_run_and_the_list_of_runs_become_pages(tmp_path: Path) -> None:
    run(make(tmp_path))
    report = run(tmp_path, OTHER)
    project = opened(tmp_path)
    page = report_run(project, ReportRun())
    assert (page.path, page.runs) == (f"{report.session}/report.html", 1)
    assert "SELECT" in (tmp_path / page.path).read_text("utf-8")
    elsewhere = report_run(project, ReportRun(output="mine/run.html"))
    assert (tmp_path / "mine" / "run.html").is_file()
    assert elsewhere.path == "mine/run.html"
    (tmp_path / report.session / "frozen.json").unlink()
    (tmp_path / report.session / "report.html").unlink()
    many = report_runs(project, ReportRuns())
    assert (many.path, many.runs) == ("logs/index.html", 2)
    listed = (tmp_path / many.path).read_text("utf-8")
    assert listed.count("/report.html") == 1
    assert report.run_id in listed


def test_the_page_of_a_run_over_tables_shows_where_columns_come_from(tmp_path: Path) -> None:
    text = """\
oml_version: "0.1.0"
name: names
steps:
  - {id: read, component: duckdb.extractor, mode: read, config: {connection: "@duckdb", table: customers}}
  - {id: write, component: filesystem.csv_writer, mode: write, config: {path: output/names.csv}}
"""
    run(with_shop(tmp_path), RunPipeline(text=text))
    page = report_run(opened(tmp_path), ReportRun())
    assert "@duckdb.shop.customers.name" in Path(page.file).read_text("utf-8")
