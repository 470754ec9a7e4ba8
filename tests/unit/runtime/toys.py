"""A family of components that do what a test tells them, at the moment that it names, and note what they did."""

from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from threading import Lock
from typing import Any, ClassVar

import pyarrow as pa

from osiris.kit.component import Announced, Config, Connection, Describe, Place
from osiris.kit.family import Family
from osiris.kit.registry import Registry
from osiris.kit.stream import Stream
from osiris.model.catalogue import Known
from osiris.model.events import Event
from osiris.model.job import Job, Marks, RunResult
from osiris.model.manifest import Fingerprints, Manifest, ManifestStep
from osiris.model.oml import Mode
from osiris.model.plan import TargetState
from osiris.model.receipt import Artifact, Written
from osiris.runtime.runner import run
from osiris.runtime.stop import Stop

SCHEMA = pa.schema([pa.field("n", pa.int64())])
PRINTS = Fingerprints(oml="", params="", profile="", components="", catalogue="", compiler="")


class Toy(Config):
    """What a test may set.

    Attributes:
        rows: That a reader gives.
        batch: Rows a batch.
        most: Batches that a processor or a writer takes.
        lie: Added to the number of rows that a writer says it staged.
    """

    step: str
    rows: int = 6
    batch: int = 1
    most: int = 1_000_000
    lie: int = 0
    write_mode: str = "replace"


class Wire(Connection):
    """A connection with one field."""

    host: str


@dataclass
class World:
    """What the components of a test see and leave behind.

    Attributes:
        does: `step moment`, or `event step`, to what happens then.
        targets: What each target holds, by the step that writes it.
        noted: `step moment` of all that happened, in order.
        said: What the run said.
        now: The time in seconds; it passes when the test lets it.
        written: Changes what a commit says about its target.
    """

    does: Mapping[str, Callable[[], object]] = field(default_factory=dict)
    targets: dict[str, list[int]] = field(default_factory=dict)
    noted: list[str] = field(default_factory=list)
    said: list[Event] = field(default_factory=list)
    now: float = 0.0
    written: Callable[[Written], Written] = lambda written: written
    stop: Stop = field(default_factory=Stop)
    _lock: Lock = field(default_factory=Lock)

    def at(self, step: str, moment: str) -> None:
        """Let happen what the test wants at this moment."""
        with self._lock:
            self.noted.append(f"{step} {moment}")
        self.does.get(f"{step} {moment}", lambda: None)()

    def run(self, folder: Path, *steps: ManifestStep, using: Sequence[Any] = ()) -> RunResult:
        """Carry out the steps, with other components in the places of some."""
        made = job(folder, *steps)
        return run(made, toys(self, *using), self.hear, stop=self.stop, clock=lambda: self.now)

    def hear(self, event: Event) -> None:
        """Keep what the run says; the test may let something happen then, too."""
        self.said.append(event)
        self.does.get(f"{event.event} {getattr(event, 'step_id', '')}".strip(), lambda: None)()

    def heard(self, kind: str) -> list[Any]:
        """Return the events of one kind."""
        return [event for event in self.said if event.event == kind]

    def kinds(self) -> list[str]:
        """Return what was said, in short."""
        return [f"{event.event} {step}".strip() for event in self.said for step in [getattr(event, "step_id", "")]]

    def unclosed(self) -> Counter[str]:
        """Return the steps that began but did not end exactly once."""
        begun = Counter(event.step_id for event in self.heard("step_start"))
        begun.subtract(Counter(e.step_id for kind in ("step_complete", "step_failed") for e in self.heard(kind)))
        return Counter({step: count for step, count in begun.items() if count})


@dataclass(frozen=True)
class Staged:
    """Rows that a toy writer holds back."""

    world: World
    step: str
    rows: list[int]
    written: Written

    def commit(self) -> Written:
        """Make them the target's."""
        self.world.at(self.step, "commit")
        self.world.targets[self.step] = self.rows
        return self.world.written(self.written)

    def close(self) -> None:
        """Note that they were let go."""
        self.world.at(self.step, "let go")


class Reader:
    """Give rows, and let things happen at each of them."""

    about: ClassVar = Describe(name="toy.reader", title="Read", mode="read", config=Toy, connection="optional")
    world: ClassVar[World]

    def __init__(self, config: Toy, place: Place, connection: Wire | None = None) -> None:
        self.config, self.place, self.wire = config, place, connection

    def announce(self, known: Known) -> Announced:
        return Announced(schema=SCHEMA)

    def extract(self) -> Stream:
        self.world.at(self.config.step, "open")
        return Stream(SCHEMA, self._rows())

    def _rows(self) -> Generator[pa.RecordBatch]:
        step, rows, batch = self.config.step, self.config.rows, self.config.batch
        try:
            for start in range(0, rows, batch):
                self.world.at(step, f"row {start}")
                yield batch_of(range(start, min(start + batch, rows)))
            self.world.at(step, "end")
        finally:
            self.world.at(step, "close")


