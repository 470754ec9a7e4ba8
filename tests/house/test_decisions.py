"""The decisions: numbered, complete, listed."""

import re
from pathlib import Path

import pytest
from tests.house.tree import ROOT, text

FOLDER = ROOT / "docs" / "adr"
DECISIONS = sorted(file for file in FOLDER.glob("*.md") if file.name != "README.md")
_STATUS = re.compile(r"(Proposed|Accepted|Rejected|Superseded by \d{4}), \d{4}-\d{2}-\d{2}")


def test_numbers_follow_each_other() -> None:
    assert [file.name[:4] for file in DECISIONS] == [f"{number:04}" for number in range(1, len(DECISIONS) + 1)]
    assert all(re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", file.name) for file in DECISIONS)


@pytest.mark.parametrize("file", DECISIONS, ids=lambda file: file.stem)
def test_a_decision_has_its_four_parts(file: Path) -> None:
    lines = file.read_text("utf-8").splitlines()
    assert lines[0].startswith(f"# {file.name[:4]} ")
    assert [line for line in lines if line.startswith("## ")] == [
        "## Status",
        "## Context",
        "## Decision",
        "## Consequences",
    ]


@pytest.mark.parametrize("file", DECISIONS, ids=lambda file: file.stem)
def test_a_decision_says_where_it_stands_and_since_when(file: Path) -> None:
    status = file.read_text("utf-8").partition("## Status\n")[2].partition("## Context")[0]
    assert _STATUS.fullmatch(status.strip())


def test_the_list_names_each_decision_with_its_title() -> None:
    listed = re.findall(r"(?m)^\| \[(\d{4})\]\(([^)]+)\) \| (.+?) \|", text("docs/adr/README.md"))
    titles = [(file.name[:4], file.name, file.read_text("utf-8").splitlines()[0][7:]) for file in DECISIONS]
    assert listed == titles
