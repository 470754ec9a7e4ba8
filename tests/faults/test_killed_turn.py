"""A turn whose process is killed goes on in the next one: nothing is lost, and nothing is done twice."""

import json
from multiprocessing import get_context
from pathlib import Path

import pytest
from tests.faults.dying import KILL, LINES, SENTENCE, Mortal, conversation, live
from tests.unit.agent.shop import OML, ROWS, shop

from osiris.app.approvals import Approvals
from osiris.app.logs import ListRuns, list_runs
from osiris.app.pipelines import PlanPipeline, plan_pipeline
from osiris.app.project import Project

pytestmark = pytest.mark.slow
MOMENTS = [
    *(f"before reply {number}" for number in range(len(LINES))),
    "within reply 3",
    "asked",
    "shown",
    "approving",
    "run run_start",
    "run step_complete",
    "run write_committed",
    "run run_end",
]
RAN = {"before reply 6", "run write_committed", "run run_end"}  # the rows were there before the process died


def killed(folder: Path, moment: str) -> None:
    process = get_context("spawn").Process(target=live, args=(folder, moment))
    process.start()
    process.join()
    assert process.exitcode == -KILL


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_turn_that_was_killed_goes_on_where_it_was(tmp_path: Path, moment: str) -> None:
    project = shop(tmp_path)
    killed(tmp_path, moment)
    (session,) = [line.session for line in conversation(tmp_path).history.list()]  # type: ignore[union-attr]
    resumed = conversation(tmp_path, session)
    assert resumed.talk.said[0].text == SENTENCE
    before = resumed.talk.said
    resumed.go_on()

    assert resumed.talk.said[: len(before)] == before
    assert [one.text for one in resumed.talk.said if one.by == "user"] == [SENTENCE]
    assert resumed.talk.open_calls() == ()
    assert resumed.talk.said[-1].text == "done"
    answers = [one.answers for one in resumed.talk.said if one.answers]
    assert len(answers) == len(set(answers))
    assert resumed.history is not None
    assert resumed.history.talk(session, "").said == resumed.talk.said
    assert (tmp_path / "pipelines" / "by-status.yaml").read_text("utf-8") == OML
    assert resumed.go_on() == ()
    _check_runs(project, resumed.person, resumed.talk.said[-2].text, moment)


def _check_runs(project: Project, person: object, answer: str, moment: str) -> None:
    """A run that had begun is told, not done again; a yes that was given is not there a second time."""
    runs = list_runs(project, ListRuns()).runs
    told = json.loads(answer)
    assert isinstance(person, Mortal)
    output = project.root / "output" / "orders.csv"
    if moment.startswith("run "):
        assert [run.run_id for run in runs] == [told["run"]["run_id"]]
        assert (told["interrupted"], told["run"]["status"], person.approved) == (True, runs[0].status, 0)
        assert output.exists() is (moment in RAN)
    elif moment == "approving":
        assert told == {"interrupted": True}
        assert (runs, output.exists()) == ((), False)
    else:
        assert [run.status for run in runs] == ["completed"]
        assert person.approved == (0 if moment in RAN else 1)
        assert len(output.read_text("utf-8").splitlines()) == ROWS + 1
    assert not Approvals(project).holds(plan_pipeline(project, PlanPipeline(text=OML)))
