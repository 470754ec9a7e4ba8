"""Rows as a person reads them."""

import json
from decimal import Decimal
from typing import Any

import pyarrow as pa


def plain_rows(table: pa.Table) -> tuple[tuple[str | None, ...], ...]:
    """Return the rows as text, NULL as None: numbers with all their digits, times as ISO 8601, bytes as hex."""
    columns = [_plain_column(column) for column in table.columns]
    return tuple(zip(*columns, strict=True))


def plain(value: Any) -> str | None:
    """Return one value as text, None for NULL; lists and structs are JSON."""
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case bytes():
            return value.hex()
        case Decimal():
            return f"{value:f}"
        case list() | dict():
            return json.dumps(value, ensure_ascii=False, default=plain)
        case _:
            return str(value)


def _plain_column(column: "pa.ChunkedArray[Any]") -> list[str | None]:
    try:
        return [plain(value) for value in column.to_pylist(maps_as_pydicts="lossy")]
    except (ValueError, OverflowError):
        # Python's times have neither nanoseconds nor a year 10000; Arrow writes what it holds.
        return column.cast(pa.string()).to_pylist()
