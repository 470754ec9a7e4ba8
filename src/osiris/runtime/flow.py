"""One chain of steps, carried to its last row."""

from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import cast

from osiris.kit.component import Extractor, Processor, Writer
from osiris.kit.naming import under_all_names
from osiris.kit.stream import Stream
from osiris.model.errors import CheckFailed, Interrupted, OsirisError, StepFailed, Stopped
from osiris.model.events import StepComplete, StepProgress, StepStart, Warned
from osiris.model.events import StepFailed as SaidFailed
from osiris.model.job import Marks
from osiris.model.manifest import ManifestStep
from osiris.model.receipt import Receipt, Written
from osiris.runtime.chains import Chain
from osiris.runtime.commit import commit
from osiris.runtime.course import Course, Rested
from osiris.runtime.deep import on_a_fresh_stack
from osiris.runtime.faults import as_error
from osiris.runtime.meter import Meter
from osiris.runtime.spool import Spool

PROGRESS_SECONDS = 0.5  # at least, between two events about one step
_DEEP = 16  # steps that pull one from another on one stack; Python allows about six times as many


def carry_out(chain: Chain, course: Course) -> None:
    """Carry a chain to its last row; what goes wrong becomes the failure of the run."""
    flow = _Flow(chain, course)
    with ExitStack() as opened:
        try:
            flow.pull(opened)
        except BaseException as exc:  # noqa: BLE001 - whatever it is, the other chains must learn of it
            flow.blame(chain.last.id, exc)
    flow.end()


@dataclass
class _Running:
    """A step that has begun.

    Attributes:
        heard: When something was last said about it.
        taken: What was counted of each input.
        rows: What was counted of the rows it gives or, for a writer, takes; None until it is open.
        over: Whether its end has been said.
    """

    step: ManifestStep
    heard: float
    taken: list[Meter] = field(default_factory=list)
    rows: Meter | None = None
    over: bool = False


