"""Which type the values of one key have, nested as they may be: one look, exact, in flat memory."""

from dataclasses import dataclass, field
from decimal import Decimal
from itertools import chain
from math import isfinite
from typing import Any

import pyarrow as pa

from osiris.kit.json_text import Digits
from osiris.kit.text_types import is_said

MOST_KEYS = 200  # an object with more different ones is a mapping, not a struct; it stays JSON text
MOST_DEPTH = 16
_LEAST, _MOST = -(2**63), 2**63 - 1
_EXACT = 2**53  # up to here a double holds every integer
_PLAIN = 15  # a number of no more digits is one that a double holds


@dataclass
class Shape:
    """What the values of one key can still be, after those seen so far.

    Attributes:
        depth: How many lists and objects they lie in.
    """

    depth: int = 0
    _kinds: set[type] = field(default_factory=set)
    _fits_int64: bool = True
    _fits_double: bool = True
    _keys: dict[str, "Shape"] = field(default_factory=dict)
    _items: "Shape | None" = None

    def look(self, values: list[Any]) -> None:
        """Take some more values into account."""
        kinds = set(map(type, values))
        self._kinds |= kinds - {type(None)}
        if int in kinds:
            self._look_at_integers([value for value in values if type(value) is int])
        if Digits in kinds and self._fits_double:
            self._fits_double = all(fits_double(value) for value in values if type(value) is Digits)
        if dict in kinds:
            self._look_at_objects([value for value in values if type(value) is dict])
        if list in kinds:
            self._look_at_lists([value for value in values if type(value) is list])

    def _look_at_integers(self, values: list[int]) -> None:
        least, most = min(values), max(values)
        self._fits_int64 &= least >= _LEAST and most <= _MOST
        self._fits_double &= least >= -_EXACT and most <= _EXACT

    def _look_at_objects(self, values: list[dict[str, Any]]) -> None:
        if self._is_text():
            return
        keys = dict.fromkeys(chain.from_iterable(values))
        for key in keys:
            self._keys.setdefault(key, Shape(self.depth + 1))
        for key in keys if not self._is_text() else ():
            self._keys[key].look([value.get(key) for value in values])

    def _look_at_lists(self, values: list[list[Any]]) -> None:
        if self._is_text():
            return
        self._items = self._items or Shape(self.depth + 1)
        self._items.look(list(chain.from_iterable(values)))

    def _is_text(self) -> bool:
        return len(self._kinds) > 1 or len(self._keys) > MOST_KEYS or self.depth >= MOST_DEPTH

    @property
    def seen(self) -> bool:
        """Return whether there was any value."""
        return bool(self._kinds)

    @property
    def kind(self) -> pa.DataType:
        """Return the type that holds every value exactly: text where no other does, or where there was no value."""
        found: pa.DataType = pa.string()
        if self._kinds in ({Digits}, {int, Digits}):
            found = pa.float64() if self._fits_double else found
        elif self._kinds == {bool}:
            found = pa.bool_()
        elif self._kinds == {int} and self._fits_int64:
            found = pa.int64()
        elif not self._is_text():
            found = self._nested()
        return found if is_said(found) else pa.string()

    def _nested(self) -> pa.DataType:
        if self._keys:
            return pa.struct([pa.field(name, inner.kind) for name, inner in self._keys.items()])
        return pa.list_(self._items.kind) if self._items else pa.string()


def fits_double(number: str) -> bool:
    """Return whether a double holds a number exactly, which is to say that it is written back as the same number."""
    if len(number) <= _PLAIN and "e" not in number and "E" not in number:
        return True
    value = float(number)
    return isfinite(value) and Decimal(repr(value)) == Decimal(number)
