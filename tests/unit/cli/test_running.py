"""A run from the command line: all of it, a part of it, a try on some rows."""

import json
from pathlib import Path

import pytest
from tests.unit.app.projects import make

from osiris.cli.main import main

Said = pytest.CaptureFixture[str]
FILE = "pipelines/cities.yaml"
ALSO = """\
  - id: also
    component: filesystem.json_writer
    mode: write
    needs: [large]
    config: {path: output/large.jsonl}
"""


def typed(folder: Path, *words: str) -> int:
    return main(["-C", str(folder), *words])


def branched(folder: Path) -> Path:
    with (make(folder) / FILE).open("a", encoding="utf-8") as file:
        file.write(ALSO)
    return folder


def test_a_try_shows_what_would_be_written_and_writes_nothing(tmp_path: Path, capsys: Said) -> None:
    assert typed(make(tmp_path), "run", FILE, "--sample", "2") == 0
    said = capsys.readouterr().out
    assert "tried, nothing written: cities 2 rows of more, large 2 rows of more, write 2 rows of more" in said
    assert "write would write\ncity\nBrno\nPraha\n" in said
    assert not (tmp_path / "output").exists()
    assert not (tmp_path / "logs").exists()


def test_a_try_is_one_document_where_one_is_wanted(tmp_path: Path, capsys: Said) -> None:
    assert typed(make(tmp_path), "run", FILE, "--sample", "2", "--json") == 0
    assert json.loads(capsys.readouterr().out)["previews"]["write"]["rows"] == [["Brno"], ["Praha"]]


@pytest.mark.parametrize("other", [("--dry-run",), ("--approve", "0f3c"), ("--mempack", "m.yaml"), ("--isolated",)])
def test_a_try_is_no_run(tmp_path: Path, capsys: Said, other: tuple[str, ...]) -> None:
    assert typed(make(tmp_path), "run", FILE, "--sample", "2", *other) == 2
    assert "--sample writes nothing" in capsys.readouterr().err


@pytest.mark.parametrize("words", [("--select", "also"), ("--select=also,",), ("--select", "also", "--select", "also")])
def test_a_part_is_run_by_the_names_of_its_writers(tmp_path: Path, capsys: Said, words: tuple[str, ...]) -> None:
    assert typed(branched(tmp_path), "run", FILE, *words) == 0
    assert [file.name for file in (tmp_path / "output").iterdir()] == ["large.jsonl"]


@pytest.mark.parametrize("words", [("--select", ""), ("--select", "also", "--select", ",")])
def test_a_selection_of_nothing_is_not_one_of_all(tmp_path: Path, capsys: Said, words: tuple[str, ...]) -> None:
    assert typed(branched(tmp_path), "run", FILE, *words) == 2
    assert "was given none" in capsys.readouterr().err
    assert not (tmp_path / "output").exists()


def test_the_plan_of_a_part_is_that_part(tmp_path: Path, capsys: Said) -> None:
    assert typed(branched(tmp_path), "plan", FILE, "--select", "also", "--json") == 0
    assert [write["step_id"] for write in json.loads(capsys.readouterr().out)["writes"]] == ["also"]


def test_a_plan_shows_some_of_the_rows_that_would_be_written(tmp_path: Path, capsys: Said) -> None:
    assert typed(make(tmp_path), "plan", FILE, "--sample", "2") == 0
    said = capsys.readouterr().out
    assert "plan of cities" in said
    assert "write would write\ncity\nBrno\nPraha\n" in said
    assert typed(tmp_path, "plan", FILE, "--sample", "2", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["sample"]["previews"]["write"]["rows"] == [["Brno"], ["Praha"]]
    assert document["approval_token"]
    assert not (tmp_path / "output").exists()


def test_a_plan_says_what_is_different_since_the_run_before(tmp_path: Path, capsys: Said) -> None:
    assert typed(make(tmp_path), "plan", FILE, "--json") == 0
    assert json.loads(capsys.readouterr().out)["last"] is None
    assert typed(tmp_path, "run", FILE) == 0
    assert typed(tmp_path, "plan", FILE) == 0
    assert "completed; this is the same pipeline\n" in capsys.readouterr().out
    assert typed(tmp_path, "plan", FILE, "--param", "least=5", "--json") == 0
    last = json.loads(capsys.readouterr().out)["last"]
    assert (last["status"], last["since"]) == ("completed", "the same pipeline with other parameters")
    (tmp_path / FILE).write_text((tmp_path / FILE).read_text("utf-8").replace("ORDER BY city", "ORDER BY city DESC"))
    assert typed(tmp_path, "plan", FILE, "--html", "plan.html") == 0
    assert "this is an edited pipeline" in capsys.readouterr().out
    assert "this is an edited pipeline" in (tmp_path / "plan.html").read_text("utf-8")
