"""Statements in colours."""

import re
from collections.abc import Iterator

from osiris.model.errors import StatementError
from osiris.observe.html.markup import Child, Markup, el
from osiris.sql.text import Kind, spans

_CLASSES = {
    Kind.STRING: "text",
    Kind.ESCAPED: "text",
    Kind.DOLLAR: "text",
    Kind.NAME: "name",
    Kind.COMMENT: "note",
}
_WORDS = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|\d+(?:\.\d+)?|[^A-Za-z_\d]+|.", re.DOTALL)
_KEYS = frozenset({
    "all", "and", "any", "as", "asc", "between", "by", "case", "cast", "create", "cross", "desc", "distinct", "else",
    "end", "except", "exists", "false", "filter", "from", "full", "group", "having", "if", "ilike", "in", "inner",
    "insert", "intersect", "into", "is", "join", "lateral", "left", "like", "limit", "natural", "not", "null",
    "offset", "on", "or", "order", "outer", "over", "partition", "primary", "key", "qualify", "right", "select",
    "table", "then", "true", "union", "unique", "update", "using", "values", "view", "when", "where", "window", "with",
})  # fmt: skip


_SPOKEN = {"mysql": "mysql", "postgres": "postgres", "supabase": "postgres", "sqlite": "sqlite"}


def dialect_of(component: str) -> str:
    """Return which SQL a component speaks."""
    return _SPOKEN.get(component.partition(".")[0], "duckdb")


def coloured(statement: str, dialect: str) -> Markup:
    """Return a statement as a block; one that can't be read stays as it is."""
    try:
        parts: list[Child] = [part for span in spans(statement, dialect) for part in _span(span.kind, span.text)]
    except StatementError:
        parts = [statement]
    return el("pre", el("code", *parts), class_="sql", tabindex=0)


def _span(kind: Kind, text: str) -> Iterator[Child]:
    if kind is not Kind.CODE:
        yield el("span", text, class_=_CLASSES[kind])
        return
    for word in _WORDS.findall(text):
        if word.lower() in _KEYS:
            yield el("span", word, class_="key")
        elif word[0].isdigit():
            yield el("span", word, class_="num")
        else:
            yield word
