"""Conversations from the first sentence to the rows, or to the reason why there are none."""

import sqlite3
from contextlib import closing
from pathlib import Path

import duckdb
import pytest
from tests.talks.script import DRAFT, PLAN, RUN, SHOP, Held, asked, begin, oml, written
from tests.unit.agent.shop import CONNECTIONS, DATABASE, OUTLINE, ROWS, Willing, shop

from osiris.app.logs import ListRuns, list_runs
from osiris.app.project import Project

pytestmark = pytest.mark.slow
ALL = oml("SELECT order_id, status, amount FROM orders")
PAID = oml("SELECT order_id, amount FROM orders WHERE status = 'paid'")
WHICH = {
    "question": "Do cancelled orders count?",
    "why": "it changes the rows",
    "options": ["leave them out", "count them"],
    "default": "leave them out",
}


@pytest.fixture(scope="module")
def huge(tmp_path_factory: pytest.TempPathFactory) -> Held:
    areas = ("crm", "erp", "web", "stock", "hr", "log", "geo", "fin", "mkt", "ops")
    made = (
        f"CREATE TABLE {area}_{thing}_{n} (id BIGINT, {area}Code TEXT, created_at DATE)"
        for area in areas
        for thing in ("item", "event", "party", "entry")
        for n in range(50)
    )
    invoice = "CREATE TABLE fin_invoiceHeader (invoiceNo TEXT, grossAmount DECIMAL(12, 2), customer_id BIGINT)"
    comment = "COMMENT ON TABLE fin_invoiceHeader IS 'one row for each bill that was sent'"
    return begin(tmp_path_factory.mktemp("huge"), *made, invoice, comment)


