"""Whether each step's component is there, and can do what the step wants of it."""

from collections.abc import Iterator

from osiris.compiler.draft import Draft, Step
from osiris.model.diagnostics import Diagnostic
from osiris.model.nearest import nearest


def components(draft: Draft) -> Draft:
    """Find the class of each step's component.

    Example:
        component: filesystem.csv_reader   there is none; the nearest is filesystem.csv_extractor
        component: filesystem.csv_writer, mode: read   it has the mode `write`
    """
    registry = draft.given.registry
    steps = tuple(step.but(kind=registry.find(step.component)) for step in draft.steps)
    return draft.but([finding for step in steps for finding in _wrong(draft, step)], steps=steps)


def _wrong(draft: Draft, step: Step) -> Iterator[Diagnostic]:
    if not step.component.strip():
        return
    if step.kind is None:
        registry = draft.given.registry
        names = registry.names()
        fitting = [name for name in names if registry.kind(name).about.mode == step.mode]
        known = fitting if nearest(step.component, fitting) else names
        message = f"there is no component {step.component!r}"
        yield draft.unknown("OSR-CMP-001", message, (*step.path, "component"), step.component, known)
    elif step.mode and step.mode != step.kind.about.mode:
        yield draft.say(
            "OSR-CMP-002",
            f"{step.component} has no mode {step.mode!r}",
            (*step.path, "mode"),
            hint=f"write mode: {step.kind.about.mode}, or take another component",
        )
