"""A package of one's own is made and checked from the command line."""

import json
from pathlib import Path

import pytest

from osiris.cli.main import main
from osiris.model.errors import EXIT_INVALID, EXIT_USAGE

Said = pytest.CaptureFixture[str]


def typed(folder: Path, *words: str) -> int:
    return main(["-C", str(folder), "components", *words])


def test_who_makes_a_package_is_told_what_to_do_next_and_it_is_in_order(tmp_path: Path, capsys: Said) -> None:
    assert typed(tmp_path, "new", "crm", "--dir", "packages") == 0
    said = capsys.readouterr()
    assert "src/osiris_crm/extractor.py" in said.out
    assert f"next: pip install -e '{tmp_path}/packages/osiris-crm[test]', then pytest {tmp_path}" in said.err
    assert typed(tmp_path, "validate", "packages/osiris-crm") == 0
    assert "components  crm.extractor, crm.writer" in capsys.readouterr().out


def test_a_package_that_is_not_in_order_ends_so(tmp_path: Path, capsys: Said) -> None:
    assert typed(tmp_path, "new", "crm") == 0
    file = tmp_path / "osiris-crm" / "src" / "osiris_crm" / "__init__.py"
    file.write_text(file.read_text("utf-8").replace('name="crm"', 'name="crn"'), "utf-8")
    capsys.readouterr()
    assert typed(tmp_path, "validate", "osiris-crm") == EXIT_INVALID
    assert "the family calls itself 'crn'" in capsys.readouterr().out
    assert typed(tmp_path, "validate", "osiris-crm", "--json") == EXIT_INVALID
    assert json.loads(capsys.readouterr().out)["findings"][0]["severity"] == "error"


def test_a_name_that_is_taken_is_one_clear_error(tmp_path: Path, capsys: Said) -> None:
    assert typed(tmp_path, "new", "mysql") == EXIT_USAGE
    assert "there is a family 'mysql' already" in capsys.readouterr().err
