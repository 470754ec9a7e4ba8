"""The reference of the AIOP, from the models that check it."""

import re
from collections.abc import Iterator
from typing import Any

from tests.docs.generated.table import kind, table

from osiris.model.aiop import Aiop

_ENTRY = re.compile(r"(?ms)^    (\w+): (.*?)(?=^    \w+: |\Z)")


def page() -> Iterator[str]:
    """Yield the page."""
    schema = Aiop.model_json_schema(by_alias=True)
    yield from (
        "# The AI Operation Package",
        "",
        "One JSON document a run. `osiris logs aiop schema` prints its JSON Schema. How to read one:",
        "[logs.md](../logs.md).",
    )
    parts = schema["$defs"]
    yield from _part("The package", schema, parts)
    for name, part in sorted(parts.items()):
        if part.get("properties"):
            yield from _part(name, part, parts)


def _part(name: str, part: dict[str, Any], parts: dict[str, Any]) -> Iterator[str]:
    opening, _, attributes = part.get("description", "").partition("\n\nAttributes:\n")
    about = {field: " ".join(text.split()) for field, text in _ENTRY.findall(attributes)}
    yield from ("", f"## {name}", "", " ".join(opening.split()), "")
    yield from table(
        ("field", "value", "what it is"),
        (
            (f"`{field}`", _linked(body, parts), about.get(field, body.get("description", "")))
            for field, body in part["properties"].items()
        ),
    )


def _linked(body: dict[str, Any], parts: dict[str, Any]) -> str:
    reference = body.get("$ref") or body.get("items", {}).get("$ref") or ""
    name = str(reference).rpartition("/")[2]
    if not name:
        return kind(body)
    if not parts[name].get("properties"):
        return kind(parts[name])
    link = f"[{name}](#{name.lower()})"
    return f"list of {link}" if "items" in body else link
