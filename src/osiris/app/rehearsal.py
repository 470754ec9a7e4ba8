"""A pipeline tried on a part of its rows: everything happens but the writing."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Timer
from typing import Any, cast

import pyarrow as pa
from pydantic import BaseModel, Field

from osiris.app.catalogue import Rows
from osiris.app.connections import fields_at
from osiris.app.operation import Operation
from osiris.app.pipelines import PlanPipeline, make_ready
from osiris.app.project import Project
from osiris.app.rows import plain_rows
from osiris.kit.component import Component, Extractor, Place, Processor
from osiris.kit.naming import under_all_names
from osiris.kit.stream import Stream, of_batches
from osiris.model.connection import parse_reference
from osiris.model.errors import OsirisError, SourceError, StepFailed
from osiris.model.job import Sensitive
from osiris.model.manifest import Manifest, ManifestStep, WriteEntry

MOST_ROWS = 20_000  # of a step; what comes of more is not looked at
MOST_BYTES = 64 * 1_048_576  # of a step, likewise
LIMIT = "statement_timeout"  # the setting by which a server itself ends what takes too long
MOST_SECONDS = 30.0  # of a step: nobody waits longer for a trial
MANY = 20  # rows from which on a column with one value is no chance
SHOWN = 10  # rows that a person sees of what would be written


class RehearsePipeline(PlanPipeline):
    """Ask to try a pipeline on a part of its rows, without writing any."""

    rows: int = Field(default=MOST_ROWS, ge=1, le=MOST_ROWS, description="most rows of a step")
    seconds: float = Field(default=MOST_SECONDS, gt=0, le=MOST_SECONDS, description="that one step may take")


class RehearsedStep(BaseModel):
    """What one step gave, or would write.

    Attributes:
        rows: As many as were looked at.
        cut: True when there are more.
        smells: What is suspicious about these rows, in words.
    """

    step_id: str
    rows: int
    cut: bool = False
    smells: tuple[str, ...] = ()


class Rehearsed(BaseModel):
    """What came of it.

    Attributes:
        whole: True when no step was cut, so that a run would give exactly these rows.
        previews: Writer to the first rows that it would write.
    """

    pipeline: str
    manifest_hash: str
    whole: bool
    steps: tuple[RehearsedStep, ...]
    previews: dict[str, Rows]

    @property
    def smells(self) -> tuple[str, ...]:
        """Return everything suspicious, with the step that it was found in."""
        return tuple(f"{step.step_id}: {smell}" for step in self.steps for smell in step.smells)


def rehearse_pipeline(project: Project, ask: RehearsePipeline) -> Rehearsed:
    """Try a pipeline on a part of its rows: the real sources, read-only, the real steps, and previews for writers.

    Raises:
        StepFailed: a step can't, or takes too long; names it.
    """
    ready = make_ready(project, PlanPipeline(**ask.model_dump(exclude={"rows", "seconds"})))
    with TemporaryDirectory(prefix="osiris-rehearsal-") as scratch:
        stage = _Stage(project, ready.manifest, ready.sensitive, Place(project=project.root, scratch=Path(scratch)))
        stage.play(ask.rows, ask.seconds)
    return Rehearsed(
        pipeline=ready.manifest.name,
        manifest_hash=ready.manifest.hash(),
        whole=not stage.cut,
        steps=tuple(stage.told()),
        previews={step.id: _preview(stage.taken(step)) for step in ready.manifest.steps if step.mode == "write"},
    )


def tried(project: Project, ask: RehearsePipeline) -> Rehearsed | None:
    """Return what came of trying a pipeline; None where it can't be tried, which a run will say."""
    try:
        return rehearse_pipeline(project, ask)
    except OsirisError:
        return None


