"""Parquet out."""

from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import RawIOBase
from itertools import chain
from typing import IO, Any, ClassVar, cast

import pyarrow as pa
from pyarrow import parquet

from osiris.components.filesystem.config import FilesystemConnection, ParquetCompression, ParquetWrite
from osiris.components.filesystem.file_writer import FileWriter
from osiris.components.filesystem.parquet_file import ParquetSource
from osiris.components.filesystem.parquet_types import as_stored, stored
from osiris.components.filesystem.published import PARQUET
from osiris.components.filesystem.staging import StagedFile
from osiris.kit.component import Describe, Place
from osiris.kit.sizing import sized
from osiris.kit.stream import Stream
from osiris.model.errors import TargetError
from osiris.model.spec import Example

GROUP_BYTES = 16_777_216  # Arrow buffers of a row group: the memory that writing needs
GROUP_ROWS = 1_048_576


@dataclass(frozen=True)
class ParquetWriter(FileWriter):
    """Write one Parquet file: beside the target, then in its place at once.

    Types are kept exactly, with two exceptions that Parquet makes: seconds become milliseconds, and dictionaries
    their values. Every page has a checksum.
    """

    about: ClassVar[Describe] = Describe(
        name="filesystem.parquet_writer",
        title="Write a Parquet file",
        mode="write",
        config=ParquetWrite,
        connection="optional",
        llm_hints=(
            "Paths start in the project folder; folders are made.",
            "Types are those of the step before; cast them in SQL.",
            "To add to a file write `write_mode: append`; names, order and types of the columns must be the same.",
        ),
        examples=(
            Example(title="A file", config={"path": "output/orders.parquet"}),
            Example(title="For an old reader", config={"path": "output/orders.parquet", "compression": "snappy"}),
        ),
        types=PARQUET,
    )

    config: ParquetWrite
    place: Place
    connection: FilesystemConnection | None = None

    def _must_hold(self, schema: pa.Schema) -> None:
        stored(schema)

    def _fill(self, staged: StagedFile, rows: Stream) -> None:
        schema, rows_before, taken = stored(rows.schema), 0, 0
        old: Generator[pa.RecordBatch] | None = None
        if self.config.write_mode == "append" and staged.holds_something:
            source = ParquetSource(staged.target, self.config.path)
            schema = self._joined(source.schema, schema)
            rows_before, old = source.rows, source.batches(schema)
        with _file(staged, schema, self.config.compression) as file:
            for group in _groups(chain(old or (), (as_stored(batch, schema) for batch in sized(iter(rows))))):
                file.write_table(group, GROUP_ROWS)
                taken += group.num_rows
        staged.finish(
            self.config.write_mode,
            taken - rows_before,
            rows_before,
            lambda path: parquet.read_metadata(path).num_rows - rows_before,
        )

    def _joined(self, old: pa.Schema, new: pa.Schema) -> pa.Schema:
        """Return the schema of the old rows with the new ones after them.

        Raises:
            TargetError: they have not the same columns.
        """
        if [(f.name, f.type) for f in old] != [(f.name, f.type) for f in new]:
            raise TargetError(
                f"{self.config.path!r} has the columns {_said(old)}, the rows have {_said(new)}",
                hint="select the same columns in the same order and types, or write `write_mode: replace`",
            )
        return pa.schema([a.with_nullable(a.nullable or b.nullable) for a, b in zip(new, old, strict=True)])


def _said(schema: pa.Schema) -> str:
    return ", ".join(f"{field.name} {field.type}" for field in schema)


class _Sink(RawIOBase):
    """The staged file, as Arrow wants one; after an error it takes everything and keeps nothing.

    A Parquet file that is abandoned still wants to write its end.
    """

    def __init__(self, staged: StagedFile) -> None:
        super().__init__()
        self._staged = staged
        self.abandoned = False

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        if not self.abandoned:
            try:
                self._staged.put(content)
            except TargetError:
                self.abandoned = True
                raise
        return len(content)


@contextmanager
def _file(staged: StagedFile, schema: pa.Schema, compression: ParquetCompression) -> Iterator[parquet.ParquetWriter]:
    sink = _Sink(staged)
    file = parquet.ParquetWriter(cast("IO[bytes]", sink), schema, compression=compression, write_page_checksum=True)
    try:
        yield file
    except BaseException:
        sink.abandoned = True
        raise
    finally:
        file.close()


def _groups(batches: Iterable[pa.RecordBatch]) -> Generator[pa.Table]:
    """Yield the same rows in tables of the size of a row group."""
    taken: list[pa.RecordBatch] = []
    size = rows = 0
    for batch in batches:
        if taken and (size + batch.nbytes > GROUP_BYTES or rows + batch.num_rows > GROUP_ROWS):
            yield pa.Table.from_batches(taken)
            taken, size, rows = [], 0, 0
        taken.append(batch)
        size += batch.nbytes
        rows += batch.num_rows
    if taken:
        yield pa.Table.from_batches(taken)
