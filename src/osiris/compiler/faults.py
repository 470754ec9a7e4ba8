"""What pydantic finds wrong with settings, in the house's words and without showing values."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from osiris.model.place import Path

_KINDS: dict[str, str] = {
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "dict_type": "must hold keys with values",
    "model_type": "must hold keys with values",
}
_QUOTE = {"string_type": "put the value in quotes"}


@dataclass(frozen=True)
class Fault:
    """One thing wrong.

    Attributes:
        kind: `unknown` and `missing` stand for keys, `value` for the rest.
        allowed: The words that are allowed, where there is a list of them.
        written: The word written, where there is a list of allowed ones.
    """

    path: Path
    kind: str
    message: str
    hint: str = ""
    allowed: tuple[str, ...] = ()
    written: str = ""


def faults(exc: ValidationError, written: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield one fault a place: of several readings of one value, as in `list or mapping`, only the first is told.

    Args:
        exc: What pydantic raised.
        written: What was validated; a path never leads to what isn't there.
    """
    told: set[Path] = set()
    for error in exc.errors(include_url=False):
        path = _inside(error["loc"], written)
        missing = error["type"] == "missing" and len(path) == len(error["loc"]) - 1
        where = (*path, str(error["loc"][-1])) if missing else path or _named(error["msg"], written)
        if where in told and error["type"] != "missing":
            continue
        told.add(where)
        yield _fault(error, where, path)


def _fault(error: Any, where: Path, path: Path) -> Fault:
    name = ".".join(str(part) for part in where)
    match error["type"]:
        case "missing":
            return Fault(path, "missing", name)
        case "extra_forbidden":
            return Fault(path, "unknown", str(where[-1]))
        case "literal_error" | "enum":
            allowed = str(error["ctx"]["expected"]).replace("'", "")
            words = tuple(allowed.replace(" or ", ", ").split(", "))
            return Fault(
                path, "value", f"`{name}` must be one of {allowed}", allowed=words, written=str(error["input"])
            )
        case "value_error" | "assertion_error":
            message = error["msg"].partition(", ")[2]
            return Fault(where, "value", f"`{name}`: {message}" if path else message)
        case kind:
            said = _KINDS.get(kind) or error["msg"].replace("Input should", "should")
            return Fault(path, "value", f"`{name}` {said}", hint=_QUOTE.get(kind, ""))


def _inside(loc: tuple[int | str, ...], written: Any) -> Path:
    """Return the part of pydantic's location that is in the document: names of types in a choice are not."""
    path: list[str | int] = []
    for step in loc:
        inside = dict(enumerate(written)) if isinstance(written, list) else written
        if isinstance(inside, dict) and step in inside:
            written = inside[step]
            path.append(step)
    return tuple(path)


def _named(message: str, written: Mapping[str, Any]) -> Path:
    """Return the setting that a message about the whole names first, if it names one."""
    places = {message.find(f"{quote}{key}{quote}"): key for key in written for quote in "'`"}
    first = min((at for at in places if at >= 0), default=-1)
    return (places[first],) if first >= 0 else ()
