"""A run in a sandbox: the same worker, the same line, with the job's files sent there and fetched back."""

import hashlib
import shlex
import socket
import tempfile
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event as Flag
from typing import ClassVar, TypeVar

from osiris import __version__
from osiris.kit.registry import Registry
from osiris.model.errors import ConfigError, LimitReached, OsirisError, RemoteBusy, RemoteError
from osiris.model.events import E2bOverhead, HostWarned, SandboxStarted
from osiris.model.job import Job, RunResult
from osiris.remote.e2b import BASE, MARK, Access, Box, Cloud, Command, Cut, Gone, Missing
from osiris.remote.host import GRACE, LOOK, Account, Talk, hosted
from osiris.remote.luggage import Arrival, Luggage
from osiris.remote.papers import Papers
from osiris.remote.wheel import build_wheel, constraints, extras
from osiris.remote.wire import Errand, Travelling
from osiris.remote.words import LastWords
from osiris.runtime.faults import interrupted
from osiris.runtime.stop import Stop
from osiris.runtime.target import Emit
from osiris.runtime.voice import Voice

HOME = "osiris-run"  # folder of everything, below the sandbox's home folder
PROJECT, BUNDLE, RECORD = "project", "bundle.tar", "said.jsonl"
RUN, PROJECT_OF = "osiris_run", "osiris_project"  # names of a sandbox's metadata
RENEW = "build the template again with `osiris e2b template build`, or run with --e2b-install-deps"
SECONDS = 900  # that a sandbox lives where nobody says otherwise
GIB = 1_024  # MiB
_TRIES = 5  # to reach a worker again, one after another, before it is given up
_PAUSE = 0.5  # seconds before the first of them but one; doubled each time
MILLISECONDS = 1_000

T = TypeVar("T")


@dataclass(frozen=True)
class Sized:
    """What a sandbox should be.

    Attributes:
        cpu: Processors; None takes what the template has.
        memory_gb: GiB of memory; the same.
        seconds: After which the provider ends it.
        install: Whether it brings nothing of Osiris, so that everything is sent and installed first.
        environment: Variables for the connectors.
        secrets: Which of their values are never shown.
    """

    cpu: int | None = None
    memory_gb: int | None = None
    seconds: int = SECONDS
    install: bool = False
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def template(self) -> str:
        """Return the name of the template that holds this Osiris and has these resources."""
        return BASE if self.install else template_name(self.cpu, self.memory_gb)


def template_name(cpu: int | None, memory_gb: int | None) -> str:
    """Return the name of a template of ours.

    Example:
        >>> template_name(2, 4).endswith("-2cpu-4gb")
        True
    """
    parts = ["osiris", *__version__.replace("+", ".").split(".")]
    parts += [f"{cpu}cpu"] if cpu else []
    parts += [f"{memory_gb}gb"] if memory_gb else []
    return "-".join(parts)


def whose(project: Path) -> str:
    """Return what tells the sandboxes of this project on this machine from others, without saying what it is."""
    return hashlib.sha256(f"{socket.gethostname()}\0{project}".encode()).hexdigest()[:16]


