"""Whose rows each step takes, what it waits for, and whether rows flow or rest."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from heapq import heappop, heappush

from osiris.compiler.draft import Draft, Step
from osiris.kit.naming import plain
from osiris.model.diagnostics import Diagnostic, Severity
from osiris.model.place import Path


def wiring(draft: Draft) -> Draft:
    """Connect the steps, put them into an order that works, and let rows rest that are read more than once.

    Example:
        extract -> {write_a, write_b}   extract is spooled
        extract -> clean -> write       nothing is
        extract -> twice(a, b)          extract is spooled: one stream can't be read twice
    """
    wires = _Wires(draft)
    steps = tuple(wires.connect(step) for step in draft.steps)
    found = [*wires.found, *_cycles(draft, steps)]
    if not any(d.severity is Severity.ERROR for d in found):
        found += _unread(draft, steps)
    readers = Counter(taken for step in steps for taken in (step.takes or {}).values())
    steps = tuple(step.but(output=_output(step, readers[step.id]), waits=_waits(steps, step)) for step in steps)
    return draft.but(found, steps=steps)


def in_order(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Return the steps so that each comes after those before it, otherwise as written; rings come last."""
    by_id = {step.id: step.index for step in reversed(steps)}
    missing = {s.index: {by_id[name] for name in s.after if name in by_id} for s in steps}
    readers: dict[int, list[int]] = {}
    for index, before in missing.items():
        for other in before:
            readers.setdefault(other, []).append(index)
    ready = [index for index, before in missing.items() if not before]
    order: list[int] = []
    while ready:
        order.append(heappop(ready))
        for reader in readers.get(order[-1], ()):
            missing[reader].discard(order[-1])
            if not missing[reader]:
                heappush(ready, reader)
    done = set(order)
    return tuple(steps[index] for index in (*order, *(s.index for s in steps if s.index not in done)))


def _need(step: Step, name: str) -> Path:
    return (*step.path, "needs", step.node.value["needs"].index(name))


def _output(step: Step, readers: int) -> str:
    if step.mode == "write":
        return "none"
    return "spool" if readers > 1 else "stream"


def _waits(steps: tuple[Step, ...], step: Step) -> tuple[str, ...]:
    writers = {other.id for other in steps if other.mode == "write"}
    return tuple(name for name in step.needs or () if name in writers)


@dataclass
class _Wires:
    """Connects one step after the other and collects what is wrong."""

    draft: Draft
    found: list[Diagnostic] = field(default_factory=list)

    def connect(self, step: Step) -> Step:
        needs = tuple(name for name in step.needs or () if self._is_there(step, name, _need(step, name)))
        broken = len(needs) < len(step.needs or ())
        takes = self._takes(step, needs)
        if takes is not None and not broken:
            self.found += self._amount(step, takes)
        after = dict.fromkeys((*needs, *(takes or {}).values()))
        return step.but(takes=None if broken else takes, after=tuple(after))

    def _takes(self, step: Step, needs: tuple[str, ...]) -> Mapping[str, str] | None:
        """Return whose rows the step takes; None where that can't be told."""
        if step.mode is None or (step.node.value.get("inputs") is not None and step.inputs is None):
            return None
        if step.inputs is not None:
            good = [self._gives_rows(step, name, output) for name, output in step.inputs.items()]
            return step.inputs if all(good) else None
        if step.mode == "read":
            return {}
        if step.node.value.get("needs") is not None:
            return {plain(name): name for name in needs if self._mode(name) != "write"}
        before = self.draft.steps[: step.index]
        if any(s.mode is None or not s.id for s in before):
            return None
        giving = [s.id for s in before if s.mode != "write"]
        return {plain(giving[-1]): giving[-1]} if giving else {}

    def _is_there(self, step: Step, name: str, path: Path) -> bool:
        if name == step.id:
            self.found.append(
                self.draft.say("OSR-WIR-001", f"the step {name!r} needs itself", path, hint="take it out")
            )
            return False
        if self.draft.step(name) is None:
            known = [other.id for other in self.draft.steps if other.id and other.id != step.id]
            message = f"there is no step {name!r}"
            self.found.append(self.draft.unknown("OSR-WIR-002", message, path, name, known))
            return False
        return True

    def _gives_rows(self, step: Step, name: str, output: str) -> bool:
        path = (*step.path, "inputs", name)
        if not self._is_there(step, output, path):
            return False
        if self._mode(output) == "write":
            hint = f"take the rows that {output!r} takes, and write needs: [{output}] to wait for it"
            self.found.append(self.draft.say("OSR-WIR-003", f"the step {output!r} gives no rows", path, hint=hint))
            return False
        return True

    def _mode(self, step_id: str) -> str | None:
        step = self.draft.step(step_id)
        return step.mode if step else None

    def _amount(self, step: Step, takes: Mapping[str, str]) -> Iterator[Diagnostic]:
        """Say where a step takes rows that it has no use for, or lacks those that it needs."""
        key = next((key for key in ("inputs", "needs") if key in step.node.value), None)
        path = (*step.path, key) if key else step.path
        if step.mode == "read" and takes:
            yield self.draft.say("OSR-WIR-004", "a step that reads takes no rows", path, hint="leave `inputs` out")
        elif step.mode == "write" and not takes:
            hint = 'write inputs: {df: "${step-id.df}"}'
            yield self.draft.say("OSR-WIR-005", "there are no rows for this step to write", path, hint=hint)
        elif step.mode == "write" and len(takes) > 1:
            hint = "join them in a step before, or write them in steps of their own"
            message = f"a step writes the rows of one step, not of {len(takes)}"
            yield self.draft.say("OSR-WIR-006", message, path, hint=hint)


def _cycles(draft: Draft, steps: tuple[Step, ...]) -> Iterator[Diagnostic]:
    """Say each ring of steps that wait for one another, once."""
    after = {step.id: step.after for step in reversed(steps) if step.id}
    while ring := _ring(after):
        first = next(step for step in steps if step.id in ring)
        at = ring.index(first.id)
        ring = [*ring[at:], *ring[:at]]
        key = next((key for key in ("needs", "inputs") if key in first.node.value), None)
        way = " needs ".join(repr(name) for name in (*ring, ring[0]))
        yield draft.say(
            "OSR-WIR-007", f"steps wait for one another: {way}", (*first.path, key) if key else first.path,
            hint="take one of these out of `needs` or `inputs`",
        )  # fmt: skip
        after = {name: before for name, before in after.items() if name not in ring}


def _ring(after: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Return steps of which each needs the next and the last the first, or nothing where there are none."""
    try:
        TopologicalSorter({name: [b for b in before if b in after] for name, before in after.items()}).prepare()
    except CycleError as exc:
        ring: list[str] = exc.args[1]
        return ring[:0:-1]
    return []


def _unread(draft: Draft, steps: tuple[Step, ...]) -> Iterator[Diagnostic]:
    taken = {name for step in steps for name in (step.takes or {}).values()}
    if any(step.takes is None for step in steps):
        return
    for step in steps:
        if step.mode in ("read", "transform") and step.id not in taken:
            yield draft.say(
                "OSR-WIR-008", f"nobody takes the rows of {step.id!r}", (*step.path, "id"), severity=Severity.WARNING,
                hint="add a step that writes them, or leave this one out",
            )  # fmt: skip