@dataclass
class _Flow:
    """The steps of a chain at work. DuckDB's threads pull too: what they may touch is touched inside one stream.

    Attributes:
        _below: By step: how many others it pulls from on its stack, one through another.
    """

    chain: Chain
    course: Course
    _running: list[_Running] = field(default_factory=list)
    _flowing: dict[str, tuple[Meter, Stream]] = field(default_factory=dict)
    _below: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    _cause: tuple[str, OsirisError] | None = None
    _lock: Lock = field(default_factory=Lock)

    def pull(self, opened: ExitStack) -> None:
        """Open the steps in order, and pull all rows through the last one."""
        for step in self.chain.steps[:-1]:
            self._flowing[step.id] = self._open(step, opened)
        last = self.chain.last
        if last.mode == "write":
            self._write(last, opened)
            return
        meter, rows = self._open(last, opened)
        if self.chain.rests:
            self.course.rested[last.id] = Rested(Spool.fill(rows, self.course.resting_place(last), last.id), meter)
        else:
            deque(rows, maxlen=0)

    def blame(self, step_id: str, raised: BaseException) -> None:
        """Let the run fail for this reason; whoever raises next in this chain does so because of the first one."""
        error = as_error(raised)
        with self._lock:
            if self._cause is not None:
                return
            if not isinstance(error, Interrupted | Stopped) and error not in (
                self.course.failure,
                self.course.say.broken,
            ):
                error = StepFailed(step_id, error)
                error.__cause__ = raised
            self._cause = step_id, error
        self.course.fail(error)

    def end(self) -> None:
        """Commit where another step waits for it, or say of each step that has no end how it ended."""
        if self._cause is None:
            if self.chain.commits:
                self._commit()
            return
        culprit, error = self._cause
        for running in sorted(self._running, key=lambda running: running.step.id != culprit):
            if not running.over:
                self._say_failed(running, error if running.step.id == culprit else _because_of(error))

    def _commit(self) -> None:
        try:
            self.course.must_go_on()
        except OsirisError as exc:
            self.blame(self.chain.last.id, exc)
            return
        with self.course.stop.hold():
            commit(self.course, self.chain.last.id)

    def _say_failed(self, running: _Running, error: OsirisError) -> None:
        step_id = running.step.id
        running.over = True
        self.course.say(SaidFailed(step_id=step_id, error=error.to_dict(), seconds=self.course.seconds(step_id)))

    def _begin(self, step: ManifestStep) -> _Running:
        self.course.must_go_on()
        now = self.course.started[step.id] = self.course.clock()
        running = _Running(step, now)
        self._running.append(running)
        self.course.say(StepStart(step_id=step.id, component=step.component, mode=step.mode))
        return running

    def _open(self, step: ManifestStep, opened: ExitStack) -> tuple[Meter, Stream]:
        running = self._begin(step)
        component = self.course.components[step.id]
        with self._blaming(step.id):
            if step.mode == "read":
                rows = cast("Extractor", component).extract()
            else:
                inputs = {name: self._input(running, source, opened) for name, source in step.inputs.items()}
                named = under_all_names(inputs, step.inputs) if component.about.sql else inputs
                rows = cast("Processor", component).process(named)
        opened.callback(self._close, running, rows)
        running.rows = meter = Meter(rows.schema)
        return meter, self._metered(rows, meter, running, partial(self._passed, running), opened)

    def _input(self, running: _Running, source: str, opened: ExitStack) -> Stream:
        """Return the rows of a step: those that flow, or all those at rest."""
        if source in self._flowing:
            meter, rows = self._flowing[source]
            running.taken.append(meter)
            below = self._below[source] + 1
            if below == _DEEP:
                below, rows = 0, on_a_fresh_stack(rows)
                opened.callback(rows.close)
            self._below[running.step.id] = max(self._below[running.step.id], below)
            return rows
        rested = self.course.rested[source]
        rows = rested.spool.stream()
        opened.callback(rows.close)
        meter = Meter(rows.schema, digesting=running.step.mode == "write")
        running.taken.append(meter)
        return self._metered(rows, meter, running, partial(self._came_back, running, rested), opened)

    def _metered(
        self, rows: Stream, meter: Meter, running: _Running, passed: Callable[[Meter], None], opened: ExitStack
    ) -> Stream:
        counted = meter.over(rows, partial(self._looking, running.step.id), passed)
        opened.callback(counted.close)
        return counted

    def _write(self, step: ManifestStep, opened: ExitStack) -> None:
        running = self._begin(step)
        with self._blaming(step.id):
            (source,) = step.inputs.values()
            rows = self._input(running, source, opened)
            running.rows = running.taken[0]
            marks = Marks(run_id=self.course.job.run_id, step_id=step.id)
            staged = cast("Writer", self.course.components[step.id]).write(rows, marks)
            self.course.staged[step.id] = staged
            next(iter(rows), None)  # a writer that leaves rows behind is found out
            self._complete(running, self.course.as_planned(step.id, staged.written))

    def _close(self, running: _Running, rows: Stream) -> None:
        """Let go of what a step reads from; a step that was not read to its end has done what was wanted of it."""
        try:
            rows.close()
            if self._cause is None and not running.over:
                self._complete(running)
        except BaseException as exc:  # noqa: BLE001 - the others must be closed too
            if self._cause is None:
                self.blame(running.step.id, exc)
            else:
                self.course.say(Warned(step_id=running.step.id, message=f"not closed: {as_error(exc).message}"))

    @contextmanager
    def _blaming(self, step_id: str) -> Iterator[None]:
        try:
            yield
        except BaseException as exc:
            self.blame(step_id, exc)
            raise

    @contextmanager
    def _looking(self, step_id: str) -> Iterator[None]:
        with self._blaming(step_id):
            self.course.must_go_on()
            yield

    def _passed(self, running: _Running, meter: Meter) -> None:
        if meter.ended and running.step is not self.chain.last:
            self._complete(running)
        else:
            self._say_progress(running, meter)

    def _came_back(self, running: _Running, rested: Rested, meter: Meter) -> None:
        if meter.ended:
            _must_be_all(rested, meter)
        elif meter is running.rows:
            self._say_progress(running, meter)

    def _say_progress(self, running: _Running, meter: Meter) -> None:
        if (now := self.course.clock()) - running.heard >= PROGRESS_SECONDS:
            running.heard = now
            self.course.say(StepProgress(step_id=running.step.id, rows=meter.rows, bytes=meter.bytes))

    def _complete(self, running: _Running, written: Written | None = None) -> None:
        """Say that a step gave or took its last row.

        Raises:
            CheckFailed: a writer does not hold the rows that it was given.
        """
        step, meter = running.step, running.rows
        assert meter is not None  # noqa: S101 - only open steps come here
        holds_all = written is None or (meter.ended and written.staged == meter.rows)
        receipt = Receipt(
            step_id=step.id,
            component=step.component,
            mode=step.mode,
            status="ok" if holds_all else "mismatch",
            rows_in=sum(taken.rows for taken in running.taken),
            rows_out=meter.rows if written is None else written.staged,
            bytes=meter.bytes,
            nulls=meter.nulls,
            digests=meter.digests,
            seconds=self.course.seconds(step.id),
            written=written,
        )
        self.course.receipts[step.id] = receipt
        if written is not None and not holds_all:
            raise CheckFailed(
                f"{written.target} would hold {written.staged} rows, but {meter.rows} were given",
                why="the target's own count is not the number of rows that the step before gave",
                hint="nothing was written; run it again, and report it if it happens again",
            )
        running.over = True
        self.course.say(
            StepComplete(step_id=step.id, rows=meter.rows, bytes=meter.bytes, seconds=receipt.seconds, receipt=receipt)
        )


def _because_of(error: OsirisError) -> OsirisError:
    """Return what a step ends with that did nothing wrong itself."""
    return Stopped(f"given up, because step {error.step_id!r} failed") if isinstance(error, StepFailed) else error


def _must_be_all(rested: Rested, read: Meter) -> None:
    """Hold what was read of rows at rest against what was laid down.

    Raises:
        CheckFailed: rows are missing or others.
    """
    laid = rested.meter
    if read.rows != laid.rows or (read.digesting and read.digests != laid.digests):
        raise CheckFailed(
            f"{read.rows} of the {laid.rows} rows of step {rested.spool.owner!r} came back from disk unchanged",
            hint="check the disk of the logs folder, then run it again",
        )
