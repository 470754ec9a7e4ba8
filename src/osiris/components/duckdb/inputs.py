"""The rows that a query reads, as tables of DuckDB's."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pyarrow as pa

from osiris.components.duckdb.feed import Feed
from osiris.components.duckdb.rows import plan
from osiris.components.duckdb.session import Db, quoted
from osiris.components.duckdb.types import Inward
from osiris.kit.stream import Stream

_PREFIX = "osiris_input_"
Value = TypeVar("Value")


@dataclass
class Inputs:
    """Several inputs, each under all of its names.

    Attributes:
        names: Of each input: all that it answers to.
        feeds: Of each input: what hands its rows to DuckDB.
    """

    names: list[list[str]]
    feeds: list[Feed]

    @classmethod
    def of_schemas(cls, schemas: Mapping[str, pa.Schema]) -> "Inputs":
        """Return inputs of these schemas: one that has two names is one input.

        Raises:
            AuthorError: a column has a type that DuckDB has none for.
        """
        names, distinct = _grouped(schemas)
        return cls(names, [Feed(Inward.of(schema)) for schema in distinct])

    @classmethod
    def of_streams(cls, streams: Mapping[str, Stream]) -> tuple["Inputs", list[Stream]]:
        """Return inputs of these rows, and the rows: a stream that has two names is one input.

        Raises:
            AuthorError: a column has a type that DuckDB has none for.
        """
        names, distinct = _grouped(streams)
        return cls(names, [Feed(Inward.of(stream.schema)) for stream in distinct]), distinct

    def show(self, db: Db, query: str) -> None:
        """Show each input without a row, under its name and under each other that a query may mean."""
        for number, name in self._named(query):
            db.register(name, self.feeds[number].inward.schema.empty_table())

    def create(self, db: Db, query: str) -> None:
        """Make an empty table for each input, so that a plan tells how often it is read; named as in `show`."""
        for number, feed in enumerate(self.feeds):
            db.register(f"{_PREFIX}columns", pa.RecordBatchReader.from_batches(feed.inward.schema, iter(())))
            db.execute(f"CREATE TEMP TABLE {_PREFIX}{number} AS FROM {_PREFIX}columns WITH NO DATA")
        self._name(db, query)

    def fill(self, db: Db, query: str, streams: list[Stream], scans: "Scans") -> None:
        """Bring the streams to a query.

        What it reads once stays on its way and is pulled by DuckDB; what it reads more often is loaded first.

        Args:
            db: Where the query will run.
            query: Is planned, not run.
            streams: In the order of the inputs.
            scans: What the query reads of the tables that `create` made.
        """
        flowing = {}
        for number, stream in enumerate(streams):
            reader = self.feeds[number].reader(stream)
            if scans.repeats or scans.tables[f"{_PREFIX}{number}"] > 1:
                self._load(db, number, reader)
            else:
                db.register(f"{_PREFIX}{number}", reader)
                flowing[number] = reader
        self._name(db, query)
        if scanned(plan(db, query)).streams > sum(scans.tables[f"{_PREFIX}{number}"] for number in flowing):
            for number, reader in flowing.items():  # this plan is another one than that over empty tables
                db.unregister(f"{_PREFIX}{number}")
                self._load(db, number, reader)

    def culprit(self) -> BaseException | None:
        """Return what went wrong in an input, None where nothing did."""
        return next((feed.failure for feed in self.feeds if feed.failure), None)

    def _name(self, db: Db, query: str) -> None:
        named = self._named(query)
        if views := [f"CREATE TEMP VIEW {quoted(name)} AS FROM {_PREFIX}{number}" for number, name in named]:
            db.execute(";".join(views))

    def _named(self, query: str) -> Iterator[tuple[int, str]]:
        """Give each input's number with its first name, and with those of the others that stand in the query."""
        text = query.lower()
        for number, names in enumerate(self.names):
            for name in names:
                if name is names[0] or quoted(name)[1:-1].lower() in text:
                    yield number, name

    def _load(self, db: Db, number: int, reader: pa.RecordBatchReader) -> None:
        db.register(f"{_PREFIX}arriving", reader)
        db.execute(f"CREATE TEMP TABLE {_PREFIX}{number} AS FROM {_PREFIX}arriving")
        db.unregister(f"{_PREFIX}arriving")


@dataclass
class Scans:
    """What a plan reads.

    Attributes:
        tables: Name of a table to how often it is read.
        streams: How often any stream is read.
        repeats: Whether a part of the plan runs several times.
    """

    tables: Counter[str] = field(default_factory=Counter)
    streams: int = 0
    repeats: bool = False


def scanned(text: str) -> Scans:
    """Return what one of DuckDB's plans, as JSON, reads."""
    found = Scans()
    for node in _nodes(json.loads(text)):
        name = node.get("name", "")
        found.repeats |= name.startswith("REC")
        found.streams += "ARROW_SCAN" in name
        if table := node.get("extra_info", {}).get("Table", ""):
            found.tables[table.rpartition(".")[2].strip('"')] += 1
    return found


def _nodes(plans: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for node in plans:
        yield node
        yield from _nodes(node.get("children", []))


def _grouped(inputs: Mapping[str, Value]) -> tuple[list[list[str]], list[Value]]:
    """Return all names of each input, and the inputs, each once."""
    distinct = list({id(value): value for value in inputs.values()}.values())
    return [[name for name, value in inputs.items() if value is one] for one in distinct], distinct
