"""From a pipeline's text to its manifest, or to everything that is wrong with it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from osiris.compiler.draft import Draft
from osiris.compiler.given import Given
from osiris.compiler.passes.assemble import assemble
from osiris.compiler.passes.components import components
from osiris.compiler.passes.connections import connections
from osiris.compiler.passes.grounding import grounding
from osiris.compiler.passes.lineage import lineage
from osiris.compiler.passes.params import MASKED, params
from osiris.compiler.passes.parse import parse
from osiris.compiler.passes.safety import safety
from osiris.compiler.passes.secrets import secrets
from osiris.compiler.passes.settings import settings
from osiris.compiler.passes.targets import targets
from osiris.compiler.passes.types import types
from osiris.compiler.passes.wiring import wiring
from osiris.model.canonical import digest
from osiris.model.diagnostics import Diagnostic, Severity
from osiris.model.job import NOT_SENSITIVE, Sensitive
from osiris.model.manifest import Manifest
from osiris.model.oml import Pipeline

__all__ = ["Compiled", "Given", "compile_pipeline"]

Pass = Callable[[Draft], Draft]

PASSES: tuple[Pass, ...] = (
    parse,
    params,
    components,
    secrets,
    connections,
    settings,
    wiring,
    safety,
    grounding,
    types,
    targets,
    lineage,
)

SHORT = 4  # characters; masking shorter texts would make findings unreadable and hide nothing


@dataclass(frozen=True)
class Compiled:
    """What the compiler made of a text.

    Attributes:
        manifest: None where there is an error.
        diagnostics: Everything found, in file order.
        oml_sha256: Of the text, byte for byte.
        pipeline: The text as a value; None where its shape is wrong.
        sensitive: What the manifest leaves out.
    """

    manifest: Manifest | None
    diagnostics: tuple[Diagnostic, ...]
    oml_sha256: str
    pipeline: Pipeline | None = None
    sensitive: Sensitive = NOT_SENSITIVE


def compile_pipeline(text: bytes, given: Given, passes: tuple[Pass, ...] = PASSES) -> Compiled:
    """Compile one pipeline: pure, and the same bytes for the same text and surroundings.

    Every finding of the file is there, not the first one only; no finding shows a secret.
    """
    draft = Draft(text, given)
    for apply in passes:
        draft = apply(draft)
    found = _in_file_order(_told(draft))
    wrong = any(d.severity is Severity.ERROR for d in found)
    return Compiled(
        manifest=None if wrong else assemble(draft, found),
        diagnostics=found,
        oml_sha256=digest(text),
        pipeline=draft.pipeline,
        sensitive=NOT_SENSITIVE if wrong else _sensitive(draft),
    )


def _told(draft: Draft) -> Iterable[Diagnostic]:
    """Yield the findings as they are told: secrets masked, and strict where that was asked for."""
    secret = sorted((text for text in draft.secrets if len(text) >= SHORT), key=len, reverse=True)
    for finding in draft.found:
        changes: dict[str, Any] = {}
        if draft.given.strict and finding.severity is Severity.NOTE:
            changes["severity"] = Severity.ERROR
        for key in ("message", "path", "step_id", "why", "hint"):
            said = getattr(finding, key)
            for text in secret:
                said = said.replace(text, MASKED)
            changes[key] = said
        changes["nearest"] = () if any(text in finding.message for text in secret) else finding.nearest
        yield finding.model_copy(update=changes)


def _in_file_order(found: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    once = {(d.code, d.path, d.line, d.column, d.message): d for d in found}
    return tuple(sorted(once.values(), key=lambda d: (d.line, d.column)))


def _sensitive(draft: Draft) -> Sensitive:
    settings = {
        step.id: changed
        for step in draft.steps
        if step.config is not None and step.shown is not None
        if (changed := {key: value for key, value in step.config.items() if step.shown.get(key) != value})
    }
    return Sensitive(settings, tuple(sorted(draft.secrets)))
