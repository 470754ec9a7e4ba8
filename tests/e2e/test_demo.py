"""A newcomer's first minute, as they live through it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

pytestmark = pytest.mark.slow
OSIRIS = str(Path(sys.executable).with_name("osiris"))
TOP_TEN = ["1147", "1854", "1383", "2795", "1920", "2701", "2865", "2203", "1351", "2513"]


def osiris(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command where there is no terminal, no key and no network worth the name."""
    nowhere = os.environ | {"OPENAI_API_KEY": "", "HTTPS_PROXY": "http://127.0.0.1:9", "LC_ALL": "C.UTF-8"}
    return subprocess.run([OSIRIS, *words], cwd=folder, env=nowhere, capture_output=True, text=True, check=False)


def at_terminal(folder: Path, *words: str) -> "pexpect.spawn[str]":
    """Run a command where a person sits."""
    environment = os.environ | {"TERM": "xterm", "LC_ALL": "C.UTF-8", "CI": ""}
    return pexpect.spawn(
        OSIRIS, list(words), cwd=str(folder), env=environment, encoding="utf-8", timeout=60, dimensions=(50, 120)
    )


def test_the_first_minute_ends_with_ten_customers_and_can_be_lived_through_again(tmp_path: Path) -> None:
    first = osiris(tmp_path, "demo", "--yes")
    assert first.returncode == 0, first.stderr
    rows = first.stdout.partition("The rows\n")[2].splitlines()
    assert [line.split()[0] for line in rows[1:11]] == TOP_TEN
    for shown in ("is a recording", "did you mean l.unit_price?", "plan of top-customers", "Run exactly this? yes"):
        assert shown in first.stderr, shown
    for shown in ("output/top_customers.csv", "run-card.md", "ok: 10 rows in, 10 written", "osiris -C osiris-demo"):
        assert shown in first.stdout, shown
    command = first.stdout.rstrip().splitlines()[-1].split("next")[1].split()[1:]
    assert osiris(tmp_path, *command).returncode == 0

    again = osiris(tmp_path, "demo", "--json")
    assert (again.returncode, again.stderr.count("error: ")) == (0, 1), again.stderr
    document = json.loads(again.stdout)
    assert document["recorded"] is True
    assert document["demo"]["again"] is True
    assert [row[0] for row in document["rows"]["rows"]] == TOP_TEN
    assert document["run"]["status"] == "completed"
    for file in document["files"].values():
        assert (tmp_path / "osiris-demo" / file).exists() or file.startswith("ok: ")


def test_a_person_answers_agrees_and_gets_the_rows_of_their_answer(tmp_path: Path) -> None:
    demo = at_terminal(tmp_path, "demo", "shop")
    demo.expect("Do cancelled orders count as revenue")
    demo.expect("Your answer")
    demo.sendline("2")
    demo.expect("cancelled orders included")
    demo.expect("Run exactly this")
    demo.sendline("y")
    demo.expect("The rows")
    demo.expect("run card")
    demo.expect(pexpect.EOF)
    demo.close()
    assert demo.exitstatus == 0
    assert "WHERE o.status IS NOT NULL" in (tmp_path / "shop/pipelines/top-customers.yaml").read_text("utf-8")


def test_a_person_who_says_no_gets_nothing_written(tmp_path: Path) -> None:
    demo = at_terminal(tmp_path, "demo")
    demo.expect("Your answer")
    demo.sendline("")
    demo.expect("Run exactly this")
    demo.sendline("n")
    demo.expect("so nothing was run or written")
    demo.expect(pexpect.EOF)
    demo.close()
    assert demo.exitstatus == 6
    assert not (tmp_path / "osiris-demo/output").exists()


def test_a_folder_that_is_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", "utf-8")
    done = osiris(tmp_path, "demo", ".", "--yes")
    assert done.returncode == 2
    assert "'.' holds other files" in done.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]
