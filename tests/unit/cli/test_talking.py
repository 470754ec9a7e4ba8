"""A person sits at a conversation: what they see when it begins, how they type, how it ends."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

import pytest
from prompt_toolkit import PromptSession
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from tests.e2e.keyboard import Done, typed
from tests.services.llm import LlmServer, Reply
from tests.unit.agent.shop import shop
from tests.unit.cli.test_chat import Scripted, heard, terminal

from osiris.agent.history import History
from osiris.agent.talk import Call, Said, Talk
from osiris.app.project import Project
from osiris.cli.chat import Conversation
from osiris.cli.person import AtTerminal
from osiris.cli.talking import _keys, talk_on
from osiris.cli.terminal import Terminal
from osiris.observe.redact import Redactor

_STYLES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass
class Held:
    """A conversation at a terminal with a scripted model, and what was typed into its line editor."""

    project: Project
    lines: list[Said | BaseException]
    typed: str
    terminal: Terminal = field(default_factory=lambda: terminal(moving=True, typed="y\n"))

    def on(self, session: str = "") -> str:
        """Hold it to its end and return what was shown; with a session, go on with that one."""
        history = History(self.project.layout.history, Redactor())
        talk = history.talk(session, "brief") if session else Talk("brief")
        person, self.llm = AtTerminal(self.terminal), Scripted(self.lines)
        conversation = Conversation(self.terminal, self.project, self.llm, person, talk, history, session)
        with typing(self.typed):
            talk_on(conversation)
        self.session = conversation.session
        return _STYLES.sub("", heard(self.terminal.out) + heard(self.terminal.err))


@contextmanager
def typing(keys: str) -> Iterator[None]:
    """Type these keys; then, as at the end of every test, leave."""
    with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):
        pipe.send_text(f"{keys}\x04")
        yield


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return shop(tmp_path, settings="llm: {model: test}\n")


def test_a_sentence_is_answered_and_the_end_says_how_to_go_on(project: Project) -> None:
    held = Held(project, [Said("agent", "Good morning.")], "hello\r\r")
    shown = held.on()
    assert "Talking with test" in shown
    assert "agent> Good morning." in shown
    assert f"go on with: osiris chat --session {held.session}" in shown


def test_an_interrupt_at_the_prompt_says_how_to_leave(project: Project) -> None:
    held = Held(project, [Said("agent", "Hello.")], "delete everyth\x03hello\r")
    shown = held.on()
    assert "/quit, or Ctrl-D, leaves" in shown
    assert [one.text for one in held.llm.heard[0].said] == ["hello"]


def test_an_interrupt_in_a_turn_ends_the_turn(project: Project) -> None:
    held = Held(project, [KeyboardInterrupt(), Said("agent", "Here.")], "one\rtwo\r")
    shown = held.on()
    assert "stopped; say what to do instead, or /quit" in shown
    assert "agent> Here." in shown


def test_a_command_leaves_and_one_that_is_wrong_does_not(project: Project) -> None:
    held = Held(project, [], "/hlep\r/quit\rnever said\r")
    shown = held.on()
    assert "did you mean /help?" in shown
    assert held.llm.heard == []
    assert "go on with" not in shown


def test_who_comes_back_sees_the_last_words_as_they_looked(project: Project) -> None:
    words = "I see **one** table:\n\n| table | rows |\n|---|---|\n| orders | 12 |"
    first = Held(project, [Said("agent", words)], "what is there?\r")
    first.on()
    again = Held(project, [], "", terminal(moving=True, typed="y\n"))
    shown = again.on(first.session)
    assert "you> what is there?" in shown
    assert "agent> I see one table:" in shown
    assert "orders  12" in shown


def test_a_turn_that_was_cut_off_goes_on(project: Project) -> None:
    history = History(project.layout.history, Redactor())
    session = history.begin()
    history.keep(session, Said("user", "what is there?"), Said("agent", "Let me look.", (Call("1", "overview"),)))
    held = Held(project, [Said("agent", "One table.")], "")
    shown = held.on(session)
    assert "the last turn was cut off; it goes on now" in shown
    assert "agent> One table." in shown
    assert held.llm.heard[0].said[-1].answers == "1"


@pytest.mark.parametrize(
    ("keys", "text"), [("one\r", "one"), ("one\\\rtwo\r", "one\ntwo"), ("one\x1b\rtwo\r", "one\ntwo")]
)
def test_enter_sends_unless_another_line_is_wanted(keys: str, text: str) -> None:
    with create_pipe_input() as pipe:
        pipe.send_text(keys)
        session: PromptSession[str] = PromptSession(
            input=pipe, output=DummyOutput(), key_bindings=_keys(), multiline=True
        )
        assert session.prompt() == text


def piped(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch, *words: str) -> Done:
    """Type `osiris chat` where no person sits, and give it an input."""
    monkeypatch.setattr("sys.stdin", StringIO(text))
    return typed(folder, "chat", *words)


def test_without_a_model_commands_work_and_a_sentence_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ANTHROPIC_API_KEY", "CLAUDE_API_KEY", "OPENAI_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    shop(tmp_path)
    done = piped(tmp_path, "/tables\nhello\n", monkeypatch)
    assert done.code == 0
    assert "Commands work without a language model" in done.err
    assert "there is no language model to talk with" in done.err
    assert "1 table: orders" in done.out


def test_without_a_terminal_a_line_that_ends_in_a_backslash_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with LlmServer([Reply("Yes?"), Reply("Again?"), Reply("And?")]) as server:
        shop(tmp_path, settings=f"llm: {{model: test, base_url: '{server.base_url}'}}\n")
        assert piped(tmp_path, "one\\\ntwo\nthree\\\n", monkeypatch).out == "Yes?\nAgain?\n"
        again = piped(tmp_path, "four\n", monkeypatch, "--session", "last")
    said = [request["messages"][-1]["content"] for request in server.requests]
    assert said == ["one\ntwo", "three", "four"]
    assert again.out == "And?\n"
    assert "you> three" in again.err


def test_the_model_is_shown_and_changed_in_the_middle_of_a_conversation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with LlmServer([Reply("One."), Reply("Two.")]) as server:
        shop(tmp_path, settings=f"llm: {{model: first, base_url: '{server.base_url}'}}\n")
        done = piped(tmp_path, "/model\nhello\n/model second\nhello again\n/model nobody:x\n", monkeypatch)
    assert [request["model"] for request in server.requests] == ["first", "second"]
    assert [message["content"] for message in server.requests[1]["messages"][1:]] == ["hello", "One.", "hello again"]
    assert server.base_url in done.err
