"""`docs/reference/types.md` says what the code does with each type.

`python -m tests.docs.test_types_reference` writes it anew.
"""

import sys

from tests.house.tree import ROOT

from osiris.kit.mapping import Reads, Writes
from osiris.kit.registry import Registry

PAGE = ROOT / "docs" / "reference" / "types.md"
OPENING = """# What becomes of each type

Made from the components' own tables, which the code works by. *lossless*: the same values in a type that says the
same. *widening*: the same values in a type that says less, such as text. *lossy*: not every value can be kept, so the
pipeline has to allow it; a value that would change is an error in any case.
"""


def page() -> str:
    """Return the page."""
    registry = Registry.installed()
    kinds = [registry.kind(name).about for name in registry.names()]
    return OPENING + "".join(_table(about.name, about.types) for about in kinds if about.types)


def _table(name: str, lines: tuple[Reads | Writes, ...]) -> str:
    rows = "".join(f"| {' | '.join(map(_cell, _cells(line)))} |\n" for line in lines)
    return f"\n## {name}\n\n| from | to | loss | note |\n|---|---|---|---|\n{rows}"


def _cells(line: Reads | Writes) -> tuple[str, str, str, str]:
    ends = (line.source, line.arrow) if isinstance(line, Reads) else (line.arrow, line.target)
    return (f"`{ends[0]}`", f"`{ends[1]}`", line.loss, line.note)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def test_the_page_is_fresh() -> None:
    assert PAGE.read_text("utf-8") == page(), "write it anew: python -m tests.docs.test_types_reference"


if __name__ == "__main__":
    sys.stdout.write(f"{PAGE.relative_to(ROOT)}\n")
    PAGE.write_text(page(), "utf-8")
