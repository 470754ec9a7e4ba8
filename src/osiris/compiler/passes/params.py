"""What each parameter's value is, and whether it may be that."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from osiris.compiler.draft import Draft
from osiris.model.diagnostics import Diagnostic
from osiris.model.oml import Param, ParamType
from osiris.model.place import Path
from osiris.sql.literals import ParamValue, text_of

_WANTED: dict[ParamType, str] = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "date": "a date such as 2025-01-31",
    "timestamp": "a timestamp such as 2025-01-31T08:30:00",
}
_INTEGER = re.compile(r"[-+]?[0-9]{1,1000}\Z")
_NUMBER = re.compile(r"[-+]?(?:[0-9]{1,1000}\.?[0-9]{0,1000}|\.[0-9]{1,1000})(?:[eE][-+]?[0-9]{1,3})?\Z")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_BELOW_MICROSECONDS = re.compile(r"[.,][0-9]{6}[0-9]*[1-9]")  # which Python cuts off
MASKED = "***"
_SHOWN = 40  # characters of a wrong value that are repeated


def params(draft: Draft) -> Draft:
    """Give each parameter its value: command line over environment over profile over default.

    All faults are found, those of values that another one covers included.
    """
    found = [*_unknown(draft), *_profile(draft)]
    values: dict[str, ParamValue] = {}
    for name, param in draft.params.items():
        wrong = [*_written(draft, name, param)]
        value, faults = _value(draft, name, param)
        found += [*wrong, *faults]
        if value is not None:
            values[name] = value
    secret = frozenset(text_of(v) for name, v in values.items() if draft.params[name].sensitive and text_of(v))
    return draft.but(found, values=values, secrets=draft.secrets | secret)


def _unknown(draft: Draft) -> Iterator[Diagnostic]:
    for name in sorted(draft.given.params):
        if name not in draft.params:
            yield draft.unknown(
                "OSR-PAR-001", f"the pipeline has no parameter {name!r}", ("params",), name, draft.params,
                why="--param gives it a value", hint="" if draft.params else "leave --param out",
            )  # fmt: skip


def _profile(draft: Draft) -> Iterator[Diagnostic]:
    chosen = draft.given.profile
    if chosen and chosen not in draft.profiles and not draft.document.root.find(("profiles", chosen)):
        yield draft.unknown(
            "OSR-PAR-002", f"the pipeline has no profile {chosen!r}", ("profiles",), chosen, draft.profiles,
            hint="" if draft.profiles else "leave --profile out, or add it under `profiles`",
        )  # fmt: skip
    for name, profile in draft.profiles.items():
        for key in profile.params:
            if key not in draft.params:
                yield draft.unknown(
                    "OSR-PAR-003",
                    f"there is no parameter {key!r}",
                    ("profiles", name, "params", key),
                    key,
                    draft.params,
                )


def _written(draft: Draft, name: str, param: Param) -> Iterator[Diagnostic]:
    """Check what the file says about a parameter, whichever of it is used."""
    path: Path = ("params", name)
    for key in ("minimum", "maximum"):
        bound = getattr(param, key)
        if bound is not None:
            if param.type in ("string", "boolean"):
                yield draft.say("OSR-PAR-004", f"a {param.type} has no `{key}`", (*path, key), hint="leave it out")
            else:
                yield from _read(draft, name, param, bound, (*path, key))[1]
    for index, value in enumerate(param.values):
        yield from _read(draft, name, param, value, (*path, "values", index))[1]
    if param.default is not None:
        yield from _checked(draft, name, param, param.default, (*path, "default"))[1]
    for profile, body in draft.profiles.items():
        if name in body.params:
            yield from _checked(draft, name, param, body.params[name], ("profiles", profile, "params", name))[1]


def _value(draft: Draft, name: str, param: Param) -> tuple[ParamValue | None, list[Diagnostic]]:
    given = draft.given
    exported = given.exported_params.get(name.lower().replace("-", "_"))
    chosen = draft.profiles.get(given.profile)
    for text, origin in (
        (given.params.get(name), f"--param {name}"),
        (exported, f"OSIRIS_PARAM_{name.upper().replace('-', '_')}"),
    ):
        if text is not None:
            return _checked(draft, name, param, text, ("params", name), origin=origin)
    if chosen and name in chosen.params:
        return _checked(draft, name, param, chosen.params[name], ())[0], []
    if param.default is not None:
        return _checked(draft, name, param, param.default, ())[0], []
    if name in draft.faulty_params:
        return None, []
    missing = draft.say(
        "OSR-PAR-005",
        f"the parameter {name!r} has no value",
        ("params", name),
        hint=f"give --param {name}=…, or a default",
    )
    return None, [missing]


def _checked(
    draft: Draft, name: str, param: Param, raw: Any, path: Path, *, origin: str = ""
) -> tuple[ParamValue | None, list[Diagnostic]]:
    """Return a value of the right type and within bounds, or what is wrong with it."""
    value, found = _read(draft, name, param, raw, path, origin=origin)
    if value is None:
        return None, found
    reason = _outside(param, value)
    if not reason:
        return value, []
    shown = "" if param.sensitive else f" {_cut(raw)}"
    message = f"the value{shown} of {name!r}{f' from {origin}' if origin else ''} is {reason}"
    return None, [draft.say("OSR-PAR-007", message, path, hint="give a value that is allowed")]


def _read(
    draft: Draft, name: str, param: Param, raw: Any, path: Path, *, origin: str = ""
) -> tuple[ParamValue | None, list[Diagnostic]]:
    value = typed(param.type, raw)
    if value is not None:
        return ParamValue(param.type, value), []
    shown = "" if param.sensitive else f" {_cut(raw)}"
    message = f"the value{shown} of {name!r}{f' from {origin}' if origin else ''} is not {_WANTED[param.type]}"
    hint = "put it in quotes" if param.type == "string" else f"write {_WANTED[param.type]}"
    return None, [draft.say("OSR-PAR-006", message, path, hint=hint)]


def _cut(raw: Any) -> str:
    text = repr(raw)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _outside(param: Param, value: ParamValue) -> str:
    """Return how a value breaks the parameter's rules; empty where it keeps them."""
    allowed = [typed(param.type, one) for one in param.values]
    if allowed and value.value not in allowed:
        return "" if None in allowed else f"none of {', '.join(str(one) for one in param.values)}"
    for bound, below, word in ((param.minimum, False, "less"), (param.maximum, True, "more")):
        limit = None if bound is None else typed(param.type, bound)
        if limit is not None and param.type not in ("string", "boolean") and _beyond(value.value, limit, below=below):
            return f"{word} than {bound}"
    return ""


