"""What each step delivers, from the sources to the targets."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from osiris.compiler.draft import Draft, Step
from osiris.compiler.passes.grounding import resolve
from osiris.compiler.passes.wiring import in_order
from osiris.compiler.refusal import refusal
from osiris.kit.arrow import columns_of
from osiris.kit.component import Announced, Extractor, Place, Processor, Writer
from osiris.kit.naming import under_all_names
from osiris.model.catalogue import Known, Table
from osiris.model.diagnostics import Diagnostic, Severity
from osiris.model.errors import AuthorError, OsirisError

# Components are made without a project: what they announce must not depend on where it lies.
NOWHERE = Place(project=Path("/osiris-project"), scratch=Path("/osiris-project"))


def types(draft: Draft) -> Draft:
    """Let each step announce what it would deliver for what the steps before it announced.

    Where a source is not known, its columns and those that come of them are not proved; one note a source says so.
    What comes of a step with an error is left alone.
    """
    walk = _Walk(draft)
    done = {step.index: walk.announce(step) for step in in_order(draft.steps)}
    steps = tuple(done[step.index] for step in draft.steps)
    return draft.but([*walk.found, *walk.notes()], steps=steps)


def tables(inputs: Mapping[str, str], schemas: Mapping[str, pa.Schema]) -> tuple[Table, ...]:
    """Return a step's inputs as the tables that its query can name, under all their names.

    Args:
        inputs: Name to step id.
        schemas: Step id to columns.
    """
    named = under_all_names({name: schemas[of] for name, of in inputs.items()}, inputs)
    return tuple(Table(name=name, columns=columns_of(schema)) for name, schema in named.items())


def _lost(draft: Draft, step: Step, schema: pa.Schema | None) -> Iterator[Diagnostic]:
    """Say which columns have types that can't be kept whole, unless the step says that they need not."""
    lossy = {mapped.column.lower(): mapped for mapped in step.losses if mapped.loss == "lossy"}
    for mapped in lossy.values():
        if mapped.column.lower() not in {name.lower() for name in step.allow_lossy}:
            yield draft.say(
                "OSR-TYP-002",
                f"not every {mapped.source} of column {mapped.column!r} can be kept as {mapped.target}",
                step.path,
                severity=draft.loose,
                why=mapped.note,
                hint="cast it in the step before"
                + ("" if draft.version == "0.1.0" else f", or write allow_lossy: [{mapped.column}]"),
            )
    for index, name in enumerate(step.allow_lossy):
        path = (*step.path, "allow_lossy", index)
        if schema is None or name.lower() in lossy:
            continue
        if name.lower() in {column.lower() for column in schema.names}:
            message = f"column {name!r} loses nothing"
            yield draft.say("OSR-TYP-004", message, path, severity=Severity.WARNING, hint="take it out")
        else:
            yield draft.unknown("OSR-TYP-003", f"there is no column {name!r}", path, name, schema.names)


@dataclass
class _Walk:
    """Goes from the sources to the targets.

    Attributes:
        schemas: Step id to what it delivers, where that is proved.
        unproved: Step id to the ids of the steps that are to blame.
        whys: Step to blame, to the reason.
    """

    draft: Draft
    found: list[Diagnostic] = field(default_factory=list)
    schemas: dict[str, pa.Schema] = field(default_factory=dict)
    unproved: dict[str, tuple[str, ...]] = field(default_factory=dict)
    whys: dict[str, str] = field(default_factory=dict)

    def announce(self, step: Step) -> Step:
        """Return the step with what it announces; as it was where nothing can be said."""
        if step.config is None or step.takes is None or step.mode is None:
            return step
        before = set(step.takes.values())
        if not before <= self.schemas.keys() | self.unproved.keys():
            return step
        blame = tuple(dict.fromkeys(b for name in step.takes.values() for b in self.unproved.get(name, ())))
        if wrong := [] if blame else self._names(step):
            self.found += wrong
            return step
        if step.index in self.draft.refused:
            return step
        try:
            return self._told(step.but(target=self._target(step)), blame)
        except OsirisError as exc:
            self.found.append(refusal(self.draft, step, exc))
            return step

    def notes(self) -> list[Diagnostic]:
        """Return a note for each step to blame, which tells whose columns depend on it."""
        return [self._note(step) for step in self.draft.steps if step.id in self.whys]

    def _note(self, step: Step) -> Diagnostic:
        others = [name for name, blame in self.unproved.items() if step.id in blame and name != step.id]
        more = f", nor those of {', '.join(repr(name) for name in others)}" if others else ""
        return self.draft.say(
            "OSR-TYP-001",
            f"not proved: the columns of {step.id!r}{more}",
            step.path,
            severity=Severity.NOTE,
            why=self.whys[step.id],
        )

    def _names(self, step: Step) -> list[Diagnostic]:
        if step.mode != "transform" or step.takes is None:
            return []
        return list(resolve(self.draft, step, tables(step.takes, self.schemas)))

    def _announced(self, step: Step) -> Announced:
        component = self._build(step)
        takes = step.takes or {}
        match component:
            case Extractor():
                known = step.known or Known()
                if known.refused:
                    raise AuthorError(known.why)
                return component.announce(known)
            case Processor():
                schemas = {name: self.schemas[of] for name, of in takes.items()}
                return component.announce(under_all_names(schemas, takes) if step.query else schemas)
            case Writer():
                (rows,) = takes.values()
                return component.announce(self.schemas[rows])
        raise AuthorError(f"{step.component} can't {step.mode}", hint="its author has to mend it")

    def _told(self, step: Step, blame: tuple[str, ...]) -> Step:
        if blame:
            self.unproved[step.id] = blame
            return step
        announced = self._announced(step)
        fixed = dict(announced.fixed)
        config = {**(step.config or {}), **fixed}
        shown = {**(step.shown or {}), **fixed}
        step = step.but(config=config, shown=shown, ddl=announced.ddl, losses=announced.losses, safe=announced.safe)
        self.found += _lost(self.draft, step, announced.schema)
        if announced.schema is None:
            self.unproved[step.id] = (step.id,)
            self.whys[step.id] = announced.why or f"no catalogue for {step.connection or step.component}"
            return step
        self.schemas[step.id] = announced.schema
        return step.but(schema=announced.schema, columns=columns_of(announced.schema))

    def _target(self, step: Step) -> str:
        """Return the name of what a writer writes, with the connection's alias in it."""
        if step.mode != "write":
            return ""
        component = self._build(step)
        assert isinstance(component, Writer)  # noqa: S101 - its mode says so
        name = component.target()
        if step.connection is None:
            return name
        return f"{step.connection}/{name.partition('/')[2] if name.startswith('@') else name}"

    def _build(self, step: Step) -> object:
        return self.draft.given.registry.build(step.component, step.config or {}, NOWHERE)
