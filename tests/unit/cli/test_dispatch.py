"""Whatever goes wrong, a person and a program get one clear error and its exit code; a traceback only for `-v`."""

import json
import subprocess
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from osiris import __version__
from osiris.cli.dispatch import fail
from osiris.cli.main import main
from osiris.cli.options import Options
from osiris.cli.overview import COMMANDS, overview
from osiris.cli.terminal import Terminal
from osiris.model.errors import ApprovalMissing


@pytest.mark.parametrize("line", [[], ["--help"], ["-h"], ["-q", "--help"]])
def test_the_overview_names_every_command(line: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line) == 0
    assert capsys.readouterr().out == overview()
    assert all(f"  {name} " in overview() for name in COMMANDS)


@pytest.mark.parametrize("line", [["--version"], ["--json", "--version"]])
def test_the_version_is_said(line: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line) == 0
    assert capsys.readouterr().out == f"osiris {__version__}\n"


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        (["rum"], "there is no command 'rum'", "did you mean `osiris run`?"),
        (["zzz"], "there is no command 'zzz'", "there are: demo, init"),
        (["run", "-C"], "-C needs a value", "osiris --help"),
        (["run", "--foo"], "no such option: --foo", "`osiris run --help`"),
        (["run", "a", "b"], "unexpected extra argument", "`osiris run --help`"),
        (["compile"], "missing argument 'FILE'", "`osiris compile --help`"),
        (["logs"], "missing command", "`osiris logs --help`"),
        (["logs", "lst"], "no such command 'lst'", "`osiris logs --help`"),
        (["logs", "list", "--limit", "none"], "valid integer", "`osiris logs list --help`"),
        (
            ["validate", "--mode", "loose"],
            "invalid value for '--mode': 'loose' is not one of",
            "`osiris validate --help`",
        ),
        (["run", "x.yaml", "--param", "nonsense"], "'nonsense' is not a parameter", "--param NAME=VALUE"),
        (["run", "-C", "/nowhere/at/all"], "there is no folder '/nowhere/at/all'", "-C"),
    ],
)
def test_a_wrong_line_is_a_usage_error_in_the_one_shape(
    line: list[str], message: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(line) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert message in said.err.splitlines()[0]
    assert "[OSR-OPR-001]" in said.err.splitlines()[0]
    assert hint in said.err
    assert "Traceback" not in said.err


def test_a_program_gets_the_error_as_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--foo", "--json"]) == 2
    said = capsys.readouterr()
    document = json.loads(said.out)
    assert document["exit_code"] == 2
    assert document["error"]["code"] == "OSR-OPR-001"
    assert document["error"]["message"] == "no such option: --foo"
    assert said.err == ""


def test_whoever_wants_to_know_more_gets_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rum", "-v"]) == 2
    assert "Traceback (most recent call last)" in capsys.readouterr().err


def failed(exc: Exception) -> tuple[int, str]:
    err = StringIO()
    terminal = Terminal(Options(), Console(file=StringIO()), Console(file=err, width=200, highlight=False))
    return fail(terminal, exc), err.getvalue()


def test_what_nobody_foresaw_is_called_a_bug() -> None:
    try:
        raise KeyError("x")
    except KeyError as exc:
        code, text = failed(exc)
    assert code == 1
    assert text.splitlines()[0] == "error: something unforeseen happened: KeyError: 'x'  [OSR-000]"
    assert "where  test_dispatch.py:" in text
    assert "a bug in Osiris: run it again with -v" in text
    assert "Traceback" not in text


def test_an_error_that_was_never_raised_has_no_place() -> None:
    assert "where" not in failed(ValueError("odd"))[1]


def test_each_error_has_its_own_exit_code() -> None:
    assert failed(ApprovalMissing("nobody said yes"))[0] == 6


def test_who_closes_the_output_hears_nothing_more(tmp_path: Path) -> None:
    script = (
        "import sys; from osiris.cli.dispatch import dispatch\n"
        "sys.stdin.readline(); sys.exit(dispatch(['init', '--stdout']))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout
    process.stdout.close()
    process.stdout = None
    assert process.communicate(b"now\n")[1] == b""
    assert process.returncode == 1


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    script = "import sys; from osiris.cli.main import main; sys.exit(main())"
    line = command.replace("OSIRIS", f"{sys.executable} -c '{script}'")
    return subprocess.run(["sh", "-c", line], cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device here is always full")
@pytest.mark.parametrize("way", ["", " --json"])
def test_an_output_without_room_is_an_error_in_words(tmp_path: Path, way: str) -> None:
    said = shell(f"OSIRIS components list{way} > /dev/full", tmp_path)
    assert said.stderr.splitlines()[0] == "error: the output can't be written: no space left on device  [OSR-OPR-001]"
    assert said.returncode == 2
    assert shell(f"OSIRIS components list{way} > /dev/full 2> /dev/full", tmp_path).returncode == 2


@pytest.mark.skipif(sys.platform == "win32", reason="processes always have all streams there")
def test_a_process_without_its_streams_does_its_work(tmp_path: Path) -> None:
    assert shell("OSIRIS init shop <&- >&- 2>&-", tmp_path).returncode == 0
    assert (tmp_path / "shop" / "osiris.yaml").is_file()
    said = shell("OSIRIS run nothing.yaml <&- >&-", tmp_path)
    assert (said.returncode, said.stderr.count("Traceback")) == (2, 0)


class Interrupted(StringIO):
    """An output during which the person loses patience."""

    def write(self, text: str) -> int:
        raise KeyboardInterrupt


def test_an_interrupt_ends_with_130() -> None:
    with redirect_stdout(Interrupted()):
        assert main(["--version"]) == 130
