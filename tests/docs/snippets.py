"""What a page shows: its fenced blocks, and what each of them asks of a test.

The words after a block's language say what it is:

* `title="pipelines/x.yaml"`    a file; it is written before the blocks below it are run
* `result="output/x.csv"`       a file that the blocks above it have made, letter by letter
* `exit=3`                      the last command of the block ends so
* `not-run`                     commands that need a key or a network: they are only looked up in the help
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

SHELL = ("bash", "console", "sh")
_FENCE = re.compile(r"(?P<indent> *)(?P<ticks>`{3,}|~{3,})(?P<info>[^`]*)")


@dataclass(frozen=True)
class Block:
    """One fenced block.

    Attributes:
        line: Of the opening fence, from 1.
        words: What stands after the language; a word without a value has an empty one.
    """

    line: int
    language: str
    text: str
    words: dict[str, str] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """Return how the last command should end."""
        return int(self.words.get("exit", "0"))

    def commands(self) -> list[list[str]]:
        """Return the commands of a shell block as words; in `console` they follow a `$`, the rest is what they say.

        Example:
            >>> Block(1, "console", "$ osiris plan x.yaml  # look\\nsteps 3\\n").commands()
            [['osiris', 'plan', 'x.yaml']]
        """
        lines = self.text.replace("\\\n", " ").splitlines()
        if self.language == "console":
            lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
        return [words for line in lines if (words := shlex.split(line, comments=True))]


def blocks(page: str) -> list[Block]:
    """Return the fenced blocks of a page, from top to bottom.

    Raises:
        ValueError: a block is not closed.
    """
    return list(_blocks(iter(enumerate(page.splitlines(), start=1))))


def pages(root: Path) -> list[Path]:
    """Return every page that shows Osiris to people."""
    return [root / "README.md", *sorted((root / "docs").rglob("*.md"))]


def _blocks(lines: Iterator[tuple[int, str]]) -> Iterator[Block]:
    for number, line in lines:
        if not (fence := _FENCE.fullmatch(line)):
            continue
        language, *words = shlex.split(fence["info"]) or [""]
        inside = "".join(f"{text.removeprefix(fence['indent'])}\n" for text in _until(lines, fence["ticks"], number))
        yield Block(number, language, inside, {name: value for name, _, value in (w.partition("=") for w in words)})


def _until(lines: Iterator[tuple[int, str]], ticks: str, opened: int) -> Iterator[str]:
    for _, line in lines:
        if line.strip() == ticks:
            return
        yield line
    raise ValueError(f"the block of line {opened} is not closed")
