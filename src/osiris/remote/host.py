"""The host's half of a run elsewhere: what it tells the worker, what it hears, and what it records."""

import queue
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import cached_property
from threading import Thread
from typing import Protocol

from osiris import __version__
from osiris.model.errors import ConfigError, LimitReached, OsirisError, RemoteError
from osiris.model.events import (
    AdapterSelected,
    ArtifactCreated,
    CleanupComplete,
    Event,
    HostWarned,
    RunEnd,
    StepComplete,
    WriteCommitted,
)
from osiris.model.job import Job, RunResult
from osiris.model.receipt import Receipt
from osiris.remote.luggage import Arrival
from osiris.remote.wire import (
    GO,
    STOP,
    Done,
    Errand,
    Exceeded,
    Hello,
    Message,
    Ready,
    Said,
    Travelling,
    build,
    line,
    message,
    unpacked,
)
from osiris.remote.words import LastWords
from osiris.runtime.faults import as_error, interrupted
from osiris.runtime.runner import opening, status_of, tell_what_stays
from osiris.runtime.stop import Stop
from osiris.runtime.voice import Voice

LOOK = 0.1  # seconds between two looks at the wish to stop
GRACE = 10.0  # seconds for a worker to take back what it staged


class Line(Protocol):
    """A worker that was started, and the way to it."""

    def lines(self) -> Iterator[str]:
        """Yield what it says, line by line, to its end; whole lines, each of them at least once.

        Raises:
            OsirisError: the way to it is lost for good.
        """
        ...

    def tell(self, said: bytes) -> None:
        """Say something to it; one that is gone does not hear it.

        Raises:
            OsirisError: nobody knows whether it heard.
        """
        ...

    def kill(self) -> None:
        """End it at once, whatever it does. Safe to call twice."""
        ...

    def fetch(self, file: Travelling) -> Iterable[bytes]:
        """Return the content of a file that lies with it.

        Raises:
            RemoteError: it can't be read any more.
        """
        ...

    def ended(self) -> str:
        """Return in words how it ended, where it did."""
        ...


@dataclass
class Account:
    """What the host records of a run that goes on elsewhere.

    Commits into copies are recorded when the files have arrived: before, nothing here has changed.
    """

    job: Job
    say: Voice
    clock: Callable[[], float]
    begun: float = 0.0
    receipts: dict[str, Receipt] = field(default_factory=dict)
    committed: dict[str, Receipt] = field(default_factory=dict)
    _held: list[WriteCommitted | ArtifactCreated] = field(default_factory=list)

    def begin(self, adapter: str) -> None:
        """Record that the run begins, and where."""
        self.begun = self.clock()
        self.say(opening(self.job))
        self.say(AdapterSelected(adapter=adapter))

    def seconds(self) -> float:
        """Return the time since the run began."""
        return self.clock() - self.begun

    def hear(self, event: Event) -> None:
        """Record what the worker's run says."""
        match event:
            case WriteCommitted() | ArtifactCreated() if event.step_id in self.job.copies:
                self._held.append(event)
            case WriteCommitted(step_id=step_id, receipt=receipt):
                self.receipts[step_id] = self.committed[step_id] = receipt
                self.say(event)
            case StepComplete(step_id=step_id, receipt=receipt):
                self.receipts[step_id] = receipt
                self.say(event)
            case _ if event.event not in {"run_start", "cleanup_complete", "run_end"}:
                self.say(event)

    def arrived(self, step_ids: Iterable[str]) -> None:
        """Record the commits of these steps, in the pipeline's order."""
        wanted = set(step_ids)
        order = [step.id for step in self.job.manifest.steps]
        for event in sorted(self._held, key=lambda held: order.index(held.step_id)):
            if event.step_id in wanted:
                self.say(event)
                if isinstance(event, WriteCommitted):
                    self.receipts[event.step_id] = self.committed[event.step_id] = event.receipt

    def end(self, error: OsirisError | None, last: Callable[[], object] = lambda: None) -> RunResult:
        """Record how the run ended and return it.

        Args:
            error: Why it did not complete.
            last: Called just before the end is recorded.
        """
        rows = sum(receipt.written.staged for receipt in self.committed.values() if receipt.written)
        self.say(CleanupComplete(total_rows=rows))
        last()
        error = error or self.say.broken
        status, seconds = status_of(error), self.seconds()
        code, wire = (error.exit_code, error.to_dict()) if error else (0, None)
        self.say(RunEnd(status=status, exit_code=code, seconds=seconds, error=wire))
        error = error or self.say.broken
        receipts = tuple(self.receipts[step.id] for step in self.job.manifest.steps if step.id in self.receipts)
        return RunResult(status_of(error), receipts, rows, seconds, error)


