"""Which type a column of text has: one look, exact, in flat memory."""

from dataclasses import dataclass, field

import pyarrow as pa

from osiris.kit.cells import Array
from osiris.kit.text_types import exactly

# No two of them can hold one same text exactly, so the order says nothing.
_PLAIN = (pa.bool_(), pa.int64(), pa.float64())
_DATES = (pa.date32(), pa.timestamp("us"), pa.timestamp("ms"))


@dataclass
class Inference:
    """What a column can still be, after the values seen so far.

    Attributes:
        dates: Whether dates and timestamps are looked for.
    """

    dates: bool = True
    _possible: list[pa.DataType] = field(init=False)
    _seen: bool = False

    def __post_init__(self) -> None:
        self._possible = [*_PLAIN, *(_DATES if self.dates else ())]

    def look(self, values: Array) -> None:
        """Take some more values into account."""
        if values.null_count == len(values):
            return
        self._seen = True
        self._possible = [kind for kind in self._possible if _holds(values, kind)]

    @property
    def kind(self) -> pa.DataType:
        """Return the type that holds every value exactly: text where no other does, or where there was no value."""
        return self._possible[0] if self._seen and self._possible else pa.string()


def _holds(values: Array, kind: pa.DataType) -> bool:
    try:
        exactly(values, kind)
    except pa.ArrowInvalid:
        return False
    return True