class TestNew:
    def test_a_table_becomes_a_file(self, tmp_path: Path) -> None:
        talk = begin(tmp_path).say("Give me the orders", [PLAN], written(ALL), *RUN, "There they are.")
        assert len(talk.lines("output/out.csv")) == ROWS + 1
        assert [report.status for report in talk.reports()] == ["completed"]

    def test_the_plan_is_shown_before_there_is_a_pipeline(self, tmp_path: Path) -> None:
        talk = begin(tmp_path).say("Give me the orders", written(ALL), [PLAN], written(ALL))
        refused, made = talk.answers("write_pipeline")
        assert "call propose_plan first" in refused["error"]["message"]
        assert made["valid"] is True
        assert [outline.grain for outline in talk.person.outlines] == [OUTLINE["grain"]]

    def test_what_the_person_corrects_is_what_is_built(self, tmp_path: Path) -> None:
        talk = begin(tmp_path, corrections=["only paid ones"])
        talk.say("Give me the orders", [PLAN], written(PAID), *RUN)
        assert talk.answers("propose_plan") == [{"corrections": "only paid ones"}]
        assert all(line.split(",")[0] != "3" for line in talk.lines("output/out.csv"))

    def test_rows_are_cleaned_and_doubles_go(self, tmp_path: Path) -> None:
        query = "SELECT DISTINCT lower(trim(status)) AS status FROM orders ORDER BY 1"
        talk = begin(tmp_path, "UPDATE orders SET status = ' PAID' WHERE order_id = 1")
        talk.say("Which states are there?", [PLAN], written(oml(query)), *RUN)
        assert talk.lines("output/out.csv") == ["status", "cancelled", "paid"]

    def test_two_tables_are_joined_and_summed(self, tmp_path: Path) -> None:
        query = "SELECT c.city, sum(o.amount) AS total FROM orders o JOIN cities c USING (status) GROUP BY 1 ORDER BY 1"
        talk = begin(tmp_path, "CREATE TABLE cities AS SELECT 'paid' AS status, 'Brno' AS city")
        talk.say("Sums by city", [PLAN], written(oml(query)), *RUN)
        assert talk.lines("output/out.csv")[1].startswith("Brno,")

    def test_two_connections_are_joined_although_their_keys_are_written_in_two_ways(self, tmp_path: Path) -> None:
        project = shop(tmp_path)
        with closing(sqlite3.connect(tmp_path / "crm.sqlite")) as db, db:
            db.execute("CREATE TABLE notes (ref TEXT, note TEXT)")
            db.execute("INSERT INTO notes VALUES (' ORD-0001', 'late'), ('ord-0002 ', 'gift')")
        more = "  sqlite:\n    crm: {path: crm.sqlite}\n"
        (tmp_path / "osiris_connections.yaml").write_text(CONNECTIONS + more, "utf-8")
        talk = Held(Project.open(project.root, exported={}), Willing())
        text = (
            'oml_version: "0.1.0"\nname: noted\nsteps:\n'
            "  - id: orders\n    component: duckdb.extractor\n    mode: read\n"
            f'    config: {{connection: "{SHOP}", query: "SELECT order_id, amount FROM orders"}}\n'
            "  - id: notes\n    component: sqlite.extractor\n    mode: read\n"
            '    config: {connection: "@sqlite.crm", query: "SELECT ref, note FROM notes"}\n'
            "  - id: joined\n    component: duckdb.processor\n    mode: transform\n    needs: [orders, notes]\n"
            "    config:\n      query: |\n        SELECT o.order_id, n.note FROM orders AS o\n"
            "        JOIN notes AS n ON n_id(n.ref) = o.order_id ORDER BY 1\n"
            "  - id: write\n    component: filesystem.csv_writer\n    mode: write\n    needs: [joined]\n"
            "    config: {path: output/noted.csv}\n"
        )
        right = text.replace("n_id(n.ref)", "CAST(regexp_extract(lower(trim(n.ref)), 'ord-(.*)', 1) AS BIGINT)")
        talk.say("Orders with their notes", [PLAN], written(text), written(right), *RUN)
        assert [made["valid"] for made in talk.answers("write_pipeline")] == [False, True]
        assert talk.lines("output/noted.csv") == ["order_id,note", "1,late", "2,gift"]

    def test_the_explanation_cites_what_the_record_holds(self, tmp_path: Path) -> None:
        talk = begin(tmp_path).say("Give me the orders", [PLAN], written(ALL), *RUN, asked("explain_run"))
        cited = talk.answers("explain_run")[0]["happened"][0]["cites"][0]
        talk.say("And?", f"It ran [{cited}].")
        assert talk.talk.said[-1].text == f"It ran [{cited}]."