class Through:
    """Pass on the rows of all inputs, one input after the other."""

    about: ClassVar = Describe(name="toy.processor", title="Pass", mode="transform", config=Toy)
    world: ClassVar[World]

    def __init__(self, config: Toy, place: Place) -> None:
        self.config = config

    def announce(self, inputs: Mapping[str, pa.Schema]) -> Announced:
        return Announced(schema=SCHEMA)

    def process(self, inputs: Mapping[str, Stream]) -> Stream:
        self.world.at(self.config.step, "open")
        return Stream(SCHEMA, self._rows(inputs))

    def _rows(self, inputs: Mapping[str, Stream]) -> Generator[pa.RecordBatch]:
        left = self.config.most
        try:
            for batch in chain.from_iterable(inputs.values()):
                self.world.at(self.config.step, f"row {batch['n'][0]}")
                yield batch
                if not (left := left - 1):
                    return
            self.world.at(self.config.step, "end")
        finally:
            self.world.at(self.config.step, "close")


class Sink:
    """Hold rows back until they are committed."""

    about: ClassVar = Describe(name="toy.writer", title="Write", mode="write", config=Toy)
    world: ClassVar[World]

    def __init__(self, config: Toy, place: Place) -> None:
        self.config = config

    def announce(self, rows: pa.Schema) -> Announced:
        return Announced(schema=rows)

    def target(self) -> str:
        return self.config.step

    def look(self) -> TargetState:
        return TargetState(target=self.config.step, exists=False)

    def write(self, rows: Stream, marks: Marks) -> Staged:
        step, taken = self.config.step, list[int]()
        self.world.at(step, "open")
        for number, batch in enumerate(rows, 1):
            self.world.at(step, f"row {batch['n'][0]}")
            taken.extend(value.as_py() for value in batch["n"])
            if number == self.config.most:
                break
        self.world.at(step, "stage")
        staged = len(taken) + self.config.lie
        written = Written(
            target=step,
            write_mode=self.config.write_mode,
            staged=staged,
            rows_after=staged,
            artifacts=(Artifact(path=f"{step}.bin", sha256=marks.run_id, bytes=1, rows=len(taken)),),
        )
        return Staged(self.world, step, taken, written)


def toys(world: World, *others: Any) -> Registry:
    """Return a registry of these components, or of others in their places."""
    kinds: dict[str, Any] = {kind.about.name: kind for kind in (Reader, Through, Sink, *others)}
    seeing = tuple(type(kind.__name__, (kind,), {"world": world}) for kind in kinds.values())
    return Registry({"toy": lambda: Family(name="toy", title="Toys", components=seeing, connection=Wire)})


def batch_of(numbers: range) -> pa.RecordBatch:
    """Return a batch of these numbers."""
    return pa.record_batch([pa.array(numbers, pa.int64())], schema=SCHEMA)


def step(name: str, mode: Mode, *sources: str, needs: tuple[str, ...] = (), **config: Any) -> ManifestStep:
    """Return one step, not wired yet."""
    kind = {"read": "reader", "transform": "processor", "write": "writer"}[mode]
    return ManifestStep(
        id=name,
        component=f"toy.{kind}",
        mode=mode,
        needs=needs,
        inputs={f"in{place}": source for place, source in enumerate(sources)},
        config={"step": name} | config,
    )


def read(name: str = "read", **config: Any) -> ManifestStep:
    """Return a step that reads."""
    return step(name, "read", **config)


def through(name: str, *sources: str, **config: Any) -> ManifestStep:
    """Return a step that passes on the rows of others, one after the other."""
    return step(name, "transform", *sources, **config)


def write(name: str, source: str, **config: Any) -> ManifestStep:
    """Return a step that writes."""
    return step(name, "write", source, **config)


def job(folder: Path, *steps: ManifestStep) -> Job:
    """Return a job of these steps, wired as the compiler wires them."""
    readers = Counter(source for one in steps for source in one.inputs.values())
    wired = tuple(
        one.model_copy(
            update={"output": "none" if one.mode == "write" else "spool" if readers[one.id] > 1 else "stream"}
        )
        for one in steps
    )
    manifest = Manifest(name="toys", slug="toys", oml_version="0.2.0", steps=wired, fingerprints=PRINTS)
    return Job(manifest=manifest, run_id="run-1", project=folder, session=folder / "logs" / "run-1")


def with_connections(made: Job, **fields: dict[str, Any]) -> Job:
    """Return the job with connections of the toys."""
    return replace(made, connections={f"@toy.{alias}": given for alias, given in fields.items()})


def boom(error: BaseException) -> Callable[[], object]:
    """Return what raises."""

    def raises() -> object:
        raise error

    return raises
