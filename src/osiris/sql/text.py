"""Where strings, quoted names and comments lie in a statement, before anybody parses it.

Everything that trusts a statement stands on this reading: the guard, so that a comment can't hide what a server
would run, and the literals, so that a value lands inside the quotes that its author meant.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from osiris.model.errors import StatementError

NESTING = frozenset({"duckdb", "postgres"})  # dialects where a comment may hold another
SPACES = " \t\n\r\f"


class Kind(Enum):
    """What a stretch of a statement is."""

    CODE = "code"
    STRING = "text"
    ESCAPED = "text with backslash escapes"
    DOLLAR = "dollar-quoted text"
    NAME = "a quoted name"
    COMMENT = "a comment"


@dataclass(frozen=True)
class Span:
    """One stretch, quotes and comment marks included.

    Attributes:
        start: Offset of its first character, from 0.
        end: Offset behind its last character.
    """

    kind: Kind
    start: int
    end: int
    text: str


def place(sql: str, offset: int) -> tuple[int, int]:
    """Return line and column of an offset, both from 1."""
    before = sql[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def where(sql: str, offset: int) -> str:
    """Return the place of an offset as an error shows it."""
    line, column = place(sql, offset)
    return f"line {line}, column {column}"


@lru_cache(maxsize=512)
def spans(sql: str, dialect: str) -> tuple[Span, ...]:
    """Return the stretches of a statement, in order and without gaps.

    Raises:
        StatementError: a string, a quoted name or a comment has no end.

    Example:
        >>> [s.text for s in spans("SELECT 'a' -- b", "sqlite") if s.kind is not Kind.CODE]
        ["'a'", '-- b']

    Source: the lexical chapters of the manuals of MySQL 8.4, PostgreSQL 17, SQLite 3.50 and DuckDB 1.4.
    """
    found: list[Span] = []
    begin = 0
    for span in _marked(sql, dialect):
        if span.start > begin:
            found.append(Span(Kind.CODE, begin, span.start, sql[begin : span.start]))
        found.append(span)
        begin = span.end
    if begin < len(sql):
        found.append(Span(Kind.CODE, begin, len(sql), sql[begin:]))
    return tuple(found)


def without_comments(sql: str, dialect: str) -> str:
    """Return the statement with every comment turned into spaces, so that all offsets stay."""
    return "".join(
        re.sub(r"[^\r\n]", " ", span.text) if span.kind is Kind.COMMENT else span.text for span in spans(sql, dialect)
    )


def _marked(sql: str, dialect: str) -> Iterator[Span]:
    """Give the stretches that are not plain code."""
    opens = _OPENS[dialect]
    at = 0
    while found := opens.search(sql, at):
        kind, end = _end(sql, found, dialect)
        if end < 0:
            raise StatementError(
                f"there is {kind.value} without an end",
                where=where(sql, found.start()),
                hint="close it, or remove what opens it",
            )
        yield Span(kind, found.start(), end, sql[found.start() : end])
        at = end


def _end(sql: str, opening: re.Match[str], dialect: str) -> tuple[Kind, int]:
    """Return what an opening mark opens, and where that ends; -1 where it does not."""
    mark = opening.group().lower()
    if mark.startswith(("--", "#")):
        newline = _LINE_END[dialect].search(sql, opening.end())
        return Kind.COMMENT, newline.start() if newline else len(sql)
    if mark == "/*":
        return Kind.COMMENT, _comment_end(sql, opening.end(), nesting=dialect in NESTING)
    if mark.startswith("$"):
        return Kind.DOLLAR, _after(sql, opening.group(), opening.end())
    quote = mark[-1]
    kind = _quoted(mark, dialect)
    close = "]" if quote == "[" else quote
    return kind, _quote_end(sql, close, opening.end(), escapes=kind is Kind.ESCAPED)


def _quoted(mark: str, dialect: str) -> Kind:
    if dialect == "mysql" and mark in {"'", '"'}:
        return Kind.ESCAPED
    if mark[-1] == "'":
        return Kind.ESCAPED if len(mark) > 1 else Kind.STRING
    return Kind.NAME


def _after(sql: str, mark: str, at: int) -> int:
    found = sql.find(mark, at)
    return -1 if found < 0 else found + len(mark)


def _comment_end(sql: str, at: int, *, nesting: bool) -> int:
    depth = 1
    for found in re.compile(r"/\*|\*/").finditer(sql, at):
        if found.group() == "*/":
            depth -= 1
        elif nesting:
            depth += 1
        if depth == 0:
            return found.end()
    return -1


def _quote_end(sql: str, close: str, at: int, *, escapes: bool) -> int:
    """Return where a quotation ends: a doubled mark stands for itself, except a bracket."""
    while at < len(sql):
        if escapes and sql[at] == "\\":
            at += 2
        elif sql[at] != close:
            at += 1
        elif close != "]" and sql.startswith(close, at + 1):
            at += 2
        else:
            return at + 1
    return -1


_TAG = r"(?<![\w$])\$(?:[^\W\d]\w*)?\$"  # a `$` inside a name opens nothing
_ESCAPE_STRING = r"(?<![\w$])[eE]'"
_OPENS = {
    "duckdb": re.compile(rf"--|/\*|{_TAG}|{_ESCAPE_STRING}|['\"`]"),
    "postgres": re.compile(rf"--|/\*|{_TAG}|{_ESCAPE_STRING}|['\"]"),
    "sqlite": re.compile(r"--|/\*|['\"`\[]"),
    "mysql": re.compile(r"--(?=[\x00-\x20\x7f]|$)|#|/\*|['\"`]"),
}
_LINE_END = {
    "duckdb": re.compile("[\r\n]"),
    "postgres": re.compile("[\r\n]"),
    "sqlite": re.compile("\n"),
    "mysql": re.compile("\n"),
}
