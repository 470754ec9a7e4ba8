"""A conversation at a real terminal."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest
from tests.services.llm import LlmServer, Reply
from tests.unit.agent.shop import OML, OUTLINE, WRONG, shop

pytestmark = pytest.mark.slow
OSIRIS = str(Path(sys.executable).with_name("osiris"))


@pytest.fixture
def server() -> Iterator[LlmServer]:
    with LlmServer([]) as running:
        yield running


def chat(folder: Path, server: LlmServer) -> "pexpect.spawn[str]":
    shop(folder, settings=f"llm: {{model: test, base_url: '{server.base_url}'}}\n")
    environment = os.environ | {"TERM": "xterm", "LC_ALL": "C.UTF-8", "PROMPT_TOOLKIT_NO_CPR": "1", "CI": ""}
    talk = pexpect.spawn(
        OSIRIS, ["chat"], cwd=str(folder), env=environment, encoding="utf-8", timeout=60, dimensions=(50, 120)
    )
    talk.expect("Talking with test")
    return talk


def test_a_person_talks_looks_and_leaves(tmp_path: Path, server: LlmServer) -> None:
    made = (("propose_plan", OUTLINE), ("write_pipeline", {"text": OML}))
    server.replies += [Reply("Here is a draft.", made), Reply("What do you think?")]
    talk = chat(tmp_path, server)
    talk.sendline("/oml")
    talk.expect("there is no draft yet")
    talk.sendline("/nonsense")
    talk.expect("there is no /nonsense")
    talk.sendline("")
    talk.sendline("Give me the orders")
    talk.expect("one row an order")
    talk.expect("say what should be different")
    talk.sendline("")
    talk.expect("valid: the compiler found nothing wrong")
    talk.expect("What do you think")
    talk.sendline("/oml")
    talk.expect("by-status")
    talk.sendline("/plan")
    talk.expect("plan of by-status")
    talk.sendline("/help")
    talk.expect("Say what data you need")
    talk.sendline("/quit")
    talk.expect("go on with: osiris chat --session 20")
    talk.expect(pexpect.EOF)
    talk.close()
    assert talk.exitstatus == 0
    assert [message["content"] for message in server.requests[0]["messages"][1:]] == ["Give me the orders"]


def test_an_interrupt_stops_the_turn_and_not_the_conversation(tmp_path: Path, server: LlmServer) -> None:
    server.replies += [Reply(silent=True), Reply("Good that you ask.")]
    talk = chat(tmp_path, server)
    talk.sendline("Tell me everything")
    talk.expect("thinking")
    while not server.requests:
        talk.expect([pexpect.TIMEOUT, "thinking"], timeout=0.1)
    talk.sendintr()
    talk.expect("stopped; say what to do instead")
    talk.sendline("Or just something")
    talk.expect("Good that you ask.")
    talk.expect("you>")
    talk.sendeof()
    talk.expect(pexpect.EOF)
    talk.close()
    assert talk.exitstatus == 0


def test_an_error_of_the_server_ends_the_turn_and_not_the_conversation(tmp_path: Path, server: LlmServer) -> None:
    server.replies += [Reply("who are you?", status=401), Reply("Now I know you.")]
    talk = chat(tmp_path, server)
    talk.sendline("Hello")
    talk.expect("answers 401")
    talk.expect("you>")
    talk.sendintr()
    talk.expect("Ctrl-D")
    talk.sendline("Hello")
    talk.expect("Now I know you.")
    talk.expect("you>")
    talk.sendeof()
    talk.expect(pexpect.EOF)
    talk.close()
    assert talk.exitstatus == 0


def test_without_a_terminal_each_line_is_a_sentence(tmp_path: Path, server: LlmServer) -> None:
    made = (("propose_plan", OUTLINE), ("write_pipeline", {"text": WRONG}))
    server.replies += [Reply("Here is a draft.", made), Reply("It needs work.")]
    shop(tmp_path, settings=f"llm: {{model: test, base_url: '{server.base_url}'}}\n")
    typed = "/help\n/plan\n/nonsense\nGive me the orders\n/plan\n/oml\n"
    done = subprocess.run(
        [OSIRIS, "chat"], cwd=tmp_path, input=typed, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0
    assert done.stdout == f"Here is a draft.\nIt needs work.\n{WRONG}"
    for shown in ("/help  /quit", "there is no draft yet", "there is no /nonsense", "the pipeline has 1 error"):
        assert shown in done.stderr, shown
