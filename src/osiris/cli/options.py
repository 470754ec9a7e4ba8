"""What every command understands, wherever it stands on the line."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

_FLAGS: dict[str, dict[str, Any]] = {
    "--json": {"as_json": True},
    "--no-color": {"color": False},
    "-q": {"quiet": True},
    "--quiet": {"quiet": True},
    "-v": {"verbose": True},
    "--verbose": {"verbose": True},
}
VALUES = {"-C": "folder", "--profile": "profile"}


@dataclass(frozen=True)
class Options:
    """What every command was told.

    Attributes:
        folder: Where to work; empty means where the person stands.
        profile: For pipelines; empty means none.
        as_json: One document on standard output instead of text.
        verbose: Say more, and show the traceback of an error.
        quiet: Say only results and errors.
        color: False leaves the output without colours, whatever the terminal can do.
    """

    folder: str = ""
    profile: str = ""
    as_json: bool = False
    verbose: bool = False
    quiet: bool = False
    color: bool = True


def take(words: Sequence[str]) -> tuple[Options, list[str]]:
    """Return the options found on a line, and the words that are left for the command.

    They may stand before and after the command's name; words after `--` are the command's own. An option that
    lacks its value is left as the last word.

    Example:
        >>> take(["-C", "shop", "run", "--json", "top.yaml"])[1]
        ['run', 'top.yaml']
    """
    options, left, rest = Options(), list[str](), list(words)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
        if word == "--":
            return options, [*left, word, *rest]
        if word in _FLAGS:
            options = replace(options, **_FLAGS[word])
        elif name in VALUES and (equals or rest):
            given: dict[str, Any] = {VALUES[name]: value if equals else rest.pop(0)}
            options = replace(options, **given)
        else:
            left.append(word)
    return options, left
