"""Which types rows out of a Parquet file have, and which one a Parquet file keeps them in."""

from io import BytesIO
from typing import Any, cast
from uuid import UUID

import pyarrow as pa
from pyarrow import parquet

from osiris.kit.cells import Array, is_list
from osiris.model.errors import AuthorError, CheckFailed

_UUID = "arrow.uuid"


def delivered(schema: pa.Schema) -> pa.Schema:
    """Return the schema in which a file's rows travel: plain types that every neighbour knows.

    Dictionaries are their values, UUIDs their text, other extensions what they are stored as.
    """
    return pa.schema([pa.field(field.name, plain(field.type), nullable=field.nullable) for field in schema])


def plain(kind: Any) -> pa.DataType:
    """Return the plain type for one column, nested ones included."""
    if isinstance(kind, pa.BaseExtensionType):
        return pa.string() if kind.extension_name == _UUID else plain(kind.storage_type)
    if pa.types.is_dictionary(kind):
        return plain(kind.value_type)
    if pa.types.is_struct(kind):
        return pa.struct([_inner(field) for field in kind.fields])
    if pa.types.is_map(kind):
        return pa.map_(plain(kind.key_type), plain(kind.item_type))
    return _plain_list(kind) if is_list(kind) else cast("pa.DataType", kind)


def _plain_list(kind: Any) -> pa.DataType:
    field = _inner(kind.value_field)
    size = kind.list_size if pa.types.is_fixed_size_list(kind) else -1
    found: pa.DataType = pa.large_list(field) if pa.types.is_large_list(kind) else pa.list_(field, size)
    return found


def _inner(field: Any) -> Any:
    return field.with_type(plain(field.type)).remove_metadata()


def as_delivered(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Return the columns that a schema names, in its order and its types."""
    return pa.RecordBatch.from_arrays([_cast(batch.column(f.name), f.type) for f in schema], schema=schema)


def as_stored(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Return all columns in the types in which a file keeps them.

    Raises:
        CheckFailed: a value is none of that type, such as a moment so far away that no milliseconds reach it.
    """
    columns = []
    for field, values in zip(schema, batch.columns, strict=True):
        try:
            columns.append(_cast(values, field.type))
        except pa.ArrowInvalid as exc:
            raise CheckFailed(
                f"column {field.name!r} holds a value that Parquet can't hold as {field.type}: {exc}",
                hint="cast the column in SQL",
            ) from exc
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _cast(values: Array, kind: pa.DataType) -> Array:
    if str(values.type) == str(kind):
        return values
    if isinstance(values.type, pa.BaseExtensionType):
        if values.type.extension_name == _UUID:
            stored = values.storage.to_pylist()
            return pa.array([None if value is None else str(UUID(bytes=value)) for value in stored], kind)
        values = values.storage
    return values.cast(kind)


def stored(schema: pa.Schema) -> pa.Schema:
    """Return the schema that a Parquet file of such rows has when it is read again: seconds become milliseconds.

    Raises:
        AuthorError: Parquet has no place for a column.
    """
    for field in schema:
        if not _fits(field):
            raise AuthorError(
                f"column {field.name!r} has the type {field.type}, which Parquet can't hold",
                hint="cast it to a number or to text in SQL",
            )
    return _through_a_file(schema)


def _fits(field: Any) -> bool:
    if isinstance(field.type, pa.BaseExtensionType) or "list_view<" in str(field.type):  # Arrow can't convert these yet
        return False
    try:
        _through_a_file(pa.schema([field]))
    except pa.ArrowException:
        return False
    return True


def _through_a_file(schema: pa.Schema) -> pa.Schema:
    file = BytesIO()
    parquet.ParquetWriter(file, delivered(schema)).close()
    return delivered(parquet.read_schema(file))
