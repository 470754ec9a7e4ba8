"""Which steps run together: those through which the same rows flow."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from osiris.model.errors import ConfigError
from osiris.model.manifest import ManifestStep


@dataclass(frozen=True)
class Chain:
    """Steps that hand their rows on as they come; the last one pulls.

    Attributes:
        steps: In the pipeline's order; each but the last has one reader, which is among them.
        after: Last steps of other chains that must be done before: their rows rest, or their writes are committed.
        rests: Whether the rows of the last step are kept for other chains.
        commits: Whether the last step commits at once, because another step reads what it wrote.
    """

    steps: tuple[ManifestStep, ...]
    after: frozenset[str] = frozenset()
    rests: bool = False
    commits: bool = False

    @property
    def last(self) -> ManifestStep:
        """Return the step that pulls."""
        return self.steps[-1]


def chains(steps: Sequence[ManifestStep]) -> tuple[Chain, ...]:
    """Return the steps as chains, in the order of their last steps; each comes after those that it waits for.

    Raises:
        ConfigError: a step takes rows from, or needs, one that does not come before it.
    """
    _must_be_in_order(steps)
    readers = Counter(source for step in steps for source in step.inputs.values())
    flowing = {step.id for step in steps if step.output == "stream" and readers[step.id] == 1}
    puller: dict[str, str] = {}
    for step in reversed(steps):
        puller.setdefault(step.id, step.id)
        puller |= {source: puller[step.id] for source in step.inputs.values() if source in flowing}
    needed = {name for step in steps for name in step.needs}
    return tuple(
        Chain(
            steps=(members := tuple(step for step in steps if puller[step.id] == last.id)),
            after=frozenset(_waits_for(members)) - {step.id for step in members},
            rests=readers[last.id] > 0,
            commits=last.id in needed and last.mode == "write",
        )
        for last in steps
        if puller[last.id] == last.id
    )


def _waits_for(members: Sequence[ManifestStep]) -> set[str]:
    return {name for step in members for name in (*step.inputs.values(), *step.needs)}


def _must_be_in_order(steps: Sequence[ManifestStep]) -> None:
    before: set[str] = set()
    for step in steps:
        for name in (*step.inputs.values(), *step.needs):
            if name not in before:
                raise ConfigError(
                    f"step {step.id!r} waits for {name!r}, which does not come before it",
                    hint="compile the pipeline again; a manifest is not edited",
                )
        before.add(step.id)
