"""This run against the one before."""

from collections.abc import Iterator, Mapping
from typing import Literal

from osiris.model.aiop import Cause, Change, Delta, Previous, StepBefore, StepChange
from osiris.observe.aiop.evidence import Story

# What a manifest is made from, by the name of its fingerprint.
_CAUSES: Mapping[str, Cause] = {
    "oml": "pipeline", "params": "params", "profile": "profile", "components": "components", "catalogue": "catalogue",
    "compiler": "compiler",
}  # fmt: skip
_TEXT = "oml"


def delta_of(story: Story, manifest_hash: str, fingerprints: Mapping[str, str], previous: Previous | None) -> Delta:
    """Return what changed since the run before; where there is none, that this is the first.

    Args:
        story: What this run said.
        manifest_hash: Of the manifest that ran.
        fingerprints: What that was made from.
        previous: The run before.
    """
    if previous is None:
        return Delta()
    now = story.moved
    broken = sum(step.status != "ok" for step in now.values())
    return Delta(
        first_run=False,
        previous_run=previous.run_id,
        previous_status=previous.status,
        pipeline_changed=may_be_edited(previous, manifest_hash, fingerprints),
        changed=causes(previous, manifest_hash, fingerprints),
        rows=change(previous.total_rows, story.total_rows),
        seconds=change(previous.seconds, story.ended.get("seconds")),
        errors=change(int(bool(previous.error_code)), len(story.errors)),
        checks_failed=change(sum(step.status != "ok" for step in previous.steps.values()), broken),
        steps=tuple(_steps(previous.steps, now)),
        steps_added=tuple(sorted(set(now) - set(previous.steps))),
        steps_removed=tuple(sorted(set(previous.steps) - set(now))),
    )


def causes(previous: Previous, manifest_hash: str, fingerprints: Mapping[str, str]) -> tuple[Cause, ...]:
    """Return what is different about what two runs were made from; nothing where both ran the same manifest."""
    if previous.manifest_hash == manifest_hash:
        return ()
    before = previous.fingerprints
    known = before.keys() & fingerprints.keys()
    return tuple(cause for name, cause in _CAUSES.items() if name in known and before[name] != fingerprints[name]) or (
        "manifest",
    )


def may_be_edited(previous: Previous, manifest_hash: str, fingerprints: Mapping[str, str]) -> bool:
    """Return whether the pipeline's text is another one; where nobody knows, whether the manifest is."""
    before, now = previous.fingerprints.get(_TEXT), fingerprints.get(_TEXT)
    return before != now if before and now else previous.manifest_hash != manifest_hash


def change(before: float | None, now: float | None) -> Change:
    """Return two numbers with their difference in percent of the first.

    Example:
        >>> change(8, 10).percent
        25.0
    """
    percent = round(100 * (now - before) / before, 1) if before and now is not None else None
    return Change(before=before, now=now, percent=percent)


def _steps(before: dict[str, StepBefore], now: dict[str, StepBefore]) -> Iterator[StepChange]:
    for step_id in sorted(set(before) & set(now)):
        old, new = before[step_id], now[step_id]
        if (old.rows, old.nulls, old.content) == (new.rows, new.nulls, new.content):
            continue
        nulls = {
            column: change(old.nulls[column], count)
            for column, count in sorted(new.nulls.items())
            if column in old.nulls and old.nulls[column] != count
        }
        yield StepChange(
            step_id=step_id,
            rows=change(old.rows, new.rows),
            seconds=change(old.seconds, new.seconds),
            content=_content(old.content, new.content),
            columns_added=tuple(sorted(set(new.nulls) - set(old.nulls))),
            columns_removed=tuple(sorted(set(old.nulls) - set(new.nulls))),
            nulls=nulls,
        )


def _content(before: str, now: str) -> Literal["same", "different", "unknown"]:
    if not (before and now):
        return "unknown"
    return "same" if before == now else "different"
