"""JSON as it is written: a number keeps its digits, and what JSON does not allow is refused."""

import json
from typing import Any

Record = dict[str, Any]


class Digits(str):
    """A number with a fraction or an exponent, as it is written: it never was a float."""

    __slots__ = ()


class NotJson(ValueError):
    """What Python's parser takes and JSON does not allow, or does not mean."""


def _object(pairs: list[tuple[str, Any]]) -> Record:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise NotJson(f"an object has {next(n for n in names if names.count(n) > 1)!r} twice")
    return found


def _no_constant(word: str) -> Any:
    raise NotJson(f"there is no {word} in JSON")


DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=Digits, parse_constant=_no_constant)


def must_be_whole(value: Any, text: str) -> None:
    """Refuse texts that hold half a character, which can't be encoded.

    Raises:
        UnicodeEncodeError: one does.
    """
    if "\\ud" in text or "\\uD" in text:
        json.dumps(value, ensure_ascii=False).encode()


def complaint(exc: Exception) -> str:
    """Return what is wrong with a text that should have been JSON."""
    match exc:
        case NotJson():
            return str(exc)
        case json.JSONDecodeError() if exc.pos >= len(exc.doc.rstrip()):
            return "the object has no end; it may be cut short, or one object stands on several lines"
        case json.JSONDecodeError():
            return f"this is not JSON: {exc.msg[0].lower()}{exc.msg[1:]}"
        case UnicodeEncodeError():
            return "a text holds half a character: one surrogate without the other"
        case RecursionError():
            return "objects are nested too deep"
        case _:  # Python's own limit
            return "a number has too many digits"
