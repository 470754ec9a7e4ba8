"""A run elsewhere that something happens to at a moment of the test's choosing."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.keyboard import left_in
from tests.parity.places import HEAD, READ, ordered, project, sandboxed
from tests.services.e2b import Loopback

from osiris.model.events import Event
from osiris.model.job import Job, RunResult
from osiris.remote.process import ChildProcess
from osiris.runtime.stop import Stop
from osiris.runtime.target import Target

COPY = f"""{HEAD}name: copy
steps:
{READ}
  - {{id: write, component: filesystem.csv_writer, mode: write, needs: [orders], config: {{path: output/copy.csv}}}}
"""
ENDLESS = f"""{HEAD}name: endless
steps:
  - {{id: numbers, component: duckdb.processor, mode: transform,
      config: {{query: SELECT i FROM range(4000000000) AS r(i)}}}}
  - {{id: write, component: filesystem.csv_writer, mode: write, needs: [numbers], config: {{path: output/copy.csv}}}}
"""


@dataclass
class Attempt:
    """One run, and what lay in its project before.

    Attributes:
        at: `event`, or `event step`, to what happens when the run says so, once.
    """

    folder: Path
    text: str = COPY
    at: dict[str, Callable[[], object]] = field(default_factory=dict)
    said: list[Event] = field(default_factory=list)
    before: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        project(self.folder)
        (self.folder / "output" / "copy.csv").write_bytes(b"before\n")
        self.before = left_in(self.folder)

    def hear(self, event: Event) -> None:
        self.said.append(event)
        for moment in (event.event, f"{event.event} {getattr(event, 'step_id', '')}"):
            self.at.pop(moment, lambda: None)()

    def job(self) -> Job:
        job = ordered(self.folder, self.text)
        job.session.mkdir(parents=True, exist_ok=True)
        return job

    def run(self, target: Target) -> RunResult:
        return target.execute(self.job(), self.hear)

    def kinds(self) -> list[str]:
        return [event.event for event in self.said]

    def unchanged(self) -> bool:
        """Return whether every file is as it was, and there is no other."""
        return left_in(self.folder) == self.before


def child(stop: Stop | None = None, **changed: object) -> ChildProcess:
    """Return a child process that obeys a wish to stop."""
    return ChildProcess(dict(os.environ), stop=stop or Stop(), **changed)  # type: ignore[arg-type]


@contextmanager
def in_sandbox(attempt: Attempt, server: Loopback, **changed: object) -> Iterator[RunResult]:
    """Run in a sandbox; afterwards there must be none."""
    result = attempt.run(sandboxed(server, **changed))
    yield result
    assert server.sandboxes == {}
    assert attempt.kinds()[:2] == ["run_start", "adapter_selected"]
    assert attempt.kinds()[-1] == "run_end"
