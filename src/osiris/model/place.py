"""Where something stands in a file."""

import re
from dataclasses import dataclass

Path = tuple[str | int, ...]
_BEFORE = re.compile(r"([!&]\S*\s+)*")  # a tag and an anchor stand before the value that they belong to
_JOINED = "\\\n"  # in double quotes: the line goes on in the next one
_ESCAPES = {"x": 4, "u": 6, "U": 10}  # letter after the backslash to length in the file


@dataclass(frozen=True, order=True)
class Place:
    """A line and a column, both from 1."""

    line: int
    column: int


def path_text(path: Path) -> str:
    """Return a path as people read it.

    Example:
        >>> path_text(("steps", 2, "config", "query"))
        'steps[2].config.query'
    """
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


def place_in(start: Place, raw: str, style: str, value: str, offset: int) -> Place:
    """Return where one character of a YAML text stands in the file.

    Args:
        start: Where `raw` begins.
        raw: The text as written, quotes, indentation and all.
        style: `'`, `"`, `|`, `>`, or nothing for a plain one.
        value: The text as meant.
        offset: Index into `value`; its length means just behind the last character.
    """
    at = _index(raw, style, value, max(0, min(offset, len(value))))
    before = raw[:at]
    lines = before.count("\n")
    return Place(start.line + lines, at - before.rfind("\n") if lines else start.column + at)


def _index(raw: str, style: str, value: str, offset: int) -> int:
    """Return the index into `raw`: both are read side by side, folds and indentation are blanks in either."""
    at = _begin(raw, style)
    for index, char in enumerate(value):
        if not char.isspace() or style == '"':
            at = _next(raw, at, char)
        if index == offset:
            return at
        at += _length(raw, at, char, style)
    return at


def _begin(raw: str, style: str) -> int:
    if style in ("|", ">"):
        return raw.find("\n") + 1
    found = _BEFORE.match(raw)
    return (found.end() if found else 0) + len(style)


def _next(raw: str, at: int, char: str) -> int:
    """Return where the next character is written, beyond the blanks of a fold."""
    while at < len(raw) and ((raw[at].isspace() and raw[at] != char) or raw.startswith(_JOINED, at)):
        at += 1
    return at


def _length(raw: str, at: int, char: str, style: str) -> int:
    """Return how long the character at this index is in the file; 0 for a blank that stands for a fold."""
    written = raw[at : at + 2]
    if style == '"' and written.startswith("\\"):
        return _ESCAPES.get(written[1:], 2)
    if style == "'" and written == "''":
        return 2
    return 1 if written[:1] == char or not char.isspace() else 0
