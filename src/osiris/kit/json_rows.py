"""Records of an API as rows of columns that were announced: exactly, or an error that names column and record."""

from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import pyarrow as pa

from osiris.kit.arrow import type_of
from osiris.kit.cells import Array
from osiris.kit.json_shape import Shape
from osiris.kit.json_text import Record
from osiris.kit.json_values import Unfit, array_of, declared_array
from osiris.kit.sizing import sized
from osiris.model.errors import CheckFailed, SourceError
from osiris.model.nearest import nearest

MOST_COLUMNS = 1_000  # a record with more different keys is a mapping rather than a row
VALUE = "value"  # the column of records that are no objects

Pages = Generator[list[Any]]


@dataclass
class Rows:
    """What records become.

    Attributes:
        said: What errors call the source.
        declared: Column to type as the author gives it: these columns alone, in this order; none where all are wanted.
        schema: What was announced; holds the same columns where some are declared.
        flat: Whether nested objects are columns of their own, such as `owner.name`.
    """

    said: str
    declared: Mapping[str, str]
    schema: pa.Schema
    flat: bool
    _taken: int = 0
    _met: set[str] = field(default_factory=set)
    _nulls: Counter[str] = field(default_factory=Counter)
    _above: set[str] = field(init=False)

    def __post_init__(self) -> None:
        """Note in which objects the declared columns lie."""
        self._above = {name[:at] for name in self.declared for at, sign in enumerate(name) if sign == "."}

    def batches(self, pages: Pages) -> Generator[pa.RecordBatch]:
        """Yield the records as rows, page by page; closing it closes the pages.

        Raises:
            SourceError: a value can't be read as its declared type, or a declared column is in no record.
            CheckFailed: a record is not what it was when the pipeline was compiled.
        """
        with closing(pages), _not_too_deep(self.said):
            for page in pages:
                yield from sized(iter((self._batch(page),)) if page else iter(()))
        self._must_have_met_all()

    def _batch(self, page: list[Any]) -> pa.RecordBatch:
        records = [self._record(value, number) for number, value in enumerate(page, self._taken + 1)]
        arrays = [self._array(records, one) for one in self.schema]
        self._taken += len(records)
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def _record(self, value: Any, number: int) -> Record:
        record = as_record(value, f"{self.said}, record {number}", flat=self.flat, whole=self.declared)
        if self.declared:
            self._met.update(record.keys() & self.declared.keys())
            self._nulls.update(key for key in record.keys() & self._above if record[key] is None)
            return record
        for key in record.keys() - set(self.schema.names):
            if record[key] is not None or not self._is_above(key):
                raise CheckFailed(
                    f"{self.said}, record {number}: key {key!r} is new since the pipeline was compiled",
                    hint="plan the pipeline again, or name the columns and their types in `columns`",
                )
        return record

    def _is_above(self, key: str) -> bool:
        """Return whether columns lie in the object that a key would hold, were it not null."""
        return any(name.startswith(f"{key}.") for name in self.schema.names)

    def _array(self, records: list[Record], column: Any) -> Array:
        convert = _declared if column.name in self.declared else array_of
        values = [record.get(column.name) for record in records]
        try:
            return convert(values, column.type)
        except Unfit as exc:
            number = self._taken + 1 + next(i for i, one in enumerate(values) if not _fits(one, column.type, convert))
            where = f"{self.said}, column {column.name!r}, record {number}"
            hint = f"declare it: `columns: {{{column.name}: string}}` reads it as text"
            if self.declared:
                raise SourceError(f"{where}: the value can't be read as {column.type}", hint=hint) from exc
            raise CheckFailed(f"{where}: the value is not the {column.type} that was announced", hint=hint) from exc

    def _must_have_met_all(self) -> None:
        missing = [name for name in self.declared if name not in self._met and not self._is_null_throughout(name)]
        if self._taken and missing:
            near = nearest(missing[0], sorted(self._met))
            raise SourceError(
                f"{self.said}: no record has {missing[0]!r}",
                hint=f"did you mean {near[0]!r}?" if near else "take it out of `columns`",
            )

    def _is_null_throughout(self, name: str) -> bool:
        """Return whether each record has null in place of the object that a column lies in."""
        return sum(count for key, count in self._nulls.items() if name.startswith(f"{key}.")) == self._taken


