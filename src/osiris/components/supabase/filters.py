"""Conditions as PostgREST writes them, and the same in SQL."""

import re
from typing import Any

from osiris.components.postgres.session import literal, quoted

_COMPARING = {
    "eq": "=",
    "neq": "<>",
    "gt": ">",
    "gte": ">=",
    "lt": "<",
    "lte": "<=",
    "like": "LIKE",
    "ilike": "ILIKE",
}
_FORM = re.compile(r"(?P<not>not\.)?(?P<operator>[a-z]+)\.(?P<operand>.*)\Z", re.DOTALL)
_ITEM = re.compile(r'\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^,"]*?))\s*(?:,|\Z)')
_IS = frozenset({"null", "true", "false", "unknown"})


def as_written(condition: Any) -> str:
    """Return a condition as PostgREST writes it; a value alone means that the column equals it."""
    if condition is None:
        return "is.null"
    if isinstance(condition, bool):
        return f"is.{str(condition).lower()}"
    return str(condition) if isinstance(condition, str) else f"eq.{condition}"


def must_be_a_filter(condition: Any) -> None:
    """Refuse what is no condition.

    Raises:
        ValueError: it isn't.
    """
    _parts(as_written(condition))


def as_sql(column: str, condition: Any) -> str:
    """Return a condition on a column in SQL.

    Example:
        >>> print(as_sql("status", "not.in.(new,paid)"))
        NOT ("status" IN ('new', 'paid'))
    """
    negated, operator, operand = _parts(as_written(condition))
    name = quoted(column)
    if operator == "is":
        said = f"{name} IS {operand.upper()}"
    elif operator == "in":
        said = f"{name} IN ({', '.join(literal(item) for item in _items(operand))})"
    else:
        text = operand.replace("*", "%") if operator in {"like", "ilike"} else operand
        said = f"{name} {_COMPARING[operator]} {literal(text)}"
    return f"NOT ({said})" if negated else said


def _parts(condition: str) -> tuple[bool, str, str]:
    found = _FORM.match(condition)
    operator, operand = (found["operator"], found["operand"]) if found else ("", "")
    known = (
        operator in _COMPARING
        or (operator == "is" and operand in _IS)
        or (operator == "in" and operand.startswith("(") and operand.endswith(")") and bool(_items(operand)))
    )
    if not found or not known:
        raise ValueError(
            f"{condition!r} is no condition; write such as eq.paid, neq.5, gte.2024-01-01, like.Br*, in.(a,b), is.null"
        )
    return found["not"] is not None, operator, operand


def _items(operand: str) -> list[str]:
    """Return the values of a list in brackets."""
    text, at, items = operand[1:-1], 0, []
    while at < len(text) and (found := _ITEM.match(text, at)):
        value = found["quoted"]
        items.append(re.sub(r"\\(.)", r"\1", value) if value is not None else found["plain"])
        at = found.end()
    return items
