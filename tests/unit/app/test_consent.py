"""The record of a run says who let it begin, how, and what their yes was about."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.app.projects import make, opened

from osiris.app.approvals import Approvals, user
from osiris.app.pipelines import PlanPipeline, make_ready
from osiris.app.project import Door, Project
from osiris.app.runs import RunPipeline, run_pipeline
from osiris.model.errors import ApprovalMissing
from osiris.model.plan import Plan

FILE = "pipelines/cities.yaml"
POLICY = 'approvals: {policies: [{effects: [add], allowed_by: "Ada", until: 2099-12-31}]}'


def planned(project: Project) -> Plan:
    return make_ready(project, PlanPipeline(file=FILE)).plan


def holding(folder: Path) -> Path:
    """Let the target hold something that would be lost."""
    (make(folder) / "output").mkdir()
    (folder / "output" / "large.csv").write_text("mine\n", "utf-8")
    return folder


def ran(project: Project, **ask: Any) -> tuple[dict[str, Any], list[str]]:
    """Run, and return what the record says of the yes, and the sentences about it that cite it."""
    report = run_pipeline(project, RunPipeline(file=FILE, **ask))
    assert report.status == "completed"
    records = [json.loads(line) for line in (project.root / report.session / "events.jsonl").read_text().splitlines()]
    assert [record["event"] for record in records[:2]] == ["run_start", "run_allowed"]
    package = json.loads((project.root / report.aiop).read_text("utf-8"))
    (moment,) = (one for one in package["evidence"]["timeline"] if one["event"] == "run_allowed")
    told = [one["text"] for one in package["narrative"]["happened"] if moment["id"] in one["cites"]]
    assert moment["detail"]["envelope"] in (project.root / report.aiop).read_text("utf-8")
    return moment["detail"], told


@pytest.mark.parametrize("channel", ["conversation", "command"])
def test_a_persons_yes_is_in_the_record_with_its_name_time_and_hash(tmp_path: Path, channel: Any) -> None:
    project = opened(make(tmp_path))
    plan = planned(project)
    granted = Approvals(project).grant(plan, channel, principal="Ada")
    said, told = ran(project, by_agent=True, approve=plan.token)
    assert said == {
        "how": channel,
        "who": "Ada",
        "envelope": plan.envelope,
        "approval": granted.id,
        "given": granted.granted.isoformat(),
        "until": granted.expires.isoformat(),
    }
    (sentence,) = told
    assert sentence.startswith("'Ada' said yes to exactly this")
    assert granted.id in sentence
    assert plan.envelope[:16] in sentence


@pytest.mark.parametrize("token", [True, False])
def test_a_run_that_a_person_begins_uses_up_the_yes_that_was_given_for_it(tmp_path: Path, *, token: bool) -> None:
    """Otherwise a model could run it again."""
    project = opened(make(tmp_path))
    plan = planned(project)
    granted = Approvals(project).grant(plan, "command", principal="Ada")
    said, _ = ran(project, approve=plan.token if token else "")
    assert (said["how"], said["approval"]) == ("command", granted.id)
    with pytest.raises(ApprovalMissing, match="nobody said yes"):
        run_pipeline(project, RunPipeline(file=FILE, by_agent=True))


def test_a_yes_that_holds_no_more_does_not_keep_a_person_from_a_run(tmp_path: Path) -> None:
    project = opened(make(tmp_path))
    Approvals(project).grant(planned(project), "command")
    holding(tmp_path)
    said, _ = ran(project, approve=planned(project).token)
    assert said["how"] == "token"


def test_a_policy_is_in_the_record_with_who_allowed_it_and_until_when(tmp_path: Path) -> None:
    (make(tmp_path) / "osiris.yaml").write_text(POLICY, "utf-8")
    said, told = ran(opened(tmp_path), by_agent=True)
    assert (said["how"], said["who"], said["until"]) == ("policy", "Ada", "2099-12-31")
    assert told[0].startswith("A standing policy of 'Ada' let it begin")


def test_whoever_types_the_command_lets_it_begin_where_nothing_is_lost(tmp_path: Path) -> None:
    said, told = ran(opened(make(tmp_path)))
    assert (said["how"], said["who"]) == ("typed", user())
    assert "nothing that is there could be lost" in told[0]


def test_a_token_is_in_the_record(tmp_path: Path) -> None:
    project = opened(holding(tmp_path))
    said, told = ran(project, approve=planned(project).token)
    assert said["how"] == "token"
    assert "with the token of its plan" in told[0]


def test_a_person_who_was_asked_is_in_the_record(tmp_path: Path) -> None:
    said, told = ran(opened(holding(tmp_path), Door(confirm=lambda _plan: True)))
    assert said["how"] == "asked"
    assert "was shown the plan and said yes" in told[0]
