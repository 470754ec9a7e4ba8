"""How the generated pages draw their tables."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any


def table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table."""
    yield f"| {' | '.join(headers)} |"
    yield f"|{'---|' * len(headers)}"
    for row in rows:
        yield f"| {' | '.join(map(_cell, row))} |"


def kind(schema: Mapping[str, Any]) -> str:
    """Return what a JSON Schema allows, in a few words."""
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(kind(choice) for choice in schema["anyOf"] if choice.get("type") != "null"))
    if "$ref" in schema:
        return "keys with values"
    if schema.get("type") == "array":
        return f"list of {kind(schema.get('items', {}))}"
    word = str(schema.get("type", "any value"))
    return {"object": "keys with values", "string": "text"}.get(word, word)


def shown(value: object) -> str:
    """Return a default as a page shows it."""
    return "" if value in (None, "", [], {}, ()) else f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
