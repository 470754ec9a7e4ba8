"""What a model says, as it comes: words at once, and what only makes sense as a whole once it is whole."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from osiris.cli import show

_MARKS = re.compile(r"(\*\*|`)")
_HEADING = re.compile(r"#{1,6}\s*\Z")
_FENCE = "```"
_RULE = re.compile(r"\|?[\s:|-]+\|?\Z")

Part = tuple[str, str] | RenderableType  # a word with its style, or something that stands by itself


@dataclass
class Prose:
    """Turns words of Markdown into words with a style, and into code and tables.

    A word ends with the blanks behind it. What is not Markdown stays as it is.
    """

    _begins: bool = True  # a line
    _style: str = ""  # of the line
    _marked: dict[str, bool] = field(default_factory=lambda: {"**": False, "`": False})
    _block: str | None = None  # text of a fenced block or a table so far

    def take(self, word: str) -> Iterator[Part]:
        """Yield what a word makes; nothing while it is part of something that is not whole."""
        begins, self._begins = self._begins, word.endswith("\n")
        if self._block is not None:
            yield from self._inside(word, begins=begins)
        elif begins and word.startswith((_FENCE, "|")):
            self._block = word
        elif begins and _HEADING.match(word):
            self._style = "bold"
        else:
            yield from self._words("• " if begins and word.strip() in {"-", "*"} else word)

    def end(self) -> Iterator[Part]:
        """Yield what is left, whole or not."""
        if self._block is not None:
            yield self._made()
        self._begins, self._style, self._block = True, "", None
        self._marked = dict.fromkeys(self._marked, False)

    def _inside(self, word: str, *, begins: bool) -> Iterator[Part]:
        assert self._block is not None  # noqa: S101 - asked by the caller
        if self._block.startswith(_FENCE):
            self._block += word
            if begins and word.strip() == _FENCE:
                yield self._made()
                self._block = None
        elif begins and not word.startswith("|"):
            yield self._made()
            self._block = None
            self._begins = True
            yield from self.take(word)
        else:
            self._block += word

    def _words(self, word: str) -> Iterator[Part]:
        for piece in _MARKS.split(word):
            if piece in self._marked:
                self._marked[piece] = not self._marked[piece]
            elif piece:
                style = "cyan" if self._marked["`"] else "bold" if self._marked["**"] else self._style
                yield piece, style
        if word.endswith("\n"):
            self._style = ""
            self._marked = dict.fromkeys(self._marked, False)

    def _made(self) -> RenderableType:
        assert self._block is not None  # noqa: S101 - asked by the callers
        first, _, rest = self._block.partition("\n")
        if first.startswith(_FENCE):
            return show.code(rest.rstrip().removesuffix(_FENCE), first.removeprefix(_FENCE).strip() or "text")
        return _table([line for line in self._block.splitlines() if line.strip()])


def _table(lines: list[str]) -> Table | Text:
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines if not _RULE.match(line)]
    if len(rows) < 2 or any(len(row) != len(rows[0]) for row in rows):  # noqa: PLR2004 - a head and a row
        return Text("\n".join(lines))
    return show.table(rows[0], rows[1:])
