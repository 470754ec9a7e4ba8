"""What may be lost needs a yes: from a person who sees it, or by the token of exactly that plan."""

from pathlib import Path

import pexpect
import pytest
from tests.e2e.keyboard import OSIRIS, typed, variables_of
from tests.unit.app.projects import make

RUN = ("run", "pipelines/cities.yaml")


def taken(folder: Path) -> Path:
    (make(folder) / "output").mkdir()
    (folder / "output" / "large.csv").write_text("mine\n", "utf-8")
    return folder


def test_where_nobody_can_be_asked_it_refuses_and_names_the_token(tmp_path: Path) -> None:
    done = typed(taken(tmp_path), *RUN)
    plan = typed(tmp_path, "plan", "pipelines/cities.yaml", "--json").document
    token, manifest = plan["approval_token"], plan["manifest_hash"][:16]
    policy = f"{{manifest: '{manifest}', allowed_by: NAME, until: YYYY-MM-DD}}"
    hint = (
        f"look at `osiris plan`, then run again with --approve {token}; to let it run unattended, "
        f"write into osiris.yaml: approvals: {{policies: [{policy}]}}"
    )
    assert done.code == 6
    assert done.out == ""
    assert done.err.splitlines() == [
        "error: this run needs a yes, and nobody gave one  [OSR-APR-000]",
        "  why   output/large.csv exists, and this pipeline did not write what is in it",
        f"  next  {hint}",
    ]
    assert (tmp_path / "output" / "large.csv").read_text("utf-8") == "mine\n"
    assert typed(tmp_path, *RUN, "--approve", token).code == 0


def test_a_stale_token_is_refused(tmp_path: Path) -> None:
    token = typed(taken(tmp_path), "plan", "pipelines/cities.yaml", "--json").document["approval_token"]
    pipeline = tmp_path / "pipelines" / "cities.yaml"
    pipeline.write_text(pipeline.read_text("utf-8") + "# one more thought\n", "utf-8")
    done = typed(tmp_path, *RUN, "--approve", token)
    assert done.code == 6
    assert "what would run is not what was approved" in done.err
    assert (tmp_path / "output" / "large.csv").read_text("utf-8") == "mine\n"


def test_the_plan_says_what_may_be_lost(tmp_path: Path) -> None:
    done = typed(taken(tmp_path), "plan", "pipelines/cities.yaml")
    assert "\n! output/large.csv exists, and this pipeline did not write what is in it\n" in done.out


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("", 6)])
def test_a_person_at_a_terminal_sees_the_plan_and_is_asked(tmp_path: Path, answer: str, code: int) -> None:
    screen = pexpect.spawn(
        str(OSIRIS), list(RUN), cwd=str(taken(tmp_path)), encoding="utf-8",
        env=variables_of(tmp_path, TERM="xterm"), dimensions=(24, 60),
    )  # fmt: skip
    screen.expect_exact("Run exactly this? [y/N]")
    shown = str(screen.before)
    assert "SELECT city FROM cities WHERE people >= 200000" in shown
    assert "output/large.csv, replace" in shown
    screen.sendline(answer)
    screen.expect(pexpect.EOF)
    screen.close()
    assert screen.exitstatus == code
    assert (tmp_path / "output" / "large.csv").read_text("utf-8") == (
        "city\nBrno\nPraha\n" if answer == "y" else "mine\n"
    )