@dataclass
class Talk:
    """One conversation with one worker.

    Attributes:
        renew: How to make the worker the same Osiris as this one.
        seconds: Most wall time for the run; None for any.
        patience: Seconds that a worker has for taking back what it staged.
    """

    line: Line
    errand: Errand
    account: Account
    arrival: Arrival
    stop: Stop
    renew: str
    seconds: float | None = None
    patience: float = GRACE
    first_heard: float | None = None
    _reason: OsirisError | None = None
    _told_to_stop: float | None = None
    _allowed: bool = False

    def hold(self) -> None:
        """Talk to the end, and put in their places the files that come back.

        Raises:
            OsirisError: the run failed, was stopped, or was lost.
        """
        with ExitStack() as held:
            held.callback(self.arrival.close)
            done = self._until_done(held)
            if done.error is None:  # whatever was wished meanwhile came too late
                self._arrive()
            else:
                self._rescue(done, self._reason or unpacked(done.error))

    @cached_property
    def _noise(self) -> LastWords:
        return LastWords.without(self.errand.secrets)

    def _until_done(self, held: ExitStack) -> Done:
        inbox: queue.Queue[str | OsirisError | None] = queue.Queue()
        Thread(target=_pump, args=(self.line, inbox), daemon=True).start()
        heard = 0
        while True:
            text = self._next(inbox)
            if isinstance(text, OsirisError):
                raise self._lost(text)
            if text is None:
                raise self._lost(RemoteError(f"the worker is gone: {self.line.ended()}", hint="run it again"))
            if (said := self._understood(text)) is None or said.seq <= heard:
                continue
            heard = said.seq
            if isinstance(said, Done):
                return said
            self._answer(said, held)

    def _next(self, inbox: "queue.Queue[str | OsirisError | None]") -> str | OsirisError | None:
        """Return the next line; meanwhile look whether the run should end."""
        while True:
            self._look()
            with suppress(queue.Empty):
                return inbox.get(timeout=LOOK)

    def _look(self) -> None:
        """Tell the worker to stop where that is wanted, and end it where it does not.

        Raises:
            OsirisError: it did not, in time.
        """
        if self._allowed:
            return
        if self._told_to_stop is None:
            self._reason = self._reason or self._wish()
            if self._reason is not None:
                self._told_to_stop = self.account.seconds()
                self.line.tell(f"{STOP}\n".encode())
        elif self.account.seconds() - self._told_to_stop > self.patience:
            self.line.kill()
            raise self._reason or interrupted()

    def _wish(self) -> OsirisError | None:
        if self.account.say.broken:
            return self.account.say.broken
        if self.seconds is not None and self.account.seconds() > self.seconds:
            return LimitReached(
                f"the run took longer than {self.seconds:g} s", hint="allow it more time, or let it move fewer rows"
            )
        return interrupted() if self.stop.is_set() else None

    def _understood(self, text: str) -> Message | None:
        try:
            said = message(text)
        except ValueError as exc:
            raise RemoteError(str(exc), hint="see that both sides have the same version of Osiris") from exc
        if said is None and text.strip():
            self._noise.hear(text)
        return said

    def _answer(self, said: Hello | Said | Ready | Exceeded, held: ExitStack) -> None:
        match said:
            case Hello():
                self.first_heard = self.account.seconds()
                self._must_be_the_same(said)
                self.line.tell(line(self.errand.model_dump(mode="json")))
            case Said(event=event):
                self.account.hear(event)
            case Exceeded(message=why):
                self._reason = self._reason or LimitReached(
                    f"the run was stopped: {why}", hint="allow it more memory, or select fewer columns"
                )
            case Ready(files=files):
                self._fetch(files)
                if self._reason is None and self._wish() is None:
                    held.enter_context(self.stop.hold())
                    self._allowed = True
                    self._permit()

    def _must_be_the_same(self, hello: Hello) -> None:
        """Refuse a worker that is not this Osiris; nothing was told to it yet.

        Raises:
            ConfigError: it is another.
        """
        if hello.version != __version__:
            raise ConfigError(f"the worker has Osiris {hello.version}, this is {__version__}", hint=self.renew)
        if hello.build != build():
            raise ConfigError(
                f"the worker's Osiris {hello.version} is not the code that runs here",
                why="they are of one version, but not the same files",
                hint=self.renew,
            )

    def _permit(self) -> None:
        try:
            self.line.tell(f"{GO}\n".encode())
        except OsirisError as exc:
            raise self._lost(exc) from exc

    def _fetch(self, files: tuple[Travelling, ...]) -> None:
        """Stage what came back; without it nothing is permitted, so that what is wrong here changes no target."""
        try:
            for file in files:
                self.arrival.take(file, self.line.fetch(file))
        except OsirisError as exc:
            self.arrival.close()
            self._reason = self._reason or exc

    def _arrive(self) -> None:
        """Put every file in its place, and record what has one.

        Raises:
            OsirisError: one has not.
        """
        try:
            self.arrival.commit()
        except OsirisError as exc:
            self._record_arrived()
            if stays := self._committed():
                tell_what_stays(exc, stays)
            raise
        self.account.arrived(self.errand.back)

    def _rescue(self, done: Done, error: OsirisError) -> None:
        """Fetch what was final before the run failed, as it would be here, and raise the error.

        Raises:
            OsirisError: always.
        """
        self.arrival.close()
        try:
            for file in done.files:
                self.arrival.take(file, self.line.fetch(file))
            self.arrival.commit()
        except OsirisError as exc:
            self.account.say(HostWarned(message=f"what was finished did not come back: {exc.message}"))
        self._record_arrived()
        raise error

    def _record_arrived(self) -> None:
        back = self.errand.back.items()
        self.account.arrived(step_id for step_id, names in back if self.arrival.placed.intersection(names))

    def _lost(self, error: OsirisError) -> OsirisError:
        """Return why nothing more is heard, with what is known of the targets."""
        if self._reason is not None:
            return self._reason
        if (last := self._noise.last) and not error.why:
            error.why = f"its last words: {last}"
        outside = [w.target for w in self.account.job.manifest.writes if w.step_id not in self.account.job.copies]
        unknown = [target for target in outside if target not in self._committed()]
        if self._allowed and unknown:
            error.hint = f"look at {', '.join(unknown)} before you run it again: it may hold the new rows, or not"
        elif self._committed():
            tell_what_stays(error, self._committed())
        return error

    def _committed(self) -> list[str]:
        return [r.written.target for r in self.account.committed.values() if r.written]


