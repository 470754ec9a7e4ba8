"""The graph of a plan as a drawing: rows flow downwards, from layer to layer."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from osiris.model.plan import Plan, PlannedStep

WIDTH, HEIGHT = 190, 54  # of a step, in pixels
ACROSS, DOWN = 22, 46  # between two steps
MOST_LETTERS = 22  # that fit a step
_PASSES = 4  # over the layers, to put each step near those that it takes rows from

Point = tuple[float, float]


def drawing(plan: Plan, said: Callable[[str], str]) -> str:
    """Return the graph as SVG.

    Args:
        plan: Its steps are in an order that works.
        said: Returns a text fit for a page.
    """
    before = {step.step_id: tuple(dict.fromkeys((*step.takes, *step.waits))) for step in plan.steps}
    layers = _layers(before)
    places, width = _placed(layers), max((len(layer) for layer in layers), default=1)
    size = f"{width * (WIDTH + ACROSS) - ACROSS + 4} {len(layers) * (HEIGHT + DOWN) - DOWN + 4}"
    across, down = size.split()
    label = said(f"{len(plan.steps)} steps of {plan.pipeline}")
    head = f'width="{across}" height="{down}" viewBox="-2 -2 {size}" role="img" aria-label="{label}"'
    edges = (
        _edge(places[name], places[step.step_id], waits=name not in step.takes)
        for step in plan.steps
        for name in before[step.step_id]
    )
    nodes = (part for step in plan.steps for part in _node(step, places[step.step_id], said))
    return "".join((f'<svg xmlns="http://www.w3.org/2000/svg" {head}>', *edges, *nodes, "</svg>"))


def _layers(before: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Return the steps so that each lies in a layer below all that come before it."""
    depth: dict[str, int] = {}
    for name, taken in before.items():
        depth[name] = max((depth[one] + 1 for one in taken), default=0)
    layers: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for name, at in depth.items():
        layers[at].append(name)
    for _ in range(_PASSES):
        where = {name: index for layer in layers for index, name in enumerate(layer)}
        for layer in layers[1:]:
            layer.sort(key=lambda name: _middle([where[one] for one in before[name]]))
            where |= {name: index for index, name in enumerate(layer)}
    return layers


def _middle(places: Sequence[int]) -> float:
    return sum(places) / len(places) if places else 0.0


def _placed(layers: Sequence[Sequence[str]]) -> dict[str, Point]:
    """Return the upper left corner of each step; every layer stands in the middle."""
    most = max((len(layer) for layer in layers), default=1)
    return {
        name: ((index + (most - len(layer)) / 2) * (WIDTH + ACROSS), depth * (HEIGHT + DOWN))
        for depth, layer in enumerate(layers)
        for index, name in enumerate(layer)
    }


def _edge(start: Point, end: Point, *, waits: bool) -> str:
    x, y = start[0] + WIDTH / 2, start[1] + HEIGHT
    to_x, to_y = end[0] + WIDTH / 2, end[1]
    bend = max(DOWN / 2, (to_y - y) / 2)
    kind = ' class="waits"' if waits else ""
    return f'<path{kind} d="M{x:g} {y:g}C{x:g} {y + bend:g} {to_x:g} {to_y - bend:g} {to_x:g} {to_y:g}"/>'


def _node(step: PlannedStep, at: Point, said: Callable[[str], str]) -> Iterator[str]:
    x, y = at
    yield f"<g><title>{said(f'{step.step_id}: {step.component}')}</title>"
    yield f'<rect class="{step.mode}" x="{x:g}" y="{y:g}" width="{WIDTH}" height="{HEIGHT}" rx="8"/>'
    yield f'<text x="{x + 12:g}" y="{y + 22:g}">{said(_cut(step.step_id))}</text>'
    yield f'<text class="small" x="{x + 12:g}" y="{y + 41:g}">{said(_cut(step.component))}</text></g>'


def _cut(text: str) -> str:
    return text if len(text) <= MOST_LETTERS else f"{text[: MOST_LETTERS - 1]}…"
