"""The recorded conversation over the real tools: what is computed is what it presupposes, or it says so."""

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.talks.demo import copied, made
from tests.unit.agent.shop import Willing

from osiris.agent.brief import brief
from osiris.agent.desk import Desk
from osiris.agent.recorded import Recorded, Recording
from osiris.agent.short import evidence_ids
from osiris.agent.talk import Said, Talk
from osiris.agent.turn import turn
from osiris.app.project import Project
from osiris.app.runs import RunReport
from osiris.app.shop_file import DATABASE
from osiris.model.errors import LlmError

pytestmark = pytest.mark.slow
RECORDING = Recording.shipped("top-customers")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("demo"))


@pytest.fixture
def project(template: Path, tmp_path: Path) -> Project:
    return copied(template, tmp_path)


def hold(project: Project, person: Willing) -> list[Said]:
    """Hold the conversation and return what was said."""
    talk, desk = Talk(brief(project)), Desk(project, person)
    return list(turn(talk, RECORDING.sentence, llm=Recorded(RECORDING), desk=desk))


def answers(said: list[Said], tool: str) -> list[dict[str, Any]]:
    """Return what a tool answered, in order."""
    ids = [call.id for one in said for call in one.calls if call.tool == tool]
    return [json.loads(one.text) for one in said if one.answers in ids]


def ranking(project: Project, where: str) -> list[str]:
    """Return the ten customers by another route: one query of our own, straight to the file."""
    sql = f"""
        SELECT c.customer_id FROM order_lines JOIN orders o USING (order_id) JOIN customers c USING (customer_id)
        WHERE {where} GROUP BY 1 ORDER BY sum(quantity * unit_price * (1 - coalesce(discount, 0))) DESC, 1 LIMIT 10
    """
    with duckdb.connect(project.root / DATABASE, read_only=True) as db:
        return [str(number) for (number,) in db.execute(sql).fetchall()]


def written(project: Project) -> list[str]:
    lines = (project.root / "output/top_customers.csv").read_text("utf-8").splitlines()
    assert lines[0] == "customer_id,name,city,revenue"
    return [line.split(",")[0] for line in lines[1:]]


@pytest.mark.parametrize(
    ("answer", "where"),
    [("", "status <> 'cancelled'"), ("leave them out", "status <> 'cancelled'"), ("count them", "1=1")],
)
def test_the_answer_to_the_one_question_decides_who_is_among_the_ten(project: Project, answer: str, where: str) -> None:
    person = Willing(answers=[answer])
    hold(project, person)
    assert person.asked == ["Do cancelled orders count as revenue?"]
    assert written(project) == ranking(project, where)


def test_the_compiler_refuses_once_and_the_person_says_yes_to_exactly_what_runs(project: Project) -> None:
    person = Willing()
    said = hold(project, person)
    refused, repaired = answers(said, "write_pipeline")
    assert (refused["valid"], repaired["valid"]) == (False, True)
    assert refused["findings"][0]["nearest"] == ["l.unit_price"]
    ((plan, oml),) = person.seen
    report = next(one.shown for one in said if isinstance(one.shown, RunReport))
    assert report.manifest_hash == plan.manifest_hash
    assert (project.root / report.session / "pipeline.yaml").read_text("utf-8") == oml


def test_the_explanation_cites_evidence_that_is_in_the_record(project: Project) -> None:
    said = hold(project, Willing())
    report = next(one.shown for one in said if isinstance(one.shown, RunReport))
    cited = evidence_ids(said[-1].text)
    assert cited
    assert set(cited) <= set(evidence_ids((project.root / report.aiop).read_text("utf-8")))


def test_no_value_of_a_row_reaches_the_model(project: Project) -> None:
    said = hold(project, Willing())
    with duckdb.connect(project.root / DATABASE, read_only=True) as db:
        names = [name for (name,) in db.execute("SELECT DISTINCT name FROM customers").fetchall()]
    read = "\n".join(one.text for one in said if one.by == "desk")
    assert [name for name in names if name in read] == []


def test_the_recording_holds_nothing_that_a_tool_answers(project: Project) -> None:
    """Every hash, run and number in what the model says came out of a tool in this very conversation."""
    said = hold(project, Willing())
    recorded = Recording.shipped("top-customers").model_dump_json()
    report = next(one.shown for one in said if isinstance(one.shown, RunReport))
    (first, second) = answers(said, "write_pipeline")
    for computed in (report.run_id, first["draft"], second["draft"], *evidence_ids(said[-1].text)):
        assert computed not in recorded


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ("ALTER TABLE orders RENAME status TO state", "describe_tables did not answer what the recording presupposes"),
        ("UPDATE orders SET status = 'CANCELLED' WHERE status = 'cancelled'", "profile_columns did not answer"),
        ("ALTER TABLE order_lines ADD COLUMN price DECIMAL(10, 2)", "it expects valid to be False, not True"),
        ("DELETE FROM customers WHERE customer_id > 5", "run_pipeline did not answer"),
    ],
)
def test_a_shop_that_is_not_what_the_recording_presupposes_stops_it(
    project: Project, change: str, complaint: str
) -> None:
    with duckdb.connect(project.root / DATABASE) as db:
        db.execute(change)
    with pytest.raises(LlmError, match=complaint):
        hold(project, Willing())


def test_after_a_no_nothing_is_written(project: Project) -> None:
    with pytest.raises(LlmError, match="run_pipeline did not answer"):
        hold(project, Willing(yes=False))
    assert not (project.root / "output").exists()
