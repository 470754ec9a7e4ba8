"""A run that is interrupted leaves every target as it was, a record, and nothing in the way of the next run."""

import signal
import subprocess
from pathlib import Path

import pexpect
import pytest
from tests.e2e.keyboard import OSIRIS, left_in, typed, variables_of

ENDLESS = """\
oml_version: "0.1.0"
name: endless
steps:
  - id: numbers
    component: duckdb.processor
    mode: transform
    config: {query: SELECT i FROM range(4000000000) AS r(i)}
  - {id: write, component: filesystem.csv_writer, mode: write, config: {path: output/out.csv}}
"""


def endless(folder: Path) -> Path:
    for name in ("pipelines", "output"):
        (folder / name).mkdir()
    (folder / "osiris.yaml").touch()
    (folder / "output" / "out.csv").write_text("before\n", "utf-8")
    (folder / "pipelines" / "endless.yaml").write_text(ENDLESS, "utf-8")
    return folder


def token(folder: Path) -> str:
    plan = typed(folder, "plan", "pipelines/endless.yaml", "--json")
    assert plan.code == 0, plan.out
    return str(plan.document["approval_token"])


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_a_run_and_leaves_no_target_changed(tmp_path: Path, number: signal.Signals) -> None:
    before = left_in(endless(tmp_path))
    process = subprocess.Popen(
        [OSIRIS, "run", "-v", "pipelines/endless.yaml", "--approve", token(tmp_path)],
        cwd=tmp_path,
        env=variables_of(tmp_path),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    said = next(line for line in process.stderr if "step_progress" in line)
    assert "rows=" in said
    process.send_signal(number)
    out, err = process.communicate()
    assert process.returncode == 130
    assert "stopping; once more leaves at once" in err
    assert "Traceback" not in err
    assert out.startswith("interrupted  endless: 0 rows written")
    assert left_in(tmp_path) == before

    listed = typed(tmp_path, "logs", "list", "--json").document["runs"]
    assert [run["status"] for run in listed] == ["interrupted"]
    card = typed(tmp_path, "logs", "aiop", "--format", "md")
    assert "interrupted" in card.out.splitlines()[0]


@pytest.mark.slow
def test_at_a_terminal_a_person_says_yes_and_then_thinks_better_of_it(tmp_path: Path) -> None:
    before = left_in(endless(tmp_path))
    screen = pexpect.spawn(
        str(OSIRIS), ["run", "pipelines/endless.yaml"], cwd=str(tmp_path), encoding="utf-8",
        env=variables_of(tmp_path, TERM="xterm"), dimensions=(24, 80),
    )  # fmt: skip
    screen.expect_exact("Run exactly this? [y/N]")
    assert "this pipeline did not write what is in it" in " ".join(str(screen.before).split())
    screen.sendline("y")
    screen.expect(r"numbers +[1-9][0-9,]* rows")
    screen.sendintr()
    screen.expect_exact("stopping; once more leaves at once")
    screen.expect(pexpect.EOF)
    screen.close()
    assert screen.exitstatus == 130
    assert left_in(tmp_path) == before


def test_at_the_question_an_interrupt_ends_the_command(tmp_path: Path) -> None:
    before = left_in(endless(tmp_path))
    screen = pexpect.spawn(
        str(OSIRIS), ["run", "pipelines/endless.yaml"], cwd=str(tmp_path), encoding="utf-8",
        env=variables_of(tmp_path, TERM="xterm"), dimensions=(24, 80),
    )  # fmt: skip
    screen.expect_exact("Run exactly this? [y/N]")
    screen.sendintr()
    screen.expect(pexpect.EOF)
    screen.close()
    assert screen.exitstatus == 130
    assert "Traceback" not in str(screen.before)
    assert left_in(tmp_path) == before
