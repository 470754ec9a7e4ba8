"""Where a job is carried out: the seam between whoever asks for a run and the runner."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from osiris.kit.registry import Registry
from osiris.model.errors import OsirisError
from osiris.model.events import AdapterSelected, Event, RunStart
from osiris.model.job import Job, RunResult
from osiris.runtime.runner import run
from osiris.runtime.stop import Stop

Emit = Callable[[Event], object]


class Target(Protocol):
    """A place that takes jobs. A job says the same events at each of them, but for the host's own (`HostEvent`)."""

    name: ClassVar[str]

    def execute(self, job: Job, emit: Emit, *, refusal: OsirisError | None = None) -> RunResult:
        """Carry the job out there. What goes wrong is in the result; nothing is raised.

        Args:
            job: What to do; its paths are those of this machine.
            emit: Called with one event at a time, as it is said.
            refusal: Why the job can't be begun, such as a secret that is missing: the run says so and is over.
        """
        ...


@dataclass(frozen=True)
class Here:
    """This process."""

    name: ClassVar[str] = "here"

    registry: Registry
    stop: Stop = field(default_factory=Stop)
    clock: Callable[[], float] = time.monotonic

    def execute(self, job: Job, emit: Emit, *, refusal: OsirisError | None = None) -> RunResult:
        """Hand the job to the runner."""

        def said(event: Event) -> None:
            emit(event)
            if isinstance(event, RunStart):
                emit(AdapterSelected(adapter=self.name))

        return run(job, self.registry, said, stop=self.stop, clock=self.clock, refusal=refusal)
