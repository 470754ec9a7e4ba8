"""Text from outside, made harmless: no character in it steers a terminal or hides from a reader."""

import re
import unicodedata
from typing import Any

CELL = 120  # characters of one value; enough to recognise it by, too little to preach in
_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b.")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co"})
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")


def clean(text: str) -> str:
    r"""Return the text without control, escape, bidi, zero-width and private characters; newlines and tabs stay.

    Example:
        >>> clean("a\x1b[31mb\u202ec")
        'abc'
    """
    text = _SELECTORS.sub("", _ESCAPES.sub("", text))
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) not in _HIDDEN)


def cell(value: str) -> str:
    """Return one value of the data, clean and cut."""
    text = clean(value)
    return text if len(text) <= CELL else f"{text[:CELL]}…"


def clean_tree(value: Any) -> Any:
    """Return a JSON value with every text in it clean, keys too."""
    match value:
        case str():
            return clean(value)
        case dict():
            return {clean(str(key)): clean_tree(inner) for key, inner in value.items()}
        case list() | tuple():
            return [clean_tree(inner) for inner in value]
        case _:
            return value