@dataclass(frozen=True)
class E2b:
    """A sandbox of E2B's, made for one run and ended with it.

    Attributes:
        stop: Set by a door when the run should end.
        patience: Seconds that the worker has for taking back what it staged, before the sandbox is ended.
    """

    name: ClassVar[str] = "e2b"

    registry: Registry
    access: Access
    sized: Sized = field(default_factory=Sized)
    stop: Stop = field(default_factory=Stop)
    clock: Callable[[], float] = time.monotonic
    patience: float = GRACE

    def execute(self, job: Job, emit: Emit, *, refusal: OsirisError | None = None) -> RunResult:
        """Send the job into a sandbox of its own."""
        cost = Cost(self.clock)

        def account_for_it() -> None:
            if cost.milliseconds:
                account.say(E2bOverhead(**cost.milliseconds))

        account = Account(job, Voice(emit), self.clock)
        return hosted(account, self.name, self.stop, lambda: self._carry_out(account, cost, refusal), account_for_it)

    def _carry_out(self, account: Account, cost: "Cost", refusal: OsirisError | None) -> None:
        if refusal:
            raise refusal
        luggage, papers = Luggage.of(account.job, self.registry), Papers.of(account.job, self.registry)
        account.job = replace(account.job, copies=frozenset(luggage.back))
        with tempfile.TemporaryFile() as bundle, ExitStack() as held:
            size = luggage.pack(bundle)
            bundle.seek(0)
            box = held.enter_context(self._sandbox(account, cost))
            with cost.of("upload_ms"):
                self._meanwhile(lambda: box.put(f"{HOME}/{BUNDLE}", bundle))
            if self.sized.install:
                self._install(box, account, cost)
            account.say(
                SandboxStarted(
                    sandbox_id=box.sandbox_id,
                    template=self.sized.template,
                    bytes_up=size,
                    seconds=account.seconds(),
                )
            )
            self._talk(box, account, luggage, papers, cost)

    @contextmanager
    def _sandbox(self, account: Account, cost: "Cost") -> Iterator[Box]:
        cloud = Cloud(self.access)
        metadata = {MARK: "run", RUN: account.job.run_id, PROJECT_OF: whose(account.job.project)}
        with cost.of("create_ms"):
            box = self._meanwhile(
                lambda: cloud.create(self.sized.template, self.sized.seconds, metadata), undo=lambda made: made.kill()
            )
        try:
            with self.stop.at_once(lambda: cloud.kill(box.sandbox_id)):
                self._must_be_as_wanted(box)
                yield box
        finally:
            with cost.of("kill_ms"):
                _end(box, account)

    def _must_be_as_wanted(self, box: Box) -> None:
        """Refuse a sandbox that has not the processors and the memory that were asked for.

        Raises:
            ConfigError: it has others: they belong to its template.
        """
        wanted_cpu, wanted_gb = self.sized.cpu, self.sized.memory_gb
        if wanted_cpu is None and wanted_gb is None:
            return
        cpu, memory_mb = box.resources()
        if wanted_cpu not in {None, cpu} or (wanted_gb is not None and wanted_gb * GIB != memory_mb):
            raise ConfigError(
                f"the sandbox has {cpu} processors and {memory_mb / GIB:g} GB of memory, not what was asked for",
                why=f"they belong to the template {self.sized.template!r}",
                hint="build a template that has them with `osiris e2b template build --cpu N --mem GB`",
            )

    def _install(self, box: Box, account: Account, cost: "Cost") -> None:
        """Send this Osiris and have it installed.

        Raises:
            RemoteError: pip did not succeed.
        """
        families = {step.component.partition(".")[0] for step in account.job.manifest.steps}
        wanted = [name for name in extras() if name in families]
        with cost.of("install_ms"), tempfile.TemporaryDirectory() as folder:
            wheel = build_wheel(Path(folder))
            pins = Path(folder) / "constraints.txt"
            pins.write_text(constraints(wanted), "utf-8")
            for file in (wheel, pins):
                with file.open("rb") as content:
                    self._meanwhile(lambda content=content, name=file.name: box.put(f"{HOME}/{name}", content))  # type: ignore[misc]
            what = shlex.quote(f"./{wheel.name}[{','.join(wanted)}]" if wanted else f"./{wheel.name}")
            code, last = self._meanwhile(
                lambda: box.run(
                    f"cd {HOME} && PIP_BREAK_SYSTEM_PACKAGES=1 python3 -m pip install --quiet "
                    f"--disable-pip-version-check --no-input --constraint {pins.name} {what}"
                )
            )
        if code != 0:
            raise RemoteError(
                f"Osiris can't be installed in the sandbox: pip ended with {code}",
                why=last,
                hint="build a template once with `osiris e2b template build` and leave out --e2b-install-deps",
            )
        seconds = cost.milliseconds["install_ms"] / MILLISECONDS
        account.say(
            HostWarned(
                message=f"installing Osiris in the sandbox took {seconds:.1f} s; "
                "a template (`osiris e2b template build`) has it there already"
            )
        )

    def _talk(self, box: Box, account: Account, luggage: Luggage, papers: Papers, cost: "Cost") -> None:
        job = account.job
        errand = Errand(
            manifest=job.manifest,
            run_id=job.run_id,
            project=PROJECT,
            session="session",
            connections=job.connections,
            settings={step_id: dict(settings) for step_id, settings in job.sensitive.settings.items()},
            secrets=(*job.secrets, *job.sensitive.texts, *self.sized.secrets, *papers.secrets),
            named=papers.named,
            environment=dict(self.sized.environment),
            bundle=BUNDLE,
            back=luggage.back,
        )
        started = account.seconds()
        command = self._meanwhile(lambda: box.start(f"cd {HOME} && exec python3 -u -m osiris.remote.worker {RECORD}"))
        talk = Talk(
            line=Wire(box, command, self.sized.seconds, account.begun, cost, LastWords.without(errand.secrets)),
            errand=errand,
            account=account,
            arrival=Arrival(luggage, job.run_id, going_on=self._must_go_on),
            stop=self.stop,
            renew=RENEW,
            patience=self.patience,
        )
        try:
            talk.hold()
        finally:
            if talk.first_heard is not None:
                cost.milliseconds["first_event_ms"] = (talk.first_heard - started) * MILLISECONDS

    def _must_go_on(self) -> None:
        if self.stop.is_set():
            raise interrupted()

    def _meanwhile(self, work: Callable[[], T], undo: Callable[[T], object] = lambda _: None) -> T:
        """Return what the work returns, and give it up where somebody stops the run meanwhile.

        Args:
            work: Waits for the network.
            undo: Called with what the work returns after all, later.

        Raises:
            Interrupted: somebody stops the run.
        """
        pool = ThreadPoolExecutor(1, "osiris-sandbox")
        future = pool.submit(work)
        pool.shutdown(wait=False)
        while True:
            try:
                wait([future], timeout=LOOK)
                if future.done():
                    return future.result()
                self._must_go_on()
            except OsirisError:
                future.add_done_callback(lambda done: _undone(done, undo))
                raise


