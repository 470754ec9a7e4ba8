"""Help is prose that people and models read: each text is kept as it was reviewed.

After a change that is meant: `osiris NAME --help > tests/golden/help/NAME.txt`, `-` between the words of a name, and
`_` where a word has a `-` of its own.
"""

from pathlib import Path

import pytest

from osiris.cli.main import main
from osiris.cli.overview import COMMANDS

KEPT = Path(__file__).parents[2] / "golden" / "help"
NAMES = sorted(path.stem for path in KEPT.glob("*.txt"))
# They do nothing by themselves, so there is no example of them.
GROUPS = ["osiris", "components", "connections", "e2b", "e2b-template", "export", "logs", "oml", "runs", "templates"]


def words_of(name: str) -> list[str]:
    return [] if name == "osiris" else [word.replace("_", "-") for word in name.split("-")]


def test_every_command_has_its_help_kept() -> None:
    assert {words_of(name)[0] for name in NAMES if words_of(name)} == set(COMMANDS)


@pytest.mark.parametrize("name", NAMES)
def test_help_says_what_was_reviewed(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words_of(name), "--help"]) == 0
    assert capsys.readouterr().out == (KEPT / f"{name}.txt").read_text("utf-8")


@pytest.mark.parametrize("name", [name for name in NAMES if name not in GROUPS])
def test_help_has_an_example_that_begins_as_the_command(name: str) -> None:
    text = (KEPT / f"{name}.txt").read_text("utf-8")
    assert f"  Example:\n    osiris {' '.join(words_of(name))}" in text
