import json
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.unit.agent.shop import DATABASE, OML, OUTLINE, ROWS, WRONG, Willing, call, shop

from osiris.agent.desk import MOST_CHARS, Desk
from osiris.agent.ledger import Budget, Ledger
from osiris.agent.person import Nobody
from osiris.agent.talk import Call, Said, Talk
from osiris.agent.tools import TOOLS
from osiris.app.catalogue import OverviewAnswer, Rows
from osiris.app.library import template_named
from osiris.app.project import Project
from osiris.app.runs import RunReport
from osiris.model.errors import ApprovalMissing, OsirisError, UsageError

SHOP = "@duckdb.shop"
QUESTION = {"question": "Do cancelled orders count?", "why": "the sums", "options": ["yes", "no"], "default": "no"}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return shop(tmp_path)


@pytest.fixture
def person() -> Willing:
    return Willing()


@pytest.fixture
def desk(project: Project, person: Willing) -> Desk:
    return Desk(project, person)


def told(said: Said) -> dict[str, Any]:
    """Return what the model reads."""
    value = json.loads(said.text)
    assert isinstance(value, dict)
    return value


def draft(desk: Desk, text: str = OML) -> str:
    call(desk, "propose_plan", **OUTLINE)
    return str(told(call(desk, "write_pipeline", text=text))["draft"])


def planned(desk: Desk, text: str = OML) -> str:
    name = draft(desk, text)
    assert "error" not in told(call(desk, "plan_pipeline", draft=name))
    return name


class TestLooking:
    def test_a_short_answer_goes_to_the_model_and_the_full_one_to_the_screen(self, desk: Desk) -> None:
        said = call(desk, "overview")
        assert told(said) == {"connections": [{"connection": SHOP, "tables": ["orders"], "tables_total": 1}]}
        assert isinstance(said.shown, OverviewAnswer)
        assert (said.by, said.answers) == ("desk", "1")

    def test_tables_are_found_and_described(self, desk: Desk) -> None:
        assert told(call(desk, "find_tables", words="amount"))["tables"][0]["table"] == "orders"
        (table,) = told(call(desk, "describe_tables", connection=SHOP, tables=["orders"]))["tables"]
        assert set(table["columns"]) == {"order_id", "email", "status", "amount"}
        assert table["rows"] == ROWS

    def test_statistics_show_how_a_status_is_written_and_no_address(self, desk: Desk) -> None:
        columns = told(call(desk, "profile_columns", connection=SHOP, table="orders"))["columns"]
        assert sorted(columns["status"]["values"]) == ["cancelled", "paid"]
        assert columns["email"]["nulls"] == 0.25
        assert "values" not in columns["email"]

    def test_rows_are_for_the_person_only(self, desk: Desk) -> None:
        said = call(desk, "query_sample", connection=SHOP, sql="SELECT email, amount FROM orders ORDER BY order_id")
        assert told(said)["rows"] == ROWS
        assert "example.com" not in said.text
        assert isinstance(said.shown, Rows)
        assert said.shown.rows[0] == ("buyer1@example.com", "101")

    def test_a_sample_is_no_larger_than_the_settings_let_it_be(self, tmp_path: Path) -> None:
        desk = Desk(shop(tmp_path, settings="agent: {sample_rows: 5}"), Willing())
        said = call(desk, "query_sample", connection=SHOP, sql="SELECT amount FROM orders", limit=1000)
        assert (told(said)["rows"], told(said)["more"]) == (5, True)

    def test_under_none_no_statistics_reach_the_model(self, tmp_path: Path) -> None:
        desk = Desk(shop(tmp_path, settings="agent: {sampling: none}"), Willing())
        said = call(desk, "profile_columns", connection=SHOP, table="orders")
        assert "cancelled" not in said.text
        assert "withheld" in told(said)

    @pytest.mark.parametrize("sql", ["DELETE FROM orders", "SELECT 1; DROP TABLE orders", "PRAGMA database_list"])
    def test_a_query_that_is_no_select_is_refused(self, desk: Desk, project: Project, sql: str) -> None:
        assert "error" in told(call(desk, "query_sample", connection=SHOP, sql=sql))
        with duckdb.connect(project.root / DATABASE) as db:
            assert db.execute("SELECT count(*) FROM orders").fetchone() == (ROWS,)


