"""The only counter: rows, bytes, NULLs and a digest for each column, while the rows pass."""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.types as kinds

from osiris.kit.stream import BATCH_BYTES, BATCH_ROWS, Stream
from osiris.model.errors import CheckFailed
from osiris.runtime.digest import MASK, digested

# A digest of few rows costs as many calls as one of many: small batches wait until there are so many.
_ENOUGH_ROWS = BATCH_ROWS * 2
_ENOUGH_BYTES = BATCH_BYTES // 2


@dataclass
class Meter:
    """What was counted of the rows of one stream so far.

    Attributes:
        digesting: Whether NULLs and digests are wanted too.
        bytes: Arrow buffer bytes of the rows.
        ended: Whether the last row has passed.
    """

    schema: pa.Schema
    digesting: bool = True
    rows: int = 0
    bytes: int = 0
    ended: bool = False
    _waiting: list[pa.RecordBatch] = field(default_factory=list, repr=False)
    _digested_rows: int = field(default=0, repr=False)
    _digested_bytes: int = field(default=0, repr=False)
    _sums: list[int] = field(default_factory=list, repr=False)
    _nulls: list[int] = field(default_factory=list, repr=False)

    def __post_init__(self) -> None:
        if self.digesting:
            self._sums = [0] * len(self.schema)
            self._nulls = [0] * len(self.schema)

    def over(
        self, source: Stream, guarded: Callable[[], AbstractContextManager[None]], passed: Callable[["Meter"], None]
    ) -> Stream:
        """Return the same rows, counted as they are pulled; empty batches are left out.

        Args:
            source: Is not closed with the stream returned.
            guarded: Entered around each look at the source, to refuse it or to learn what it raises.
            passed: Called after each batch and after the last one, still guarded.
        """
        return Stream(source.schema, self._pulled(source, guarded, passed))

    def _pulled(
        self, source: Stream, guarded: Callable[[], AbstractContextManager[None]], passed: Callable[["Meter"], None]
    ) -> Generator[pa.RecordBatch]:
        batches = iter(source)
        while not self.ended:
            with guarded():
                batch = next(batches, None)
                if batch is None:
                    self.ended = True
                else:
                    self.count(batch)
                passed(self)
            if batch is not None and batch.num_rows:
                yield batch

    def count(self, batch: pa.RecordBatch) -> None:
        """Count some rows.

        Raises:
            CheckFailed: their columns are not those of the stream.
        """
        if not batch.schema.equals(self.schema):
            raise CheckFailed(
                "the columns changed while the rows were read",
                why=f"first {_shown(self.schema)}, now {_shown(batch.schema)}",
                hint="this is a fault in the component; please report it",
            )
        self.rows += batch.num_rows
        self.bytes += batch.nbytes
        if self.digesting:
            self._waiting.append(batch)
            if self.rows - self._digested_rows >= _ENOUGH_ROWS or self.bytes - self._digested_bytes >= _ENOUGH_BYTES:
                self._digest()

    @property
    def nulls(self) -> dict[str, int]:
        """Return the number of NULLs in each column; none where only rows are counted."""
        self._digest()
        return dict(zip(names(self.schema), self._nulls, strict=False))

    @property
    def digests(self) -> dict[str, str]:
        """Return 16 hexadecimal digits for each column; none where only rows are counted."""
        self._digest()
        return {name: f"{total:016x}" for name, total in zip(names(self.schema), self._sums, strict=False)}

    def _digest(self) -> None:
        if not self._waiting:
            return
        table = pa.Table.from_batches(self._waiting, self.schema)
        self._waiting.clear()
        self._digested_rows, self._digested_bytes = self.rows, self.bytes
        for place, column in enumerate(table.columns):
            for piece in _pieces(column):
                total, nulls = digested(piece)
                self._sums[place] = (self._sums[place] + total) & MASK
                self._nulls[place] += nulls


def _pieces(column: "pa.ChunkedArray[Any]") -> list["pa.Array[Any]"]:
    """Return the rows of a column as one array, where Arrow can put arrays of that type together."""
    plain = kinds.is_primitive(column.type) or kinds.is_string(column.type) or kinds.is_large_string(column.type)
    return [column.combine_chunks()] if plain else column.chunks


def names(schema: pa.Schema) -> list[str]:
    """Return the names of the columns; one that is there twice has its place behind it."""
    return [name if schema.names.count(name) == 1 else f"{name}#{place}" for place, name in enumerate(schema.names, 1)]


def _shown(schema: pa.Schema) -> str:
    return ", ".join(f"{field.name} {field.type}" for field in schema)
