"""JSON in: one object a line, or one array of objects."""

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from typing import Any, ClassVar

import pyarrow as pa

from osiris.components.filesystem.config import FilesystemConnection, JsonExtract
from osiris.components.filesystem.json_records import Records, open_records
from osiris.components.filesystem.paths import source_file, source_path
from osiris.components.filesystem.settled import announced, must_have
from osiris.kit.cells import Array
from osiris.kit.component import Announced, Describe, LocalFile, Place
from osiris.kit.json_shape import Shape
from osiris.kit.json_text import Record
from osiris.kit.json_values import Unfit, array_of, declared_array
from osiris.kit.sizing import sized
from osiris.kit.stream import Stream
from osiris.kit.text_types import column_type
from osiris.model.catalogue import Column, Known, Table
from osiris.model.errors import CheckFailed, SourceError
from osiris.model.spec import Example

MOST_COLUMNS = 1_000  # an object with more different keys is a mapping rather than a row


@dataclass(frozen=True)
class JsonExtractor:
    """Read one JSON file of any size, object by object: a row each, a column for each key.

    Types come from `columns`; the others are found by looking at every value once, when the pipeline is compiled. An
    integer is never a float: one that 64 bits don't hold, or a number that a double doesn't hold exactly, makes its
    column text, as written. Objects are structs, arrays are lists; where values of one key are of several kinds the
    column is text, JSON where it was no text. A missing key is NULL, as null is. A run that meets a value of another
    type, or a new key, fails; it doesn't guess again.
    """

    about: ClassVar[Describe] = Describe(
        name="filesystem.json_extractor",
        title="Read a JSON file",
        mode="read",
        config=JsonExtract,
        connection="optional",
        llm_hints=(
            "Paths start in the project folder.",
            "One object a line, or one array of objects: which one is found by itself.",
            "Nested objects are structs (`address.city` in SQL) and arrays are lists (`UNNEST(items)`).",
            "Texts stay texts: declare a date with `columns: {day: date}`, a price with `'decimal(12, 2)'`.",
        ),
        examples=(
            Example(title="One object a line", config={"path": "data/events.jsonl"}),
            Example(
                title="An array, with a declared type",
                config={"path": "data/orders.json", "columns": {"price": "decimal(12, 2)"}},
            ),
        ),
    )

    config: JsonExtract
    place: Place
    connection: FilesystemConnection | None = None

    def announce(self, known: Known) -> Announced:
        """Return the columns that a look at the file found, and settle their types."""
        return announced(known, self.config.path)

    def survey(self) -> Table:
        """Look at every value once and return the columns with their types.

        Raises:
            SourceError: the file is missing or not JSON, has no column, or a value does not fit its declared type.
        """
        declared, rows = self._declared(), 0
        shapes: dict[str, Shape] = {}
        with closing(self._open().batches(self.config.limit)) as batches:
            for batch in batches:
                self._look(batch, shapes)
                for name in declared.keys() & shapes.keys():
                    self._array(batch, pa.field(name, declared[name]), rows)
                rows += len(batch)
        names = self._names(shapes, rows)
        kinds = dict.fromkeys(names, pa.string()) | {name: shape.kind for name, shape in shapes.items()} | declared
        columns = tuple(Column(name=name, type=str(kinds[name])) for name in names)
        return Table(name=self.config.path, kind="file", columns=columns, rows=rows)

    def extract(self) -> Stream:
        """Open the file; where its types are not settled, look through it first.

        Returns:
            A column for each key, in the order in which they come in the file, or those that `columns` lists.

        Raises:
            SourceError: the file is missing or not JSON. Also while the stream is read, when a value does not fit its
                declared type.
            CheckFailed: the file is not what it was when the pipeline was compiled; only while the stream is read.
        """
        settled = self.config.settled or {column.name: column.type for column in self.survey().columns}
        declared = self._declared()
        schema = pa.schema([(name, declared.get(name, column_type(kind))) for name, kind in settled.items()])
        return Stream(schema, self._typed(self._open(), schema))

    def files(self) -> tuple[LocalFile, ...]:
        """Return the file to read."""
        return source_file(self.config.path, self.place, self.connection)

    def _open(self) -> Records:
        return open_records(source_path(self.config.path, self.place, self.connection), self.config)

    def _declared(self) -> dict[str, pa.DataType]:
        return {name: column_type(kind) for name, kind in self.config.declared().items()}

    @property
    def _chosen(self) -> list[str]:
        return self.config.columns if isinstance(self.config.columns, list) else []

    def _look(self, batch: list[Record], shapes: dict[str, Shape]) -> None:
        chosen = [name for name in self._chosen if any(name in record for record in batch)]
        for name in chosen if self._chosen else dict.fromkeys(chain.from_iterable(batch)):
            shapes.setdefault(name, Shape())
        if len(shapes) > MOST_COLUMNS:
            raise SourceError(
                f"the objects of {self.config.path!r} have more than {MOST_COLUMNS} different keys",
                hint="name those that you want in `columns`",
            )
        for name, shape in shapes.items():
            shape.look([record.get(name) for record in batch])

    def _names(self, seen: dict[str, Any], rows: int) -> list[str]:
        """Return the columns to deliver; where the file holds any object, each must be in one."""
        declared = self._declared()
        if rows and not seen.keys() >= {*self._chosen, *declared}:
            must_have([*self._chosen, *declared], list(seen | self._first_keys()), self.config.path)
        names = self._chosen or [*seen, *(name for name in declared if name not in seen)]
        if not names:
            raise SourceError(
                f"{self.config.path!r} holds nothing that could be a column",
                hint="check what should have made it, or name the columns and their types in `columns`",
            )
        return names

    def _first_keys(self) -> dict[str, Any]:
        with closing(self._open().batches(limit=1)) as batches:
            return next(batches)[0]

    def _typed(self, file: Records, schema: pa.Schema) -> Generator[pa.RecordBatch]:
        rows = 0
        with closing(file.batches(self.config.limit)) as batches:
            for batch in batches:
                if not self._chosen:
                    self._must_be_known(batch, schema.names, rows)
                arrays = [self._array(batch, field, rows) for field in schema]
                yield from sized(iter((pa.RecordBatch.from_arrays(arrays, schema=schema),)))
                rows += len(batch)

    def _must_be_known(self, batch: list[Record], names: list[str], rows_before: int) -> None:
        known = set(names)
        if known.issuperset(chain.from_iterable(batch)):
            return
        row, new = next((i, key) for i, record in enumerate(batch) for key in record if key not in known)
        raise CheckFailed(
            f"{self.config.path!r}, row {rows_before + row + 1}: key {new!r} is new since the pipeline was compiled",
            hint="compile the pipeline again, or name the columns that you want in `columns`",
        )

    def _array(self, batch: list[Record], field: Any, rows_before: int) -> Array:
        convert = declared_array if field.name in self.config.declared() else array_of
        values = [record.get(field.name) for record in batch]
        try:
            return convert(values, field.type)
        except Unfit as exc:
            row = rows_before + next(i for i, value in enumerate(values) if not _fits(value, field.type, convert)) + 1
            where = f"{self.config.path!r}, column {field.name!r}, row {row}"
            as_text = f"`columns: {{{field.name}: string}}`"
            if convert is array_of:
                raise CheckFailed(
                    f"{where}: the value is not the {field.type} that all values were when the pipeline was compiled",
                    hint=f"compile the pipeline again, or read the column as text with {as_text}",
                ) from exc
            raise SourceError(
                f"{where}: the value can't be read as {field.type}",
                hint=f"mend it in the file, or read the column as text with {as_text}",
            ) from exc


def _fits(value: Any, kind: pa.DataType, convert: Callable[[list[Any], pa.DataType], Array]) -> bool:
    try:
        convert([value], kind)
    except Unfit:
        return False
    return True
