"""`python -m osiris.remote.worker`: reads one errand from its input, carries it out, says everything on its output."""

import hashlib
import os
import queue
import signal
import sys
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event as Flag
from threading import Lock, Thread, Timer
from typing import IO

from osiris import __version__
from osiris.kit.registry import Registry
from osiris.model.errors import EXIT_INTERRUPTED, EXIT_USAGE, ConfigError
from osiris.model.events import Event
from osiris.model.job import Job, RunResult
from osiris.observe.redact import Redactor
from osiris.remote.limits import MIB, at_most, watched
from osiris.remote.papers import held
from osiris.remote.wire import GO, STOP, Done, Errand, Hello, Message, Ready, Said, Travelling, build, line, packed
from osiris.runtime.faults import interrupted
from osiris.runtime.runner import run
from osiris.runtime.stop import Stop

PATIENCE = 600.0  # seconds that a host may take to fetch the copies; one that is gone never answers
GRACE = 10.0  # seconds for an orphan to take back what it staged
CHUNK = 1_048_576


@dataclass
class Voice:
    """Says messages, numbered from 1 and without secrets, to everyone who should hear them."""

    outs: tuple[IO[bytes], ...]
    redact: Redactor = field(default_factory=Redactor)
    _seq: int = 0
    _lock: Lock = field(default_factory=Lock)

    def say(self, message: Message) -> None:
        """Say one message; a disk that is full, or a host that hears no more, is no reason to stop."""
        with self._lock:
            self._seq += 1
            said = line(self.redact(message.model_copy(update={"seq": self._seq}).model_dump(mode="json")))
            for out in self.outs:
                try:
                    out.write(said)
                    out.flush()
                except (OSError, ValueError):
                    continue


@dataclass
class Ear:
    """Hears what the host says after the errand."""

    stop: Stop = field(default_factory=Stop)
    leave: Callable[[int], object] = os._exit
    _answers: "queue.Queue[str]" = field(default_factory=queue.Queue)
    _allowed: Flag = field(default_factory=Flag)

    def listen(self, lines: Iterable[bytes]) -> None:
        """Hear everything, to the end; a host that is gone wants the run to end."""
        for said in lines:
            if said.strip() == GO.encode():
                self._allowed.set()
                self._answers.put(GO)
            elif said.strip():
                self.end()
        self.end()
        if not self._allowed.is_set():
            orphan = Timer(GRACE, self.leave, [EXIT_INTERRUPTED])
            orphan.daemon = True
            orphan.start()

    def end(self, *_: object) -> None:
        """Let the run end, unless it commits already."""
        self.stop.set()
        self._answers.put(STOP)

    def permission(self) -> None:
        """Wait for the host's word.

        Raises:
            Interrupted: the host says no, or nothing.
        """
        try:
            answer = self._answers.get(timeout=PATIENCE)
        except queue.Empty:
            answer = STOP
        if answer != GO:
            raise interrupted()


def work(lines: Iterator[bytes], outs: tuple[IO[bytes], ...], folder: Path, ear: Ear) -> int:
    """Carry out the errand that the lines begin with.

    Args:
        lines: What the host says.
        outs: Where to say everything.
        folder: Where the errand's relative places begin.
        ear: Hears what comes after the errand.

    Returns:
        The exit code of the run; 2 where there was no errand.
    """
    voice = Voice(outs)
    voice.say(Hello(version=__version__, build=build()))
    if not (first := next(lines, b"")).strip():
        return EXIT_USAGE
    errand = Errand.model_validate_json(first)
    voice.redact = Redactor(errand.secrets)
    Thread(target=ear.listen, args=(lines,), daemon=True).start()
    return _carry_out(errand, errand.job(folder.resolve()), voice, ear)


def _carry_out(errand: Errand, job: Job, voice: Voice, ear: Ear) -> int:
    refusal = None
    said: set[str] = set()

    def tell(event: Event) -> None:
        voice.say(Said(event=event))
        if event.event == "write_committed":
            said.add(event.step_id)

    def permit() -> None:
        voice.say(Ready(files=files(job.project, errand.back, said)))
        ear.permission()

    with ExitStack() as limits:
        try:
            _prepare(errand, job)
            job = replace(job, connections=held(job.connections, errand.named))
            limits.enter_context(watched(errand.limits, voice.say, ear.stop))
        except (OSError, tarfile.TarError, ValueError) as exc:
            refusal = ConfigError(f"the worker can't begin: {exc}", hint="see that its disk has room, and try again")
        result = run(job, Registry.installed(), tell, stop=ear.stop, refusal=refusal, permit=permit)
    # Of a run that failed only those copies are final that a later step needed; the others waited for the rest.
    stay = {name for step in job.manifest.steps for name in step.needs} & said if result.error else said
    voice.say(_done(result, files(job.project, errand.back, stay)))
    return result.exit_code


def _prepare(errand: Errand, job: Job) -> None:
    os.environ.update(errand.environment)
    if errand.limits.file_mb:
        at_most(errand.limits.file_mb * MIB)
    if errand.bundle:
        bundle = job.project.parent / errand.bundle
        job.project.mkdir(parents=True, exist_ok=True)
        with tarfile.open(bundle) as packed_up:
            packed_up.extractall(job.project, filter="data")
        bundle.unlink()
    job.session.mkdir(parents=True, exist_ok=True)


def files(project: Path, back: Mapping[str, tuple[str, ...]], steps: set[str]) -> tuple[Travelling, ...]:
    """Return the files of these steps that are there, each with its digest."""
    names = sorted({name for step_id in steps for name in back.get(step_id, ())})
    return tuple(_travelling(project, name) for name in names if (project / name).is_file())


def _travelling(project: Path, name: str) -> Travelling:
    with (project / name).open("rb") as file:
        return Travelling(name=name, sha256=hashlib.file_digest(file, "sha256").hexdigest(), bytes=file.tell())


def _done(result: RunResult, stay: tuple[Travelling, ...]) -> Done:
    return Done(
        status=result.status,
        receipts=result.receipts,
        total_rows=result.total_rows,
        seconds=result.seconds,
        error=packed(result.error) if result.error else None,
        files=stay,
    )


def main() -> int:
    """Work for whoever holds the other ends of this process's pipes.

    An argument names a file to which everything that is said is written, too: a host that lost the line reads there
    what it missed.
    """
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a driver prints is no message
    with ExitStack() as open_files:
        outs: list[IO[bytes]] = [open_files.enter_context(Path(name).open("ab")) for name in sys.argv[1:2]]
        outs.append(open_files.enter_context(out))
        ear = Ear()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, ear.end)
        return work(iter(sys.stdin.buffer.readline, b""), tuple(outs), Path.cwd(), ear)


if __name__ == "__main__":
    code = main()
    sys.stderr.flush()
    os._exit(code)  # the thread that listens waits for a line that need not come
