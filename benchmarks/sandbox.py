"""What a run in a sandbox costs on this side, against a server on this machine: a process of its own.

It prints medians in seconds: importing the client, each request of the provider's, the first event, the files that
come back, a whole run there and here, and the processor's time on this side for one step more. The server is part of
this process, so that its time is in all of it.
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.services.e2b import KEY, Loopback, Shape

from osiris.app.pipelines import PlanPipeline, make_ready
from osiris.app.project import Project
from osiris.app.runs import job_of
from osiris.kit.registry import Registry
from osiris.model.events import E2bOverhead, Event
from osiris.remote.e2b import Access, Cloud
from osiris.remote.sandbox import E2b, Sized
from osiris.runtime.target import Here, Target

PHASES = ("create_ms", "upload_ms", "first_event_ms", "collect_ms", "kill_ms")
MILLISECONDS = 1_000


def main(folder: str, steps: str, turns: str) -> None:
    """Measure the chains of 2 and of so many steps that lie in a folder."""
    short, long = (_runs(Path(folder), count) for count in ("2", steps))
    with Loopback(Path(folder) / "sandboxes", {Sized().template: Shape()}) as server:
        access = Access(KEY, api_url=server.url, sandbox_url=server.url)
        started = time.perf_counter()
        Cloud(access).sandboxes()
        found = {"import": time.perf_counter() - started}
        here, there = Here(Registry.installed()), E2b(Registry.installed(), access)
        for run, target in ((short, here), (short, there), (long, there)):
            run(target)
        runs = [(short(there), long(there), short(here)) for _ in range(int(turns))]
    costs = [event for run, _, _ in runs for event in run.said if isinstance(event, E2bOverhead)]
    found |= {phase: median(getattr(cost, phase) for cost in costs) / MILLISECONDS for phase in PHASES}
    more = [(longer.busy - shorter.busy) / (int(steps) - 2) for shorter, longer, _ in runs]
    found |= {"step": median(more), "run": median(run.seconds for run, _, _ in runs)}
    found |= {"run_here": median(run.seconds for _, _, run in runs)}
    sys.stdout.write(json.dumps(found))


@dataclass(frozen=True)
class Ran:
    """One run: its wall time and this process's own, and what was said."""

    seconds: float
    busy: float
    said: list[Event]


def _runs(folder: Path, steps: str) -> Callable[[Target], Ran]:
    project = Project.open(folder, exported={})
    ready = make_ready(project, PlanPipeline(file=f"chain-{steps}.yaml"))
    job, _ = job_of(project, ready, project.layout.session(f"bench-{steps}"))
    job.session.mkdir(parents=True, exist_ok=True)

    def run(target: Target) -> Ran:
        said: list[Event] = []
        started, busy = time.perf_counter(), time.process_time()
        result = target.execute(job, said.append)
        if result.error:
            raise result.error
        return Ran(time.perf_counter() - started, time.process_time() - busy, said)

    return run


if __name__ == "__main__":
    main(*sys.argv[1:])
