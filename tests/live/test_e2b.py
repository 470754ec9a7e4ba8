"""With a real account: what only E2B itself can show. It needs `E2B_API_KEY`, and costs what two sandboxes cost.

`E2B_API_KEY=... pytest tests/live -m live -s` builds the template, runs a pipeline in it, and prints what it took.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.parity.places import PIPELINES, by_step, contents, ordered, project

from osiris.app.project import Project
from osiris.app.sandboxes import BuildTemplate, SweepSandboxes, build_template, sweep_sandboxes
from osiris.kit.registry import Registry
from osiris.model.events import E2bOverhead, Event
from osiris.remote.e2b import Access
from osiris.remote.sandbox import E2b, Sized
from osiris.runtime.target import Here, Target

KEY = os.environ.get("E2B_API_KEY", "")
pytestmark = [pytest.mark.live, pytest.mark.skipif(not KEY, reason="E2B_API_KEY is not set")]


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    folder = project(tmp_path_factory.mktemp("account") / "p")
    here = Project.open(folder)
    build_template(here, BuildTemplate())
    yield here
    assert sweep_sandboxes(here, SweepSandboxes()).ended == 0


def tried(target: Target, folder: Path, text: str) -> tuple[list[Event], dict[str, object]]:
    job = ordered(project(folder), text)
    job.session.mkdir(parents=True)
    said: list[Event] = []
    result = target.execute(job, said.append)
    assert result.status == "completed", result.error
    return said, dict(contents(folder))


@pytest.mark.parametrize("sized", [Sized(), Sized(install=True)], ids=["template", "installed"])
def test_a_run_in_a_real_sandbox_does_the_same(account: Project, tmp_path: Path, sized: Sized) -> None:
    assert account.environment.get("E2B_API_KEY") == KEY
    here, files_here = tried(Here(Registry.installed()), tmp_path / "here", PIPELINES["join"])
    there, files_there = tried(E2b(Registry.installed(), Access(KEY), sized), tmp_path / "there", PIPELINES["join"])
    print([event for event in there if isinstance(event, E2bOverhead)])  # noqa: T201 - the figures are the point
    assert by_step(there) == by_step(here)
    assert files_there == files_here
