"""Whether two steps get into each other's way at one target."""

from collections.abc import Iterator

from osiris.compiler.draft import Draft, Step
from osiris.compiler.passes.wiring import in_order
from osiris.model.diagnostics import Diagnostic


def targets(draft: Draft) -> Draft:
    """Refuse two writes to one target that nothing puts in order: which rows would stay would be chance.

    Example:
        a and b append to out.csv                  refused: each adds to the file as it was before the run
        a and b append to out.csv, b needs a       fine: b begins when a has committed
    """
    before = _all_before(draft)
    seen: dict[str, list[Step]] = {}
    found: list[Diagnostic] = []
    for step in draft.steps:
        name = step.target.lower() if step.target.startswith("@") else step.target
        others = seen.setdefault(name, []) if name else []
        found += _wrong(draft, step, [o for o in others if not _ordered(step, o, before)])
        others.append(step)
    return draft.but(found)


def _all_before(draft: Draft) -> dict[str, frozenset[str]]:
    """Return, for each step, every step that comes before it."""
    before: dict[str, frozenset[str]] = {}
    for step in in_order(draft.steps):
        before[step.id] = frozenset(step.after).union(*(before.get(name, frozenset()) for name in step.after))
    return before


def _ordered(step: Step, other: Step, before: dict[str, frozenset[str]]) -> bool:
    return other.id in before[step.id] or step.id in before[other.id]


def _wrong(draft: Draft, step: Step, others: list[Step]) -> Iterator[Diagnostic]:
    if others:
        yield draft.say(
            "OSR-WIR-009",
            f"{others[0].id!r} and {step.id!r} both write {step.target}",
            step.path,
            why="nothing says which of them comes first",
            hint=f"write needs: [{others[0].id}], or put the rows together in a step before",
        )
