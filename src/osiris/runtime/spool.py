"""Rows at rest, for several readers."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from pyarrow import ipc

from osiris.kit.stream import Stream
from osiris.model.errors import OutsideError


@dataclass(frozen=True)
class Spool:
    """All rows of one step in an Arrow file, batch by batch; not compressed, which takes several times as long.

    Attributes:
        owner: The step.
    """

    path: Path
    owner: str
    schema: pa.Schema

    @classmethod
    def fill(cls, rows: Stream, path: Path, owner: str) -> "Spool":
        """Keep all rows of a stream, holding one batch at a time.

        Raises:
            OutsideError: the disk refuses.
        """
        with _disk(owner):
            file = pa.OSFile(str(path), "wb")
        with file:
            with _disk(owner):
                writer = ipc.new_stream(file, rows.schema)
            for batch in rows:
                with _disk(owner):
                    writer.write_batch(batch)
            with _disk(owner):
                writer.close()
        return cls(path, owner, rows.schema)

    def stream(self) -> Stream:
        """Return all rows, from the first one; as often as wanted, and at the same time."""
        return Stream(self.schema, self._batches())

    def _batches(self) -> Generator[pa.RecordBatch]:
        with _disk(self.owner):
            file = pa.OSFile(str(self.path), "rb")
        with file:
            with _disk(self.owner):
                reader = ipc.open_stream(file)
            while (batch := self._next(reader)) is not None:
                yield batch

    def _next(self, reader: ipc.RecordBatchStreamReader) -> pa.RecordBatch | None:
        with _disk(self.owner):
            return next(reader, None)


@contextmanager
def _disk(owner: str) -> Iterator[None]:
    """Say what the disk complains of in the user's words."""
    try:
        yield
    except (OSError, pa.ArrowInvalid) as exc:
        raise OutsideError(
            f"the rows of step {owner!r} can't rest on disk: {exc}",
            why="several steps read them",
            hint="see that the disk of the logs folder has room and may be written",
        ) from exc
