"""Statistics of some rows of a table, for those databases whose own would cost the server more than the rows do."""

from typing import Any

import pyarrow as pa

from osiris.kit.cells import Array, pc, texts
from osiris.model.catalogue import ColumnProfile, TableProfile

MOST_VALUES = 50  # distinct values that are listed
MOST_TEXT = 60  # characters of a value that is listed


def profiled(table: str, rows: pa.Table, *, exact: bool) -> TableProfile:
    """Return statistics of rows.

    Args:
        table: Name of the table.
        rows: Those that were looked at.
        exact: Whether these are all.
    """
    columns = tuple(_profiled(name, rows.column(name).combine_chunks()) for name in rows.column_names)
    return TableProfile(table=table, rows=rows.num_rows, exact=exact, columns=columns)


def _profiled(name: str, values: Any) -> ColumnProfile:
    distinct = pc.unique(_said(values.drop_null()))
    least, most = _bounds(values)
    return ColumnProfile(
        name=name,
        type=str(values.type),
        nulls=values.null_count / len(values) if len(values) else 0.0,
        distinct=len(distinct),
        minimum=least,
        maximum=most,
        values=_listed(distinct),
    )


def _said(values: Any) -> Array:
    if pa.types.is_nested(values.type):
        return pa.array([repr(value) for value in values.to_pylist()], pa.string())
    return texts(values)


def _bounds(values: Any) -> tuple[str | None, str | None]:
    """Return the smallest and the largest value as text, for types that have such."""
    types, kind = pa.types, values.type
    ordered = (types.is_integer, types.is_floating, types.is_decimal, types.is_date, types.is_timestamp, types.is_time)
    if not any(is_one(kind) for is_one in ordered):
        return None, None
    bounds = pc.min_max(values)
    least, most = texts(pa.array([bounds["min"].as_py(), bounds["max"].as_py()], kind)).to_pylist()
    return least, most


def _listed(distinct: Any) -> tuple[str, ...]:
    """Return the distinct values, sorted, where they are few and short."""
    if len(distinct) > MOST_VALUES or pc.any(pc.greater(pc.utf8_length(distinct), MOST_TEXT)).as_py():
        return ()
    return tuple(sorted(distinct.to_pylist()))
