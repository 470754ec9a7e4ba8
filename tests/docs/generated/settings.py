"""The reference of settings, from the models that check them."""

import re
from collections.abc import Iterator
from inspect import getdoc

from tests.docs.generated.table import kind, shown, table

from osiris.model.settings import Settings

_ENTRY = re.compile(r"(?ms)^    (\w+): (.*?)(?=^    \w+: |\Z)")


def page() -> Iterator[str]:
    """Yield the page."""
    yield from (
        "# Settings",
        "",
        "They stand in `osiris.yaml`, a section with keys. A variable `OSIRIS_SECTION_KEY` in the environment wins",
        "over the file, an option of the command line over both. `osiris init --stdout` prints one with all.",
    )
    for section, info in Settings.model_fields.items():
        model = info.annotation
        assert model is not None
        opening, _, attributes = (getdoc(model) or "").partition("\n\nAttributes:\n")
        about = {name: " ".join(text.split()) for name, text in _ENTRY.findall(attributes)}
        schema = model.model_json_schema()
        yield from ("", f"## `{section}`", "", " ".join(opening.split()), "")
        yield from table(
            ("key", "value", "default", "what it is"),
            (
                (f"`{key}`", kind(body), shown(body.get("default")), about.get(key, body.get("description", "")))
                for key, body in schema["properties"].items()
            ),
        )