@contextmanager
def _not_too_deep(said: str) -> Iterator[None]:
    try:
        yield
    except RecursionError as exc:
        raise SourceError(f"{said}: objects are nested too deep", hint="ask for less of each record") from exc


def as_record(value: Any, said: str, *, flat: bool, whole: Iterable[str] = ()) -> Record:
    """Return a record as columns.

    Args:
        value: What the API sent.
        said: What errors call it.
        flat: Whether nested objects are columns of their own.
        whole: Columns that stay nested objects all the same.

    Raises:
        SourceError: it is null, or two keys come out the same.
    """
    if value is None:
        raise SourceError(f"{said} is null", hint="leave such records out in the query, or change the path")
    if not isinstance(value, dict):
        return {VALUE: value}
    if not flat:
        return value
    found: Record = {}
    for key, inner in _flattened(value, "", frozenset(whole)):
        if key in found:
            raise SourceError(f"{said}: two keys come out as {key!r}", hint="write `flatten_result: false`")
        found[key] = inner
    return found


def _flattened(value: Record, before: str, whole: frozenset[str]) -> Generator[tuple[str, Any]]:
    for key, inner in value.items():
        name = f"{before}{key}"
        if not isinstance(inner, dict) or name in whole:
            yield name, inner
        elif not inner:
            yield name, None
        if isinstance(inner, dict) and (name not in whole or any(other.startswith(f"{name}.") for other in whole)):
            yield from _flattened(inner, f"{name}.", whole)


def looked_at(pages: Iterable[list[Any]], said: str, *, flat: bool) -> pa.Schema:
    """Return the columns of some records, with types that hold every value of theirs exactly.

    Args:
        pages: The records.
        said: What errors call the source.
        flat: Whether nested objects are columns of their own.

    Raises:
        SourceError: there is no record, or there are too many different keys.
    """
    shapes: dict[str, Shape] = {}
    with _not_too_deep(said):
        _look(pages, said, shapes, flat=flat)
    names = [name for name in shapes if not _is_only_null_above(name, shapes)]
    if not names:
        raise SourceError(
            f"{said} gives no record to tell the columns by", hint="name the columns and their types in `columns`"
        )
    return pa.schema([pa.field(name, shapes[name].kind) for name in names])


def _look(pages: Iterable[list[Any]], said: str, shapes: dict[str, Shape], *, flat: bool) -> None:
    rows = 0
    for page in pages:
        records = [as_record(value, f"{said}, record {rows + n}", flat=flat) for n, value in enumerate(page, 1)]
        for name in dict.fromkeys(chain.from_iterable(records)):
            shapes.setdefault(name, Shape())
        if len(shapes) > MOST_COLUMNS:
            raise SourceError(
                f"{said}: the records have more than {MOST_COLUMNS} different keys",
                hint="name those that you want, with their types, in `columns`",
            )
        for name, shape in shapes.items():
            shape.look([record.get(name) for record in records])
        rows += len(records)


def declared_schema(columns: Mapping[str, str]) -> pa.Schema:
    """Return the columns that an author declares."""
    return pa.schema([pa.field(name, type_of(kind)) for name, kind in columns.items()])


def must_be_types(columns: Mapping[str, str]) -> None:
    """Refuse types that there are not, or that JSON can't have.

    Raises:
        ValueError: one is.
    """
    for name, kind in columns.items():
        try:
            _declared([None], type_of(kind))
        except (ValueError, pa.ArrowException) as exc:
            raise ValueError(f"column {name!r}: {exc}") from None


def _is_only_null_above(name: str, shapes: Mapping[str, Shape]) -> bool:
    return not shapes[name].seen and any(other.startswith(f"{name}.") for other in shapes)


def _declared(values: list[Any], kind: Any) -> Array:
    """Return values as an array of a type that the author gives: nested ones strictly, others from their text."""
    return array_of(values, kind) if pa.types.is_nested(kind) else declared_array(values, kind)


def _fits(value: Any, kind: pa.DataType, convert: Callable[[list[Any], pa.DataType], Array]) -> bool:
    try:
        convert([value], kind)
    except Unfit:
        return False
    return True
