"""A step's SQL, which knows where each of its characters stands in the file."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from osiris.model.document import Node
from osiris.model.place import Place
from osiris.sql.literals import PARAM

_SPOT = re.compile(r"line (\d+), column (\d+)")


@dataclass(frozen=True)
class Query:
    """A statement, its parameters filled in.

    Attributes:
        node: As written, with `${params.x}`.
    """

    sql: str
    dialect: str
    node: Node

    def place(self, line: int, column: int) -> Place:
        """Return where a place of the statement stands in the file."""
        return self.node.place_at(self._written(_offset(self.sql, line, column)))

    def spot(self, where: str) -> Place | None:
        """Return where a place in an error's words stands in the file, or None where the words name none."""
        found = _SPOT.fullmatch(where)
        return self.place(int(found[1]), int(found[2])) if found else None

    def _written(self, offset: int) -> int:
        """Return the index into the text as written; anything inside a literal is where its parameter is."""
        last = 0
        for filled, written, length in self._stretches():
            if offset < filled:
                break
            if offset < filled + length:
                return written + offset - filled
            last = written + length
        return last

    def _stretches(self) -> Iterator[tuple[int, int, int]]:
        """Yield the stretches without parameters: index in the statement, index as written, length."""
        text = str(self.node.value)
        ends = [found.span() for found in PARAM.finditer(text)]
        filled = 0
        for start, end in zip([0, *(e for _, e in ends)], [*(s for s, _ in ends), len(text)], strict=True):
            filled = self.sql.find(text[start:end], filled) if end < len(text) else len(self.sql) - (end - start)
            yield filled, start, end - start
            filled += end - start


def place_in_text(node: Node, where: str) -> Place | None:
    """Return where a place in an error about a text as written stands in the file, or None."""
    found = _SPOT.fullmatch(where)
    return node.place_at(_offset(str(node.value), int(found[1]), int(found[2]))) if found else None


def _offset(text: str, line: int, column: int) -> int:
    lines = text.split("\n")
    return sum(len(before) + 1 for before in lines[: line - 1]) + column - 1
