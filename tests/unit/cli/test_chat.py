"""A conversation on a terminal, with a model's server on loopback: the same loop, the same tools, the same gates."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from tests.services.llm import LlmServer, Reply
from tests.unit.agent.shop import OML, OUTLINE, WRONG, shop

from osiris.agent.history import History
from osiris.agent.talk import Call, Said, Talk
from osiris.agent.tools import Tool
from osiris.app.project import Project
from osiris.cli.answers import answer
from osiris.cli.chat import Conversation, Screen, exit_code
from osiris.cli.main import main
from osiris.cli.options import Options
from osiris.cli.person import AtTerminal
from osiris.cli.terminal import Terminal
from osiris.model.canonical import digest
from osiris.model.errors import LlmError
from osiris.observe.redact import Redactor

SHOP = "@duckdb.shop"
DRAFT = f"sha256:{digest(OML.encode())[:12]}"
POLICY = "approvals: {policies: [{effects: [add], allowed_by: Ada, until: 2099-12-31}]}\n"
WHOLE = [
    Reply("Let me see.", (("overview", {}), ("find_tables", {"words": "order"}))),
    Reply("And its columns.", (("describe_tables", {"connection": SHOP, "tables": ["orders"]}),)),
    Reply("", (("profile_columns", {"connection": SHOP, "table": "orders"}),)),
    Reply("", (("query_sample", {"connection": SHOP, "sql": "SELECT email, status FROM orders"}),)),
    Reply("A first draft.", (("propose_plan", OUTLINE), ("write_pipeline", {"text": WRONG}))),
    Reply("I'll mend it.", (("write_pipeline", {"text": OML}),)),
    Reply("", (("check_pipeline", {"draft": DRAFT}), ("plan_pipeline", {"draft": DRAFT}))),
    Reply("It runs if you agree.", (("run_pipeline", {"draft": DRAFT}),)),
    Reply("", (("explain_run", {}),)),
    Reply("Twelve orders are in output/orders.csv."),
]


def terminal(options: Options | None = None, *, width: int = 100, moving: bool = False, typed: str = "") -> Terminal:
    out, err = (
        Console(file=StringIO(), force_terminal=moving, width=width, highlight=False, markup=False, no_color=True)
        for _ in range(2)
    )
    return Terminal(options or Options(), out, err, bool(typed), StringIO(typed))


def heard(console: Console) -> str:
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


@dataclass
class Scripted:
    """Says its lines in order; an exception is raised."""

    lines: list[Said | BaseException]
    heard: list[Talk] = field(default_factory=list)

    def reply(self, talk: Talk, tools: tuple[Tool, ...], say: Callable[[str], None]) -> Said:
        self.heard.append(talk)
        line = self.lines.pop(0)
        if isinstance(line, BaseException):
            raise line
        say(line.text)
        return line


class TestScreen:
    def test_words_stay_unbroken_where_a_person_reads_them(self) -> None:
        here = terminal(width=20, moving=True)
        with Screen(here) as screen:
            for piece in ("the quick br", "own fox jumps", " over\nthe dog"):
                screen.say(piece)
        assert heard(here.out) == "agent> the quick \nbrown fox jumps over\nthe dog\n"

    def test_a_word_longer_than_a_line_is_left_to_the_terminal(self) -> None:
        here = terminal(width=10, moving=True)
        with Screen(here) as screen:
            screen.say("see [ev.receipt.write.committed.17] and go")
        assert heard(here.out) == "agent> see \n[ev.receipt.write.committed.17] \nand go\n"

    def test_a_file_gets_the_words_alone(self) -> None:
        here = terminal()
        with Screen(here) as screen:
            screen.say("the quick brown")
            screen.rest()
            screen.say("fox\n")
        assert heard(here.out) == "the quick brown\nfox\n"

    def test_a_program_gets_no_words_beside_its_document(self) -> None:
        here = terminal(Options(as_json=True))
        with Screen(here) as screen:
            screen.say("the quick brown fox")
        assert heard(here.out) == ""

    def test_what_is_being_done_is_shown_until_there_is_something_to_say(self) -> None:
        here = terminal(moving=True)
        with Screen(here) as screen:
            screen.doing("looking for tables")
            screen.say("found")
        assert "looking for tables" in heard(here.err)
        assert heard(here.out) == "agent> found\n"

    def test_an_objection_of_the_desk_is_shown(self) -> None:
        here = terminal()
        with Screen(here) as screen:
            screen.said(Said("desk", "there is no evidence ev.x"))
        assert "there is no evidence ev.x" in heard(here.err)

    def test_what_is_not_known_is_not_shown(self) -> None:
        assert answer(object()) is None


class TestConversation:
    @pytest.fixture
    def project(self, tmp_path: Path) -> Project:
        return shop(tmp_path)

    def test_a_turn_that_a_person_stops_is_kept_with_its_call_answered(self, project: Project) -> None:
        call = Said("agent", "let me look", (Call("1", "overview"), Call("2", "ask_user", {})))
        kept = History(project.layout.history, Redactor())
        here = terminal()
        llm = Scripted([call, KeyboardInterrupt(), Said("agent", "hello again")])
        conversation = Conversation(here, project, llm, AtTerminal(here), Talk("brief"), kept)
        with pytest.raises(KeyboardInterrupt):
            conversation.take("what is there?")
        assert [said.by for said in conversation.talk.said] == ["user", "agent", "desk", "desk", "desk"]
        assert kept.talk(conversation.session, "brief") == conversation.talk
        conversation.take("go on")
        assert llm.heard[-1].open_calls() == ()
        assert [said.text for said in kept.talk(conversation.session, "").said[-2:]] == ["go on", "hello again"]

    def test_a_call_in_the_middle_of_which_a_person_stops_is_interrupted(self, project: Project) -> None:
        class Stopping(AtTerminal):
            def ask(self, questions: Any) -> tuple[str, ...]:
                raise KeyboardInterrupt

        question = {"question": "?", "why": "", "default": "no"}
        call = Said("agent", "", (Call("1", "ask_user", {"questions": [question]}),))
        here = terminal()
        conversation = Conversation(here, project, Scripted([call]), Stopping(here), Talk())
        with pytest.raises(KeyboardInterrupt):
            conversation.take("what is there?")
        assert conversation.talk.said[-2:] == (
            Said("desk", '{"interrupted":true}', answers="1"),
            Said("desk", "the person stopped this turn"),
        )

    def test_a_model_that_vanishes_leaves_what_was_said(self, project: Project) -> None:
        here = terminal()
        conversation = Conversation(here, project, Scripted([LlmError("gone")]), AtTerminal(here), Talk())
        with pytest.raises(LlmError):
            conversation.take("what is there?")
        assert [said.text for said in conversation.talk.said] == ["what is there?"]
        assert conversation.draft == ""

    def test_a_turn_without_a_run_ends_well(self) -> None:
        assert exit_code((Said("user", "hello"), Said("agent", "hello"))) == 0


class TestCommand:
    @pytest.fixture
    def server(self) -> LlmServer:
        return LlmServer([])

    def project(self, folder: Path, server: LlmServer, settings: str = "") -> list[str]:
        """Make the shop with this server as its model, and return how a command finds it."""
        shop(folder, settings=f"llm: {{model: test, base_url: '{server.base_url}'}}\n{settings}")
        return ["-C", str(folder)]

    def test_one_sentence_becomes_rows(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        with LlmServer(list(WHOLE)) as server:
            at = self.project(tmp_path, server, POLICY)
            assert main(["chat", *at, "--once", "Give me the orders", "--yes"]) == 0
        said = capsys.readouterr()
        assert said.out.splitlines()[-1] == "Twelve orders are in output/orders.csv."
        assert (tmp_path / "output/orders.csv").read_text("utf-8").splitlines()[1] == "1,paid,101"
        for shown in (
            "overview\n  connection",
            "@duckdb.shop  1 table: orders",
            "find_tables order\n",
            "orders (12 rows)  order_id BIGINT",
            "cancelled, paid",
            "buyer10@example.com  paid",
            "error: there is no column 'state'",
            "did you mean status?",
            "valid: the compiler found nothing wrong",
            "compiled and planned: 2 steps, writes output/orders.csv",
            "pipeline by-status\n  oml_version",
            "Run exactly this? yes",
            "12 rows written",
            "read logs/",
        ):
            assert shown in said.err, shown
        assert "@example.com" not in server.heard()

    def test_a_program_gets_one_document(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        with LlmServer(list(WHOLE)) as server:
            assert main(["chat", *self.project(tmp_path, server, POLICY), "--once", "orders", "--yes", "--json"]) == 0
        document = json.loads(capsys.readouterr().out)
        assert document["session"]
        assert document["said"][0] == {"by": "user", "text": "orders", "calls": []}
        assert document["said"][-1]["text"] == "Twelve orders are in output/orders.csv."
        assert document["said"][1]["calls"][0] == {"tool": "overview", "arguments": {}}

    def test_without_a_yes_nothing_runs_and_the_exit_code_says_so(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        begin = Reply("", (("propose_plan", OUTLINE),))
        with LlmServer([begin, *WHOLE[5:8], Reply("Then not.")]) as server:
            assert main(["chat", *self.project(tmp_path, server), "--once", "orders"]) == 6
        assert not (tmp_path / "output").exists()
        assert "nobody said yes to this plan" in capsys.readouterr().err

    def test_a_conversation_goes_on_where_it_ended(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        with LlmServer([Reply("Hello."), Reply("Hello again.")]) as server:
            at = self.project(tmp_path, server)
            assert main(["chat", *at, "--once", "first", "--json"]) == 0
            session = json.loads(capsys.readouterr().out)["session"]
            assert main(["chat", *at, "--once", "second", "--session", session, "--json"]) == 0
            assert json.loads(capsys.readouterr().out)["session"] == session
        first, second = (request["messages"] for request in server.requests)
        assert second[: len(first)] == first
        assert [message["content"] for message in second[len(first) :]] == ["Hello.", "second"]

    def test_a_conversation_that_is_not_there_is_an_error(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with LlmServer([]) as server:
            assert main(["chat", *self.project(tmp_path, server), "--session", "nothing", "--once", "x"]) == 2
        assert "there is no conversation 'nothing'" in capsys.readouterr().err

    def test_without_a_key_the_error_says_what_to_do(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        shop(tmp_path, settings="llm: {model: test, api_key_env: NO_SUCH_KEY}")
        assert main(["chat", "-C", str(tmp_path), "--once", "hello"]) == 2
        said = capsys.readouterr().err
        assert "the variable NO_SUCH_KEY holds no key" in said
        assert "NO_SUCH_KEY=… into .env" in said

    def test_a_program_has_to_say_its_sentence_at_once(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["chat", "-C", str(tmp_path), "--json"]) == 2
        assert json.loads(capsys.readouterr().out)["error"]["message"] == "--json needs --once"

    def test_a_server_that_refuses_is_one_error(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        with LlmServer([Reply("who are you?", status=401)]) as server:
            assert main(["chat", *self.project(tmp_path, server), "--once", "hello"]) == 5
        assert "answers 401" in capsys.readouterr().err
