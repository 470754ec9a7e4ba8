"""Rows by REST: page after page, each a batch."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from osiris.components.postgres.config import OddDates
from osiris.components.postgres.session import quoted
from osiris.components.postgres.types import DATES, Delivered
from osiris.components.supabase.described import Described
from osiris.components.supabase.door import Door, spelled
from osiris.components.supabase.filters import as_written
from osiris.kit.cells import Array, one, pc
from osiris.model.errors import CheckFailed, SourceError

KEY = "osiris_key"  # what the key's value is called in an answer
# JSON has them as text: dates always in the same way, addresses as PostgreSQL writes them.
_RAW = frozenset({"text", "varchar", "bpchar", "name", "inet"}) | DATES
_UNORDERED = frozenset({"json", "xml", "point", "box", "line", "lseg", "path", "polygon", "circle"})
_ODD = r"infinity|BC|^\d{5,}|^24:"


@dataclass(frozen=True)
class Wanted:
    """What is to be read.

    Attributes:
        columns: Those wanted, in order.
        filters: Column to condition.
        orders: Column, direction and place of NULLs.
        limit: Most rows; None for all.
    """

    table: Described
    columns: Sequence[str]
    filters: Mapping[str, Any]
    orders: Sequence[tuple[str, str, str]]
    limit: int | None
    offset: int
    odd_dates: OddDates
    page: int

    @property
    def ways(self) -> dict[str, Delivered]:
        """Return how each column's values come."""
        all_ = self.table.ways(self.odd_dates)
        return {name: all_[name] for name in self.columns}

    @property
    def schema(self) -> pa.Schema:
        """Return what the rows are."""
        return pa.schema([pa.field(name, way.arrow) for name, way in self.ways.items()])


def pulled(door: Door, wanted: Wanted) -> Generator[pa.RecordBatch]:
    """Yield the rows, in pages.

    Where the table has a key of one column, each page begins after the last key of the one before, so that rows that
    come or go meanwhile neither double nor hide another. Otherwise pages are counted, in a fixed order.

    Raises:
        SourceError: a page can't be read.
        CheckFailed: a value is not of its column's Arrow type; names the column.
    """
    by_key = wanted.table.key[0] if len(wanted.table.key) == 1 and not wanted.orders and not wanted.offset else ""
    taken, last = 0, None
    while wanted.limit is None or taken < wanted.limit:
        size = wanted.page if wanted.limit is None else min(wanted.page, wanted.limit - taken)
        request = _request(door, wanted, by_key)
        if by_key and last is not None:
            request = request.filter(by_key, "gt", last)
        request = request.limit(size) if by_key else request.limit(size).offset(wanted.offset + taken)
        rows = door.ask(f"table {wanted.table.name!r}", request.execute, SourceError).data
        if not isinstance(rows, list):
            raise SourceError(f"table {wanted.table.name!r}: the answer is no JSON", hint="check `url`")
        if not rows:
            return
        last, taken = rows[-1].get(KEY), taken + len(rows)
        yield _batch(rows, wanted)


def _request(door: Door, wanted: Wanted, by_key: str) -> Any:
    chosen = [_asked(name, wanted.table) for name in wanted.columns]
    if by_key:
        chosen.append(f"{KEY}:{_asked(by_key, wanted.table)}")
    request = door.client.from_(wanted.table.name).select(*chosen)
    for column, condition in wanted.filters.items():
        operator, _, operand = as_written(condition).partition(".")
        request = request.filter(column, operator, operand)
    for column, way, nulls in wanted.orders:
        request = request.order(
            spelled(column), desc=way == "desc", nullsfirst={"": None}.get(nulls, nulls == "nullsfirst")
        )
    for column in wanted.table.key or _orderable(wanted.table):
        if column not in {name for name, _, _ in wanted.orders}:
            request = request.order(spelled(column))
    return request


def _asked(name: str, table: Described) -> str:
    kind = table.columns[name]
    raw = kind.name in _RAW and not kind.array
    return spelled(name) if raw else f"{spelled(name)}::text"


def _orderable(table: Described) -> list[str]:
    """Return the columns by which rows of a table without a key can be put in order."""
    return [name for name, kind in table.columns.items() if kind.name not in _UNORDERED]


def _batch(rows: list[dict[str, Any]], wanted: Wanted) -> pa.RecordBatch:
    arrays = [
        _decoded(name, pa.array([row[name] for row in rows], pa.string()), way, wanted.odd_dates)
        for name, way in wanted.ways.items()
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=wanted.schema)


def _decoded(name: str, texts: Array, way: Delivered, odd_dates: OddDates) -> Array:
    kind = way.arrow
    if pa.types.is_binary(kind):
        return pa.array([None if t is None else bytes.fromhex(t.removeprefix("\\x")) for t in texts.to_pylist()], kind)
    if pa.types.is_temporal(kind) and odd_dates == "null":
        texts = pc.if_else(pc.match_substring_regex(texts, _ODD), pa.scalar(None, pa.string()), texts)
    try:
        if pa.types.is_time(kind):  # Arrow reads times of day with their day only
            return pc.binary_join_element_wise(one("1970-01-01 "), texts, one("")).cast(pa.timestamp("us")).cast(kind)
        return texts.cast(kind)
    except pa.ArrowInvalid as exc:
        raise CheckFailed(
            f"column {name!r} holds a value that {kind} does not have, such as NaN or infinity",
            hint=f"set `odd_dates`, leave such rows out, or CAST({quoted(name)} AS text) in a view",
        ) from exc