class TestEdits:
    def test_a_follow_up_is_another_draft_of_the_same_pipeline(self, tmp_path: Path) -> None:
        talk = begin(tmp_path).say("Give me the orders", [PLAN], written(ALL), *RUN)
        talk.say("Only paid ones", written(PAID), *RUN)
        assert [report.total_rows for report in talk.reports()] == [ROWS, 8]
        first, second = talk.person.requests
        assert (first.before, second.before) == ("", ALL)

    def test_a_pipeline_that_is_there_is_read_changed_and_replaced_after_a_yes(self, tmp_path: Path) -> None:
        talk = begin(tmp_path)
        (tmp_path / "pipelines").mkdir()
        (tmp_path / "pipelines" / "orders.yaml").write_text(ALL, "utf-8")
        talk.say(
            "Only paid ones", asked("overview"), asked("read_result", result="pipelines/orders.yaml"), written(PAID)
        )
        assert talk.answers("overview")[0]["pipelines"] == ["pipelines/orders.yaml"]
        assert talk.answers("read_result")[0]["text"] == ALL
        assert (tmp_path / "pipelines" / "orders.yaml").read_text("utf-8") == PAID
        (question,) = talk.person.asked
        assert "+        SELECT order_id, amount FROM orders WHERE status = 'paid'" in question

    def test_after_a_no_it_stays_as_it_was(self, tmp_path: Path) -> None:
        talk = begin(tmp_path, yes=False)
        (tmp_path / "pipelines").mkdir()
        (tmp_path / "pipelines" / "orders.yaml").write_text(ALL, "utf-8")
        talk.say("Only paid ones", written(PAID), "Then not.")
        assert (tmp_path / "pipelines" / "orders.yaml").read_text("utf-8") == ALL

    def test_an_edit_that_is_wrong_does_not_take_the_place_of_the_last_good_one(self, tmp_path: Path) -> None:
        talk = begin(tmp_path).say("Give me the orders", [PLAN], written(ALL))
        talk.say("Only paid ones", written(PAID.replace("status =", "state =")))
        assert talk.answers("write_pipeline")[-1]["valid"] is False
        assert (tmp_path / "pipelines" / "orders.yaml").read_text("utf-8") == ALL

    def test_an_edit_can_be_taken_back(self, tmp_path: Path) -> None:
        talk = begin(tmp_path).say("Give me the orders", [PLAN], written(ALL)).say("Only paid ones", written(PAID))
        assert talk.desk.undo() == "pipelines/orders.yaml"
        assert (tmp_path / "pipelines" / "orders.yaml").read_text("utf-8") == ALL

    def test_why_there_are_fewer_rows_than_yesterday_is_in_the_record(self, tmp_path: Path) -> None:
        talk = begin(tmp_path).say("Give me the orders", [PLAN], written(ALL), *RUN)
        with duckdb.connect(tmp_path / DATABASE) as db:
            db.execute("DELETE FROM orders WHERE status = 'cancelled'")
        talk.say("Once more", *RUN)
        talk.say("Why is the row count lower than yesterday?", asked("explain_run"))
        against, step, *_ = talk.answers("explain_run")[0]["changed"]
        assert "8 rows committed, 12 then" in against["text"]
        assert "'read': 8 rows, 12 before" in step["text"]
        told = f"Four rows are gone from the source [{step['cites'][0]}]."
        talk.say("So?", told)
        assert talk.talk.said[-1].text == told

    def test_an_edit_needs_its_own_yes(self, tmp_path: Path) -> None:
        talk = begin(tmp_path).say("Give me the orders", [PLAN], written(ALL), *RUN)
        talk.person.yes = False
        talk.say("Only paid ones", written(PAID), *RUN, "Then not.")
        assert "nobody said yes" in talk.error("run_pipeline")
        assert len(talk.lines("output/out.csv")) == ROWS + 1

    def test_the_same_rows_go_elsewhere(self, tmp_path: Path) -> None:
        talk = begin(tmp_path).say("Give me the orders", [PLAN], written(ALL), *RUN)
        talk.say("Call the file all.csv", written(ALL.replace("out.csv", "all.csv")), *RUN)
        assert talk.lines("output/all.csv") == talk.lines("output/out.csv")


class TestAmbiguity:
    @pytest.mark.parametrize(("answer", "rows"), [("count them", ROWS), ("leave them out", 8)])
    def test_the_answer_decides(self, tmp_path: Path, answer: str, rows: int) -> None:
        talk = begin(tmp_path, answers=[answer])
        made = ALL if answer == "count them" else PAID
        talk.say("Give me the orders", asked("ask_user", questions=[WHICH]), [PLAN], written(made), *RUN)
        assert talk.answers("ask_user")[0]["answers"][0] | {"question": ""} == {
            "question": "", "answer": answer, "assumed": False,
        }  # fmt: skip
        assert talk.reports()[0].total_rows == rows

    def test_what_nobody_answers_is_an_assumption_at_the_yes_and_in_the_pipeline(self, tmp_path: Path) -> None:
        talk = begin(tmp_path)
        talk.say("Give me the orders", asked("ask_user", questions=[WHICH]), [PLAN], written(PAID), *RUN)
        said = "Do cancelled orders count? leave them out"
        assert talk.person.requests[0].assumptions == (said,)
        report = talk.reports()[0]
        assert f'assumptions:\n    - "{said}"' in (tmp_path / report.session / "pipeline.yaml").read_text("utf-8")
        assert said in (tmp_path / report.aiop).read_text("utf-8")

    def test_a_third_batch_of_questions_has_to_wait_for_a_draft(self, tmp_path: Path) -> None:
        ask = asked("ask_user", questions=[WHICH])
        talk = begin(tmp_path).say("Give me the orders", ask, ask, ask, [PLAN], written(ALL), ask)
        assert ["error" in one for one in talk.answers("ask_user")] == [False, False, True, False]


