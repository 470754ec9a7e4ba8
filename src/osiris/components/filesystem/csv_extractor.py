"""Delimited text in."""

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from typing import ClassVar

import pyarrow as pa

from osiris.components.filesystem.config import CsvExtract, FilesystemConnection
from osiris.components.filesystem.delimited import Delimited, open_delimited
from osiris.components.filesystem.infer import Inference
from osiris.components.filesystem.paths import source_file, source_path
from osiris.components.filesystem.settled import announced, limited, must_be_settled, must_have
from osiris.kit.cells import Array
from osiris.kit.component import Announced, Describe, LocalFile, Place
from osiris.kit.sizing import sized
from osiris.kit.stream import Stream
from osiris.kit.text_types import Convert, column_type, exactly, first_bad, loosely
from osiris.model.catalogue import Column, Known, Table
from osiris.model.errors import CheckFailed, OsirisError, SourceError
from osiris.model.spec import Example


@dataclass(frozen=True)
class CsvExtractor:
    """Read one delimited text file of any size, block by block.

    Types come from `columns` or `dtype`; the others are found by looking at every value once, when the pipeline is
    compiled: a column has a type only where each value, written again, is the same text byte for byte. `007`, `1.10`,
    `+5` and 20-digit numbers stay text. A run that meets a value of another type fails; it doesn't guess again.
    An empty field is NULL; a quoted empty field is an empty text.
    """

    about: ClassVar[Describe] = Describe(
        name="filesystem.csv_extractor",
        title="Read a CSV file",
        mode="read",
        config=CsvExtract,
        connection="optional",
        llm_hints=(
            "Paths start in the project folder.",
            "Column types are found by themselves; declare one with `columns: {name: type}` only where it is wrong.",
            "Prices like 1.10 stay text by themselves: declare `columns: {price: 'decimal(12, 2)'}`.",
            "`columns` as a list selects columns, as a mapping it gives types and selects nothing.",
            "With `header: false` the columns are named 0, 1, 2; quote them in SQL.",
        ),
        examples=(
            Example(title="A file with a header", config={"path": "data/orders.csv"}),
            Example(
                title="Semicolons and a declared type",
                config={"path": "data/prices.csv", "delimiter": ";", "columns": {"price": "decimal(12, 2)"}},
            ),
        ),
    )

    config: CsvExtract
    place: Place
    connection: FilesystemConnection | None = None

    def announce(self, known: Known) -> Announced:
        """Return the columns that a look at the file found, and settle their types."""
        return announced(known, self.config.path)

    def survey(self) -> Table:
        """Look at every value once and return the columns with their types.

        Raises:
            SourceError: the file is missing, empty or not delimited text, or a value does not fit its declared type.
        """
        file = self._open()
        names, declared = self._selected(file), self._declared(file)
        found = {name: Inference(dates=self.config.parse_dates is not False) for name in names if name not in declared}
        rows = 0
        with closing(limited(file.rows(names), self.config.limit)) as batches:
            for batch in batches:
                for name, inference in found.items():
                    inference.look(batch.column(name))
                for name in declared.keys() & set(names):
                    self._converted(batch.column(name), _Wanted(name, declared[name], loosely), rows)
                rows += batch.num_rows
        kinds = declared | {name: inference.kind for name, inference in found.items()}
        columns = tuple(Column(name=name, type=str(kinds[name])) for name in names)
        return Table(name=self.config.path, kind="file", columns=columns, rows=rows)

    def extract(self) -> Stream:
        """Open the file.

        Returns:
            One column per header cell, in file order, or those that `columns` lists, in its order. Columns that are
            neither declared nor settled are text.

        Raises:
            SourceError: the file is missing, empty or not delimited text. Also while the stream is read, when a row
                has too many fields or a value does not fit its declared type.
            CheckFailed: the file is not what it was when the pipeline was compiled. Also while the stream is read.
        """
        file = self._open()
        wanted = self._wanted(file)
        schema = pa.schema([pa.field(column.name, column.kind) for column in wanted])
        return Stream(schema, self._typed(file, wanted, schema))

    def files(self) -> tuple[LocalFile, ...]:
        """Return the file to read."""
        return source_file(self.config.path, self.place, self.connection)

    def _open(self) -> Delimited:
        file = open_delimited(source_path(self.config.path, self.place, self.connection), self.config)
        try:
            self._selected(file)
            self._declared(file)
            must_be_settled(self.config.settled, self._selected(file), self.config.path)
        except OsirisError:
            file.close()
            raise
        return file

    def _selected(self, file: Delimited) -> list[str]:
        chosen = self.config.columns if isinstance(self.config.columns, list) else []
        must_have(chosen, file.names, self.config.path)
        return list(chosen or file.names)

    def _declared(self, file: Delimited) -> dict[str, pa.DataType]:
        declared = self.config.declared()
        must_have(declared, file.names, self.config.path)
        return {name: column_type(kind) for name, kind in declared.items()}

    def _wanted(self, file: Delimited) -> list["_Wanted"]:
        declared = self._declared(file)
        settled = {name: column_type(kind) for name, kind in self.config.settled.items()}
        return [
            _Wanted(name, declared[name], loosely)
            if name in declared
            else _Wanted(name, settled.get(name, pa.string()), exactly)
            for name in self._selected(file)
        ]

    def _typed(self, file: Delimited, wanted: list["_Wanted"], schema: pa.Schema) -> Generator[pa.RecordBatch]:
        rows = 0
        with closing(limited(file.rows([column.name for column in wanted]), self.config.limit)) as batches:
            for batch in sized(batches):
                arrays = [self._converted(batch.column(i), column, rows) for i, column in enumerate(wanted)]
                yield pa.RecordBatch.from_arrays(arrays, schema=schema)
                rows += batch.num_rows

    def _converted(self, values: Array, wanted: "_Wanted", rows_before: int) -> Array:
        try:
            return wanted.convert(values, wanted.kind)
        except pa.ArrowInvalid as exc:
            row = rows_before + first_bad(values, wanted.kind, wanted.convert) + 1
            where = f"{self.config.path!r}, column {wanted.name!r}, row {row}"
            as_text = f"`columns: {{{wanted.name}: string}}`"
            if wanted.convert is exactly:
                raise CheckFailed(
                    f"{where}: the value is not the {wanted.kind} that all values were when the pipeline was compiled",
                    hint=f"declare the column's type, such as {as_text}, or compile the pipeline again",
                ) from exc
            raise SourceError(
                f"{where}: the value can't be read as {wanted.kind}",
                hint=f"mend it in the file, or read the column as text with {as_text}",
            ) from exc


@dataclass(frozen=True)
class _Wanted:
    """One column to deliver, and how its texts become values."""

    name: str
    kind: pa.DataType
    convert: Convert
