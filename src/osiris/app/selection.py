"""A part of a pipeline: some of its writers, and whatever they need."""

from collections.abc import Sequence

from osiris.model.errors import UsageError
from osiris.model.manifest import Manifest
from osiris.model.nearest import nearest


def selected(manifest: Manifest, writers: Sequence[str]) -> Manifest:
    """Return the manifest with these writers alone, the steps whose rows they take, and those that they wait for.

    It is another manifest, with a hash of its own: a yes to the whole is none to the part.

    Args:
        manifest: The whole.
        writers: Ids of steps that write; none means all of them.

    Raises:
        UsageError: an id is none of a writer.
    """
    if not writers:
        return manifest
    known = [entry.step_id for entry in manifest.writes]
    if wrong := next((name for name in writers if name not in known), None):
        near = nearest(wrong, known)
        hint = f"did you mean {near[0]}?" if near else f"these write: {', '.join(known)}"
        raise UsageError(f"{manifest.name} has no step {wrong!r} that writes", hint=hint)
    kept = _needed(manifest, writers)
    return manifest.model_copy(
        update={
            "steps": tuple(step for step in manifest.steps if step.id in kept),
            "writes": tuple(entry for entry in manifest.writes if entry.step_id in kept),
            "notes": tuple(note for note in manifest.notes if not note.step_id or note.step_id in kept),
        }
    )


def _needed(manifest: Manifest, writers: Sequence[str]) -> set[str]:
    """Return these steps and all that lead to them; a step stands after what it needs."""
    kept = set(writers)
    for step in reversed(manifest.steps):
        if step.id in kept:
            kept |= {*step.inputs.values(), *step.needs}
    return kept
