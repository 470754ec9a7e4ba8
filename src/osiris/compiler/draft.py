"""A pipeline half way to its manifest: what passes hand to one another."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import pyarrow as pa

from osiris.compiler.given import Given
from osiris.compiler.query import Query
from osiris.kit.component import Component
from osiris.model.catalogue import Column, Known, Table
from osiris.model.diagnostics import Diagnostic, Severity
from osiris.model.document import NOTHING, Document, Node
from osiris.model.loss import Mapped
from osiris.model.manifest import ManifestStep, Proof
from osiris.model.nearest import nearest
from osiris.model.oml import Metadata, Mode, Param, Pipeline, Profile
from osiris.model.place import Path, Place, path_text
from osiris.sql.literals import ParamValue

_OF_A_STEP = re.compile(r"steps\[(\d+)\]")
MOST_NAMED = 12  # names that a hint lists

Version = Literal["0.1.0", "0.2.0"]


@dataclass(frozen=True)
class Step:
    """One step, as far as it is understood; None and empty stand for what is not there or was refused.

    Attributes:
        index: Where it stands in `steps`.
        node: As written.
        needs: Steps that come first, as written; None where the author said nothing.
        inputs: Name to step id, as written; None where the author said nothing.
        kind: The component's class.
        connection: `@family.alias`.
        config: Settings ready for the component, secrets left out.
        shown: The same, with sensitive parameters left as `${params.x}`.
        query: Its SQL, where it has some.
        takes: Name in SQL to the id of the step whose rows it takes.
        after: Every step that comes before it.
        waits: Writers that must commit before it begins.
        known: What is known of its source.
        sources: The tables that it reads, of those that are known.
        schema: What it delivers or takes.
        ddl: What makes its target.
        losses: Columns whose types don't stay what they are.
        safe: Whether its query, in another language than SQL, was seen to change nothing.
        allow_lossy: Columns of which not every value need be kept, as written.
        target: Name of what it writes.
        lineage: Output column to source columns.
    """

    index: int
    node: Node
    id: str = ""
    component: str = ""
    mode: Mode | None = None
    needs: tuple[str, ...] | None = None
    inputs: Mapping[str, str] | None = None
    kind: type[Component] | None = None
    connection: str | None = None
    config: Mapping[str, Any] | None = None
    shown: Mapping[str, Any] | None = None
    query: Query | None = None
    takes: Mapping[str, str] | None = None
    after: tuple[str, ...] = ()
    waits: tuple[str, ...] = ()
    output: Literal["stream", "spool", "none"] = "none"
    known: Known | None = None
    sources: tuple[Table, ...] = ()
    schema: pa.Schema | None = None
    columns: tuple[Column, ...] | None = None
    ddl: str = ""
    losses: tuple[Mapped, ...] = ()
    safe: bool = False
    allow_lossy: tuple[str, ...] = ()
    target: str = ""
    lineage: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """Return its place in the document."""
        return ("steps", self.index)

    @property
    def config_node(self) -> Node:
        """Return its settings as written; nothing where there are none."""
        return self.node.items.get("config", NOTHING)

    def manifest(self, config: Mapping[str, Any]) -> ManifestStep:
        """Return the step as the manifest has it, with these settings."""
        assert self.mode is not None  # noqa: S101 - a step without one never gets so far
        return ManifestStep(
            id=self.id,
            component=self.component,
            mode=self.mode,
            connection=self.connection,
            needs=self.waits,
            inputs=dict(self.takes or {}),
            config=dict(config),
            output=self.output,
            columns=self.columns,
            lineage=dict(self.lineage),
            losses=self.losses,
            proved=tuple(self._proved()),
        )

    def _proved(self) -> Iterator[Proof]:
        """Yield what is proved of it, given that it has no error."""
        if self.query or self.safe:
            yield "safety"
        knows_names = self.schema is not None if self.known is None else bool(self.known.catalogue or self.known.survey)
        if knows_names:
            yield "names"
        if self.schema is not None:
            yield "types"
        if knows_names and self.schema is not None:
            yield "lineage"

    def but(self, **changes: Any) -> "Step":
        """Return the step with some things changed."""
        return replace(self, **changes)


@dataclass(frozen=True)
class Draft:
    """A pipeline, as far as the passes have come.

    Attributes:
        text: The pipeline, byte for byte.
        version: What the text says that it is; the first one where it says nothing that is known.
        pipeline: The text as a value; None where its shape is wrong.
        params: What parameters there are.
        faulty_params: Those whose description is wrong.
        values: What they are; without those that have a fault.
        secrets: Texts that must not be shown: sensitive values, and credentials found where none may stand.
        found: Findings, in the order in which they were made.
    """

    text: bytes
    given: Given
    document: Document = Document(NOTHING)  # noqa: RUF009 - it is frozen
    version: Version = "0.1.0"
    name: str = ""
    metadata: Metadata = Metadata()  # noqa: RUF009 - it is frozen
    params: Mapping[str, Param] = field(default_factory=dict)
    faulty_params: frozenset[str] = frozenset()
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    values: Mapping[str, ParamValue] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    pipeline: Pipeline | None = None
    secrets: frozenset[str] = frozenset()
    found: tuple[Diagnostic, ...] = ()

    def but(self, found: Iterable[Diagnostic] = (), **changes: Any) -> "Draft":
        """Return the draft with some things changed, and with more findings."""
        return replace(self, found=(*self.found, *found), **changes)

    @cached_property
    def refused(self) -> frozenset[int]:
        """Return the indexes of steps that have an error: what comes of them need not be looked at."""
        places = (_OF_A_STEP.match(d.path) for d in self.found if d.severity is Severity.ERROR)
        return frozenset(int(place[1]) for place in places if place)

    @property
    def loose(self) -> Severity:
        """Return how bad it is not to keep to a rule that the first version of the language did not enforce."""
        return Severity.WARNING if self.version == "0.1.0" else Severity.ERROR

    def step(self, step_id: str) -> Step | None:
        """Return the first step of that id, or None."""
        return self._by_id.get(step_id)

    @cached_property
    def _by_id(self) -> dict[str, Step]:
        return {step.id: step for step in reversed(self.steps) if step.id}

    def say(
        self,
        code: str,
        message: str,
        path: Path = (),
        *,
        severity: Severity = Severity.ERROR,
        place: Place | None = None,
        why: str = "",
        hint: str = "",
        nearest: tuple[str, ...] = (),
    ) -> Diagnostic:
        """Return a finding with its place: that of the path, unless another is given."""
        place = place or self.document.root.place_of(path)
        return Diagnostic(
            code=code,
            message=message,
            severity=severity,
            path=path_text(path),
            line=place.line,
            column=place.column,
            step_id=self._step_id(path),
            why=why,
            hint=hint,
            nearest=nearest,
        )

    def unknown(self, code: str, message: str, path: Path, name: str, known: Iterable[str], **more: Any) -> Diagnostic:
        """Return the finding that a name is not among those known, with the nearest ones."""
        names = sorted(set(known))
        near = nearest(name, names)
        if near:
            hint = f"did you mean {near[0]}?"
        else:
            hint = f"known: {', '.join(names[:MOST_NAMED])}{', …' if len(names) > MOST_NAMED else ''}" if names else ""
        return self.say(code, message, path, hint=more.pop("hint", "") or hint, nearest=near, **more)

    def _step_id(self, path: Path) -> str:
        if len(path) > 1 and path[0] == "steps":
            step = self.document.root.find((*path[:2], "id"))
            return step.value if step and isinstance(step.value, str) else ""
        return ""
