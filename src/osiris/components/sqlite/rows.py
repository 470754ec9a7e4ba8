"""Rows from a query of SQLite's, pulled as they are needed."""

import re
import sqlite3
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from osiris.components.sqlite.complaints import pulling, understood
from osiris.components.sqlite.session import Db, quoted, shut
from osiris.components.sqlite.tables import all_names
from osiris.components.sqlite.types import Array, Seen, Values, array_of, fits
from osiris.kit.sizing import rows_per_batch
from osiris.kit.stream import BATCH_ROWS
from osiris.model.errors import AuthorError, CheckFailed

_FIRST = 1_024  # rows that are fetched before it is known how wide they are
Field = Any  # pyarrow's, of any type
_SECOND = re.compile(r"(?P<name>.+):\d+\Z", re.DOTALL)


@dataclass(frozen=True)
class Source:
    """One query, with what its columns declare.

    Attributes:
        query: As it is sent.
        view: The same rows, as a query of a view.
        said: What errors call it.
        declared: Column to the type that the table declares; empty for an expression.
    """

    query: str
    view: str
    said: str
    declared: dict[str, str]

    @classmethod
    def of(cls, db: Db, query: str, said: str, limit: int | None = None, offset: int = 0) -> "Source":
        """Return a query once SQLite has understood it; from then on the database is shut.

        Raises:
            AuthorError: SQLite does not understand it, or two columns have one name.
        """
        with understood(lambda: all_names(db)):
            db.execute(f"CREATE TEMP VIEW osiris_rows AS {query}")
            declared = {row[1]: row[2] for row in db.execute("PRAGMA temp.table_info(osiris_rows)")}
            shut(db)
        _must_differ(list(declared))
        view = "SELECT * FROM temp.osiris_rows"
        if limit is None and not offset:
            return cls(query, view, said, declared)
        part = f"{view} LIMIT {-1 if limit is None else limit} OFFSET {offset}"
        return cls(part, part, said, declared)

    @property
    def names(self) -> list[str]:
        """Return the columns in order."""
        return list(self.declared)


def _must_differ(names: list[str]) -> None:
    """Refuse columns that SQL can't tell apart; SQLite calls a second `id` in a view `id:1`."""
    lower = {name.lower() for name in names}
    for name in names:
        if (twice := _SECOND.match(name)) and twice["name"].lower() in lower:
            raise AuthorError(
                f"two columns are called {twice['name']!r}",
                where="query",
                hint=f"name each column once, such as x.{twice['name']} AS other",
            )


def look_at(db: Db, source: Source) -> pa.Schema:
    """Return the type that all values of each column have; every value is looked at.

    Raises:
        SourceError: a column mixes types.
    """
    asked = ", ".join(f"group_concat(DISTINCT typeof({quoted(name)}))" for name in source.names)
    with pulling(source.said):
        (row,) = db.execute(f"SELECT {asked} FROM ({source.view})").fetchall()  # nosec B608 # noqa: S608 - names are quoted
    columns = [
        Seen(name, declared, frozenset((classes or "null").split(",")) - {"null"})
        for (name, declared), classes in zip(source.declared.items(), row, strict=True)
    ]
    hopes = {column.name: column.hopes() for column in columns if column.hopes()}
    _keep_what_all_fit(db, source, hopes)
    return pa.schema([pa.field(column.name, column.settled(hopes.get(column.name, []))) for column in columns])


def _keep_what_all_fit(db: Db, source: Source, hopes: dict[str, list[pa.DataType]]) -> None:
    """Take out of the hopes what some value does not fit."""
    if not hopes:
        return
    query = f"SELECT {', '.join(map(quoted, hopes))} FROM ({source.view})"  # nosec B608 # noqa: S608 - names are quoted
    with _asked(db, query, source.said) as cursor:
        while rows := cursor.fetchmany(BATCH_ROWS):
            for (name, kinds), values in zip(hopes.items(), zip(*rows, strict=True), strict=True):
                hopes[name] = [kind for kind in kinds if fits(values, kind)]


def pulled(db: Db, source: Source, schema: pa.Schema) -> Generator[pa.RecordBatch]:
    """Yield the rows of a query in batches of a good size.

    Raises:
        SourceError: SQLite can't go on.
        CheckFailed: a value is not of the column's type.
    """
    size = _FIRST
    with _asked(db, source.query, source.said) as cursor:
        while rows := cursor.fetchmany(size):
            arrays = [_array(values, field) for values, field in zip(zip(*rows, strict=True), schema, strict=True)]
            batch = pa.RecordBatch.from_arrays(arrays, schema=schema)
            size = rows_per_batch(batch)
            yield batch


def _array(values: Values, field: Field) -> Array:
    try:
        return array_of(values, field.type)
    except pa.ArrowInvalid as exc:
        raise CheckFailed(
            f"column {field.name!r} holds a value that is not the {field.type} that all values were when the pipeline "
            "was compiled",
            hint=f"compile the pipeline again, or cast it in a query, such as CAST({field.name} AS TEXT)",
        ) from exc


@contextmanager
def _asked(db: Db, query: str, said: str) -> Iterator[sqlite3.Cursor]:
    with pulling(said), closing(db.execute(query)) as cursor:
        yield cursor
