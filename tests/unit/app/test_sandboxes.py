"""Templates and orphans, as a project asks for them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.services.e2b import Loopback
from tests.unit.app.projects import make

from osiris.app.elsewhere import Elsewhere, target_of
from osiris.app.project import Door, Project
from osiris.app.record import index
from osiris.app.runs import RunPipeline, run_pipeline
from osiris.app.sandboxes import (
    BuildTemplate,
    ListTemplates,
    SweepSandboxes,
    build_template,
    list_templates,
    sweep_sandboxes,
)
from osiris.model.errors import SecretMissing, UsageError
from osiris.remote.process import ChildProcess
from osiris.remote.sandbox import E2b, template_name, whose
from osiris.remote.wire import Limits
from osiris.runtime.target import Here


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Loopback]:
    with Loopback(tmp_path / "sandboxes") as server:
        yield server


def project(folder: Path, server: Loopback, door: Door | None = None) -> Project:
    return Project.open(make(folder), door=door, exported=server.environment())


def test_a_built_template_is_the_one_that_a_run_takes(tmp_path: Path, server: Loopback) -> None:
    said: list[str] = []
    here = project(tmp_path / "p", server, Door(listen=lambda record: said.append(record["said"])))
    built = build_template(here, BuildTemplate(cpu=4, memory_gb=8))
    assert built.name == template_name(4, 8)
    assert said
    target = target_of(here, Elsewhere(where="e2b", cpu=4, memory_gb=8))
    assert isinstance(target, E2b)
    assert target.sized.template == built.name
    ours = {line.name: line.ours for line in list_templates(here, ListTemplates()).templates}
    assert ours == {"base": False, built.name: True}


def test_orphans_are_ended_and_others_are_left(tmp_path: Path, server: Loopback) -> None:
    here = project(tmp_path / "p", server)
    runs = index(here)
    runs.claim("cities", "run-alive")
    runs.started("run-alive", "cities", "0" * 64)

    def sandbox(run: str, owner: str) -> str:
        metadata = {"osiris": "run", "osiris_run": run, "osiris_project": owner}
        return str(server.create({"templateID": "base", "metadata": metadata, "timeout": 60})["sandboxID"])

    mine = whose(here.root)
    alive, orphan, others = sandbox("run-alive", mine), sandbox("run-gone", mine), sandbox("run-x", "elsewhere")
    swept = sweep_sandboxes(here, SweepSandboxes())
    assert {line.sandbox_id: line.state for line in swept.sandboxes} == {
        alive: "its run goes on",
        orphan: "ended",
        others: "of another project or machine",
    }
    assert swept.ended == 1
    assert set(server.sandboxes) == {alive, others}
    assert sweep_sandboxes(here, SweepSandboxes(all=True)).ended == 1
    assert set(server.sandboxes) == {alive}
    runs.release("cities", "run-alive")


def test_without_a_key_nothing_is_asked(tmp_path: Path) -> None:
    here = Project.open(make(tmp_path), exported={})
    with pytest.raises(SecretMissing):
        sweep_sandboxes(here, SweepSandboxes())


def test_each_place_has_its_target(tmp_path: Path) -> None:
    here = Project.open(make(tmp_path), exported={"PATH": "/bin", "TOKEN": "t-123456", "OTHER": "x"})
    assert isinstance(target_of(here, Elsewhere()), Here)
    limits = Limits(memory_mb=100)
    child = target_of(here, Elsewhere(where="isolated", limits=limits))
    assert isinstance(child, ChildProcess)
    assert (child.limits, child.environment) == (limits, {"PATH": "/bin"})
    asked = Elsewhere(where="e2b", environment={"A": "1"}, passed=("TOKEN",), seconds=60)
    sandbox = target_of(here, asked)
    assert isinstance(sandbox, E2b)
    assert sandbox.sized.environment == {"A": "1", "TOKEN": "t-123456"}
    assert (sandbox.sized.secrets, sandbox.sized.seconds) == (("t-123456",), 60)
    with pytest.raises(UsageError, match="MISSING is not set"):
        target_of(here, Elsewhere(where="e2b", passed=("MISSING",)))


def test_a_model_can_t_say_where_a_run_takes_place(tmp_path: Path) -> None:
    assert "elsewhere" not in RunPipeline.model_json_schema()["properties"]
    asked = RunPipeline(file="pipelines/cities.yaml", by_agent=True, elsewhere=Elsewhere(where="e2b"))
    with pytest.raises(UsageError, match="only a person says where a run takes place"):
        run_pipeline(Project.open(make(tmp_path), exported={}), asked)
