"""The reference of types, from the tables that the components work by."""

from collections.abc import Iterator

from tests.docs.generated.table import table

from osiris.kit.mapping import Reads, Writes
from osiris.kit.registry import Registry

OPENING = """# What becomes of each type

Made from the components' own tables, which the code works by. *lossless*: the same values in a type that says the
same. *widening*: the same values in a type that says less, such as text. *lossy*: not every value can be kept, so the
pipeline has to allow it; a value that would change is an error in any case.
"""


def page() -> Iterator[str]:
    """Yield the page."""
    registry = Registry.installed()
    kinds = [registry.kind(name).about for name in registry.names()]
    yield from OPENING.splitlines()
    for about in kinds:
        if about.types:
            yield from ("", f"## {about.name}", "")
            yield from table(("from", "to", "loss", "note"), map(_cells, about.types))


def _cells(line: Reads | Writes) -> tuple[str, str, str, str]:
    ends = (line.source, line.arrow) if isinstance(line, Reads) else (line.arrow, line.target)
    return (f"`{ends[0]}`", f"`{ends[1]}`", line.loss, line.note)