class _Stage:
    """The steps of one manifest and the rows that they gave, a bounded part of each."""

    def __init__(self, project: Project, manifest: Manifest, sensitive: Sensitive, place: Place) -> None:
        self._project = project
        self._manifest = manifest
        self._sensitive = sensitive
        self._place = place
        self._given: dict[str, pa.Table] = {}
        self.cut: set[str] = set()

    def play(self, most: int, seconds: float) -> None:
        """Let every step but the writers do its work, in order.

        Raises:
            StepFailed: one can't, or not in time; names it.
        """
        for step in self._manifest.steps:
            if step.mode == "write":
                continue
            try:
                with ExitStack() as opened:
                    rows = opened.enter_context(self._open(step, seconds))
                    opened.enter_context(_in_time(rows, seconds))
                    self._given[step.id], cut = _part(rows, most)
            except OsirisError as exc:
                raise StepFailed(step.id, exc) from exc
            if cut or self.cut & set(step.inputs.values()):
                self.cut.add(step.id)

    def taken(self, step: ManifestStep) -> pa.Table:
        """Return the rows that a writer would take."""
        return self._given[next(iter(step.inputs.values()))]

    def told(self) -> Iterator[RehearsedStep]:
        """Yield what each step gave, and what is suspicious about it."""
        entries = {entry.step_id: entry for entry in self._manifest.writes}
        for step in self._manifest.steps:
            writes = step.mode == "write"
            rows = self.taken(step) if writes else self._given[step.id]
            cut = bool(self.cut & set(step.inputs.values())) if writes else step.id in self.cut
            smells = _of_a_write(rows, entries[step.id]) if writes else self._smells(step, rows)
            yield RehearsedStep(step_id=step.id, rows=rows.num_rows, cut=cut, smells=tuple(smells))

    def _open(self, step: ManifestStep, seconds: float) -> Stream:
        component = self._component(step, seconds)
        if step.mode == "read":
            return cast("Extractor", component).extract()
        inputs = {name: _again(self._given[source]) for name, source in step.inputs.items()}
        named: Mapping[str, Stream] = under_all_names(inputs, step.inputs) if component.about.sql else inputs
        return cast("Processor", component).process(named)

    def _component(self, step: ManifestStep, seconds: float) -> Component:
        fields: dict[str, Any] | None = None
        if step.connection:
            fields = fields_at(self._project, parse_reference(step.connection))
        config = {**step.config, **self._sensitive.settings.get(step.id, {})}
        settings = self._project.registry.kind(step.component).about.config.model_fields
        if LIMIT in settings:
            config[LIMIT] = min(config.get(LIMIT) or seconds, seconds)
        return self._project.registry.build(step.component, config, self._place, fields)

    def _smells(self, step: ManifestStep, rows: pa.Table) -> Iterator[str]:
        if rows.num_rows == 0:
            yield "gives no rows"
            return
        largest = max((self._given[source].num_rows for source in step.inputs.values()), default=0)
        if len(step.inputs) > 1 and rows.num_rows > 2 * largest > 0:
            yield f"gives {rows.num_rows:,} rows where its largest input has {largest:,}: does the join multiply rows?"
        if rows.num_rows > 1:
            for name, column in zip(rows.schema.names, rows.columns, strict=True):
                if column.null_count == rows.num_rows:
                    yield f"{name} is NULL in every row"


def _of_a_write(rows: pa.Table, entry: WriteEntry) -> Iterator[str]:
    if rows.num_rows == 0:
        yield "would write no rows"
    for name in entry.primary_key:
        if nulls := rows.column(name).null_count:
            yield f"the key {name} is NULL in {nulls:,} of {rows.num_rows:,} rows"
    if entry.primary_key:
        distinct = rows.select(list(entry.primary_key)).group_by(list(entry.primary_key)).aggregate([]).num_rows
        if distinct < rows.num_rows:
            names = ", ".join(entry.primary_key)
            yield f"the key {names} is not unique: {rows.num_rows - distinct:,} rows have one that another row has"
    yield from _same(rows)


def _same(rows: pa.Table) -> Iterator[str]:
    """Yield, in words, the columns of many rows that have one value only; which one, is the person's to see."""
    for name, column in zip(rows.schema.names, rows.columns, strict=True):
        plain = not (pa.types.is_nested(column.type) or pa.types.is_dictionary(column.type))
        if rows.num_rows >= MANY and plain and column.null_count == 0 and len(column.unique()) == 1:
            yield f"{name} has the same value in each of {rows.num_rows:,} rows"


@contextmanager
def _in_time(rows: Stream, seconds: float) -> Iterator[None]:
    """Close a stream under whoever reads it when that takes too long.

    Raises:
        SourceError: it did.
    """
    late = Event()

    def give_up() -> None:
        late.set()
        rows.close()

    timer = Timer(seconds, give_up)
    timer.daemon = True
    timer.start()
    try:
        yield
    except OsirisError as exc:
        if not late.is_set():
            raise
        raise _too_long(seconds) from exc
    finally:
        timer.cancel()
    if late.is_set():
        raise _too_long(seconds)


def _too_long(seconds: float) -> SourceError:
    return SourceError(f"trying it took longer than {seconds:g} s", hint="filter at the source; a run may take longer")


def _part(rows: Stream, most: int) -> tuple[pa.Table, bool]:
    """Return the first rows, and whether there are more."""
    taken: list[pa.RecordBatch] = []
    count = size = 0
    for batch in rows:
        taken.append(batch)
        count, size = count + batch.num_rows, size + batch.nbytes
        if count > most or size > MOST_BYTES:
            break
    table = pa.Table.from_batches(taken, rows.schema)
    return table.slice(0, most), count > most or size > MOST_BYTES


def _again(table: pa.Table) -> Stream:
    return of_batches(table.schema, iter(table.to_batches()))


def _preview(table: pa.Table) -> Rows:
    first = table.slice(0, SHOWN)
    return Rows(
        columns=tuple(first.schema.names),
        types=tuple(map(str, first.schema.types)),
        rows=plain_rows(first),
        cut=table.num_rows > SHOWN,
    )


PIPELINES_REHEARSE = Operation("pipelines.rehearse", RehearsePipeline, Rehearsed, rehearse_pipeline)