class TestRefusing:
    def test_an_error_is_an_answer_that_the_model_can_read(self, desk: Desk) -> None:
        said = call(desk, "describe_tables", connection=SHOP, tables=["order"])
        error = told(said)["error"]
        assert (error["code"], error["hint"]) == ("OSR-OPR-001", "did you mean orders?")
        assert isinstance(said.shown, UsageError)

    def test_a_tool_that_is_not_there_names_its_kin(self, desk: Desk) -> None:
        assert "find_tables" in told(call(desk, "find_table", words="x"))["error"]["hint"]
        assert "error" in told(call(desk, "approve_everything"))

    def test_arguments_that_do_not_fit_are_named(self, desk: Desk) -> None:
        error = told(call(desk, "find_tables", wards="x"))["error"]
        assert "words: Field required" in error["message"]
        assert "not_json: Extra inputs" in told(call(desk, "run_pipeline", not_json="{"))["error"]["message"]

    def test_a_name_that_hides_something_is_shown_without_it(self, project: Project, desk: Desk) -> None:
        with duckdb.connect(project.root / DATABASE) as db:
            db.execute('CREATE TABLE "no\x1b[2Jthing\u202e" (x INTEGER)')
        said = call(desk, "overview")
        assert told(said)["connections"][0]["tables"] == ["nothing", "orders"]

    def test_no_secret_of_a_connection_is_told(self, tmp_path: Path) -> None:
        project = shop(tmp_path)
        secret = "correct-horse-battery"  # pragma: allowlist secret
        (tmp_path / "osiris_connections.yaml").write_text(
            f"duckdb:\n  shop: {{path: {DATABASE}}}\nnowhere:\n  x: {{password: {secret}}}\n", "utf-8"
        )
        desk = Desk(Project.open(project.root, exported={}), Willing())
        said = call(desk, "query_sample", connection=SHOP, sql=f"SELECT x FROM '{secret}'")
        assert secret not in said.text


class TestSeconds:
    def test_planning_and_what_a_yes_is_shown_with_count_as_asking(self, tmp_path: Path) -> None:
        """Otherwise a model that may ask databases no more could have them asked by asking for a yes."""
        ticks = count(step=10)
        ledger = Ledger(Budget(seconds=15), clock=lambda: float(next(ticks)))
        desk = Desk(shop(tmp_path), Willing(yes=False), ledger=ledger)
        call(desk, "propose_plan", **OUTLINE)
        draft = told(call(desk, "write_pipeline", text=OML))["draft"]

        def by_model(tool: str) -> dict[str, Any]:
            return told(next(desk.hear(Said("agent", "", (Call("1", tool, {"draft": draft}),)))))

        assert by_model("plan_pipeline")["planned"]
        assert (by_model("request_approval")["approved"], ledger.seconds) == (False, 30)
        for tool in ("request_approval", "plan_pipeline"):
            assert "the budget of this conversation is spent" in by_model(tool)["error"]["message"]