class TestImpossible:
    def test_a_table_that_is_not_there(self, tmp_path: Path) -> None:
        talk = begin(tmp_path)
        look = asked("describe_tables", connection=SHOP, tables=["invoices"])
        talk.say("All invoices", asked("find_tables", words="invoice"), look, "There are no invoices here.")
        assert talk.answers("find_tables") == [{"tables": [], "total": 0}]
        assert "no table 'invoices'" in talk.error("describe_tables")
        assert list_runs(talk.project, ListRuns()).runs == ()

    def test_a_target_that_nobody_configured(self, tmp_path: Path) -> None:
        text = ALL.replace("filesystem.csv_writer", "postgres.writer").replace(
            "{path: output/out.csv, write_mode: replace}",
            '{connection: "@postgres.dw", table: orders, write_mode: replace}',
        )
        talk = begin(tmp_path).say("Write it to the warehouse", [PLAN], written(text), "There is no warehouse here.")
        found = talk.answers("write_pipeline")[0]["findings"]
        assert any("postgres" in finding["message"] for finding in found)

    def test_a_component_that_nobody_has(self, tmp_path: Path) -> None:
        text = ALL.replace("filesystem.csv_writer", "sheets.writer")
        talk = begin(tmp_path).say("Into a spreadsheet", [PLAN], written(text), "I can't.")
        assert talk.answers("write_pipeline")[0]["valid"] is False

    def test_a_wish_that_needs_no_pipeline_gets_a_reply(self, tmp_path: Path) -> None:
        talk = begin(tmp_path).say("What is the weather like?", "I only know your data.")
        assert (len(talk.talk.said), list((tmp_path / "pipelines").glob("*"))) == (2, [])


class TestWrongColumns:
    def test_the_compiler_names_the_nearest_and_the_repair_holds(self, tmp_path: Path) -> None:
        talk = begin(tmp_path).say("Paid ones", [PLAN], written(PAID.replace("status", "state")), written(PAID), *RUN)
        wrong, right = talk.answers("write_pipeline")
        assert (wrong["findings"][0]["nearest"], right["valid"]) == (["status"], True)

    def test_a_value_that_no_row_has_is_noticed_before_the_run(self, tmp_path: Path) -> None:
        talk = begin(tmp_path).say("Paid ones", [PLAN], written(PAID.replace("'paid'", "'PAID'")), written(PAID))
        wrong, right = talk.answers("write_pipeline")
        assert wrong["smells"] == ["read: no row has status = 'PAID'; there are 'paid'"]
        assert "smells" not in right

    def test_a_join_that_multiplies_rows_is_noticed_in_the_rehearsal(self, tmp_path: Path) -> None:
        text = (
            'oml_version: "0.1.0"\nname: fan\nsteps:\n'
            "  - id: a\n    component: duckdb.extractor\n    mode: read\n"
            f'    config: {{connection: "{SHOP}", query: "SELECT status, amount FROM orders"}}\n'
            "  - id: b\n    component: duckdb.extractor\n    mode: read\n"
            f'    config: {{connection: "{SHOP}", query: "SELECT status, order_id FROM orders"}}\n'
            "  - id: j\n    component: duckdb.processor\n    mode: transform\n    needs: [a, b]\n"
            "    config: {query: SELECT a.amount FROM a JOIN b ON a.status = b.status}\n"
            "  - id: write\n    component: filesystem.csv_writer\n    mode: write\n    needs: [j]\n"
            "    config: {path: output/fan.csv}\n"
        )
        talk = begin(tmp_path).say("Join it", [PLAN], written(text), asked("rehearse_pipeline", draft=DRAFT))
        smells = {step["step_id"]: step.get("smells") for step in talk.answers("rehearse_pipeline")[0]["steps"]}
        assert "does the join multiply rows?" in smells["j"][0]
        assert not (tmp_path / "output").exists()

    def test_a_key_that_is_not_unique_is_noticed_in_the_rehearsal(self, tmp_path: Path) -> None:
        text = ALL.replace("filesystem.csv_writer", "duckdb.writer").replace(
            "{path: output/out.csv, write_mode: replace}",
            f'{{connection: "{SHOP}", table: states, write_mode: merge, primary_key: [status]}}',
        )
        talk = begin(tmp_path).say("Merge by state", [PLAN], written(text), asked("rehearse_pipeline", draft=DRAFT))
        assert "is not unique" in str(talk.answers("rehearse_pipeline")[0]["steps"])