def _beyond(value: Any, limit: Any, *, below: bool) -> bool:
    """Return whether a value lies on the wrong side of its limit; one with and one without a zone can't be told."""
    if isinstance(value, datetime) and (value.tzinfo is None) != (limit.tzinfo is None):
        limit = limit.replace(tzinfo=value.tzinfo)
    return bool(value > limit if below else value < limit)


def typed(kind: ParamType, raw: Any) -> str | int | Decimal | bool | date | datetime | None:
    """Return a value, written as text or as YAML's own kind, as one of the type; None where it is none.

    Example:
        >>> typed("date", "2025-01-31")
        datetime.date(2025, 1, 31)
    """
    if isinstance(raw, bool):
        return raw if kind == "boolean" else None
    try:
        return _READERS[kind](raw) if isinstance(raw, str) else _from_number(kind, raw)
    except ValueError:
        return None


def _from_number(kind: ParamType, raw: float) -> int | Decimal | None:
    if kind == "number":
        return _number(str(raw))
    return raw if kind == "integer" and isinstance(raw, int) else None


def _number(text: str) -> Decimal | None:
    return Decimal(text) if _NUMBER.match(text) else None


def _integer(text: str) -> int | None:
    return int(text) if _INTEGER.match(text) else None


def _date(text: str) -> date | None:
    return date.fromisoformat(text) if _DATE.match(text) else None


def _timestamp(text: str) -> datetime | None:
    return None if _BELOW_MICROSECONDS.search(text) else datetime.fromisoformat(text)


_READERS: dict[ParamType, Callable[[str], str | int | Decimal | bool | date | datetime | None]] = {
    "string": str,
    "integer": _integer,
    "number": _number,
    "boolean": lambda text: {"true": True, "false": False}.get(text.lower()),
    "date": _date,
    "timestamp": _timestamp,
}


def as_json(value: ParamValue) -> Any:
    """Return a value as a setting that is nothing else: numbers and truth stay what they are, the rest is text."""
    match value.value:
        case bool() | int():
            return value.value
        case Decimal() | float():
            whole = value.value == int(value.value)
            return int(value.value) if whole else float(value.value)
        case _:
            return text_of(value)


def shown(draft: Draft) -> Mapping[str, str]:
    """Return the values used, as text, sensitive ones as `***`."""
    return {
        name: MASKED if draft.params[name].sensitive else text_of(value) for name, value in sorted(draft.values.items())
    }
