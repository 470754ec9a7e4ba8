"""HTML and SVG made of values. Whatever is not markup already is escaped, so no value can become markup."""

import html
import re
from collections.abc import Iterable
from importlib.resources import files

_VOID = frozenset({"br", "hr", "meta"})
# Characters that no page may hold, and those that turn the direction of what follows.
_ODD = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
# A page loads nothing and runs nothing, even if a value got through.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


class Markup(str):
    """Text that is markup. Only `el` and `joined` make it."""

    __slots__ = ()


Child = str | int | float | None | Iterable["Child"]


def el(tag: str, *children: Child, **attributes: str | float | bool | None) -> Markup:
    """Return one element.

    Args:
        tag: Its name.
        children: Markup as it is, anything else as text; several in one are flattened, None is nothing.
        attributes: By name, `_` for `-` and none at the end; True is a bare one, None and False are none.

    Example:
        >>> el("a", "1 < 2", href="#x", class_="note")
        '<a href="#x" class="note">1 &lt; 2</a>'
    """
    given = "".join(map(_attribute, attributes.items()))
    return Markup(f"<{tag}{given}>") if tag in _VOID else Markup(f"<{tag}{given}>{joined(*children)}</{tag}>")


def joined(*children: Child) -> Markup:
    """Return some markup and texts one after the other."""
    return Markup("".join(map(_text, children)))


def page(title: str, *body: Child) -> str:
    """Return a whole document."""
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("meta", http_equiv="Content-Security-Policy", content=POLICY),
        el("title", title),
        el("style", Markup(files("osiris.observe.html").joinpath("style.css").read_text("utf-8"))),
    )
    skip = el("a", "Skip to the content", href="#content", class_="skip")
    return f"<!doctype html>\n{el('html', head, el('body', skip, *body), lang='en')}\n"


def _text(child: Child) -> str:
    match child:
        case None:
            return ""
        case Markup():
            return child
        case str():
            return html.escape(_ODD.sub(_named, child))
        case int() | float():
            return str(child)
    return joined(*child)


def _attribute(pair: tuple[str, str | float | bool | None]) -> str:
    name, value = pair
    shown = name.rstrip("_").replace("_", "-")
    if value is None or value is False:
        return ""
    return f" {shown}" if value is True else f' {shown}="{_text(str(value))}"'


def _named(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
