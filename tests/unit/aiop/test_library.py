"""The three functions for programs: signatures that stay, and packages of values that others keep."""

import inspect
import json
from collections.abc import Iterator
from contextlib import chdir
from hashlib import sha256
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.app.projects import make, opened
from tests.unit.observe.shop import OML, RUN, completed, failed, manifest, session

from osiris.aiop import build_aiop, calculate_delta, export_aiop_auto
from osiris.app.runs import RunPipeline, RunReport, run_pipeline
from osiris.model.aiop import aiop_schema
from osiris.model.errors import ConfigError
from osiris.model.events import KINDS
from osiris.model.settings import AiopSettings
from osiris.observe.aiop.package import export
from osiris.observe.metrics import metrics_of
from osiris.observe.read import read_events
from osiris.observe.redact import Redactor

SCHEMA = jsonschema.Draft202012Validator(aiop_schema())
THEIRS: dict[str, Any] = {
    "pipeline": {"id": "orders-etl", "version": "0.1.0"},
    "steps": [
        {"id": "extract", "driver": "mysql.extractor", "cfg_path": "cfg/extract.json", "needs": []},
        {"id": "write", "driver": "filesystem.csv_writer", "needs": ["extract"]},
    ],
}
SAID: list[dict[str, Any]] = [
    {"event": "run_start", "ts": "2026-01-02T03:04:05Z"},
    {"event": "step_start", "step_id": "extract", "ts": 1767323046},
    {"event": "step_complete", "step_id": "extract", "rows_processed": 84, "duration_ms": 250},
    {"event": "cache_hit", "step_id": "extract", "key": "x"},
    {"event": "artifact_created", "step_id": "write", "path": "out.csv", "size_bytes": 12},
    {"event": "warning"},
    {"event": "step_failed", "step_id": "write", "error": "no room"},
    {"event": "cleanup_complete", "total_rows": 84},
    {"event": "run_end", "status": "failed", "duration_ms": 900, "message": "no room"},
]


def checked(package: dict[str, Any]) -> dict[str, Any]:
    SCHEMA.validate(package)
    evidence = package["evidence"]
    known = {piece["id"] for pieces in evidence.values() for piece in pieces}
    narrative = package["narrative"]
    cited = {one for part in ("happened", "why", "changed") for said in narrative[part] for one in said["cites"]}
    assert cited <= known
    return package


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """Stand in a project, as a program does that uses the library."""
    with chdir(make(tmp_path)):
        yield tmp_path


def run(folder: Path, **ask: Any) -> RunReport:
    return run_pipeline(opened(folder), RunPipeline(**({"file": "pipelines/cities.yaml"} | ask)))


def test_the_signatures_stay() -> None:
    assert [
        str(inspect.signature(each)).partition(" -> ")[0].count("=") for each in (build_aiop, export_aiop_auto)
    ] == [2, 9]
    assert list(inspect.signature(build_aiop).parameters) == [
        "session_data", "manifest", "events", "metrics", "artifacts", "config", "show_progress", "config_sources",
    ]  # fmt: skip
    assert list(inspect.signature(export_aiop_auto).parameters) == [
        "session_id", "manifest_hash", "status", "end_time", "fs_contract", "pipeline_slug", "profile", "run_id",
        "manifest_short", "session_dir",
    ]  # fmt: skip
    assert list(inspect.signature(calculate_delta).parameters) == ["current_run", "manifest_hash", "current_session_id"]


def test_values_of_a_session_give_the_package_that_its_files_give(tmp_path: Path) -> None:
    kept = session(tmp_path, completed())
    export(kept, settings=AiopSettings(), redact=Redactor())
    events = list(read_events(kept.events))
    of = manifest().model_dump(mode="json")
    built = checked(build_aiop({"session_id": RUN, "oml": OML}, of, events, list(metrics_of(events)), [], {}))
    told = json.loads(kept.aiop.read_bytes())
    for layer in ("evidence", "semantic"):
        assert built[layer] == told[layer]
    assert built["narrative"]["happened"] == told["narrative"]["happened"]


