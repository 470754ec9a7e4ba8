"""Results go to standard output, everything else to standard error, secrets nowhere."""

import json
from io import StringIO
from pathlib import Path

import pytest
from pydantic import BaseModel
from rich.console import Console
from rich.text import Text

from osiris.cli import show
from osiris.cli.options import Options
from osiris.cli.terminal import Terminal

KEY = "sk-do-not-show-me"  # pragma: allowlist secret


class Reply(BaseModel):
    """A result."""

    text: str = "á"


def terminal(options: Options | None = None, *, person: bool = False, typed: str = "", color: bool = False) -> Terminal:
    out, err = (Console(file=StringIO(), force_terminal=color, width=60, highlight=False) for _ in range(2))
    return Terminal(options or Options(), out, err, person, StringIO(typed))


def heard(console: Console) -> str:
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_a_result_goes_out_and_the_rest_aside() -> None:
    here = terminal()
    here.answer(Reply(), Text("a result"))
    here.say("by the way")
    assert (heard(here.out), heard(here.err)) == ("a result\n", "by the way\n")


def test_json_is_the_reply_and_nothing_else() -> None:
    here = terminal(Options(as_json=True))
    here.answer(Reply(), Text("a result"))
    assert heard(here.out) == '{\n  "text": "á"\n}\n'


def test_whoever_wants_quiet_gets_results_and_complaints_only() -> None:
    here = terminal(Options(quiet=True))
    here.say("by the way")
    here.complain("wrong")
    assert heard(here.err) == "wrong\n"


def test_lines_end_without_blanks_where_no_terminal_is() -> None:
    here = terminal()
    here.answer(Reply(), show.table(("a", "b"), [("longer", "x"), ("s", "longer")]))
    assert heard(here.out) == "a       b\nlonger  x\ns       longer\n"


def test_a_terminal_gets_colours() -> None:
    here = terminal(color=True)
    here.answer(Reply(), show.status("failed"))
    assert "\x1b[31m" in heard(here.out)


@pytest.mark.parametrize(("typed", "yes"), [("y\n", True), ("YES\n", True), ("\n", False), ("n\n", False), ("", False)])
def test_only_a_yes_is_a_yes(typed: str, yes: bool) -> None:
    here = terminal(person=True, typed=typed)
    assert here.ask("Run exactly this?") is yes
    assert heard(here.err) == "Run exactly this? [y/N] "


def test_where_nobody_is_the_answer_is_no_and_nothing_is_asked() -> None:
    here = terminal(typed="y\n")
    assert not here.ask("Run exactly this?")
    assert heard(here.err) == ""


def test_what_a_project_keeps_secret_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"OPENAI_API_KEY={KEY}\n", "utf-8")
    here = terminal(Options(folder=str(tmp_path), as_json=True, verbose=True))
    here.project()
    here.answer({"text": f"the key is {KEY}"})
    here.trace(ValueError(f"bad key {KEY}"))
    assert KEY not in heard(here.out) + heard(here.err)
    assert json.loads(heard(here.out)) == {"text": "the key is ***"}
    assert "ValueError: bad key ***" in heard(here.err)


def test_a_project_that_cannot_be_read_keeps_no_secret_and_hides_no_error(tmp_path: Path) -> None:
    (tmp_path / "osiris_connections.yaml").write_text("- not a mapping\n", "utf-8")
    here = terminal(Options(folder=str(tmp_path)))
    here.project()
    assert here.redact("plain") == "plain"


def test_a_process_without_a_terminal_has_wide_lines_and_no_colours() -> None:
    here = Terminal.of(Options(), {})
    assert not here.person
    assert here.out.width > 1000
    assert not here.out.is_terminal


def test_the_width_that_the_environment_names_is_kept() -> None:
    assert Terminal.of(Options(), {"COLUMNS": "60"}).out.width < 1000


@pytest.mark.parametrize(
    ("options", "variables"), [(Options(color=False), {}), (Options(), {"NO_COLOR": "1"}), (Options(), {"CI": "true"})]
)
def test_colours_can_be_refused(options: Options, variables: dict[str, str]) -> None:
    out = Terminal.of(options, variables).out
    assert out.no_color or not out.is_terminal
