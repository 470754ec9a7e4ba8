"""JSON values as Arrow arrays of a type that was settled: exactly, or not at all."""

from itertools import accumulate, chain
from json.encoder import encode_basestring
from typing import Any

import pyarrow as pa

from osiris.kit.cells import Array
from osiris.kit.json_shape import fits_double
from osiris.kit.json_text import Digits
from osiris.kit.text_types import loosely

_NOTHING = type(None)


class Unfit(ValueError):
    """A value is not of the type."""


def array_of(values: list[Any], kind: Any) -> Array:
    """Return values as an array of a type that `Shape` gives; a key that is missing in an object is NULL.

    Raises:
        Unfit: one is of another type, or an object has a key that the type doesn't have.
    """
    kinds = set(map(type, values)) - {_NOTHING}
    if pa.types.is_string(kind):
        return pa.array(values if kinds <= {str} else [_text(value) for value in values], kind)
    if pa.types.is_struct(kind):
        return _structs(_only(values, kinds, dict), kind)
    if pa.types.is_list(kind):
        return _lists(_only(values, kinds, list), kind)
    if pa.types.is_floating(kind):
        return _doubles(values, kinds, kind)
    try:
        return pa.array(_only(values, kinds, bool if pa.types.is_boolean(kind) else int), kind)
    except (OverflowError, pa.ArrowInvalid) as exc:
        raise Unfit(str(exc)) from exc


def declared_array(values: list[Any], kind: pa.DataType) -> Array:
    """Return values as an array of a type that the author gives, read from their text.

    Raises:
        Unfit: one can't be read so.
    """
    texts = pa.array([_text(value) for value in values], pa.string())
    if not pa.types.is_string(kind) and {dict, list} & set(map(type, values)):
        raise Unfit("nested")
    try:
        return loosely(texts, kind)
    except pa.ArrowInvalid as exc:
        raise Unfit(str(exc)) from exc


def _only(values: list[Any], kinds: set[type], kind: type) -> list[Any]:
    if not kinds <= {kind}:
        raise Unfit(f"not {kind.__name__}")
    return values


def _doubles(values: list[Any], kinds: set[type], kind: pa.DataType) -> Array:
    if not kinds <= {int, Digits} or not all(fits_double(str(value)) for value in values if value is not None):
        raise Unfit("no double")
    return pa.array([None if value is None else float(value) for value in values], kind)


def _structs(values: list[dict[str, Any] | None], kind: Any) -> Array:
    names = {field.name for field in kind}
    if not names.issuperset(chain.from_iterable(filter(None, values))):
        raise Unfit("a new key")
    parts = [array_of([value.get(field.name) if value else None for value in values], field.type) for field in kind]
    return pa.StructArray.from_arrays(parts, fields=list(kind), mask=_missing(values))


def _lists(values: list[list[Any] | None], kind: Any) -> Array:
    starts = pa.array([0, *accumulate(len(value or ()) for value in values)], pa.int32())
    items = array_of(list(chain.from_iterable(filter(None, values))), kind.value_type)
    return pa.ListArray.from_arrays(starts, items, type=kind, mask=_missing(values))


def _missing(values: list[Any]) -> Array:
    return pa.array([value is None for value in values], pa.bool_())


def _text(value: Any) -> str | None:
    """Return a value as text: a text as it is, a number as it is written, all else as JSON; NULL is None."""
    return value if value is None or isinstance(value, str) else _json(value)


def _json(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case dict():
            return f"{{{','.join(f'{encode_basestring(key)}:{_json(inner)}' for key, inner in value.items())}}}"
        case list():
            return f"[{','.join(map(_json, value))}]"
        case Digits() | int():
            return str(value)
        case _:
            return encode_basestring(value)
