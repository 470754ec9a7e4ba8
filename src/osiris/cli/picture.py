"""The graph of a plan as lines of text: rows flow downwards."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from osiris.model.plan import Plan, PlannedStep

UP, DOWN, LEFT, RIGHT = 1, 2, 4, 8
_LINES = {
    0: " ", UP: "╵", DOWN: "╷", LEFT: "╴", RIGHT: "╶", UP | DOWN: "│", LEFT | RIGHT: "─",
    DOWN | RIGHT: "╭", DOWN | LEFT: "╮", UP | RIGHT: "╰", UP | LEFT: "╯",
    UP | DOWN | RIGHT: "├", UP | DOWN | LEFT: "┤", DOWN | LEFT | RIGHT: "┬", UP | LEFT | RIGHT: "┴",
    UP | DOWN | LEFT | RIGHT: "┼",
}  # fmt: skip
NODES = {"read": "○", "transform": "●", "write": "◆"}


@dataclass(frozen=True)
class Line:
    """One line of a picture.

    Attributes:
        drawn: Lines and nodes, all of one width within a picture.
        step: The step whose node is on it; None for a line that only joins others.
    """

    drawn: str
    step: PlannedStep | None = None


@dataclass
class _Lanes:
    """Columns, each with the step whose rows flow down in it.

    Attributes:
        left: Step to the number of steps that still take its rows, or wait for it.
    """

    left: dict[str, int]
    lanes: list[str | None] = field(default_factory=list)

    def place(self, taken: Sequence[str]) -> int:
        """Return the column for a step that takes rows: where the first that ends came down, else a free one."""
        ending = [at for at, owner in enumerate(self.lanes) if owner in taken and owner and self.left[owner] == 1]
        free = [at for at, owner in enumerate(self.lanes) if owner is None]
        if ending:
            return ending[0]
        if not free:
            self.lanes.append(None)
        return free[0] if free else len(self.lanes) - 1

    def join(self, taken: Sequence[str], to: int) -> list[int]:
        """Return the cells of a line that leads from columns to one column, and let go of the rows that end there."""
        cells = [UP | DOWN if owner else 0 for owner in self.lanes for _ in (0, 1)]
        cells[1::2] = [0] * len(self.lanes)
        for at, owner in enumerate(self.lanes):
            if owner not in taken or owner is None:
                continue
            self.left[owner] -= 1
            if not self.left[owner]:
                self.lanes[at] = None
                cells[2 * at] &= ~DOWN
            if at != to:
                _draw(cells, 2 * at, 2 * to)
        cells[2 * to] |= DOWN
        return cells


def picture(plan: Plan) -> list[Line]:
    """Return the graph of a plan: one line a step, and lines between them where rows come together or part.

    Example:
        ○    orders
        │ ○  customers
        ├─╯
        ●    revenue
        ◆    write
    """
    before = {step.step_id: (*step.takes, *step.waits) for step in plan.steps}
    left = dict.fromkeys(before, 0)
    for taken in before.values():
        for name in taken:
            left[name] = left.get(name, 0) + 1
    lines = list(_drawn(plan, before, _Lanes(left)))
    width = max((len(line.drawn) for line in lines), default=0)
    return [Line(line.drawn.ljust(width), line.step) for line in lines]


def _drawn(plan: Plan, before: dict[str, tuple[str, ...]], lanes: _Lanes) -> Iterator[Line]:
    for step in plan.steps:
        taken = before[step.step_id]
        at = lanes.place(taken)
        straight = [owner for owner in lanes.lanes if owner in taken and owner] == [lanes.lanes[at]]
        cells = lanes.join(taken, at)
        if taken and not (straight and lanes.lanes[at] is None):
            yield Line(_text(cells))
        cells = [UP | DOWN if owner else 0 for owner in lanes.lanes for _ in (0, 1)]
        cells[1::2] = [0] * len(lanes.lanes)
        node = _text(cells).ljust(2 * at)
        yield Line(f"{node[: 2 * at]}{NODES[step.mode]}{node[2 * at + 1 :]}", step)
        if lanes.left[step.step_id]:
            lanes.lanes[at] = step.step_id


def _draw(cells: list[int], start: int, end: int) -> None:
    """Draw a line from one cell to another, beside whatever is there."""
    towards, back = (RIGHT, LEFT) if start < end else (LEFT, RIGHT)
    cells[start] |= towards
    cells[end] |= back
    for at in range(min(start, end) + 1, max(start, end)):
        cells[at] |= LEFT | RIGHT


def _text(cells: list[int]) -> str:
    return "".join(_LINES[cell] for cell in cells).rstrip()
