"""The commands about runs, as a person and as a program use them."""

import json
import subprocess
import time
from pathlib import Path

import pytest
from tests.e2e.keyboard import OSIRIS, typed, variables_of
from tests.unit.app.projects import make, with_shop

SLOW = """\
oml_version: "0.1.0"
name: slow
steps:
  - id: read
    component: duckdb.extractor
    mode: read
    config: {connection: "@duckdb", query: "SELECT range AS n FROM range(10000000)"}
  - {id: write, component: filesystem.csv_writer, mode: write, config: {path: output/slow.csv}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    make(tmp_path)
    for least in ("200000", "0"):
        assert typed(tmp_path, "run", "pipelines/cities.yaml", "--param", f"least={least}", "-q").code == 0
    return tmp_path


@pytest.mark.parametrize("noun", ["logs", "runs"])
def test_runs_are_listed_shown_and_filtered(project: Path, noun: str) -> None:
    assert "cities" in typed(project, noun, "list").out
    assert len(typed(project, noun, "list", "--since", "1h", "--json").document["runs"]) == 2
    assert typed(project, noun, "list", "--since", "2999-01-01").err == "no such run\n"
    assert typed(project, noun, "list", "--since", "whenever").code == 2
    events = typed(project, noun, "show", "--event", "run_end", "--json").document["events"]
    assert [event["event"] for event in events] == ["run_end"]
    assert "run_start" not in typed(project, noun, "show", "--step", "large").out


def test_a_run_that_is_over_is_followed_to_its_end(project: Path) -> None:
    lines = typed(project, "logs", "show", "--follow").out.splitlines()
    assert "run_start" in lines[0]
    assert "run_end" in lines[-1]
    told = [json.loads(line) for line in typed(project, "logs", "show", "--follow", "--json").out.splitlines()]
    assert [one["seq"] for one in told] == list(range(1, len(told) + 1))


@pytest.mark.slow
def test_a_run_that_goes_on_is_followed_by_another_process(tmp_path: Path) -> None:
    (with_shop(tmp_path) / "pipelines" / "slow.yaml").write_text(SLOW, "utf-8")
    environment = variables_of(tmp_path)
    with subprocess.Popen([OSIRIS, "run", "pipelines/slow.yaml", "-q"], cwd=tmp_path, env=environment) as running:
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob("logs/*/events.jsonl")) and time.monotonic() < deadline:
            assert running.poll() is None or running.returncode == 0
        followed = typed(tmp_path, "logs", "aiop", "--follow", "--format", "md")
        assert running.wait() == 0
    cards = [line for line in followed.out.splitlines() if line.startswith("# ")]
    assert cards[-1] == "# slow completed"
    assert "# slow did not finish" in cards


def test_the_package_comes_in_many_forms(project: Path) -> None:
    whole = typed(project, "logs", "aiop")
    assert whole.document["run"]["status"] == "completed"
    assert typed(project, "logs", "aiop", "--last", "--format", "md").out.startswith("# cities completed")
    assert typed(project, "logs", "aiop", "--for-llm", "600").out.startswith("# run ")
    assert typed(project, "logs", "aiop", "--for-llm", "600", "--json").document["content"].startswith("# run ")
    small = typed(
        project, "logs", "aiop", "--max-core-bytes", "20000", "--metrics-topk", "3", "--timeline-density", "low"
    )
    assert len(small.document["evidence"]["metrics"]) == 3
    written = typed(project, "logs", "aiop", "--policy", "annex", "--compress", "gzip", "--output", "record.json")
    assert written.code == 0
    assert json.loads((project / "record.json").read_bytes())["metadata"]["annex"]
    assert typed(project, "logs", "aiop", "--max-core-bytes", "1").code == 2
    assert typed(project, "logs", "aiop", "--session", "x", "--last").code == 2
    assert typed(project, "logs", "aiop", "--follow", "--output", "x").code == 2


def test_packages_are_listed_shown_and_pruned(project: Path) -> None:
    assert len(typed(project, "logs", "aiop", "list", "--json").document["packages"]) == 2
    assert "completed" in typed(project, "logs", "aiop", "list").out
    shown = typed(project, "logs", "aiop", "show")
    assert shown.out == typed(project, "logs", "aiop").out
    assert typed(project, "logs", "aiop", "openlineage").document["eventType"] == "COMPLETE"
    looked = typed(project, "logs", "aiop", "prune", "--keep-runs", "1", "--dry-run")
    assert "1 run would go" in looked.out
    assert typed(project, "logs", "aiop", "prune", "--keep-runs", "1", "--json").document["kept"] == 1
    assert "not made" in typed(project, "logs", "aiop", "list").out


def test_schemas_are_printed_as_documents(project: Path) -> None:
    for words in (("aiop", "schema"), ("schema", "aiop"), ("schema", "events"), ("schema", "metrics")):
        assert "$schema" in typed(project, "logs", *words).document
    assert typed(project, "logs", "schema", "nothing").code == 2


def test_old_records_are_removed(project: Path) -> None:
    assert "too old" in typed(project, "logs", "gc").err
    assert "1 run would go" in typed(project, "logs", "gc", "--keep-runs", "1", "--dry-run").out
    assert "1 run gone" in typed(project, "logs", "gc", "--keep-runs", "1").out
    assert typed(project, "logs", "gc", "--keep-runs", "1").out.startswith("0 runs gone")


def test_pages_are_written(project: Path) -> None:
    page = typed(project, "logs", "html", "--json").document
    assert page["runs"] == 1
    assert (project / page["path"]).is_file()
    assert "logs/index.html" in typed(project, "logs", "html", "--all").out
    for wrong in (("--all", "--output", "x.html"), ("--status", "failed")):
        assert typed(project, "logs", "html", *wrong).code == 2


def test_a_bundle_is_built_alone_and_after_a_run(project: Path) -> None:
    assert "build/mempack.md" in typed(project, "mempack").out
    (project / "m.yaml").write_text("output: build/m.md\nmax_bytes: 1000\n", "utf-8")
    assert "left out" in typed(project, "mempack", "m.yaml").out
    done = typed(project, "run", "pipelines/cities.yaml", "--mempack", "m.yaml")
    assert (done.code, "build/m.md" in done.out) == (0, True)
    (project / "m.yaml").write_text("output: data/cities.csv/m.md\n", "utf-8")
    done = typed(project, "run", "pipelines/cities.yaml", "--mempack", "m.yaml")
    assert done.code == 1
    assert "completed" in done.out
    assert "cannot write" in done.err
