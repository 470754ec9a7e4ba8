"""Rows on their way into DuckDB."""

from collections.abc import Generator
from dataclasses import dataclass

import pyarrow as pa

from osiris.components.duckdb.types import Inward
from osiris.kit.stream import Stream


@dataclass
class Feed:
    """Hands rows to DuckDB, and remembers what went wrong in them: DuckDB only repeats it as text.

    Attributes:
        inward: What makes the rows fit.
        failure: What their source raised; None where it raised nothing.
    """

    inward: Inward
    failure: BaseException | None = None

    def reader(self, rows: Stream) -> pa.RecordBatchReader:
        """Return the rows as DuckDB reads them, once."""
        return pa.RecordBatchReader.from_batches(self.inward.schema, self._watched(rows))

    def culprit(self) -> BaseException | None:
        """Return what went wrong."""
        return self.failure

    def _watched(self, rows: Stream) -> Generator[pa.RecordBatch]:
        try:
            for batch in rows:
                yield self.inward(batch)
        except GeneratorExit:
            raise
        except BaseException as exc:
            self.failure = exc
            raise
