"""Read by mkdocs: the words behind a block's language are for the tests, and not part of Markdown."""

import re

_FENCE = re.compile(r"(?m)^(?P<fence> *(?:`{3,}|~{3,})\w+)(?P<words> [^\n`]*)$")
_TITLE = re.compile(r' title="[^"]*"')


def on_page_markdown(markdown: str, **_: object) -> str:
    """Return the page with fences that name a language and perhaps a title."""
    return _FENCE.sub(lambda found: found["fence"] + "".join(_TITLE.findall(found["words"])), markdown)