def test_a_package_of_the_same_values_is_the_same_package(tmp_path: Path) -> None:
    given_values: tuple[Any, ...] = ({"session_id": "r"}, THEIRS, SAID, [], [], {})
    assert build_aiop(*given_values) == build_aiop(*given_values)


def test_records_of_another_program_are_taken_as_far_as_they_go() -> None:
    package = checked(build_aiop({"session_id": "r"}, THEIRS, SAID, [], [], {}))
    run_told = package["run"]
    assert (run_told["pipeline"], run_told["status"], run_told["total_rows"]) == ("orders-etl", "failed", 84)
    assert run_told["seconds"] == 0.9
    assert [(n["id"], n["mode"], n["status"]) for n in package["semantic"]["nodes"] if n["kind"] == "step"] == [
        ("extract", "read", "completed"),
        ("write", "write", "failed"),
    ]
    assert [(e["subject"], e["relation"], e["object"]) for e in package["semantic"]["edges"]][1:] == [
        ("write", "consumes", "extract")
    ]
    (receipt,) = package["evidence"]["receipts"]
    assert (receipt["receipt"]["rows_out"], receipt["receipt"]["seconds"]) == (84, 0.25)
    (error,) = package["evidence"]["errors"]
    assert (error["step_id"], error["message"]) == ("write", "no room")
    kinds = [moment["event"] for moment in package["evidence"]["timeline"]]
    assert "cache_hit" in kinds
    assert "warning_said" in kinds
    assert package["evidence"]["artifacts"][0]["path"] == "out.csv"


def test_a_session_without_a_start_or_an_end_says_so_itself(tmp_path: Path) -> None:
    told = {
        "run_id": "r",
        "status": "completed",
        "started_at": "2026-01-02T03:04:05Z",
        "ended_at": "2026-01-02T03:04:09Z",
        "duration_ms": 4000,
        "total_rows": 7,
    }
    (tmp_path / "made.csv").write_bytes(b"id\n1\n")
    files: list[Any] = [tmp_path / "made.csv", "gone.csv", {"path": "x", "sha256": "ab", "bytes": 3, "rows": 1}]
    numbers = [{"metric": "cpu", "value": 3, "unit": "s"}, {"metric": "total_rows", "value": 7, "unit": "rows"}]
    package = checked(build_aiop(told, {"name": "top"}, [], numbers, files, {}))
    assert package["run"]["status"] == "completed"
    assert (package["run"]["ended_at"], package["run"]["seconds"]) == ("2026-01-02T03:04:09.000Z", 4.0)
    made = {artifact["path"]: artifact for artifact in package["evidence"]["artifacts"]}
    assert made[(tmp_path / "made.csv").as_posix()]["sha256"] == sha256(b"id\n1\n").hexdigest()
    assert set(made) == {(tmp_path / "made.csv").as_posix(), "gone.csv", "x"}
    (number,) = [moment for moment in package["evidence"]["timeline"] if moment["event"] == "metric"]
    assert number["detail"]["value"] == 3


def test_settings_are_taken_with_their_origin() -> None:
    config = {"aiop": {"timeline_density": "low"}, "aiop.max_core_bytes": 20_000, "else": 1}
    sources = {"max_core_bytes": "CLI", "aiop.timeline_density": "ENV"}
    package = build_aiop({}, THEIRS, SAID, [], [], config, config_sources=sources)
    effective = package["metadata"]["config_effective"]
    assert effective["aiop.max_core_bytes"] == {"value": 20_000, "origin": "command line"}
    assert effective["aiop.timeline_density"] == {"value": "low", "origin": "environment"}
    assert effective["aiop.policy"]["origin"] == "default"
    assert "step_start" not in {moment["event"] for moment in package["evidence"]["timeline"]}
    with pytest.raises(ConfigError, match=r"aiop\.max_core_bytes"):
        build_aiop({}, {}, [], [], [], {"aiop.max_core_bytes": 1})


