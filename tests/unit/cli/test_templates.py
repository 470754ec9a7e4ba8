"""Templates are listed, shown, and begun with."""

import json
import shlex
from pathlib import Path

import pytest
from tests.unit.app.projects import make

from osiris.cli.main import main

Said = pytest.CaptureFixture[str]


def typed(folder: Path, *words: str) -> int:
    return main(["-C", str(folder), *words])


def test_the_list_says_what_each_does(tmp_path: Path, capsys: Said) -> None:
    assert typed(tmp_path, "templates", "list") == 0
    said = capsys.readouterr()
    assert "top-report             Which customers brought the most revenue?" in said.out
    assert "osiris init DIR --template NAME" in said.err


def test_a_template_is_shown_as_a_file_would_have_it(tmp_path: Path, capsys: Said) -> None:
    assert typed(tmp_path, "templates", "show", "join-sources") == 0
    said = capsys.readouterr()
    assert said.out.startswith('oml_version: "0.1.0"\nname: join-sources\n')
    assert "data/countries.csv" in said.err
    assert typed(tmp_path, "templates", "show", "join-sources", "--json") == 0
    assert json.loads(capsys.readouterr().out)["connections"] == ["@duckdb.shop"]


def test_who_begins_with_a_template_is_told_the_next_command_and_it_works(tmp_path: Path, capsys: Said) -> None:
    assert typed(tmp_path, "init", "a shop", "--template", "top-report") == 0
    command = capsys.readouterr().err.partition("next: osiris ")[2]
    assert main(shlex.split(command)) == 0
    assert (tmp_path / "a shop" / "output" / "top_customers.csv").is_file()


def test_who_begins_in_a_project_of_theirs_is_told_what_it_lacks(tmp_path: Path, capsys: Said) -> None:
    assert typed(make(tmp_path), "init", "--template", "append-day") == 0
    said = capsys.readouterr().err
    assert "not configured here: @duckdb.warehouse; change it, or add them" in said
    assert "next: osiris" not in said