def hosted(
    account: Account, adapter: str, stop: Stop, carry_out: Callable[[], object], last: Callable[[], object]
) -> RunResult:
    """Record a run from its beginning to its end, whatever happens between.

    Args:
        account: Where it is recorded.
        adapter: What to call the place.
        stop: Set where a KeyboardInterrupt asks for it.
        carry_out: Raises why the run does not complete.
        last: Called when nothing is left of it, just before its end is recorded.
    """

    def whole() -> RunResult:
        account.begin(adapter)
        error = None
        try:
            carry_out()
        except BaseException as exc:  # noqa: BLE001 - whatever it is, it is the run's result
            error = as_error(exc)
        return account.end(error, last)

    # In a thread: what a signal's handler says in the main one may not meet what the run says there.
    with ThreadPoolExecutor(1, "osiris-host") as pool:
        done = pool.submit(whole)
        while True:
            try:
                wait([done], timeout=LOOK)
                if done.done():
                    return done.result()
            except KeyboardInterrupt:
                stop.set()


def _pump(other: Line, inbox: "queue.Queue[str | OsirisError | None]") -> None:
    try:
        for text in other.lines():
            inbox.put(text)
        inbox.put(None)
    except BaseException as exc:  # noqa: BLE001 - told to the thread that waits
        inbox.put(as_error(exc))
