"""The manifest, from all that the passes found."""

from osiris.compiler.draft import Draft, Step
from osiris.compiler.passes.params import shown
from osiris.compiler.passes.wiring import in_order
from osiris.model.canonical import digest, fingerprint
from osiris.model.catalogue import Catalogue
from osiris.model.diagnostics import Diagnostic
from osiris.model.manifest import Fingerprints, Manifest, WriteEntry
from osiris.model.oml import slug


def assemble(draft: Draft, notes: tuple[Diagnostic, ...]) -> Manifest:
    """Return the manifest of a draft without errors: steps in an order that works, nothing of this machine in it."""
    steps = in_order(draft.steps)
    return Manifest(
        name=draft.name,
        slug=slug(draft.name),
        oml_version=draft.version,
        metadata=draft.metadata,
        params=dict(shown(draft)),
        profile=draft.given.profile,
        steps=tuple(step.manifest(step.shown or {}) for step in steps),
        writes=tuple(_entry(step) for step in steps if step.mode == "write"),
        notes=notes,
        fingerprints=_fingerprints(draft),
    )


def _entry(step: Step) -> WriteEntry:
    config = step.config or {}
    key = config.get("primary_key") or ()
    return WriteEntry(
        step_id=step.id,
        target=step.target,
        write_mode=config.get("write_mode") or "replace",
        primary_key=(key,) if isinstance(key, str) else tuple(key),
        columns=step.columns,
        ddl=step.ddl,
    )


def _fingerprints(draft: Draft) -> Fingerprints:
    profile = draft.profiles.get(draft.given.profile)
    used = {step.component: step.kind.about.version for step in draft.steps if step.kind}
    return Fingerprints(
        oml=digest(draft.text),
        params=fingerprint(dict(shown(draft))),
        profile=fingerprint([draft.given.profile, profile.model_dump(mode="json") if profile else {}]),
        components=fingerprint(used),
        catalogue=fingerprint({step.id: _source(step) for step in draft.steps if step.known}),
        compiler=fingerprint(draft.given.version),
    )


def _source(step: Step) -> str:
    """Return what identifies the tables that a step may read; others of the same source may come and go."""
    known = step.known.catalogue if step.known else None
    name = known.source if known else step.connection or step.component
    return Catalogue(source=name, dialect=known.dialect if known else "", tables=step.sources).fingerprint()