@dataclass
class Cost:
    """What the sandbox costs, in milliseconds, by the fields of `E2bOverhead`."""

    clock: Callable[[], float]
    milliseconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def of(self, part: str) -> Iterator[None]:
        """Add the time of what is done meanwhile."""
        begun = self.clock()
        try:
            yield
        finally:
            self.milliseconds[part] = self.milliseconds.get(part, 0.0) + (self.clock() - begun) * MILLISECONDS


@dataclass
class Wire:
    """The line to a worker in a sandbox. It may be cut: what was said meanwhile is read from the worker's record.

    Attributes:
        seconds: After which the provider ends the sandbox.
        begun: When it was made, by the clock of the costs.
    """

    box: Box
    command: Command
    seconds: int
    begun: float
    cost: "Cost"
    words: LastWords
    _done: bool = False
    _ended: int | None = None
    _heard: int = 0

    def lines(self) -> Iterator[str]:
        """Yield what the worker says.

        Raises:
            OsirisError: it can't be reached any more.
        """
        cuts, before, ended = 0, self._heard, False
        part = self._live
        while not (self._done or ended):
            try:
                yield from part()
                ended = part == self._recorded
                part = self._recorded
            except Gone as exc:
                raise self._over(exc) from exc
            except (Cut, RemoteBusy) as exc:
                cuts, before = (1 if self._heard > before else cuts + 1), self._heard
                if cuts > _TRIES:
                    raise RemoteError(exc.message, why=exc.why, hint=exc.hint) from exc
                Flag().wait(_PAUSE * 2 ** (cuts - 2) if cuts > 1 else 0)
                part = self._again if part != self._recorded else part

    def tell(self, said: bytes) -> None:
        """Say something to the worker."""
        self.box.tell(self.command.pid, said)

    def kill(self) -> None:
        """End the sandbox."""
        with suppress(OsirisError):
            self.box.kill()

    def fetch(self, file: Travelling) -> Generator[bytes]:
        """Return the content of a file of the project there."""
        with self.cost.of("collect_ms"):
            yield from self.box.read(f"{HOME}/{PROJECT}/{file.name}")

    def ended(self) -> str:
        """Return how the worker ended."""
        how = f"it ended with {self._ended}"
        return f"{how}; its last words: {self.words.last}" if self.words.last else how

    def _over(self, gone: Gone) -> OsirisError:
        """Say that the sandbox's time was over, where it was."""
        if self.cost.clock() - self.begun < self.seconds:
            return gone
        return LimitReached(
            f"the sandbox was ended after its {self.seconds} s, before the run was over", hint="raise --e2b-timeout"
        )

    def _again(self) -> Iterator[str]:
        """Yield what was missed, then what comes; a worker that is gone meanwhile may have said everything."""
        try:
            self.command = self.box.again(self.command.pid)
        except Missing:
            return
        yield from self._recorded()
        yield from self._live()

    def _live(self) -> Iterator[str]:
        rest = ""
        for out, err in self.box.hear(self.command):
            for text in err.split("\n"):
                self.words.hear(text)
            *whole, rest = (rest + out).split("\n")
            yield from map(self._noted, whole)
        self._ended = self.box.exit_code(self.command.handle)

    def _recorded(self) -> Iterator[str]:
        """Yield all that the worker said so far, from its beginning."""
        rest = b""
        with suppress(Missing):  # it has said nothing yet
            for chunk in self.box.read(f"{HOME}/{RECORD}"):
                *whole, rest = (rest + chunk).split(b"\n")
                yield from (self._noted(text.decode("utf-8", "replace")) for text in whole)

    def _noted(self, text: str) -> str:
        self._heard += 1
        self._done = self._done or '"kind":"done"' in text[:60]
        return text


def _end(box: Box, account: Account) -> None:
    try:
        box.kill()
    except Gone:
        return
    except OsirisError as exc:
        account.say(
            HostWarned(
                message=f"the sandbox {box.sandbox_id} could not be ended ({exc.message}); `osiris e2b sweep` does it"
            )
        )


def _undone(future: "Future[T]", undo: Callable[[T], object]) -> None:
    with suppress(Exception):
        undo(future.result())
