"""A newcomer's first minute, as they live through it."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest
from tests.services.llm import LlmServer, Reply

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


LIVE = """\
# yaml-language-server: $schema=../oml.schema.json
oml_version: "0.1.0"
name: live
steps:
  - id: customers
    component: duckdb.extractor
    mode: read
    config:
      connection: "@duckdb.shop"
      query: SELECT customer_id FROM customers ORDER BY customer_id LIMIT 2
  - id: write
    component: filesystem.csv_writer
    mode: write
    needs: [customers]
    config: {path: output/live.csv, write_mode: replace}
"""
OUTLINE = {"sources": ["@duckdb.shop/customers"], "grain": "a customer", "destination": "output/live.csv"}
WRITES = (("propose_plan", OUTLINE | {"write_mode": "replace"}), ("write_pipeline", {"text": LIVE}))
DRAFT = f"sha256:{hashlib.sha256(LIVE.encode()).hexdigest()[:12]}"
RUNS = tuple((tool, {"draft": DRAFT}) for tool in ("check_pipeline", "plan_pipeline", "run_pipeline"))


def live(folder: Path, *replies: Reply) -> subprocess.CompletedProcess[str]:
    with LlmServer(list(replies)) as server:
        model = {"OSIRIS_LLM_MODEL": "test", "OSIRIS_LLM_BASE_URL": server.base_url}
        environment = os.environ | model | {"LC_ALL": "C.UTF-8"}
        words = [OSIRIS, "demo", "--live", "--yes", "--json"]
        return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_a_real_model_may_hold_the_conversation(tmp_path: Path) -> None:
    done = live(tmp_path, Reply("A draft.", WRITES), Reply("Now I run it.", RUNS), Reply("Done."))
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert (document["recorded"], document["run"]["status"]) == (False, "completed"), done.stderr
    assert document["rows"]["rows"] == [["1"], ["2"]]


def test_a_conversation_that_ends_without_a_run_says_how_to_go_on(tmp_path: Path) -> None:
    done = live(tmp_path, Reply("Which year do you mean?"))
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert "run" not in document
    assert document["next"] == "osiris -C osiris-demo chat --session last"


def test_a_real_model_needs_a_key(tmp_path: Path) -> None:
    done = osiris(tmp_path, "demo", "--live", "--yes")
    assert done.returncode == 2
    assert "OPENAI_API_KEY" in done.stderr
