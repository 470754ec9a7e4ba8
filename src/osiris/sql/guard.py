"""May this statement be sent to a database that nobody wants changed?

The gate is an allow-list over the syntax tree: one query, made of parts that are known to read only, calling
functions that are known to compute only. It stands in front of read-only sessions; it doesn't replace them.
"""

import re
from itertools import pairwise, zip_longest

from sqlglot import exp
from sqlglot.tokenizer_core import Token

from osiris.model.errors import StatementError
from osiris.sql import functions, parts
from osiris.sql.text import SPACES, Kind, Span, spans, where, without_comments
from osiris.sql.tree import Call, calls, tokens, trees


def read_only(sql: str, dialect: str) -> None:
    """Refuse everything but one query that reads tables and computes.

    Args:
        sql: The statement as it would be sent, with no placeholder left in it.
        dialect: `duckdb`, `sqlite`, `mysql` or `postgres`.

    Raises:
        StatementError: it is something else, or can't be understood; says what, where, why, and what to do.

    Example:
        >>> read_only("SELECT city, count(*) FROM customers GROUP BY city", "sqlite")
    """
    _check_text(sql, dialect)
    _check_start(sql, dialect)
    found = trees(sql, dialect)
    if len(found) != 1:
        raise _refused(f"it holds {len(found)} statements", "a query is one SELECT", "remove the other statements")
    _check_calls(sql, dialect)
    _check_tree(sql, dialect, found[0])


def _refused(what: str, why: str, hint: str, spot: str = "") -> StatementError:
    return StatementError(f"the query is refused: {what}", where=spot, why=why, hint=hint)


def _check_text(sql: str, dialect: str) -> None:
    """Refuse what two readers of the same characters might read differently."""
    if "\0" in sql:
        raise _refused(
            "it holds a NUL character", "some databases stop reading there", "remove it", where(sql, sql.index("\0"))
        )
    stretches = spans(sql, dialect)
    for span, after in zip_longest(stretches, stretches[1:]):
        if span.kind is Kind.COMMENT:
            _check_comment(sql, span)
        elif span.kind is Kind.CODE:
            _check_code(sql, span)
            if after is not None and re.search(r"(?<![\w$])[uU]&$", span.text) and dialect == "postgres":
                raise _refused(*parts.reason("UnicodeString"), where(sql, span.end - 2))
    _check_continued(sql, dialect)


def _check_continued(sql: str, dialect: str) -> None:
    """Refuse text with backslash escapes that goes on in further quotes: there, backslashes may escape or not."""
    plain = without_comments(sql, dialect)
    stretches = [s for s in spans(plain, dialect) if s.kind is not Kind.CODE or s.text.strip()]
    for span, after in pairwise(stretches):
        if dialect != "mysql" and span.kind is Kind.ESCAPED and after.kind is Kind.STRING:
            raise _refused("text goes on in a second pair of quotes", "databases disagree", "join them with `||`")


def _check_comment(sql: str, span: Span) -> None:
    if re.match(r"/\*\s*M?!|/\*\+", span.text):
        raise _refused(
            "it holds a comment that some databases run",
            "what stands in `/*! */` or `/*+ */` is code to them",
            "remove the comment",
            where(sql, span.start),
        )


def _check_code(sql: str, span: Span) -> None:
    for at, character in enumerate(span.text, span.start):
        plain = character in SPACES or " " <= character <= "~"
        if not plain and not (character.isalnum() and character.isprintable()):
            raise _refused(
                f"it holds the character U+{ord(character):04X} outside quotes",
                "databases disagree about what it means",
                "write a plain space, or put it into quotes",
                where(sql, at),
            )


def _check_start(sql: str, dialect: str) -> None:
    words = tokens(sql, dialect)
    _check_variables(sql, dialect, words)
    first = next((w for w in words if w.text != "("), None)
    if first is None:
        raise StatementError("the query is empty", hint="write one SELECT")
    if first.text.upper() not in parts.STARTS[dialect]:
        raise _refused(
            f"it starts with {first.text.upper()[:40]!r}",
            "only a query may run here",
            "write one SELECT; WITH may stand before it",
            where(sql, first.start),
        )


def _check_variables(sql: str, dialect: str, words: tuple[Token, ...]) -> None:
    """Refuse variables wherever they stand: sqlglot drops some of them from its tree."""
    for word in words:
        mark = sql[word.start]
        if mark == "@" and dialect in {"mysql", "sqlite"}:
            raise _refused(*parts.reason("Parameter"), where(sql, word.start))
        if mark == "$" and word.text.startswith("$") and len(word.text) > 1:
            raise _refused(*parts.reason("Placeholder"), where(sql, word.start))


