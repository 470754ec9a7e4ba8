"""Typed parameters as literals of a dialect: `${params.since}` becomes `DATE '2025-01-01'`.

No value can end the literal it is written into, whatever it holds; what can't be written that way is an error.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from math import isfinite

from osiris.model.errors import StatementError
from osiris.model.nearest import nearest
from osiris.model.oml import ParamType
from osiris.sql.text import Kind, Span, spans, where, without_comments

PARAM = re.compile(r"\$\{params\.([^{}\s]+)\}")
_BITS = {"sqlite": 63, "duckdb": 127, "mysql": 215, "postgres": 14_000}  # a wider integer may become a float
_DIGITS = {"duckdb": (38, 38), "mysql": (65, 30)}  # of a decimal number, in all and behind the point


@dataclass(frozen=True)
class ParamValue:
    """A value and the type that the pipeline gives it."""

    type: ParamType
    value: str | int | Decimal | float | bool | date | datetime


def names_in(text: str) -> tuple[str, ...]:
    """Return the parameters that a text uses, each once, in order of their first use.

    Example:
        >>> names_in("a = ${params.x} AND b = ${params.y} OR c = ${params.x}")
        ('x', 'y')
    """
    return tuple(dict.fromkeys(PARAM.findall(text)))


def fill(sql: str, values: Mapping[str, ParamValue], dialect: str) -> str:
    """Return the statement with every `${params.x}` replaced.

    Between words a parameter becomes a literal of its type; inside quoted text it becomes text, escaped for those
    quotes; inside a comment it stays.

    Raises:
        StatementError: no parameter has that name; it stands in a quoted name or touches a word; or its value can't
            be written in this dialect. The message never shows the value.

    Example:
        >>> fill("SELECT ${params.name}", {"name": ParamValue("string", "O'Hara")}, "duckdb")
        "SELECT 'O''Hara'"
    """
    if not PARAM.search(sql):
        return sql
    return "".join(_filled(sql, span, values, dialect) for span in spans(sql, dialect))


def text_of(given: ParamValue) -> str:
    """Return a value as it stands inside a longer text.

    Example:
        >>> text_of(ParamValue("boolean", True))
        'true'
    """
    value = given.value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value)


def _filled(sql: str, span: Span, values: Mapping[str, ParamValue], dialect: str) -> str:
    """Return one stretch with its parameters replaced."""

    def replacement(found: re.Match[str]) -> str:
        name, start, end = found.group(1), span.start + found.start(), span.start + found.end()
        spot = where(sql, start)
        given = _value(name, values, spot)
        if span.kind is Kind.CODE:
            _check_neighbours(sql, name, start, end, dialect)
            return _literal(name, given, dialect, spot)
        return _inside(span, found, given, spot)

    return span.text if span.kind is Kind.COMMENT else PARAM.sub(replacement, span.text)


def _value(name: str, values: Mapping[str, ParamValue], spot: str) -> ParamValue:
    if name in values:
        return values[name]
    alike = nearest(name, values)
    hint = f"did you mean {' or '.join(f'`${{params.{n}}}`' for n in alike)}?" if alike else "add it under `params`"
    raise StatementError(f"there is no parameter {name!r}", where=spot, hint=hint)


def _check_neighbours(sql: str, name: str, start: int, end: int, dialect: str) -> None:
    """Refuse a parameter that touches a word, or text before or after it: together they would mean something else.

    `e${params.x}` would become text with backslash escapes, and two literals may be read as one.
    """
    plain = without_comments(sql, dialect)
    ahead, behind = plain[:start], plain[end:]
    word = re.search(r"(?:[\w$@#\"`\]]|[uU]&)$", ahead) or re.match(r"[\w$\"`]|\[(?!\d)", behind)
    text = ahead.rstrip().endswith(("'", "$")) or behind.lstrip().startswith(("'", "$"))
    if word or text:
        raise StatementError(
            f"the parameter {name!r} stands too close to what is beside it",
            where=where(sql, start),
            hint="a parameter stands alone, as a value; write the whole value into it",
        )


def _literal(name: str, given: ParamValue, dialect: str, spot: str) -> str:
    """Return a value as a literal of its own."""
    value = given.value
    if isinstance(value, bool):
        return _boolean(value, dialect)
    if isinstance(value, int):
        return _integer(name, value, dialect, spot)
    if isinstance(value, (Decimal, float)):
        return _number(name, value, dialect, spot)
    if isinstance(value, date):
        return _moment(name, value, dialect, spot)
    return _text(_clean(name, value, spot), dialect)


def _boolean(value: bool, dialect: str) -> str:  # noqa: FBT001 - it is the value itself
    if dialect == "sqlite":
        return "1" if value else "0"
    return "TRUE" if value else "FALSE"


def _integer(name: str, value: int, dialect: str, spot: str) -> str:
    if (value if value >= 0 else -value - 1).bit_length() > _BITS[dialect]:
        raise StatementError(
            f"the value of {name!r} is too large for an integer of {dialect}",
            where=spot,
            hint="give a smaller value",
        )
    return _signed(str(value))


def _number(name: str, value: Decimal | float, dialect: str, spot: str) -> str:
    if not (value.is_finite() if isinstance(value, Decimal) else isfinite(value)):
        raise StatementError(
            f"the value of {name!r} is no finite number", where=spot, hint="SQL has no literal for it; give a number"
        )
    if isinstance(value, float):
        return _signed(repr(value))
    if not _is_kept(value, dialect):
        raise StatementError(
            f"the value of {name!r} has more digits than a number of {dialect} keeps",
            where=spot,
            hint="give fewer digits, or make the parameter a string and cast it in SQL",
        )
    return _signed(format(value, "f"))


def _is_kept(value: Decimal, dialect: str) -> bool:
    """Return whether a database reads a decimal number as it is written."""
    if dialect == "sqlite":
        return Decimal(repr(float(value))) == value
    whole, _, fraction = format(value, "f").lstrip("-").partition(".")
    most, most_behind = _DIGITS.get(dialect, (len(whole + fraction), len(fraction)))
    digits = whole if dialect == "duckdb" and fraction else whole.lstrip("0")  # DuckDB counts the 0 before a point
    return len(digits + fraction) <= most and len(fraction) <= most_behind


def _signed(digits: str) -> str:
    """Put a negative number into brackets: after a minus, its own would begin a comment."""
    return f"({digits})" if digits.startswith("-") else digits


def _moment(name: str, value: date | datetime, dialect: str, spot: str) -> str:
    aware = isinstance(value, datetime) and value.tzinfo is not None
    text = text_of(ParamValue("timestamp", value))
    if dialect == "sqlite":
        return f"'{text}'"
    if aware and dialect == "mysql":
        raise StatementError(
            f"the value of {name!r} has an offset from UTC, which a MySQL timestamp has not",
            where=spot,
            hint="write the time without an offset, in the time zone of the data",
        )
    if not isinstance(value, datetime):
        return f"DATE '{text}'"
    return f"TIMESTAMPTZ '{text}'" if aware else f"TIMESTAMP '{text}'"


def _text(value: str, dialect: str) -> str:
    doubled = value.replace("'", "''")
    if "\\" in value and dialect in {"mysql", "postgres"}:
        escaped = doubled.replace("\\", "\\\\")
        return f"'{escaped}'" if dialect == "mysql" else f"E'{escaped}'"
    return f"'{doubled}'"


def _inside(span: Span, found: re.Match[str], given: ParamValue, spot: str) -> str:
    """Return a value as text for the quotation that it stands in."""
    name = found.group(1)
    if span.kind is Kind.NAME:
        raise StatementError(
            f"the parameter {name!r} stands in a quoted name", where=spot, hint="a parameter is a value, never a name"
        )
    text = _clean(name, text_of(given), spot)
    if span.kind is Kind.DOLLAR:
        return _in_dollars(name, text, spot)
    if span.kind is Kind.ESCAPED:
        _check_escape(span.text[: found.start()], name, spot)
        text = text.replace("\\", "\\\\")
    quote = span.text[-1]
    return text.replace(quote, quote * 2)


def _check_escape(ahead: str, name: str, spot: str) -> None:
    """Refuse a parameter behind a lone backslash, which would take the value's first character for its own."""
    if (len(ahead) - len(ahead.rstrip("\\"))) % 2:
        raise StatementError(
            f"the parameter {name!r} stands behind a backslash", where=spot, hint="double the backslash, or remove it"
        )


def _in_dollars(name: str, text: str, spot: str) -> str:
    if "$" in text:
        raise StatementError(
            f"the value of {name!r} holds a `$`, which may end the text around it",
            where=spot,
            hint="write the text in single quotes",
        )
    return text


def _clean(name: str, text: str, spot: str) -> str:
    if "\0" in text or re.search("[\ud800-\udfff]", text):
        raise StatementError(
            f"the value of {name!r} holds a character that is no text",
            where=spot,
            hint="remove NUL and lone surrogates",
        )
    return text
