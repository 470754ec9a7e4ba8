"""What was wanted is asked of several witnesses, and what they say is kept when the run begins."""

import subprocess
from pathlib import Path

import pytest
from tests.unit.app.projects import PIPELINE, make, opened

from osiris.app.logs import ShowPackage, show_package
from osiris.app.record import packed
from osiris.app.runs import RunPipeline, RunReport, run_pipeline
from osiris.model.aiop import Intent

RUN = RunPipeline(file="pipelines/cities.yaml")
MANIFEST = Intent(text="Which cities are large?", source="manifest.metadata.intent", trust="high")


def told(folder: Path, ask: RunPipeline = RUN, **exported: str) -> list[Intent]:
    """Run, and return what the package says was wanted."""
    report: RunReport = run_pipeline(opened(folder, None, **exported), ask)
    project = opened(folder)
    return list(packed(project, project.layout.session(report.run_id)).package.narrative.intent)


def git(folder: Path, *words: str) -> None:
    author = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
    subprocess.run(["git", *author, *words], cwd=folder, check=True, capture_output=True)


def readme(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, "utf-8")


def test_the_manifest_is_the_first_witness(tmp_path: Path) -> None:
    assert told(make(tmp_path)) == [MANIFEST]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("# Shop\n\n## cities\n\nIntent: find large cities\n\n## other\nIntent: no\n", "find large cities"),
        ("# `Cities`\n\nFor the board,\nevery Monday.\n\nMore.\n", "For the board, every Monday."),
        ("## Cities ##\n* **Purpose:** see where to build\n", "see where to build"),
    ],
)
def test_a_readme_is_asked_about_the_pipeline_by_its_name(tmp_path: Path, text: str, said: str) -> None:
    readme(make(tmp_path), "README.md", text)
    assert told(tmp_path) == [MANIFEST, Intent(text=said, source="README.md", trust="medium")]


@pytest.mark.parametrize("text", ["# Shop\n\nIntent: sell\n", "# cities\n\n# more\nIntent: no\n", "", "\xff\x00"])
def test_a_readme_that_says_nothing_about_the_pipeline_is_no_witness(tmp_path: Path, text: str) -> None:
    readme(make(tmp_path), "README.md", text)
    assert told(tmp_path) == [MANIFEST]


def test_the_nearest_readme_counts(tmp_path: Path) -> None:
    readme(make(tmp_path), "README.md", "# cities\n\nfar\n")
    readme(tmp_path, "pipelines/README.md", "# cities\n\nnear\n")
    assert told(tmp_path)[1] == Intent(text="near", source="pipelines/README.md", trust="medium")
    assert told(tmp_path, RunPipeline(text=PIPELINE))[1].text == "near"


def test_the_last_commit_of_the_pipelines_file_is_a_witness(tmp_path: Path) -> None:
    git(make(tmp_path), "init", "--quiet")
    git(tmp_path, "add", "pipelines")
    git(tmp_path, "commit", "--quiet", "-m", "Leave out small cities", "-m", "The board asked for it.")
    (tmp_path / "other.txt").touch()
    git(tmp_path, "add", "other.txt")
    git(tmp_path, "commit", "--quiet", "-m", "Something else")
    found = told(tmp_path)[1]
    assert (found.text, found.trust) == ("Leave out small cities\n\nThe board asked for it.", "medium")
    assert found.source.startswith("commit ")


def test_a_repository_cannot_have_its_own_programs_started(tmp_path: Path) -> None:
    git(make(tmp_path), "init", "--quiet")
    git(tmp_path, "add", "pipelines")
    git(tmp_path, "commit", "--quiet", "-m", "First")
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n", "utf-8")
    trap.chmod(0o755)
    for name in ("core.fsmonitor", "gpg.program", "core.pager"):
        git(tmp_path, "config", name, str(trap))
    git(tmp_path, "config", "log.showSignature", "true")
    assert told(tmp_path)[1].text == "First"
    assert not (tmp_path / "sprung").exists()


def test_a_conversation_counts_only_where_a_person_wants_it(tmp_path: Path) -> None:
    said = RunPipeline(file=RUN.file, said="show me\nthe large ones")
    assert told(make(tmp_path), said) == [MANIFEST]
    found = told(tmp_path, said, OSIRIS_AIOP_CHAT_INTENT="true")
    assert found[1] == Intent(text="show me\nthe large ones", source="conversation", trust="low")


def test_what_was_wanted_stays_what_it_was(tmp_path: Path) -> None:
    readme(make(tmp_path), "README.md", "# cities\n\nbefore\n")
    told(tmp_path)
    readme(tmp_path, "README.md", "# cities\n\nafter\n")
    (tmp_path / next((tmp_path / "logs").glob("*/aiop.json"))).unlink()
    assert "before" in show_package(opened(tmp_path), ShowPackage()).content
