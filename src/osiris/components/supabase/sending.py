"""Rows on their way by REST: as JSON, each request once or safely twice, each answer looked at."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import pyarrow as pa

from osiris.components.postgres.encode import Encode, encoder
from osiris.components.postgres.types import PgType
from osiris.components.supabase.door import Door, Lost, spelled
from osiris.kit.cells import texts
from osiris.model.errors import CheckFailed, TargetError

Row = dict[str, Any]
_JSON = frozenset({"json", "jsonb"})
# Types that may keep a value otherwise than it was sent, by a size that the interface does not tell.
_SIZED = frozenset({"numeric", "timestamp", "timestamptz", "time", "timetz", "interval", "bit", "varbit", "name"})
_ANY_KEY = "resolution=ignore-duplicates"


@dataclass(frozen=True)
class Sending:
    """How rows go into one table.

    Attributes:
        columns: Column of the rows to column of the table.
        types: Column of the table to its type.
        key: Columns of the table that tell its rows apart; empty where nothing does.
        merge: Whether rows with the same key are updated; otherwise they are left as they are.
    """

    door: Door
    table: str
    columns: Mapping[str, str]
    types: Mapping[str, PgType]
    key: tuple[str, ...]
    merge: bool

    @property
    def _looked_at(self) -> list[str]:
        """Return the columns whose values are read back."""
        return [
            name for name in self.columns.values() if self.types[name].name in _SIZED and not self.types[name].array
        ]

    def encoders(self, schema: pa.Schema) -> dict[str, Encode]:
        """Return what turns each column of the rows into texts."""
        return {
            field.name: encoder(field.name, field.type, as_json=self.types[self.columns[field.name]].name in _JSON)
            for field in schema
        }

    def rows(self, batch: pa.RecordBatch, encoders: Mapping[str, Encode]) -> list[Row]:
        """Return rows as the interface takes them.

        Raises:
            CheckFailed: a value has no text, or JSON would round it; names the column.
        """
        cells = [
            self._cells(name, texts(encoders[name](values)).to_pylist())
            for name, values in zip(batch.schema.names, batch.columns, strict=True)
        ]
        names = [self.columns[name] for name in batch.schema.names]
        return [dict(zip(names, row, strict=True)) for row in zip(*cells, strict=True)]

    def _cells(self, name: str, values: list[str | None]) -> list[Any]:
        if self.types[self.columns[name]].name not in _JSON:
            return list(values)
        return [None if value is None else _parsed(name, value) for value in values]

    def send(self, rows: list[Row], done: int) -> int:
        """Send some rows, and return how many of them were new.

        Args:
            rows: As `rows` makes them.
            done: How many have been sent before.

        Raises:
            TargetError: they are refused, or nobody knows whether they are in.
            CheckFailed: a row breaks a promise of the table's, or a value is kept otherwise than it was sent.
        """
        what = f"table {self.table!r}, after {done} rows that are in"
        answer = self.door.ask(what, self._request(rows).execute, TargetError) if self.key else self._once(what, rows)
        kept = answer.data if isinstance(answer.data, list) else []
        if self.merge or not self.key:
            _must_be_all(what, len(rows), len(kept))
        for sent, held in _pairs(rows, kept, self.key):
            self._must_be_kept(sent, held, done)
        return len(kept)

    def _once(self, what: str, rows: list[Row]) -> Any:
        """Send rows that nothing tells apart: again only where they were certainly not taken."""
        for attempt in range(self.door.retries + 1):
            try:
                return self.door.once(what, self._request(rows).execute, TargetError)
            except Lost as exc:
                if not exc.sure:
                    raise TargetError(
                        f"{what}: there was no answer, and nobody can tell whether the next {len(rows)} are in, too",
                        why=f"{exc}; the table has no key, so they may not be sent twice",
                        hint="look at the table before you run again; give it a primary key, or set `pg_dsn`",
                    ) from exc
                if attempt == self.door.retries:
                    raise self.door.lost(what, exc, TargetError) from exc
                self.door.wait(attempt, exc)
        raise AssertionError("the last attempt returns or raises")  # pragma: no cover

    def _request(self, rows: list[Row]) -> Any:
        table = self.door.client.from_(self.table)
        if self.key:
            keys = ",".join(map(spelled, self.key))
            request = table.upsert(rows, ignore_duplicates=not self.merge, on_conflict=keys)
        else:
            request = table.insert(rows)
        wanted = dict.fromkeys([*self.key, *self._looked_at]) or dict.fromkeys(list(self.columns.values())[:1])
        return request.select(*(f"{spelled(name)}::text" for name in wanted))

    def _must_be_kept(self, sent: Row, held: Row, done: int) -> None:
        for name in self._looked_at:
            if not _same(sent[name], held[name], self.types[name].name):
                raise CheckFailed(
                    f"column {name!r} of table {self.table!r} keeps other values than were sent: it is too narrow",
                    why=f"{done} rows and some of the next ones are in already",
                    hint="make the column wider, or round the values in the step before",
                )


def _pairs(rows: Sequence[Row], kept: Sequence[Row], key: tuple[str, ...]) -> Iterator[tuple[Row, Row]]:
    """Yield what was sent beside what is held: by place where all is held, otherwise by key."""
    if len(rows) == len(kept):
        yield from zip(rows, kept, strict=True)
        return
    by_key = {tuple(row[name] for name in key): row for row in rows}
    for held in kept:
        if (sent := by_key.get(tuple(held[name] for name in key))) is not None:
            yield sent, held


def _must_be_all(what: str, sent: int, kept: int) -> None:
    if sent != kept:
        raise CheckFailed(
            f"{what}: {kept} of the next {sent} rows were taken",
            hint="look at the table's triggers, and at what this key may see",
        )


def _same(sent: str | None, held: str | None, kind: str) -> bool:
    """Return whether two texts are the same value."""
    if sent is None or held is None or sent == held:
        return sent == held
    try:
        if kind == "numeric":
            return Decimal(sent) == Decimal(held)
        if kind.startswith("timestamp"):
            return datetime.fromisoformat(sent) == datetime.fromisoformat(held)
    except (InvalidOperation, ValueError):
        return False
    return False


def _parsed(name: str, text: str) -> Any:
    """Return JSON as Python has it; the client sends numbers as doubles.

    Raises:
        CheckFailed: it is none, or a number would be rounded.
    """

    def number(digits: str) -> float:
        value = float(digits)
        if Decimal(digits) != Decimal(repr(value)):
            raise CheckFailed(
                f"column {name!r} holds the number {digits} in JSON, which can't be sent whole by REST",
                hint="write it as text there, or set `pg_dsn`",
            )
        return value

    try:
        return json.loads(text, parse_float=number, parse_constant=lambda word: number("x" + word))
    except (json.JSONDecodeError, ValueError, InvalidOperation) as exc:
        raise CheckFailed(f"column {name!r} holds a text that is no JSON", hint="mend it in the step before") from exc
