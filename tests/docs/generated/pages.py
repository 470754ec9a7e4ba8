"""The pages of `docs/reference/` that are made from the code; `python -m tests.docs.generated.pages` renews them."""

from collections.abc import Callable, Iterator

from tests.docs.generated import aiop, commands, components, errors, events, settings, sql, types
from tests.house.tree import ROOT

FOLDER = ROOT / "docs" / "reference"
PAGES: dict[str, Callable[[], Iterator[str]]] = {
    "aiop.md": aiop.page,
    "commands.md": commands.page,
    "components.md": components.components,
    "connections.md": components.connections,
    "errors.md": errors.page,
    "events.md": events.page,
    "settings.md": settings.page,
    "sql-safety.md": sql.page,
    "types.md": types.page,
}
_NOTE = "<!-- Made from the code: `python -m tests.docs.generated.pages` renews it. -->"


def text(name: str) -> str:
    """Return one page."""
    opening, *rest = PAGES[name]()
    return "\n".join([opening, "", _NOTE, *rest, ""])


if __name__ == "__main__":
    for page in PAGES:
        (FOLDER / page).write_text(text(page), "utf-8")
