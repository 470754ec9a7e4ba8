"""Parquet in."""

from collections import Counter
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from osiris.components.filesystem.config import FilesystemConnection, ParquetExtract
from osiris.components.filesystem.parquet_file import ParquetSource
from osiris.components.filesystem.paths import source_file, source_path
from osiris.components.filesystem.settled import announced, limited, must_be_settled, must_have
from osiris.kit.arrow import columns_of
from osiris.kit.component import Announced, Describe, LocalFile, Place
from osiris.kit.sizing import sized
from osiris.kit.stream import Stream
from osiris.kit.text_types import is_said
from osiris.model.catalogue import Known, Table
from osiris.model.errors import CheckFailed, OsirisError, SourceError
from osiris.model.spec import Example


@dataclass(frozen=True)
class ParquetExtractor:
    """Read one Parquet file of any size, some pages at a time.

    Every column has the type that the file gives it. Dictionaries come as their values, UUIDs as text, and the old
    96-bit timestamps in microseconds.
    """

    about: ClassVar[Describe] = Describe(
        name="filesystem.parquet_extractor",
        title="Read a Parquet file",
        mode="read",
        config=ParquetExtract,
        connection="optional",
        llm_hints=(
            "Paths start in the project folder; the path names one file, not a folder of files.",
            "Types are those of the file; convert in SQL.",
            "List the `columns` that you need: the others are not read at all.",
        ),
        examples=(
            Example(title="A file", config={"path": "data/orders.parquet"}),
            Example(title="Two of its columns", config={"path": "data/orders.parquet", "columns": ["id", "amount"]}),
        ),
    )

    config: ParquetExtract
    place: Place
    connection: FilesystemConnection | None = None

    def announce(self, known: Known) -> Announced:
        """Return the columns that a look at the file found, and fix their types."""
        return announced(known, self.config.path)

    def survey(self) -> Table:
        """Look at the file's schema and return the columns with their types.

        Raises:
            SourceError: the file is missing or not Parquet, or a type has no unmistakable words.
        """
        with closing(self._open()) as file:
            schema = self._wanted(file)
        for field in schema:
            if not is_said(field.type):
                raise SourceError(
                    f"the type of column {field.name!r} of {self.config.path!r} can't be put in words: {field.type}",
                    hint="a run can read it; its columns are not proved before",
                )
        rows = file.rows if self.config.limit is None else min(file.rows, self.config.limit)
        return Table(name=self.config.path, kind="file", columns=columns_of(schema), rows=rows)

    def extract(self) -> Stream:
        """Open the file.

        Returns:
            The file's columns in its order, or those that `columns` lists, in its order.

        Raises:
            SourceError: the file is missing or not Parquet. Also while the stream is read, where it is damaged.
            CheckFailed: its columns are not what they were when the pipeline was compiled.
        """
        file = self._open()
        try:
            schema = self._wanted(file)
            self._must_be_as_planned(schema)
        except OsirisError:
            file.close()
            raise
        return Stream(schema, self._batches(file, schema))

    def files(self) -> tuple[LocalFile, ...]:
        """Return the file to read."""
        return source_file(self.config.path, self.place, self.connection)

    def _open(self) -> ParquetSource:
        return ParquetSource(source_path(self.config.path, self.place, self.connection), self.config.path)

    def _wanted(self, file: ParquetSource) -> pa.Schema:
        names = file.schema.names
        twice = sorted(name for name, times in Counter(names).items() if times > 1)
        if twice or not names:
            what = f"has {', '.join(map(repr, twice))} more than once" if twice else "has no column"
            raise SourceError(f"{self.config.path!r} {what}", hint="write it again with one column of each name")
        must_have(self.config.columns, names, self.config.path)
        return pa.schema([file.schema.field(name) for name in self.config.columns or names])

    def _must_be_as_planned(self, schema: pa.Schema) -> None:
        must_be_settled(self.config.settled, schema.names, self.config.path)
        for field in schema:
            planned = self.config.settled.get(field.name, str(field.type))
            if planned != str(field.type):
                raise CheckFailed(
                    f"column {field.name!r} of {self.config.path!r} was {planned} when the pipeline was compiled, "
                    f"now it is {field.type}",
                    hint="compile the pipeline again",
                )

    def _batches(self, file: ParquetSource, schema: pa.Schema) -> Generator[pa.RecordBatch]:
        with closing(limited(file.batches(schema), self.config.limit)) as batches:
            yield from sized(batches)
