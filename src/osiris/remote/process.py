"""A run in a child of this process: nothing that it does to itself can hurt whoever waits for it."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Thread
from typing import IO, ClassVar

from osiris.model.errors import OsirisError, RemoteError
from osiris.model.job import Job, RunResult
from osiris.model.layout import Session
from osiris.remote.host import GRACE, Account, Talk, hosted
from osiris.remote.luggage import Arrival, Luggage
from osiris.remote.wire import NO_LIMITS, Errand, Limits, Travelling
from osiris.remote.words import LastWords
from osiris.runtime.stop import Stop
from osiris.runtime.target import Emit
from osiris.runtime.voice import Voice

COMMAND = (sys.executable, "-m", "osiris.remote.worker")
_ENOUGH = 5.0  # seconds that the system may take to end a killed child


@dataclass(frozen=True)
class ChildProcess:
    """A child process on this machine, with limits. It works on the same files as a run here.

    Attributes:
        environment: All variables that the child sees.
        stop: Set by a door when the run should end.
        command: Starts a worker.
        patience: Seconds that the child has for taking back what it staged, before it is killed.
    """

    name: ClassVar[str] = "isolated"

    environment: Mapping[str, str]
    limits: Limits = NO_LIMITS
    stop: Stop = field(default_factory=Stop)
    clock: Callable[[], float] = time.monotonic
    command: tuple[str, ...] = COMMAND
    patience: float = GRACE

    def execute(self, job: Job, emit: Emit, *, refusal: OsirisError | None = None) -> RunResult:
        """Hand the job to a worker of its own."""
        account = Account(job, Voice(emit), self.clock)
        return hosted(account, self.name, self.stop, lambda: self._carry_out(job, account, refusal), lambda: None)

    def _carry_out(self, job: Job, account: Account, refusal: OsirisError | None) -> None:
        if refusal:
            raise refusal
        errand = Errand(
            manifest=job.manifest,
            run_id=job.run_id,
            project=str(job.project),
            session=str(job.session),
            connections=job.connections,
            settings={step_id: dict(settings) for step_id, settings in job.sensitive.settings.items()},
            secrets=(*job.secrets, *job.sensitive.texts),
            limits=self.limits,
        )
        with self._started(job) as child:
            Talk(
                line=child,
                errand=errand,
                account=account,
                arrival=Arrival(Luggage(()), job.run_id),
                stop=self.stop,
                renew="start this command again: Osiris was changed while it was running",
                seconds=self.limits.seconds,
                patience=self.patience,
            ).hold()

    @contextmanager
    def _started(self, job: Job) -> Iterator["Child"]:
        words = LastWords.without((*job.secrets, *job.sensitive.texts))
        try:
            process = subprocess.Popen(  # noqa: S603 - our own worker, no shell
                self.command,
                cwd=job.project,
                env=dict(self.environment),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,  # an interrupt at the terminal is the host's to hear, and to pass on
            )
        except OSError as exc:
            raise RemoteError(f"no child process can be started: {exc}", hint="close other programs") from exc
        child = Child(process, words)
        try:
            with self.stop.at_once(child.kill):
                yield child
        finally:
            child.close()
            # A child that was killed could not clear it away itself.
            shutil.rmtree(Session(job.session).scratch, ignore_errors=True)


class Child:
    """A worker in a child process."""

    def __init__(self, process: "subprocess.Popen[bytes]", words: LastWords) -> None:
        self._process = process
        self._words = words
        self._hears = Thread(target=self._hear, args=(_pipe(process.stderr),), daemon=True)
        self._hears.start()

    def lines(self) -> Iterator[str]:
        """Yield what the child says."""
        for text in _pipe(self._process.stdout):
            yield text.decode("utf-8", "replace")
        self._process.wait()

    def tell(self, said: bytes) -> None:
        """Say something to the child."""
        with suppress(OSError, ValueError):
            _pipe(self._process.stdin).write(said)
            _pipe(self._process.stdin).flush()

    def kill(self) -> None:
        """End the child and whatever it started."""
        with suppress(OSError):
            if os.name == "posix":
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()

    def fetch(self, file: Travelling) -> Iterable[bytes]:
        """Return nothing: the child works on the files of this machine, so that none comes back.

        Raises:
            RemoteError: always.
        """
        raise RemoteError(f"a child process has no file {file.name} of its own")

    def ended(self) -> str:
        """Return how the child ended, with its last words."""
        self._hears.join(_ENOUGH)
        code = self._process.wait()
        how = f"it ended with {code}" if code >= 0 else f"the system ended it with {signal.Signals(-code).name}"
        return f"{how}; its last words: {self._words.last}" if self._words.last else how

    def close(self) -> None:
        """End the child where it still lives, and let go of it."""
        with suppress(OSError, ValueError):
            _pipe(self._process.stdin).close()
        try:
            self._process.wait(_ENOUGH)
        except subprocess.TimeoutExpired:
            self.kill()
            self._process.wait()
        self._hears.join(_ENOUGH)
        for pipe in (self._process.stdout, self._process.stderr):
            _pipe(pipe).close()

    def _hear(self, words: IO[bytes]) -> None:
        for text in words:
            self._words.hear(text.decode("utf-8", "replace"))


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None  # noqa: S101 - all three were asked for
    return pipe