class TestHugeSchema:
    def test_an_overview_of_two_thousand_tables_fits_on_a_page(self, huge: Held) -> None:
        huge.say("What is there?", asked("overview"), "Much.")
        (line,) = huge.answers("overview")[0]["connections"]
        assert line["tables_total"] == 2002
        assert line["groups"]["crm_*"] == 200
        assert len(huge.talk.said[-2].text) < 1_000

    @pytest.mark.parametrize("words", ["invoice", "gross amount", "bill", "Invoices of customers", "invoiceheader"])
    def test_the_right_table_is_the_first_one_found(self, huge: Held, words: str) -> None:
        huge.say(words, asked("find_tables", words=words), "Found.")
        assert huge.answers("find_tables")[-1]["tables"][0]["table"] == "fin_invoiceHeader"

    def test_rules_of_the_project_lead_to_a_table(self, huge: Held) -> None:
        (huge.project.root / "OSIRIS.md").write_text("- Turnover lies in mkt_entry_7.\n", "utf-8")
        huge.say("turnover", asked("find_tables", words="turnover"), "Found.")
        assert huge.answers("find_tables")[-1]["tables"][0]["table"] == "mkt_entry_7"

    def test_more_than_ten_tables_at_once_are_too_many(self, huge: Held) -> None:
        many = [f"crm_item_{n}" for n in range(11)]
        huge.say("all", asked("describe_tables", connection=SHOP, tables=many), "Too many.")
        assert "can't take this" in huge.error("describe_tables")


class TestFailuresAndRepairs:
    def test_a_run_that_fails_is_mended_and_run_again(self, tmp_path: Path) -> None:
        query = "SELECT order_id, CAST({} AS BIGINT) AS n FROM orders"
        bad, good = oml(query.format("email")), oml(query.format("amount"))
        talk = begin(tmp_path).say("Numbers", [PLAN], written(bad), *RUN[1:], written(good), *RUN, "Now it did.")
        assert [report.status for report in talk.reports()] == ["failed", "completed"]
        assert "@example.com" not in str(talk.answers("run_pipeline"))

    def test_mending_in_circles_ends(self, tmp_path: Path) -> None:
        wrong = [written(PAID.replace("order_id", f"nothing_{n}")) for n in range(5)]
        talk = begin(tmp_path).say("Paid ones", [PLAN], *wrong, "I can't find the column.")
        assert "enough: the drafts had" in talk.error("write_pipeline")
        talk.say("It is called order_id", written(PAID))
        assert talk.answers("write_pipeline")[-1]["valid"] is True

    def test_slips_of_the_pen_cost_no_round(self, tmp_path: Path) -> None:
        slip = f"```yaml\n{ALL.replace('mode: write', 'mode: load').replace('query:', 'querry:')}```\n"
        talk = begin(tmp_path).say("Give me the orders", [PLAN], written(slip), *RUN)
        assert len(talk.answers("write_pipeline")[0]["mended"]) == 3
        assert (tmp_path / "pipelines" / "orders.yaml").read_text("utf-8") == ALL

    def test_no_rows_are_noticed_before_they_are_written(self, tmp_path: Path) -> None:
        talk = begin(tmp_path)
        talk.say("Large ones", [PLAN], written(oml("SELECT order_id FROM orders WHERE amount > 9999")), *RUN[:1])
        steps = talk.answers("rehearse_pipeline")[0]["steps"]
        assert [step.get("smells") for step in steps] == [["gives no rows"], ["would write no rows"]]

    def test_a_claim_without_evidence_goes_back(self, tmp_path: Path) -> None:
        talk = begin(tmp_path).say(
            "Is all well?", "All is well [ev.receipt.write.rows.1700000000000].", "I can't tell."
        )
        assert "there is no evidence" in talk.talk.said[-2].text


