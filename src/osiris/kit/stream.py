"""Rows on their way: a schema and a generator of record batches."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from threading import Lock
from types import TracebackType
from typing import Self

import pyarrow as pa

BATCH_ROWS = 16_384
BATCH_BYTES = 8_388_608


@dataclass
class Stream:
    """Rows that can be read once.

    It does not offer `__arrow_c_stream__`, because DuckDB asks such an object for its stream several
    times a query; `reader()` gives the one that Arrow's consumers want.

    Attributes:
        schema: Of every batch, exactly.
        batches: Owns the source: closing it lets go.
    """

    schema: pa.Schema
    batches: Generator[pa.RecordBatch]
    _lock: Lock = field(default_factory=Lock, repr=False)

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        """Yield the batches that have not been read; other threads may pull too."""
        while True:
            with self._lock:
                batch = next(self.batches, None)
            if batch is None:
                return
            yield batch

    def reader(self) -> pa.RecordBatchReader:
        """Return the unread rows as an Arrow reader. Closing it does not close the stream."""
        return pa.RecordBatchReader.from_batches(self.schema, iter(self))

    def close(self) -> None:
        """Let go of the source, however far it was read. Safe to call twice."""
        with self._lock:
            self.batches.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def of_batches(schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> Stream:
    """Return a stream over batches that need no letting go."""
    return Stream(schema, _generate(batches))


def _generate(batches: Iterator[pa.RecordBatch]) -> Generator[pa.RecordBatch]:
    yield from batches
