"""A yes is good once, for a day, for exactly these bytes, and nobody but a person gives it."""

import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from tests.unit.app.projects import PIPELINE, make, opened

from osiris.app.approvals import Approvals, ApproveRun, allowed, approve_run, effect_of, policy_for, proposed
from osiris.app.pipelines import PlanPipeline, Ready, make_ready
from osiris.app.project import Door, Project
from osiris.app.runs import RunPipeline, run_pipeline
from osiris.model.errors import ApprovalMissing, ConfigError, UsageError

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FILE = "pipelines/cities.yaml"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return opened(make(tmp_path))


@pytest.fixture
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


def ready(project: Project) -> Ready:
    return make_ready(project, PlanPipeline(file=FILE))


def store(project: Project, keys: Path, at: datetime = NOON) -> Approvals:
    return Approvals(project, lambda: at, keys)


class TestRecord:
    def test_a_yes_is_good_once(self, project: Project, keys: Path) -> None:
        plan = ready(project).plan
        granted = store(project, keys).grant(plan, "conversation", principal="Ada")
        assert store(project, keys).holds(plan)
        assert store(project, keys).take(plan) == granted
        assert store(project, keys).take(plan) is None
        assert (granted.principal, granted.channel, granted.envelope) == ("Ada", "conversation", plan.envelope)

    def test_it_expires_after_a_day(self, project: Project, keys: Path) -> None:
        plan = ready(project).plan
        store(project, keys).grant(plan, "command")
        assert store(project, keys, NOON + timedelta(hours=23, minutes=59)).holds(plan)
        assert store(project, keys, NOON + timedelta(hours=24)).take(plan) is None

    def test_it_says_nothing_about_another_plan(self, project: Project, keys: Path) -> None:
        store(project, keys).grant(ready(project).plan, "command")
        other = make_ready(project, PlanPipeline(file=FILE, params={"least": "1"})).plan
        assert store(project, keys).take(other) is None

    @pytest.mark.parametrize("column", ["body", "signature", "envelope"])
    def test_one_that_was_written_by_somebody_else_is_none(self, project: Project, keys: Path, column: str) -> None:
        plan = ready(project).plan
        other = make_ready(project, PlanPipeline(file=FILE, params={"least": "1"})).plan
        store(project, keys).grant(plan, "command")
        changes = {
            "body": "SET body = CAST(replace(CAST(body AS TEXT), '2026-03-02', '2099-03-02') AS BLOB)",
            "signature": f"SET signature = '{'0' * 64}'",
            "envelope": f"SET envelope = '{other.envelope}'",
        }
        with closing(sqlite3.connect(project.layout.history)) as db, db:
            db.execute(f"UPDATE approvals {changes[column]}")
        assert store(project, keys).take(plan) is None
        assert store(project, keys).take(other) is None

    def test_one_that_another_person_signed_is_none(
        self, project: Project, keys: Path, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        plan = ready(project).plan
        store(project, tmp_path_factory.mktemp("other")).grant(plan, "command")
        assert store(project, keys).take(plan) is None

    def test_it_does_not_cover_what_was_not_there_when_the_person_looked(self, project: Project, keys: Path) -> None:
        store(project, keys).grant(ready(project).plan, "command")
        target = project.root / "output" / "large.csv"
        target.parent.mkdir()
        target.write_text("mine\n", "utf-8")
        with pytest.raises(ApprovalMissing, match="not what they were when this was approved") as caught:
            store(project, keys).take(ready(project).plan)
        assert "output/large.csv exists" in caught.value.why

    def test_one_that_holds_no_more_does_not_stand_in_the_way_of_the_next_one(
        self, project: Project, keys: Path
    ) -> None:
        store(project, keys).grant(ready(project).plan, "command")
        target = project.root / "output" / "large.csv"
        target.parent.mkdir()
        target.write_text("mine\n", "utf-8")
        plan = ready(project).plan
        assert not store(project, keys).holds(plan)
        again = store(project, keys).grant(plan, "command")
        assert store(project, keys).holds(plan)
        assert store(project, keys).take(plan) == again
        with pytest.raises(ApprovalMissing, match="not what they were"):
            store(project, keys).take(plan)

    def test_what_it_took_away_when_the_person_looked_it_may_take_away(self, project: Project, keys: Path) -> None:
        target = project.root / "output" / "large.csv"
        target.parent.mkdir()
        target.write_text("mine\n", "utf-8")
        plan = ready(project).plan
        assert store(project, keys).grant(plan, "command").lost == ("write",)
        assert store(project, keys).take(plan) is not None


class TestKey:
    def test_only_its_owner_may_read_it(self, project: Project, keys: Path) -> None:
        store(project, keys).grant(ready(project).plan, "command")
        key = keys / "approval.key"
        assert key.stat().st_mode & 0o777 == 0o600
        key.chmod(0o644)
        with pytest.raises(ConfigError, match="others may read the key"):
            store(project, keys).holds(ready(project).plan)

    def test_it_never_lies_in_the_project(self, project: Project, keys: Path) -> None:
        store(project, keys).grant(ready(project).plan, "command")
        assert list(project.root.rglob("*.key")) == []

    def test_a_damaged_one_is_one_clear_error(self, project: Project, keys: Path) -> None:
        (keys / "approval.key").touch(mode=0o600)
        with pytest.raises(ConfigError, match="damaged"):
            store(project, keys).grant(ready(project).plan, "command")

    def test_a_folder_that_cannot_be_made_is_one_clear_error(self, project: Project, keys: Path) -> None:
        (keys / "file").write_text("", "utf-8")
        with pytest.raises(ConfigError, match="cannot use the key"):
            store(project, keys / "file").grant(ready(project).plan, "command")

    def test_a_damaged_store_is_one_clear_error(self, project: Project, keys: Path) -> None:
        project.layout.history.parent.mkdir()
        project.layout.history.write_bytes(b"no database at all" * 100)
        with pytest.raises(UsageError, match="cannot use the approvals"):
            store(project, keys).take(ready(project).plan)


class TestRequest:
    def test_what_waits_is_found_by_the_start_of_its_token_or_manifest(self, project: Project, keys: Path) -> None:
        asked = store(project, keys).ask(ready(project), assumptions=("all time",), session="s")
        plan = ready(project).plan
        assert store(project, keys).find(plan.token) == asked
        assert store(project, keys).find(plan.manifest_hash[:8]) == asked
        assert asked.assumptions == ("all time",)

    def test_what_nobody_asked_for_is_not_there(self, project: Project, keys: Path) -> None:
        with pytest.raises(UsageError, match="waits for a yes") as caught:
            store(project, keys).find("0123456789abcdef")
        assert "osiris plan FILE" in caught.value.hint
        with pytest.raises(UsageError, match="too short"):
            store(project, keys).find("0123")
        store(project, keys).ask(ready(project))
        with pytest.raises(UsageError) as caught:
            store(project, keys).find("0123456789abcdef")
        assert ready(project).plan.token in caught.value.hint

    def test_a_token_that_osiris_plan_printed_is_found_too(self, project: Project, keys: Path) -> None:
        plan = ready(project).plan
        found = proposed(project, plan.token, store(project, keys))
        assert found.plan.envelope == plan.envelope
        with pytest.raises(UsageError):
            proposed(project, "0123456789abcdef", store(project, keys))

    def test_a_change_since_then_is_named(self, project: Project, keys: Path) -> None:
        asked = store(project, keys).ask(ready(project))
        (project.root / "data" / "cities.csv").write_text("city,people,more\nBrno,402739,1\n", "utf-8")
        with pytest.raises(ApprovalMissing, match="not what was asked for") as caught:
            proposed(opened(project.root), asked.envelope, store(project, keys))
        assert "the tables that it reads" in caught.value.why

    def test_a_yes_is_a_persons(self, project: Project) -> None:
        token = ready(project).plan.token
        with pytest.raises(ApprovalMissing, match="nobody said yes"):
            approve_run(project, ApproveRun(name=token))
        door = Door(confirm=lambda plan: plan.token == token)
        reply = approve_run(opened(project.root, door), ApproveRun(name=token, principal="Ada"))
        assert (reply.token, reply.approval.principal, reply.approval.channel) == (token, "Ada", "command")

    def test_the_text_that_was_approved_and_run_last_is_known(self, project: Project, keys: Path) -> None:
        approvals = store(project, keys)
        assert approvals.last_text("cities") == ""
        approvals.ask(ready(project))
        approvals.grant(ready(project).plan, "command")
        assert approvals.last_text("cities") == ""
        approvals.take(ready(project).plan)
        assert approvals.last_text("cities") == PIPELINE


class TestPolicy:
    def opened(self, folder: Path, policy: str) -> Project:
        make(folder)
        until = "allowed_by: Ada, until: 2026-12-31"
        (folder / "osiris.yaml").write_text(f"approvals: {{policies: [{{{policy}, {until}}}]}}\n", "utf-8")
        return opened(folder)

    @pytest.mark.parametrize(
        ("policy", "covers"),
        [
            ("effects: [add]", True),
            ("effects: [merge, replace]", False),
            ('effects: [add], targets: ["output/*"]', True),
            ('effects: [add], targets: ["@postgres.*"]', False),
            ("manifest: '000000000000'", False),
        ],
    )
    def test_it_covers_what_it_says(self, tmp_path: Path, policy: str, covers: bool) -> None:
        project = self.opened(tmp_path, policy)
        assert bool(policy_for(project, ready(project).plan, lambda: NOON)) is covers

    def test_it_covers_one_manifest_by_its_hash(self, tmp_path: Path) -> None:
        manifest = ready(opened(make(tmp_path))).plan.manifest_hash
        project = self.opened(tmp_path, f"manifest: '{manifest[:12]}'")
        assert policy_for(project, ready(project).plan, lambda: NOON) is not None

    def test_it_ends_with_its_last_day(self, tmp_path: Path) -> None:
        project = self.opened(tmp_path, "effects: [add]")
        last = datetime(2026, 12, 31, 23, 59, tzinfo=UTC)
        assert policy_for(project, ready(project).plan, lambda: last) is not None
        assert policy_for(project, ready(project).plan, lambda: last + timedelta(minutes=1)) is None

    @pytest.mark.parametrize(
        "wrong", ["effects: [add], manifest: '000000000000'", "targets: [x]", "effects: [everything]", "manifest: xyz"]
    )
    def test_one_that_says_nothing_clear_is_refused(self, tmp_path: Path, wrong: str) -> None:
        with pytest.raises(ConfigError, match="approvals"):
            self.opened(tmp_path, wrong)

    def test_it_cannot_be_given_by_a_variable(self, tmp_path: Path) -> None:
        granted = '[{"effects": ["add"], "allowed_by": "me", "until": "2099-12-31"}]'
        with pytest.raises(ConfigError):
            opened(make(tmp_path), OSIRIS_APPROVALS_POLICIES=granted)

    def test_a_write_that_takes_something_away_is_called_by_its_mode(self, project: Project) -> None:
        (write,) = ready(project).plan.writes
        assert effect_of(write) == "add"
        assert effect_of(write.model_copy(update={"destructive": "it holds rows"})) == "replace"


class TestRun:
    def test_what_a_model_made_needs_a_record_even_where_nothing_is_lost(self, project: Project) -> None:
        ask = RunPipeline(file=FILE, by_agent=True, approve=ready(project).plan.token)
        with pytest.raises(ApprovalMissing, match="a model made this"):
            run_pipeline(project, ask)
        assert not (project.root / "output").exists()
        Approvals(project).grant(ready(project).plan, "conversation")
        assert run_pipeline(project, ask).status == "completed"
        with pytest.raises(ApprovalMissing):
            run_pipeline(project, ask)

    @pytest.mark.parametrize(("kind", "column"), [("string", "city"), ("integer", "people")])
    def test_what_waits_with_a_sensitive_parameter_runs_after_a_yes(
        self, tmp_path: Path, kind: str, column: str
    ) -> None:
        """What waits does not hold its value: it comes from where it came from."""
        text = PIPELINE.replace("type: integer, default: 200000", f'type: {kind}, sensitive: true, default: "1"')
        text = text.replace("people >=", f"{column} >=").replace("least: 0}", 'least: "0"}')
        (make(tmp_path) / FILE).write_text(text, "utf-8")
        project = opened(tmp_path, Door(confirm=lambda _plan: True), OSIRIS_PARAM_LEAST="1000001")
        asked = Approvals(project).ask(ready(project))
        assert "1000001" not in asked.model_dump_json()
        approve_run(project, ApproveRun(name=asked.envelope))
        assert run_pipeline(project, RunPipeline(file=FILE, by_agent=True)).status == "completed"

    def test_an_unattended_run_that_takes_something_away_needs_a_policy(self, tmp_path: Path) -> None:
        make(tmp_path)
        (tmp_path / "output").mkdir()
        (tmp_path / "output" / "large.csv").write_text("mine\n", "utf-8")
        with pytest.raises(ApprovalMissing) as caught:
            run_pipeline(opened(tmp_path), RunPipeline(file=FILE))
        line = caught.value.hint.rpartition("write into osiris.yaml: ")[2]
        (tmp_path / "osiris.yaml").write_text(
            line.replace("NAME", "Ada").replace("YYYY-MM-DD", str(date(2099, 12, 31))), "utf-8"
        )
        assert run_pipeline(opened(tmp_path), RunPipeline(file=FILE)).status == "completed"

    def test_a_recorded_yes_lets_a_run_begin_that_takes_something_away(self, project: Project) -> None:
        (project.root / "output").mkdir()
        (project.root / "output" / "large.csv").write_text("mine\n", "utf-8")
        Approvals(project).grant(ready(project).plan, "command")
        assert run_pipeline(project, RunPipeline(file=FILE)).status == "completed"

    def test_a_yes_that_holds_no_more_does_not_stand_in_the_way_of_a_policy(self, tmp_path: Path) -> None:
        policy = "approvals: {policies: [{effects: [replace], allowed_by: Ada, until: 2099-12-31}]}"
        (make(tmp_path) / "osiris.yaml").write_text(policy, "utf-8")
        project = opened(tmp_path)
        Approvals(project).grant(ready(project).plan, "command")
        (tmp_path / "output").mkdir()
        (tmp_path / "output" / "large.csv").write_text("mine\n", "utf-8")
        assert run_pipeline(project, RunPipeline(file=FILE, by_agent=True)).status == "completed"

    def test_a_yes_is_used_before_a_policy_so_that_it_does_not_stay(self, project: Project) -> None:
        plan = ready(project).plan
        Approvals(project).grant(plan, "command")
        assert allowed(project, plan) is not None
        assert allowed(project, plan) is None