class TestReadingOn:
    @pytest.fixture
    def long(self, project: Project, desk: Desk) -> dict[str, Any]:
        with duckdb.connect(project.root / DATABASE) as db:
            for number in range(29):
                db.execute(f"CREATE TABLE {'very_' * 90}long_{number} (x INTEGER)")
        return told(call(desk, "overview"))

    def test_a_long_answer_is_cut_and_read_in_parts(self, desk: Desk, long: dict[str, Any]) -> None:
        assert long["cut"] is True
        text, part = long["text"], long
        for _ in range(long["total_chars"] // MOST_CHARS):
            part = told(call(desk, "read_result", result=long["result"], offset=part["next_offset"]))
            text += part["text"]
        assert "next_offset" not in part
        assert len(text) == long["total_chars"] > MOST_CHARS
        assert len(json.loads(text)["connections"][0]["tables"]) == 30

    def test_a_worked_example_is_read_as_the_library_has_it(self, desk: Desk) -> None:
        assert "top-report" in next(tool.about for tool in TOOLS if tool.name == "read_result")
        assert told(call(desk, "read_result", result="top-report"))["text"] == template_named("top-report").oml

    def test_a_result_that_was_not_given_is_not_read(self, desk: Desk) -> None:
        assert "there is no result" in told(call(desk, "read_result", result="sha256:0"))["error"]["message"]


class TestAsking:
    def test_an_answer_is_the_persons_and_none_is_an_assumption(self, desk: Desk, person: Willing) -> None:
        person.answers = ["yes"]
        other = QUESTION | {"question": "Since when?", "default": "ever"}
        answers = told(call(desk, "ask_user", questions=[QUESTION, other]))["answers"]
        assert answers == [
            {"question": "Do cancelled orders count?", "answer": "yes", "assumed": False},
            {"question": "Since when?", "answer": "ever", "assumed": True},
        ]

    def test_a_third_batch_before_a_draft_is_too_many(self, desk: Desk, person: Willing) -> None:
        for _ in range(2):
            assert "answers" in told(call(desk, "ask_user", questions=[QUESTION]))
        assert "write a draft first" in told(call(desk, "ask_user", questions=[QUESTION]))["error"]["message"]
        draft(desk)
        assert "answers" in told(call(desk, "ask_user", questions=[QUESTION]))
        assert len(person.asked) == 3

    def test_four_questions_at_once_are_too_many(self, desk: Desk) -> None:
        assert "error" in told(call(desk, "ask_user", questions=[QUESTION] * 4))


class TestWriting:
    def test_a_draft_is_saved_and_named_by_its_hash(self, desk: Desk, project: Project) -> None:
        call(desk, "propose_plan", **OUTLINE)
        answer = told(call(desk, "write_pipeline", text=OML))
        assert (answer["file"], answer["valid"], answer["findings"]) == ("pipelines/by-status.yaml", True, [])
        assert answer["draft"].startswith("sha256:")
        assert (project.root / answer["file"]).read_text("utf-8") == OML

    def test_what_is_wrong_is_told_with_what_is_near(self, desk: Desk) -> None:
        call(desk, "propose_plan", **OUTLINE)
        answer = told(call(desk, "write_pipeline", text=WRONG))
        assert answer["valid"] is False
        (finding,) = (f for f in answer["findings"] if f.get("severity", "error") == "error")
        assert finding["nearest"][0] == "status"
        assert finding["line"] > 1

    def test_a_text_that_is_no_pipeline_is_told_so(self, desk: Desk) -> None:
        assert "error" in told(call(desk, "write_pipeline", text="- just\n- a list\n"))

    def test_a_text_with_invisible_characters_is_refused(self, desk: Desk, project: Project) -> None:
        hidden = OML.replace("status", "sta\u200btus")
        assert "invisible" in told(call(desk, "write_pipeline", text=hidden))["error"]["message"]
        assert not (project.root / "pipelines").exists()

    def test_a_text_with_the_line_ends_of_windows_is_the_same_draft(self, desk: Desk) -> None:
        assert draft(desk, OML.replace("\n", "\r\n")) == draft(desk)

    def test_an_edit_replaces_the_draft_of_the_same_conversation_without_a_question(
        self, desk: Desk, person: Willing, project: Project
    ) -> None:
        assert draft(desk, WRONG) != draft(desk, OML)
        assert (person.asked, (project.root / "pipelines/by-status.yaml").read_text("utf-8")) == ([], OML)

    def test_a_pipeline_of_somebody_else_is_replaced_after_a_yes_only(
        self, desk: Desk, person: Willing, project: Project
    ) -> None:
        file = project.root / "pipelines/by-status.yaml"
        file.parent.mkdir()
        file.write_text("# mine\n", "utf-8")
        person.yes = False
        assert "is there already" in told(call(desk, "write_pipeline", text=OML))["error"]["message"]
        assert file.read_text("utf-8") == "# mine\n"
        person.yes = True
        assert told(call(desk, "write_pipeline", text=OML))["valid"] is True
        assert ["Replace it?" in question for question in person.asked] == [True, True]


class TestGates:
    def test_a_draft_that_nobody_wrote_is_not_there(self, desk: Desk) -> None:
        for tool in ("check_pipeline", "plan_pipeline", "run_pipeline"):
            assert "there is no draft" in told(call(desk, tool, draft="sha256:0"))["error"]["message"]

    def test_a_draft_with_findings_is_not_planned(self, desk: Desk) -> None:
        name = draft(desk, WRONG)
        assert told(call(desk, "plan_pipeline", draft=name))["error"]["message"].startswith(f"not yet: check {name}")

    def test_a_draft_that_was_not_planned_is_not_run(self, desk: Desk, person: Willing) -> None:
        name = draft(desk)
        assert told(call(desk, "run_pipeline", draft=name))["error"]["message"] == f"not yet: plan {name} first"
        assert person.seen == []

    def test_a_plan_says_what_would_be_written(self, desk: Desk, project: Project) -> None:
        plan = told(call(desk, "plan_pipeline", draft=draft(desk)))
        assert [step["step"] for step in plan["steps"]] == ["orders", "write"]
        assert [(w["target"], w["write_mode"]) for w in plan["writes"]] == [("output/orders.csv", "replace")]
        assert (project.root / "build/LATEST").is_file()
        assert not (project.root / "output").exists()

    def test_what_changed_since_the_plan_is_planned_again(self, desk: Desk, project: Project, person: Willing) -> None:
        name = planned(desk)
        connections = project.root / "osiris_connections.yaml"
        connections.write_text(connections.read_text("utf-8").replace(DATABASE, f"./{DATABASE}"), "utf-8")
        desk.project = Project.open(project.root, exported={})
        assert "plan" in told(call(desk, "run_pipeline", draft=name))["error"]["message"]
        assert person.seen == []


class TestRunning:
    def test_a_run_needs_a_yes_to_exactly_this_plan_and_text(
        self, desk: Desk, person: Willing, project: Project
    ) -> None:
        said = call(desk, "run_pipeline", draft=planned(desk))
        ((plan, oml),) = person.seen
        assert (plan.pipeline, oml) == ("by-status", OML)
        assert isinstance(said.shown, RunReport)
        assert said.shown.status == "completed"
        assert told(said)["written"] == [{"target": "output/orders.csv", "rows": ROWS, "receipt": "ok"}]
        lines = (project.root / "output/orders.csv").read_text("utf-8").splitlines()
        assert lines[:2] == ["order_id,status,amount", "1,paid,101"]

    def test_after_a_no_nothing_is_written(self, desk: Desk, person: Willing, project: Project) -> None:
        person.yes = False
        said = call(desk, "run_pipeline", draft=planned(desk))
        assert isinstance(said.shown, ApprovalMissing)
        assert "nobody said yes" in told(said)["error"]["message"]
        assert not (project.root / "output").exists()

    def test_where_nobody_is_nothing_runs(self, project: Project) -> None:
        desk = Desk(project, Nobody())
        assert "error" in told(call(desk, "run_pipeline", draft=planned(desk)))
        assert told(call(desk, "ask_user", questions=[QUESTION]))["answers"][0]["assumed"] is True
        other = OML.replace("by-status", "mine")
        (project.root / "pipelines/mine.yaml").write_text("# mine\n", "utf-8")
        assert "error" in told(call(desk, "write_pipeline", text=other))

    def test_a_yes_holds_for_one_text_and_not_for_its_edit(self, desk: Desk, person: Willing) -> None:
        call(desk, "run_pipeline", draft=planned(desk))
        edited = draft(desk, OML.replace("orders.csv", "others.csv"))
        assert "not yet" in told(call(desk, "run_pipeline", draft=edited))["error"]["message"]
        assert len(person.seen) == 1

    def test_a_run_that_fails_tells_why_and_no_value(self, desk: Desk, project: Project) -> None:
        name = planned(desk, OML.replace("amount FROM", "CAST(email AS BIGINT) AS amount FROM"))
        said = call(desk, "run_pipeline", draft=name)
        assert told(said)["status"] == "failed"
        assert told(said)["error"]["code"]
        assert "buyer1@" not in said.text
        assert not (project.root / "output/orders.csv").exists()


class TestExplaining:
    def test_a_record_is_told_in_sentences_with_their_evidence(self, desk: Desk) -> None:
        run = told(call(desk, "run_pipeline", draft=planned(desk)))
        record = told(call(desk, "explain_run"))
        assert record["run_id"] == run["run_id"]
        assert record["happened"]
        cited = record["happened"][0]["cites"][0]
        assert list(desk.hear(Said("agent", f"it ran [{cited}]"))) == []
        (objection,) = desk.hear(Said("agent", f"it ran [{cited}] twice [ev.receipt.nobody.rows.1]"))
        assert "ev.receipt.nobody.rows.1" in objection.text
        assert cited not in objection.text

    def test_a_run_that_is_not_there_is_told_so(self, desk: Desk) -> None:
        assert "error" in told(call(desk, "explain_run", run_id="20200101T000000-nothing"))


class TestRecalling:
    def test_a_draft_of_an_earlier_conversation_has_to_be_checked_again(self, project: Project) -> None:
        before = Desk(project, Willing())
        name = draft(before)
        talk = Talk().plus(
            Said("agent", "", (Call("1", "write_pipeline", {"text": OML}), Call("2", "write_pipeline", {}))),
            Said("desk", '{"cites":["ev.receipt.write.rows.1"]}', answers="1"),
        )
        person = Willing()
        desk = Desk(project, person)
        desk.recall(talk)
        assert "not yet: check" in told(call(desk, "plan_pipeline", draft=name))["error"]["message"]
        assert told(call(desk, "check_pipeline", draft=name))["valid"] is True
        assert "error" not in told(call(desk, "plan_pipeline", draft=name))
        assert list(desk.hear(Said("agent", "see ev.receipt.write.rows.1"))) == []

    def test_only_errors_of_ours_become_answers(self, desk: Desk) -> None:
        assert isinstance(call(desk, "describe_tables", connection="nonsense!", tables=["x"]).shown, OsirisError)


class TestGoingOn:
    def test_what_was_cut_off_is_done_now_but_for_what_may_be_done_only_once(self, desk: Desk) -> None:
        calls = (Call("1", "overview"), Call("2", "run_pipeline", {"draft": "x"}), Call("3", "request_approval"))
        looked, ran, asked = desk.resume(Talk("", (Said("agent", "", calls),)), {})
        assert told(looked)["connections"][0]["tables"] == ["orders"]
        assert (told(ran), told(asked)) == ({"interrupted": True}, {"interrupted": True})

    def test_a_run_that_had_begun_is_looked_up(self, desk: Desk) -> None:
        run = told(call(desk, "run_pipeline", draft=planned(desk)))
        calls = (Call("7", "run_pipeline", {"draft": "x"}),)
        (answer,) = desk.resume(Talk("", (Said("agent", "", calls),)), {"7": run["run_id"]})
        assert told(answer)["run"] == {"run_id": run["run_id"], "status": "completed", "rows": ROWS}

    def test_how_far_it_has_come_is_a_function_of_what_is_there(self, project: Project) -> None:
        desk = Desk(project, Willing())
        desk.begin_turn("orders")
        phases = [desk.phase]
        call(desk, "describe_tables", connection=SHOP, tables=["orders"])
        phases.append(desk.phase)
        call(desk, "propose_plan", **OUTLINE)
        phases.append(desk.phase)
        name = draft(desk)
        phases.append(desk.phase)
        call(desk, "plan_pipeline", draft=name)
        phases.append(desk.phase)
        call(desk, "request_approval", draft=name)
        phases.append(desk.phase)
        call(desk, "run_pipeline", draft=name)
        assert [*phases, desk.phase] == ["discovery", "plan", "oml", "compile", "approve", "run", "explain"]

    def test_a_plan_in_words_is_known_again_and_a_broken_one_is_not(self, desk: Desk) -> None:
        desk.recall(Talk("", (Said("agent", "", (Call("1", "propose_plan", {"sources": []}),)),)))
        assert desk.outline is None
        desk.recall(Talk("", (Said("agent", "", (Call("1", "propose_plan", OUTLINE),)),)))
        assert desk.outline is not None
