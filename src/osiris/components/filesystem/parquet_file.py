"""A Parquet file as batches, and what is wrong with one in the user's words."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from osiris.components.filesystem.parquet_types import as_delivered, delivered
from osiris.components.filesystem.paths import reading
from osiris.kit.stream import BATCH_ROWS
from osiris.model.errors import SourceError

_BUFFER = 1_048_576  # bytes of a column read at once, so that large row groups need no more memory than small ones


class ParquetSource:
    """An open file: its schema is read, its rows are not.

    Attributes:
        schema: Of the rows as they travel.
        rows: How many it says it has.
    """

    def __init__(self, path: Path, name: str) -> None:
        self._name = name
        with _explained(name):
            if path.stat().st_size == 0:
                raise SourceError(f"{name!r} is empty", hint="check what should have made it")
            self._file = parquet.ParquetFile(
                path,
                buffer_size=_BUFFER,
                pre_buffer=False,
                coerce_int96_timestamp_unit="us",  # in nanoseconds, the years 1 and 9999 would be others
                page_checksum_verification=True,
            )
        self.schema = delivered(self._file.schema_arrow)
        self.rows = self._file.metadata.num_rows

    def batches(self, schema: pa.Schema) -> Generator[pa.RecordBatch]:
        """Yield the columns that a schema names, in its types; closing it closes the file.

        Raises:
            SourceError: the file is damaged.
        """
        with self._file, _explained(self._name):
            for batch in self._file.iter_batches(BATCH_ROWS, columns=schema.names):
                yield as_delivered(batch, schema)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Say what the file system and Arrow complain of in the user's words."""
    with reading(name):
        try:
            yield
        except (OSError, pa.ArrowException) as exc:
            if isinstance(exc, OSError) and exc.errno is not None:  # the file system's
                raise
            raise SourceError(
                f"{name!r} is not a whole Parquet file: {str(exc).splitlines()[0]}",
                hint="check `path`; the file may be cut short, or be of another format",
            ) from exc
