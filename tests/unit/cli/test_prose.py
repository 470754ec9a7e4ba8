"""Markdown as it comes: words at once, code and tables once they are whole."""

import re
from io import StringIO

import pytest
from rich.console import Console
from rich.table import Table

from osiris.cli.chat import Screen
from osiris.cli.options import Options
from osiris.cli.prose import Part, Prose
from osiris.cli.terminal import Terminal


def parts(text: str) -> list[Part]:
    """Return what comes of a text, word by word, as the screen hands it on."""
    prose = Prose()
    found = [part for word in re.findall(r"\S*\s|\S+", text) for part in prose.take(word)]
    return [*found, *prose.end()]


@pytest.mark.parametrize(
    ("text", "styled"),
    [
        ("plain words", [("plain ", ""), ("words", "")]),
        ("a **bold one** here", [("a ", ""), ("bold ", "bold"), ("one", "bold"), (" ", ""), ("here", "")]),
        ("`x` y", [("x", "cyan"), (" ", ""), ("y", "")]),
        ("# Head line\nthen", [("Head ", "bold"), ("line\n", "bold"), ("then", "")]),
        ("- one\n- two", [("• ", ""), ("one\n", ""), ("• ", ""), ("two", "")]),
        ("2 * 3", [("2 ", ""), ("* ", ""), ("3", "")]),
        ("**open\nnext", [("open\n", "bold"), ("next", "")]),
        ("[ev.check.run.x_y.1]", [("[ev.check.run.x_y.1]", "")]),
    ],
)
def test_words_come_at_once_with_their_style(text: str, styled: list[Part]) -> None:
    assert parts(text) == styled


def shown(text: str) -> str:
    """Return what a terminal without colours shows of a text that comes in pieces."""
    out, err = (Console(file=StringIO(), force_terminal=True, width=60, no_color=True) for _ in range(2))
    with Screen(Terminal(Options(), out, err)) as screen:
        for start in range(0, len(text), 5):
            screen.say(text[start : start + 5])
    assert isinstance(out.file, StringIO)
    return re.sub(r"\x1b\[[0-9;]*m", "", out.file.getvalue())


def test_code_comes_once_it_is_whole() -> None:
    lines = [line.rstrip() for line in shown("Try:\n```sql\nSELECT 1\n  FROM t\n```\nGood?").splitlines()]
    assert lines == ["agent> Try:", "SELECT 1", "  FROM t", "Good?"]


def test_code_that_has_no_end_is_shown_all_the_same() -> None:
    assert "SELECT 1" in shown("```sql\nSELECT 1")


def test_a_table_is_aligned() -> None:
    lines = [line.rstrip() for line in shown("| a | b |\n|---|---|\n| 1 | two |\nend").splitlines()]
    assert lines == ["agent>", "a  b", "1  two", "end"]


def test_what_only_looks_like_a_table_stays_text() -> None:
    assert "| just a line" in shown("| just a line\n")
    assert isinstance(parts("|a|b|\n|-|-|\n|1|2|\n")[0], Table)


def test_nothing_in_a_block_steers_the_terminal() -> None:
    assert "\x1b[2J" not in shown("```text\nx\x1b[2Jy\n```\n")