def _check_calls(sql: str, dialect: str) -> None:
    for call in calls(sql, dialect):
        if call.quoted or (call.name not in parts.BEFORE_BRACKET and call.name not in functions.TYPES):
            _check_call(sql, dialect, call)


def _check_call(sql: str, dialect: str, call: Call) -> None:
    spot = where(sql, call.start)
    if call.method and dialect != "duckdb" and (dialect, call.owner) != ("postgres", "pg_catalog"):
        raise _refused(
            f"{call.name!r} is a function of a schema",
            "what it does is not known here",
            "use a built-in function",
            spot,
        )
    if not functions.allowed(call.name, dialect):
        raise _unknown_function(call.name, dialect, spot)
    if dialect == "mysql" and call.name in parts.NO_SPACE and call.apart:
        raise _refused(
            f"there is a space between {call.name!r} and its bracket",
            "MySQL takes that for a function of the user's own",
            "remove the space",
            spot,
        )


def _unknown_function(name: str, dialect: str, spot: str = "") -> StatementError:
    danger = functions.danger(name)
    if danger:
        return _refused(f"it calls {name!r}", f"that {danger}", "a query may only read tables and compute", spot)
    alike = functions.alike(name, dialect)
    hint = f"did you mean {' or '.join(repr(n) for n in alike)}?" if alike else "use a built-in function"
    return _refused(f"it calls {name!r}", f"no such function is known to be safe in {dialect}", hint, spot)


def _check_tree(sql: str, dialect: str, root: exp.Expr) -> None:
    for node in root.walk():
        kind = type(node).__name__
        if isinstance(node, exp.Select) and not node.expressions and not node.args.get("from_"):
            raise StatementError("the query selects nothing", hint="name the columns to select")
        if isinstance(node, exp.Summarize) and isinstance(node.this, exp.Literal):
            _check_file(dialect, [f"/{node.this.name}"])
        if isinstance(node, exp.Anonymous) and not functions.allowed(node.name, dialect):
            raise _unknown_function(node.name.lower(), dialect)
        if isinstance(node, exp.Table):
            _check_table(dialect, node)
        if isinstance(node, (exp.Table, exp.Lateral)) and isinstance(node.this, exp.Func):
            _check_row_maker(sql, dialect, node.this)
        if not _part_allowed(node, kind):
            what, why, hint = parts.reason(kind)
            raise _refused(what, why, hint, _spot(sql, node))


def _part_allowed(node: exp.Expr, kind: str) -> bool:
    return kind in parts.PARTS or (isinstance(node, exp.Func) and kind not in parts.ACTING)


def _spot(sql: str, node: exp.Expr) -> str:
    start = next((n.meta["start"] for n in node.walk() if "start" in n.meta), None)
    return "" if start is None else where(sql, start)


def _check_row_maker(sql: str, dialect: str, made: exp.Func) -> None:
    """Refuse a function in FROM that is safe elsewhere only."""
    start = made.meta.get("start", 0)
    name = re.sub(r"\W", "", sql[start : made.meta.get("end", -1) + 1])
    if dialect in functions.IN_FROM and name.lower() not in functions.IN_FROM[dialect]:
        raise _unknown_function(name.lower() or made.sql_name().lower(), dialect, where(sql, start))


def _check_table(dialect: str, table: exp.Table) -> None:
    identifiers = [part for part in table.parts if isinstance(part, exp.Identifier)]
    names = [part.name for part in identifiers]
    bare = len(names) == 1 and not identifiers[0].args.get("quoted")
    if bare and isinstance(table.parent, exp.Subquery) and names[0].lower().split()[0] in parts.STATEMENTS:
        raise _refused(f"it holds {names[0].upper()}", "only queries may stand in brackets", "write a SELECT there")
    if names:
        _check_file(dialect, names)
        _check_system(dialect, [name.lower() for name in names])


def _check_file(dialect: str, names: list[str]) -> None:
    whole = ".".join(names)
    named = any(parts.FILE_NAME.search(name) for name in names) or parts.FILE_ENDING.search(whole)
    if dialect == "duckdb" and named:
        raise _refused(
            f"{whole!r} would be read as a file", "a query reads tables", "read the file in a step of its own"
        )


def _check_system(dialect: str, names: list[str]) -> None:
    if parts.is_system(dialect, names) and not parts.system_allowed(dialect, names):
        raise _refused(
            f"it reads the system table {'.'.join(names)!r}",
            "such tables may show passwords, settings or other people's queries",
            "ask `osiris discover` for tables and columns",
        )
