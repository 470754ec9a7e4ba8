"""A case passes where the rows are right, and fails where they are not, or where nothing is done."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.unit.agent.shop import OML, OUTLINE, shop

from osiris.agent.ledger import Ledger
from osiris.agent.tools import Question
from osiris.agent.trial import Score, Simulated, hold, read_suite, same_rows
from osiris.agent.turn import Llm
from osiris.app.catalogue import Rows
from osiris.app.project import Project
from osiris.model.errors import ConfigError, LlmError, UsageError

QUERY = "SELECT order_id, status, amount FROM orders ORDER BY amount DESC"
CASE: dict[str, Any] = {
    "name": "orders", "intent": "Give me the orders", "recording": "play",
    "expect": {"connection": "@duckdb.shop", "query": QUERY},
}  # fmt: skip
DRAFT = {"draft": "${write_pipeline:draft}"}
PLAY: dict[str, Any] = {
    "sentence": "Give me the orders",
    "turns": [
        {
            "calls": [
                {"tool": "propose_plan", "arguments": OUTLINE},
                {"tool": "write_pipeline", "arguments": {"text": OML}},
            ]
        },
        {"calls": [{"tool": "plan_pipeline", "arguments": DRAFT}]},
        {"calls": [{"tool": "run_pipeline", "arguments": DRAFT}]},
        {"text": "There they are."},
    ],
}


def nobody(_project: Project, _ledger: Ledger) -> Llm:
    raise LlmError("there is no model")


def score(folder: Path, player: Any = "recorded", play: dict[str, Any] = PLAY, **changes: Any) -> Score:
    """Hold one case in a copy of the shop."""
    home = shop(folder)
    (folder / "cases.yaml").write_text(yaml.safe_dump({"project": ".", "cases": [CASE | changes]}), "utf-8")
    (folder / "play.yaml").write_text(yaml.safe_dump(play), "utf-8")
    suite, lies_in = read_suite("cases.yaml", folder)
    return hold(suite, lies_in, home, player, open_llm=nobody)


def test_who_knows_the_answer_passes_in_any_order_and_leaves_the_project_alone(tmp_path: Path) -> None:
    done = score(tmp_path)
    (verdict,) = done.verdicts
    assert (done.passed, verdict.passed, verdict.why, verdict.rows, verdict.requests) == (1, True, "", 12, 4)
    assert (verdict.tokens, verdict.cost) == (0, "")
    assert not (tmp_path / "output").exists()
    assert not (tmp_path / "pipelines").exists()


def test_who_does_nothing_fails(tmp_path: Path) -> None:
    assert [verdict.why for verdict in score(tmp_path, "nothing").verdicts] == ["nothing ran to its end"]


def test_other_rows_are_told_apart(tmp_path: Path) -> None:
    other = CASE["expect"] | {"query": QUERY.replace("orders", "orders WHERE status = 'paid'")}
    assert score(tmp_path, expect=other).verdicts[0].why == "0 rows are missing, 4 are others"


def test_what_should_not_run_and_runs_is_wrong(tmp_path: Path) -> None:
    assert score(tmp_path, refuse=True).verdicts[0].why == "something ran that should not have"


def test_the_last_reply_has_to_say_what_it_should(tmp_path: Path) -> None:
    assert "does not say 'nowhere'" in score(tmp_path / "a", says="nowhere").verdicts[0].why
    assert score(tmp_path / "b", says="there they").passed == 1


def test_a_recording_that_does_not_fit_is_the_reason(tmp_path: Path) -> None:
    broken = PLAY | {"turns": PLAY["turns"][1:]}
    assert "did not answer what the recording presupposes" in score(tmp_path, play=broken).verdicts[0].why


def test_a_model_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LlmError):
        score(tmp_path, "model")


def test_the_person_tells_only_what_they_are_asked() -> None:
    person = Simulated({"cancelled": "leave them out"})
    questions = tuple(Question(question=text, why="", default="x") for text in ("Do CANCELLED ones count?", "Since?"))
    assert person.ask(questions) == ("leave them out", "")
    assert person.permit("Replace it?") is False


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ((("1", None), ("2", "b")), (("2", "b"), ("1", None)), True),
        ((("1", None),), (("1", ""),), False),
        ((("1", "a"), ("1", "a")), (("1", "a"),), False),
    ],
)
def test_rows_are_compared_without_their_order(one: Any, other: Any, same: bool) -> None:
    rows = [Rows(columns=("a", "b"), types=("string", "string"), rows=found) for found in (one, other)]
    assert same_rows(*rows) is same


def test_what_holds_no_cases_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("cases: []\n", "utf-8")
    with pytest.raises(ConfigError, match="does not hold cases"):
        read_suite("x.yaml", tmp_path)
    with pytest.raises(UsageError, match="there is no file"):
        read_suite("nowhere.yaml", tmp_path)


def test_every_case_that_comes_with_osiris_knows_its_recording(tmp_path: Path) -> None:
    suite, folder = read_suite("shop", tmp_path)
    assert folder is None
    assert all(case.recording for case in suite.cases)


@pytest.mark.slow
@pytest.mark.parametrize(("player", "passed"), [("recorded", 7), ("nothing", 0)])
def test_the_cases_that_come_with_osiris_tell_players_apart(tmp_path: Path, player: Any, passed: int) -> None:
    suite, folder = read_suite("shop", tmp_path)
    done = hold(suite, folder, Project.open(tmp_path, exported={}), player, open_llm=nobody)
    assert (done.passed, done.total) == (passed, 7), done.verdicts