@pytest.mark.parametrize(
    ("ending", "status"),
    [
        ({"status": "SUCCESS"}, "completed"),
        ({"status": "cancelled"}, "interrupted"),
        ({"status": "error", "message": "x"}, "failed"),
        ({"exit_code": 3}, "failed"),
        ({}, "completed"),
        ({"status": "who knows"}, "unfinished"),
    ],
)
def test_an_end_in_other_words_is_understood_and_one_that_nobody_knows_is_none(
    ending: dict[str, Any], status: str
) -> None:
    assert build_aiop({}, THEIRS, [{"event": "run_end", **ending}], [], [], {})["run"]["status"] == status


def test_no_file_is_left_behind(tmp_path: Path) -> None:
    before = set(tmp_path.iterdir())
    with chdir(tmp_path):
        build_aiop({}, THEIRS, SAID, [], [], {})
    assert set(tmp_path.iterdir()) == before


_LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
_JSON = st.recursive(_LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3))
_FIELDS = ("ts", "rows", "error", "status", "path", "seconds", "receipt", "message", "total_rows")
_EVENT = st.fixed_dictionaries(
    {"event": st.sampled_from([*KINDS, "else"])},
    optional={
        "step_id": st.sampled_from(["extract", "write", "?"]),
        **dict.fromkeys(_FIELDS, _JSON),
    },
)


@given(st.lists(_EVENT, max_size=8))
@settings(max_examples=40, deadline=None)
def test_whatever_records_say_the_package_fits_its_schema(events: list[dict[str, Any]]) -> None:
    checked(build_aiop({"session_id": "r"}, THEIRS, events, [], [], {}))


def test_a_session_is_written_again_by_its_name(project: Path) -> None:
    report = run(project)
    before = (project / report.aiop).read_bytes()
    (project / report.aiop).unlink()
    assert export_aiop_auto(report.run_id, manifest_hash=report.manifest_hash) == (True, None)
    assert (project / report.aiop).read_bytes() == before
    (project / report.aiop).unlink()
    assert export_aiop_auto("?", session_dir=report.session, manifest_short=report.manifest_hash[:8]) == (True, None)
    assert (project / report.aiop).read_bytes() == before
    layout = opened(project).layout
    assert export_aiop_auto("?", run_id=report.run_id, fs_contract=layout, status="failed") == (True, None)
    assert (project / report.aiop).read_bytes() == before


def test_what_keeps_a_session_from_being_written_is_said_and_not_raised(project: Path) -> None:
    done, why = export_aiop_auto("nobody")
    assert not done
    assert why
    assert "frozen.json" in why
    report = run(project)
    done, why = export_aiop_auto(report.run_id, manifest_hash="0" * 64)
    assert (done, str(why).startswith("the session ran manifest")) == (False, True)


def test_a_run_is_held_against_the_one_before_of_the_same_pipeline(project: Path) -> None:
    assert calculate_delta({"total_rows": 1}, "no such manifest")["first_run"] is True
    first = run(project)
    assert calculate_delta({}, first.manifest_hash, first.run_id)["first_run"] is True
    second = run(project, params={"least": "0"})
    delta = calculate_delta({"total_rows": 3, "duration_ms": 500, "errors": []}, second.manifest_hash, second.run_id)
    assert (delta["previous_run"], delta["pipeline_changed"]) == (first.run_id, False)
    assert delta["changed"] == ["params"]
    assert delta["rows"] == {"before": 2, "now": 3, "percent": 50.0}
    assert delta["seconds"]["now"] == 0.5
    assert delta["errors"] == {"before": 0, "now": 0, "percent": None}
    latest = calculate_delta({"total_rows": 3, "seconds": 1, "error_code": "OSR-OUT-010"}, second.manifest_hash)
    assert (latest["previous_run"], latest["changed"]) == (second.run_id, [])
    assert latest["errors"]["now"] == 1


def test_a_failed_session_is_told_as_one(tmp_path: Path) -> None:
    kept = session(tmp_path, failed())
    assert export_aiop_auto("x", session_dir=kept.folder) == (True, None)
    assert json.loads(kept.aiop.read_bytes())["run"]["status"] == "failed"
