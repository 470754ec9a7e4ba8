"""A statement as a syntax tree, or one error that says where it can't be read."""

import logging
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import ErrorLevel, ParseError, SqlglotError, TokenError
from sqlglot.tokenizer_core import Token

from osiris.model.errors import StatementError
from osiris.sql.pivot import with_tail
from osiris.sql.text import Kind, spans, where, without_comments

# What sqlglot can't parse, it says in the log before the guard refuses it: nobody needs to hear it twice.
logging.getLogger("sqlglot").addHandler(logging.NullHandler())

MOST_CHARACTERS = 1_000_000
MOST_NESTING = 30  # brackets inside brackets; sqlglot takes up to 28 Python frames for each, of 1 000


@lru_cache(maxsize=512)
def tokens(sql: str, dialect: str) -> tuple[Token, ...]:
    """Return the words of a statement; comments are no words.

    Raises:
        StatementError: the text is too long, nested too deeply, or can't be cut into words.
    """
    if len(sql) > MOST_CHARACTERS:
        raise StatementError(
            f"the query has {len(sql)} characters", why=f"at most {MOST_CHARACTERS} are read", hint="shorten it"
        )
    plain = without_comments(sql, dialect)
    try:
        words = tuple(Dialect.get_or_raise(dialect).tokenize(plain))
    except TokenError as exc:
        raise StatementError("the query can't be read", hint="check its quotes, numbers and brackets") from exc
    _check_nesting(sql, words)
    return words


@lru_cache(maxsize=512)
def trees(sql: str, dialect: str) -> tuple[exp.Expr, ...]:
    """Return one tree for each statement in the text. They are shared: nobody changes them.

    Raises:
        StatementError: the text is empty or can't be parsed, or not in one way only; says the line and the column.
    """
    words = list(tokens(sql, dialect))
    if not words:
        raise StatementError("the query is empty", hint="write one SELECT")
    plain = without_comments(sql, dialect)
    _check_agreement(plain, dialect, words)
    try:
        found = _parsed(with_tail(words) if dialect == "duckdb" else words, plain, dialect)
    except RecursionError as exc:
        raise StatementError("the query is nested too deeply", hint="split it, with WITH or into steps") from exc
    except ParseError as exc:
        raise _unreadable(exc) from exc
    except (SqlglotError, ValueError, AttributeError, TypeError, IndexError, KeyError, AssertionError) as exc:
        raise StatementError("the query can't be read", hint="check its syntax") from exc  # sqlglot's own slips
    return tuple(tree for tree in found if tree is not None)


def _parsed(words: list[Token], plain: str, dialect: str) -> list[exp.Expr | None]:
    """Parse, with a stack of its own where the caller's is too full: how deep a query may be depends on nobody."""
    parser = Dialect.get_or_raise(dialect).parser(error_level=ErrorLevel.IMMEDIATE)
    try:
        return list(parser.parse(words, plain))
    except RecursionError:
        with ThreadPoolExecutor(max_workers=1) as fresh:
            return list(fresh.submit(parser.parse, words, plain).result())


def tree(sql: str, dialect: str) -> exp.Expr:
    """Return the tree of the one statement in the text; it is shared, so nobody changes it.

    Raises:
        StatementError: it can't be parsed, or there is not exactly one.
    """
    found = trees(sql, dialect)
    if len(found) != 1:
        raise StatementError(f"the query holds {len(found)} statements", hint="write one SELECT, with no `;` inside")
    return found[0]


@dataclass(frozen=True)
class Call:
    """A name before an opening bracket that may call a function.

    Attributes:
        name: In lower case, without quotes.
        quoted: True where it stands in quotes, so that it is no keyword.
        start: Offset of its first character.
        owner: The word before its point, in lower case; empty where there is none.
        method: True where it follows a point.
        apart: True where something stands between the name and its bracket.
    """

    name: str
    quoted: bool
    start: int
    owner: str
    method: bool
    apart: bool


@lru_cache(maxsize=512)
def calls(sql: str, dialect: str) -> tuple[Call, ...]:
    """Return every name before a bracket, except those that declare: `WITH x (a, b) AS`, `AS x (a, b)`.

    Words are looked at, not the tree: whatever a parser makes of them, a database may see a call.

    Raises:
        StatementError: the query can't be parsed.
    """
    declared = {
        alias.this.meta.get("start")
        for root in trees(sql, dialect)
        for alias in root.find_all(exp.TableAlias)
        if isinstance(alias.this, exp.Identifier) and _names_columns(sql, dialect, alias)
    }
    words = tokens(sql, dialect)
    found = []
    for at, (word, after) in enumerate(pairwise(words)):
        if after.text == "(" and after.start not in declared and word.start not in declared and _is_name(sql, word):
            method = at > 0 and words[at - 1].text == "."
            owner = words[at - 2].text.lower() if method and at > 1 else ""
            quoted = sql[word.start] in '"`['
            found.append(Call(word.text.lower(), quoted, word.start, owner, method, after.start > word.end + 1))
    return tuple(found)


def _names_columns(sql: str, dialect: str, alias: exp.TableAlias) -> bool:
    """Say whether an alias has a list of names behind it, and nothing but names."""
    columns = alias.args.get("columns") or ()
    names = [column.this if isinstance(column, exp.ColumnDef) else column for column in columns]
    marks = "`_" if dialect == "mysql" else '"`[_'
    begins = [sql[n.meta["start"]] for n in names if isinstance(n, exp.Identifier) and "start" in n.meta]
    return 0 < len(names) == len(begins) and all(begin.isalpha() or begin in marks for begin in begins)


def _is_name(sql: str, word: Token) -> bool:
    """Say whether a word may name a function; words of two, such as GROUPING SETS, are keywords."""
    first = sql[word.start]
    return first in '"`[' or ((first.isalpha() or first in "_@") and " " not in word.text)


def _check_agreement(plain: str, dialect: str, words: list[Token]) -> None:
    """Refuse a text that sqlglot cuts otherwise than we do: then one of the two is not what the database reads."""
    begins = {word.end + 1: word.start for word in words}
    quoted = [span for span in spans(plain, dialect) if span.kind not in {Kind.CODE, Kind.COMMENT}]
    apart = [span.start for span in quoted if begins.get(span.end, len(plain)) > span.start]
    at = 0
    for word in words:
        apart += [at] if plain[at : word.start].strip() else []
        at = word.end + 1
    if apart or plain[at:].strip():
        raise StatementError(
            "the query can't be read in one way only",
            where=where(plain, min(apart, default=at)),
            hint="check its quotes and comments there",
        )


def _check_nesting(sql: str, words: tuple[Token, ...]) -> None:
    depth = 0
    for word in words:
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(word.text, 0)
        if depth > MOST_NESTING:
            raise StatementError(
                f"the query has more than {MOST_NESTING} brackets inside each other",
                where=where(sql, word.start),
                hint="split it, with WITH or into steps",
            )


def _unreadable(exc: ParseError) -> StatementError:
    """Turn the parser's complaint into ours, with its place."""
    first = exc.errors[0] if exc.errors else {}
    word = first.get("highlight") or ""
    line, column = first.get("line"), first.get("col") or 1
    reason = re.sub(r"\x1b\[[0-9;]*m", "", first.get("description") or "").strip().split("\n", 1)[0].rstrip(".")
    return StatementError(
        f"the query can't be read at {word!r}" if word.strip() else "the query can't be read",
        where=f"line {line}, column {max(1, column - len(word) + 1)}" if line else "",
        why="something is missing there" if reason.startswith("Required keyword") else reason,
        hint="check its syntax just before that place",
    )
