"""The one runner: a job to rows moved, all of them or none."""

import os
import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack

from osiris import __version__
from osiris.kit.registry import Registry
from osiris.model.diagnostics import Severity
from osiris.model.errors import EXIT_DONE, Interrupted, OsirisError, StepFailed
from osiris.model.events import CleanupComplete, Event, RunEnd, RunStart, RunStatus, Warned
from osiris.model.job import Job, RunResult
from osiris.model.layout import Session
from osiris.runtime.chains import Chain, chains
from osiris.runtime.commit import commit_all
from osiris.runtime.course import Course
from osiris.runtime.faults import as_error
from osiris.runtime.flow import carry_out
from osiris.runtime.prepare import build, resolve
from osiris.runtime.stop import Stop
from osiris.runtime.voice import Voice

LEAST_CHAINS, MOST_CHAINS = 2, 4  # at a time: one may wait for a server; each holds batches of all its steps
_LOOK = 0.2  # seconds: some systems deliver no signal to a thread that waits without an end


def run(
    job: Job,
    registry: Registry,
    emit: Callable[[Event], object],
    *,
    stop: Stop,
    clock: Callable[[], float] = time.monotonic,
    refusal: OsirisError | None = None,
    permit: Callable[[], object] = lambda: None,
) -> RunResult:
    """Carry a job out: stage everything, then commit everything.

    What goes wrong is in the result; nothing is raised. A KeyboardInterrupt is a wish to stop.

    Args:
        job: Its session's folder is made where it is missing.
        registry: Where its components are found.
        emit: Called with one event at a time, from several threads.
        stop: Looked at between batches; once commits have begun they are finished.
        clock: Returns seconds, of which only differences count.
        refusal: Why the job can't be begun, such as a secret that is missing: the run says so and is over.
        permit: Called when everything is staged, and copies are committed; what it raises forbids the rest.
    """
    # All work is done in threads: a signal that Python raises here, in the main one, can't break off a commit.
    with ThreadPoolExecutor(1, "osiris-run") as pool:
        course = Course(job, Session(job.session).scratch, Voice(emit), stop, clock, permit)
        done: Future[RunResult] = pool.submit(_carry_out, course, registry, refusal)
        while True:
            try:
                wait([done], timeout=_LOOK)
                if done.done():
                    return done.result()
            except KeyboardInterrupt:
                stop.set()


def opening(job: Job) -> RunStart:
    """Return the first thing that a run says, wherever it takes place."""
    return RunStart(
        run_id=job.run_id,
        pipeline=job.manifest.name,
        manifest_hash=job.manifest.hash(),
        steps_total=len(job.manifest.steps),
        osiris_version=__version__,
    )


def _carry_out(course: Course, registry: Registry, refusal: OsirisError | None) -> RunResult:
    begun = course.clock()
    course.say(opening(course.job))
    for note in course.job.manifest.notes:
        if note.severity is Severity.WARNING:
            course.say(Warned(step_id=note.step_id, message=note.message))
    with ExitStack() as cleanup:
        cleanup.callback(_clear, course)
        try:
            if refusal:
                raise refusal  # noqa: TRY301 - the end of the run is the same, whatever the reason
            _move(course, registry)
        except BaseException as exc:  # noqa: BLE001 - one of the four edges: whatever it is, it is the run's result
            course.fail(as_error(exc))
    course.say(CleanupComplete(total_rows=course.total_rows))
    return _ended(course, course.clock() - begun)


def _move(course: Course, registry: Registry) -> None:
    """Do all that is to be done, or find the reason why not.

    Raises:
        OsirisError: before the first step, or between the last row and the first commit.
    """
    job = course.job
    course.must_go_on()
    resolve(job, registry, course.say)
    course.components.update(build(job, registry, course.scratch))
    _pull(course, chains(job.manifest.steps))
    course.must_go_on()
    commit_all(course)


def _pull(course: Course, all_chains: Sequence[Chain]) -> None:
    """Carry out all chains, each as soon as those that it waits for are done, until one fails."""
    waiting, done = list(all_chains), set[str]()
    going: dict[Future[None], Chain] = {}
    workers = max(LEAST_CHAINS, min(os.cpu_count() or 1, MOST_CHAINS))
    with ThreadPoolExecutor(workers, "osiris-chain") as pool:
        while True:
            ready = [] if course.failure else [chain for chain in waiting if chain.after <= done]
            for chain in ready:
                waiting.remove(chain)
                going[pool.submit(carry_out, chain, course)] = chain
            if not going:
                return
            for finished in wait(going, return_when=FIRST_COMPLETED).done:
                done.add(going.pop(finished).last.id)
                finished.result()


def _clear(course: Course) -> None:
    """Take back what is staged and not committed, and remove what rests; what refuses is told, not raised."""
    for step_id, staged in reversed(course.staged.items()):
        try:
            staged.close()
        except BaseException as exc:  # noqa: BLE001 - the others must be closed too
            course.say(Warned(step_id=step_id, message=f"not cleaned up: {as_error(exc).message}"))
    try:
        if course.scratch.exists():
            shutil.rmtree(course.scratch)
    except OSError as exc:
        course.say(Warned(message=f"{course.scratch} is left behind: {exc}"))


def _ended(course: Course, seconds: float) -> RunResult:
    error = course.failure or course.say.broken
    if error and course.lasting:
        tell_what_stays(error, [written.target for written in course.lasting.values()])
    course.say(
        RunEnd(
            status=status_of(error),
            exit_code=error.exit_code if error else EXIT_DONE,
            seconds=seconds,
            error=error.to_dict() if error else None,
        )
    )
    error = error or course.say.broken
    receipts = tuple(course.receipts[s.id] for s in course.job.manifest.steps if s.id in course.receipts)
    return RunResult(status_of(error), receipts, course.total_rows, seconds, error)


def status_of(error: OsirisError | None) -> RunStatus:
    """Return how a run ended, from the reason why it did not complete."""
    if error is None:
        return "completed"
    return "interrupted" if isinstance(error, Interrupted) else "failed"


def tell_what_stays(error: OsirisError, targets: Iterable[str]) -> None:
    """Add to an error which targets are new all the same."""
    error.why = "; ".join(filter(None, (error.why, f"already committed, and stays so: {', '.join(targets)}")))
    if isinstance(error, StepFailed):
        error.cause.why = error.why
