"""What each of a database's types becomes on its way in and out, and what is lost: published, and used by the code."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from osiris.model.loss import Loss, Mapped

__all__ = ["Loss", "Reads", "Writes", "losses", "written_as"]

# How a published table writes a kind of types that has many members, such as `decimal(p, s)`.
_KINDS = (
    (re.compile(r"decimal(\d+)?\(.*\)\Z"), "decimal(p, s)"),
    (re.compile(r"timestamp\[(\w+), tz=.*\]\Z"), r"timestamp[\1, tz=…]"),
    (re.compile(r"fixed_size_binary\[\d+\]\Z"), "fixed_size_binary[n]"),
    (re.compile(r"(large_list|fixed_size_list|list|struct|map)<.*\Z"), "list, struct"),
)


@dataclass(frozen=True)
class Reads:
    """One line of a family's table of what it reads.

    Attributes:
        source: The type in the database's own words, such as `DECIMAL(p, s)`.
        arrow: The Arrow type that its values have in Osiris, such as `decimal128(p, s)`.
        loss: `widening`: the values are the same, in a type that says less about them, such as text.
        note: One sentence where the line needs it.
    """

    source: str
    arrow: str
    loss: Loss = "lossless"
    note: str = ""


@dataclass(frozen=True)
class Writes:
    """One line of a family's table of what it makes of Arrow's types.

    Attributes:
        arrow: The Arrow type of the rows; `decimal(p, s)`, `timestamp[us, tz=…]`, `fixed_size_binary[n]` and
            `list, struct` stand for many.
        target: The type of a column that is made for it, as DDL says it.
        loss: `lossy`: not every value can be kept, so only with a declaration; a value that would change is always an
            error.
        note: One sentence where the line needs it.
    """

    arrow: str
    target: str
    loss: Loss = "lossless"
    note: str = ""


def written_as(kind: pa.DataType, table: Iterable[Writes]) -> Writes | None:
    """Return the line of a published table that speaks of an Arrow type, or None where none does."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    named = str(kind)
    for pattern, name in _KINDS:
        named = pattern.sub(name, named)
    return next((line for line in table if line.arrow == named), None)


def losses(schema: pa.Schema, table: Sequence[Writes]) -> tuple[Mapped, ...]:
    """Return the columns of some rows whose types don't stay what they are: what a writer announces.

    Example:
        >>> losses(pa.schema([("day", pa.timestamp("ns"))]), [Writes("timestamp[ns]", "DATETIME(6)", "lossy")])[0].loss
        'lossy'
    """
    found = ((field, written_as(field.type, table)) for field in schema)
    return tuple(
        Mapped(column=field.name, source=str(field.type), target=line.target, loss=line.loss, note=line.note)
        for field, line in found
        if line is not None and line.loss != "lossless"
    )
