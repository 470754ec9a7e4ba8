"""What the chains of one run share while it goes on."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from osiris.kit.component import Component, Staged
from osiris.model.errors import OsirisError, StepFailed, Stopped
from osiris.model.job import Job
from osiris.model.manifest import ManifestStep
from osiris.model.receipt import Receipt, Written
from osiris.runtime.faults import interrupted
from osiris.runtime.meter import Meter
from osiris.runtime.spool import Spool
from osiris.runtime.stop import Stop
from osiris.runtime.voice import Voice


@dataclass(frozen=True)
class Rested:
    """Rows at rest, and what was counted of them."""

    spool: Spool
    meter: Meter


@dataclass
class Course:
    """One run, as it goes. Each entry is made once, by the chain whose step it is about.

    Attributes:
        scratch: Folder of this run's own, gone afterwards.
        clock: Returns seconds, of which only differences count.
        permit: Raises what forbids to commit.
        components: By step.
        failure: Why the run can't complete; the first reason stays.
        started: When each step began.
        rested: Rows that several steps read, by the step that gave them.
        staged: What each writer holds back until its commit.
        committed: What each target said after its commit.
        copied: Steps committed last whose targets are copies that nobody has fetched yet.
        receipts: One a step that got to its last row.
    """

    job: Job
    scratch: Path
    say: Voice
    stop: Stop
    clock: Callable[[], float]
    permit: Callable[[], object] = lambda: None
    components: dict[str, Component] = field(default_factory=dict)
    failure: OsirisError | None = None
    started: dict[str, float] = field(default_factory=dict)
    rested: dict[str, Rested] = field(default_factory=dict)
    staged: dict[str, Staged] = field(default_factory=dict)
    committed: dict[str, Written] = field(default_factory=dict)
    copied: set[str] = field(default_factory=set)
    receipts: dict[str, Receipt] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def fail(self, error: OsirisError) -> None:
        """Let the run end with this error, unless it ends with another one already."""
        with self._lock:
            if self.failure is None:
                self.failure = error

    def must_go_on(self) -> None:
        """Return if nothing speaks against going on.

        Raises:
            Stopped: another step has failed.
            Interrupted: somebody stops the run.
            OutsideError: events can't be recorded any more.
        """
        if isinstance(self.failure, StepFailed):
            raise Stopped(f"given up, because step {self.failure.step_id!r} failed")
        if reason := self.failure or self.say.broken:
            raise reason
        if self.stop.is_set():
            raise interrupted()

    def seconds(self, step_id: str) -> float:
        """Return the time since a step began."""
        return self.clock() - self.started[step_id]

    def as_planned(self, step_id: str, written: Written) -> Written:
        """Return what a writer says, its target called as the manifest calls it: with the connection's alias."""
        planned = (entry.target for entry in self.job.manifest.writes if entry.step_id == step_id)
        return written.model_copy(update={"target": next(planned, written.target)})

    def resting_place(self, step: ManifestStep) -> Path:
        """Return the file in which the rows of a step rest; ids need not fit a file's name."""
        return self.scratch / f"rows-{self.job.manifest.steps.index(step)}.arrow"

    @property
    def lasting(self) -> dict[str, Written]:
        """Return what is committed and stays so: of a run that fails, nobody fetches the copies."""
        if self.failure is None:
            return self.committed
        return {step_id: written for step_id, written in self.committed.items() if step_id not in self.copied}

    @property
    def total_rows(self) -> int:
        """Return how many rows writers have committed."""
        return sum(written.staged for written in self.lasting.values())
