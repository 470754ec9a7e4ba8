"""Sections, tables, bars and figures of a page."""

import re
from collections.abc import Iterable, Sequence

from osiris.observe.html.markup import Child, Markup, el

MOST_LINES = 200  # of one table
KIB = 1024
STATES = {
    "completed": "good",
    "ok": "good",
    "failed": "bad",
    "killed": "bad",
    "mismatch": "bad",
    "interrupted": "warn",
    "running": "warn",
    "unfinished": "warn",
}  # fmt: skip
_NO_WORD = re.compile(r"[^a-z0-9]+")
SIGNS = {"good": "✓", "bad": "✗", "warn": "!"}

Line = tuple[str, Sequence[Child]]  # the id of a table's line, which may be empty, and its cells


def section(name: str, parts: Sequence[Child]) -> Markup:
    """Return a section that `anchor` leads to."""
    place = anchor(name)
    return el("section", el("h2", name, id=f"{place}-title"), parts, id=place, aria_labelledby=f"{place}-title")


def anchor(name: str) -> str:
    """Return the id of a section.

    Example:
        >>> anchor("Not proved, and warnings")
        'not-proved-and-warnings'
    """
    return _NO_WORD.sub("-", name.lower())


def left_out(number: int, what: str) -> Markup | None:
    """Return how many of what is not on the page; None where all is."""
    return el("p", f"{number:,} more {what} are left out here.", class_="soft") if number > 0 else None


def table(caption: str, heads: Sequence[str], lines: Iterable[Line], *, numbers: str = "", total: int = 0) -> Markup:
    """Return a table that scrolls sideways where there is no room.

    Args:
        caption: What it shows.
        heads: One for each column; the first names the line.
        lines: As they should be read; too many are counted.
        numbers: Heads, separated by commas, of the columns of numbers.
        total: How many lines there are, where not all are given.
    """
    right = set(numbers.split(","))
    kinds = ["number" if head in right else "name" if place == 0 else None for place, head in enumerate(heads)]
    known = list(lines)
    head = el("tr", [el("th", name, scope="col", class_=kind) for name, kind in zip(heads, kinds, strict=True)])
    body = [_line(ident, cells, kinds) for ident, cells in known[:MOST_LINES]]
    missing = max(total, len(known)) - len(body)
    more = f"{caption}; {missing:,} more are left out here" if missing else caption
    whole = el("table", el("caption", more), el("thead", head), el("tbody", body))
    return el("div", whole, class_="wide", tabindex=0, role="region", aria_label=f"{caption}; scrolls sideways")


def bar(start: float, length: float, kind: str = "") -> Markup:
    """Return a bar; start and length are shares of the whole, 0 to 1."""
    left, wide = 100 * min(max(start, 0), 1), 100 * min(max(length, 0), 1)
    place = f"margin-left:{left:.2f}%;width:{wide:.2f}%"
    return el("div", class_=f"bar {kind}".strip(), style=place, aria_hidden="true")


def state(word: str) -> Markup:
    """Return how something ended, told by a sign, a word and a colour."""
    kind = STATES.get(word, "")
    return el("span", f"{SIGNS[kind]} {word}" if kind else word, class_=f"state {kind}".strip())


def facts(pairs: Iterable[tuple[str, Child]], *, kind: str = "facts") -> Markup:
    """Return a few things with their names: numbers that should catch the eye, or, of the kind `plain`, a list."""
    return el("dl", [el("div", el("dt", name), el("dd", value)) for name, value in pairs], class_=kind)


def curve(points: Sequence[tuple[float, float]], title: str, ends: tuple[str, str]) -> Markup:
    """Return how a number grew over time.

    Args:
        points: Time and number, in order; two or more.
        title: What it is.
        ends: What stands below its first and its last point.
    """
    first, last = points[0][0], points[-1][0]
    most = max(number for _, number in points) or 1
    wide = (last - first) or 1
    places = " ".join(f"{100 * (x - first) / wide:.2f},{38 - 36 * y / most:.2f}" for x, y in points)
    label = f"{title}: {ends[0]} to {ends[1]}"
    svg = el(
        "svg", el("title", label), el("polyline", points=places),
        role="img", aria_label=label, viewBox="0 0 100 40", preserveAspectRatio="none",
    )  # fmt: skip
    below = el("div", el("span", ends[0]), el("span", ends[1]), class_="ends")
    return el("div", el("h3", title), svg, below, class_="chart")


def size(count: float) -> str:
    """Return a number of bytes for people.

    Example:
        >>> size(312), size(90_000), size(5_000_000_000)
        ('312 B', '87.9 KiB', '4.7 GiB')
    """
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < KIB or unit == "GiB":
            break
        count /= KIB
    return f"{count:,.0f} B" if unit == "B" else f"{count:,.1f} {unit}"


def _line(ident: str, cells: Sequence[Child], kinds: Sequence[str | None]) -> Markup:
    first, *others = cells
    head = el("th", first, scope="row", class_=kinds[0])
    rest = [el("td", cell, class_=kind) for cell, kind in zip(others, kinds[1:], strict=True)]
    return el("tr", head, rest, id=ident or None)
