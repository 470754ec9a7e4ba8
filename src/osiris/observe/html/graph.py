"""The graph of a pipeline, drawn from top to bottom: sources, steps, targets."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from osiris.observe.html.markup import Markup, el, joined
from osiris.observe.html.parts import left_out

MOST_NODES = 150  # nobody follows more with their eyes
PASSES = 4  # over the layers, to put each node near those that it takes rows from
WIDTH, HEIGHT = 196, 50  # of a node, in pixels
GAP, DROP = 24, 46  # between nodes, and between layers
EDGE = 8  # around the whole
MOST_LETTERS, MOST_SMALL = 23, 29  # of the first line in a node, and of the second


@dataclass(frozen=True)
class Box:
    """One node.

    Attributes:
        key: Tells it from the others.
        kind: How it looks: `done`, `failed`, `stopped` or `idle` for a step that was to run, its mode for one that
            is to, `outside` for what is no step.
        title: First line.
        note: Second line, smaller.
        says: All of it, for who can't see it or points at it.
    """

    key: str
    kind: str
    title: str
    note: str
    says: str


@dataclass(frozen=True)
class Arrow:
    """Rows that flow from one node to another, or, where `waits`, a step that waits for another."""

    source: str
    target: str
    waits: bool = False


def drawn(boxes: Sequence[Box], arrows: Iterable[Arrow], label: str, *, total: int = 0) -> Markup:
    """Return the drawing.

    Args:
        boxes: The first ones of too many are drawn, and the others counted.
        arrows: Between them; one with an end that is not there is left out.
        label: What the drawing shows, for who can't see it.
        total: How many boxes there are, where not all are given.
    """
    shown = boxes[:MOST_NODES]
    known = {box.key for box in shown}
    kept = [arrow for arrow in arrows if arrow.source in known and arrow.target in known]
    layers = _layers(shown, kept)
    widest = max((len(layer) for layer in layers), default=0)
    width = 2 * EDGE + widest * (WIDTH + GAP) - GAP
    height = 2 * EDGE + len(layers) * (HEIGHT + DROP) - DROP
    places = _places(layers, width)
    tip = el(
        "marker", el("path", d="M0 0 8 4 0 8z", class_="tip"),
        id="tip", viewBox="0 0 8 8", refX=7, refY=4, markerWidth=8, markerHeight=8, orient="auto",
    )  # fmt: skip
    svg = el(
        "svg",
        el("title", label),
        el("defs", tip),
        [_line(places[arrow.source], places[arrow.target], arrow) for arrow in kept],
        [_node(box, places[box.key]) for layer in layers for box in layer],
        role="img", aria_label=label, width=width, height=height, viewBox=f"0 0 {width} {height}",
    )  # fmt: skip
    drawing = el("div", svg, class_="graph", tabindex=0, role="group", aria_label=f"{label}; scrolls sideways")
    return joined(drawing, left_out(max(total, len(boxes)) - len(shown), "nodes"))


def _layers(boxes: Sequence[Box], arrows: Sequence[Arrow]) -> list[list[Box]]:
    """Return the nodes by depth; below each node lies what takes rows from it."""
    givers: dict[str, list[str]] = {box.key: [] for box in boxes}
    for arrow in arrows:
        givers[arrow.target].append(arrow.source)
    depth: dict[str, int] = dict.fromkeys(givers, 0)
    for _ in boxes:
        deeper = {key: max((depth[giver] + 1 for giver in givers[key]), default=0) for key in givers}
        if deeper == depth:
            break
        depth = {key: min(level, len(boxes) - 1) for key, level in deeper.items()}
    layers: list[list[Box]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for box in boxes:
        layers[depth[box.key]].append(box)
    full = [layer for layer in layers if layer]
    order: dict[str, float] = {}
    for _ in range(PASSES):
        for layer in full:
            layer.sort(key=lambda box: _middle(givers[box.key], order))
            order |= {box.key: place - len(layer) / 2 for place, box in enumerate(layer)}
    return full


def _middle(givers: Sequence[str], order: Mapping[str, float]) -> float:
    known = [order[giver] for giver in givers if giver in order]
    return sum(known) / len(known) if known else 0.0


def _places(layers: Sequence[Sequence[Box]], width: int) -> dict[str, tuple[float, float]]:
    """Return the upper left corner of each node."""
    places: dict[str, tuple[float, float]] = {}
    for row, layer in enumerate(layers):
        first = (width - len(layer) * (WIDTH + GAP) + GAP) / 2
        for column, box in enumerate(layer):
            places[box.key] = (first + column * (WIDTH + GAP), EDGE + row * (HEIGHT + DROP))
    return places


def _line(source: tuple[float, float], target: tuple[float, float], arrow: Arrow) -> Markup:
    x1, y1 = source[0] + WIDTH / 2, source[1] + HEIGHT
    x2, y2 = target[0] + WIDTH / 2, target[1]
    bend = max(DROP / 2, abs(y2 - y1) / 2)
    path = f"M{x1:g} {y1:g}C{x1:g} {y1 + bend:g} {x2:g} {y2 - bend:g} {x2:g} {y2:g}"
    return el("path", d=path, marker_end="url(#tip)", class_="waits" if arrow.waits else None)


def _node(box: Box, place: tuple[float, float]) -> Markup:
    x, y = place
    rounded = HEIGHT / 2 if box.kind == "outside" else 6
    middle = f"{x + WIDTH / 2:g}"
    return el(
        "g",
        el("title", box.says),
        el("rect", x=f"{x:g}", y=f"{y:g}", width=WIDTH, height=HEIGHT, rx=f"{rounded:g}"),
        el("text", _cut(box.title, MOST_LETTERS), x=middle, y=f"{y + 21:g}", text_anchor="middle"),
        el("text", _cut(box.note, MOST_SMALL), x=middle, y=f"{y + 39:g}", text_anchor="middle", class_="small"),
        class_=box.kind,
    )


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