class TestRefusals:
    def test_a_no_is_a_no(self, tmp_path: Path) -> None:
        talk = begin(tmp_path, yes=False).say("Give me the orders", [PLAN], written(ALL), *RUN, "Then not.")
        assert "nobody said yes" in talk.error("run_pipeline")
        assert not (tmp_path / "output").exists()

    def test_a_yes_for_later_waits_and_is_good_once(self, tmp_path: Path) -> None:
        plan = asked("plan_pipeline", draft=DRAFT)
        talk = begin(tmp_path, yes=False)
        talk.say("For later", [PLAN], written(ALL), plan, asked("request_approval", draft=DRAFT))
        assert talk.answers("request_approval")[0]["waits"].startswith("a person types: osiris approve ")
        talk.person.yes = True
        talk.say("Yes", asked("request_approval", draft=DRAFT))
        talk.person.yes = False
        talk.say("Now", asked("run_pipeline", draft=DRAFT), asked("run_pipeline", draft=DRAFT))
        assert talk.answers("request_approval")[-1]["approved"] is True
        first, second = talk.answers("run_pipeline")
        assert (first["status"], "error" in second) == ("completed", True)

    def test_a_query_that_is_no_query_is_refused(self, tmp_path: Path) -> None:
        talk = begin(tmp_path).say("Delete them", asked("query_sample", connection=SHOP, sql="DELETE FROM orders"))
        assert "refused" in talk.error("query_sample")

    def test_what_lies_outside_the_project_stays_outside(self, tmp_path: Path) -> None:
        talk = begin(tmp_path / "project")
        text = ALL.replace("output/out.csv", str(tmp_path / "elsewhere.csv"))
        talk.say("Put it elsewhere", [PLAN], written(text), *RUN[1:], "I can't.")
        assert "lies outside the project" in str(talk.answers("plan_pipeline"))
        assert not (tmp_path / "elsewhere.csv").exists()

    def test_values_are_the_persons_own(self, tmp_path: Path) -> None:
        talk = begin(tmp_path).say("Who buys?", asked("query_sample", connection=SHOP, sql="SELECT email FROM orders"))
        assert talk.talk.said[-2].shown.rows[0] == ("buyer1@example.com",)
        assert "@example.com" not in talk.talk.said[-2].text

    def test_raw_values_need_the_settings_and_a_yes(self, tmp_path: Path) -> None:
        look = asked("query_sample", connection=SHOP, sql="SELECT status, email FROM orders ORDER BY order_id LIMIT 1")
        for yes, shown in ((False, "xxxx"), (True, "paid")):
            settings = f'agent: {{sampling_by: {{"{SHOP}": raw}}}}'
            talk = begin(tmp_path / str(yes), settings=settings, yes=yes).say("Look", look, look)
            told = talk.answers("query_sample")[-1]["columns"]
            assert told["status"]["values"] == [shown]
            assert told["email"]["values"] == ["xxxxx9@xxxxxxx.xxx"]
            assert len(talk.person.asked) == (1 if yes else 2)
