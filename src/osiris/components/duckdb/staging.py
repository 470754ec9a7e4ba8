"""Rows at rest in a file of the run's own, and the one transaction that makes them visible."""

import re
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import duckdb
import pyarrow as pa

from osiris.components.duckdb.complaints import committing, telling, wants_memory
from osiris.components.duckdb.config import ROOM, DuckdbConnection
from osiris.components.duckdb.feed import Feed
from osiris.components.duckdb.fitting import Fitting, fitting, must_survive
from osiris.components.duckdb.session import Db, alone, make_room, planning, quoted, reading, staging, writing
from osiris.components.duckdb.tables import Named, relations
from osiris.components.duckdb.types import Inward
from osiris.kit.component import Place
from osiris.kit.stream import BATCH_BYTES, BATCH_ROWS, Stream
from osiris.kit.table import doubled_key, null_key
from osiris.model.errors import CheckFailed, TargetError
from osiris.model.job import Marks
from osiris.model.plan import TargetState
from osiris.model.receipt import Written
from osiris.model.spec import WriteMode

ROWS = "staged.main.rows"
WIDE = BATCH_BYTES // BATCH_ROWS  # bytes of a row: DuckDB packs 122 880 rows at once, and holds them for that
_NO_NAME = re.compile(r"[^A-Za-z0-9_-]")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Target:
    """One table to write, and how."""

    connection: DuckdbConnection
    place: Place
    name: Named
    write_mode: WriteMode
    primary_key: tuple[str, ...]
    create_if_missing: bool

    @property
    def said(self) -> str:
        """Return the table's name as plans and receipts say it."""
        return f"@duckdb/{self.name}"

    @property
    def path(self) -> Path:
        """Return the database file."""
        return self.place.project / self.connection.path

    def look(self) -> TargetState:
        """Return whether the table is there, and how many rows it holds.

        Raises:
            ConnectError: the file can't be opened.
        """
        rows = self._ask(lambda db: _count_if_there(db, self.name)) if self.path.exists() else None
        return TargetState(target=self.said, exists=rows is not None, rows=rows)

    def fitting(self, kinds: dict[str, Any]) -> Fitting:
        """Return how rows of these columns would go into the table now.

        Raises:
            ConnectError: the file can't be opened, or is missing and is not to be made.
            TargetError: the table can't take them.
        """
        if self.path.exists() or not self.create_if_missing:
            return self._ask(lambda db: self.fitting_in(db, kinds))
        with alone(self.place.scratch) as db:
            return self.fitting_in(db, kinds)

    def fitting_in(self, db: Db, kinds: dict[str, Any]) -> Fitting:
        """Return the same, of an open database."""
        return fitting(db, self.name, kinds, create_if_missing=self.create_if_missing)

    def _ask(self, question: Callable[[Db], Answer]) -> Answer:
        with reading(self.connection, self.place, self.place.scratch) as db:
            return question(db)


@dataclass
class StagedTable:
    """Rows that wait for their commit.

    Attributes:
        kinds: Column of the rows to DuckDB's type.
        path: The file they rest in, gone once this is closed.
    """

    target: Target
    kinds: dict[str, Any]
    path: Path
    written: Written

    @classmethod
    def of(cls, target: Target, kinds: dict[str, Any], scratch: Path, marks: Marks) -> "StagedTable":
        """Begin to stage, once it is sure that the table can take such rows.

        Raises:
            ConnectError: the file can't be opened, or is missing and is not to be made.
            TargetError: the table can't take them.
        """
        changes = target.fitting(kinds).changes
        whose = _NO_NAME.sub("_", f"{marks.run_id}-{marks.step_id}")[:100]
        path = scratch / f"{whose}-{uuid4().hex}.duckdb"
        return cls(
            target, kinds, path, Written(target=target.said, write_mode=target.write_mode, staged=0, changes=changes)
        )

    def fill(self, rows: Stream, inward: Inward) -> None:
        """Take all rows, and verify what lies there.

        Raises:
            OsirisError: whatever the rows raise.
            TargetError: the disk refuses.
            CheckFailed: a key is NULL or doubled, or a value would be another one in the table.
        """
        feed = Feed(inward)
        with telling(feed.culprit, TargetError), staging(self.path) as db:
            db.register("arriving", feed.reader(Stream(rows.schema, _with_room(db, rows))))
            db.execute("CREATE TABLE rows AS FROM arriving")
            staged = _count(db, ROWS)
            _must_be_keys(db, self.target.primary_key)
            must_survive(db, self.target.fitting(self.kinds).fits, self.kinds)
        self.written = self.written.model_copy(update={"staged": staged})

    def commit(self) -> Written:
        """Put the rows into the table, in one transaction.

        Raises:
            ConnectError: another process has the file open.
            TargetError: the table can't take the rows, or DuckDB refuses; everything is as it was.
            CheckFailed: a row breaks a promise of the table's, such as a key that is there already.
        """
        with committing(str(self.target.name)):
            room = ROOM if self.target.write_mode != "merge" else ROOM[1:]  # in little memory a join spills all day
            for memory_limit in room:
                try:
                    self._move(memory_limit)
                    break
                except duckdb.Error as exc:
                    if not wants_memory(exc):
                        raise
                    if self._is_there():
                        break
                    if memory_limit == room[-1]:
                        raise
        self.close()
        return self.written

    def close(self) -> None:
        """Remove the file that the rows rest in. Safe to call twice."""
        for path in (self.path, self.path.with_name(f"{self.path.name}.wal")):
            path.unlink(missing_ok=True)

    def _move(self, memory_limit: str) -> None:
        with writing(self.target.connection, self.target.place, self.path, memory_limit) as db:
            db.execute("BEGIN")
            self.written = self._put(db)
            db.execute("COMMIT")

    def _is_there(self) -> bool:
        """Return whether rows to append are there all the same: memory may be short for what follows a commit."""
        written = self.written
        if self.target.write_mode != "append" or not written.staged or written.rows_after is None:
            return False  # to replace or merge again changes nothing
        return self.target.look().rows == written.rows_after

    def _put(self, db: Db) -> Written:
        fitting = self.target.fitting_in(db, self.kinds)
        must_survive(db, fitting.fits, self.kinds)
        before = _count(db, self.target.name.sql) if fitting.exists else None
        for statement in fitting.statements(list(self.target.primary_key)):
            db.execute(statement)
        for statement in _moving(self.target, fitting):
            db.execute(statement)
        after = _count(db, self.target.name.sql)
        self._must_be_all(before or 0, after)
        return self.written.model_copy(update={"rows_before": before, "rows_after": after, "changes": fitting.changes})

    def _must_be_all(self, before: int, after: int) -> None:
        expected = {"append": before + self.written.staged, "replace": self.written.staged}.get(self.target.write_mode)
        if expected is not None and after != expected:
            raise CheckFailed(
                f"table {str(self.target.name)!r} would hold {after} rows and not {expected}",
                hint="run it again; if it happens again, look at the table's triggers and rules",
            )


def kinds_of(schema: pa.Schema) -> dict[str, Any]:
    """Return the type that DuckDB gives to each column of an Arrow schema."""
    with planning() as db:
        db.register("arriving", schema.empty_table())
        rows = db.sql("FROM arriving")
        return dict(zip(rows.columns, rows.types, strict=True))


def _with_room(db: Db, rows: Stream) -> Generator[pa.RecordBatch]:
    """Yield the rows; before the first batch of wide ones, make room for them.

    DuckDB takes a byte for each value at least, where Arrow has a bit for true or false.
    """
    roomy = False
    for batch in rows:
        if not roomy and max(batch.nbytes, batch.num_columns * batch.num_rows) > WIDE * batch.num_rows:
            make_room(db)
            roomy = True
        yield batch


def _count(db: Db, table: str) -> int:
    ((rows,),) = db.execute(f"SELECT count(*) FROM {table}").fetchall()  # nosec B608 # noqa: S608 - the name is quoted
    return int(rows)


def _count_if_there(db: Db, name: Named) -> int | None:
    there = {(n.schema.lower(), n.table.lower()) for n in relations(db)}
    return _count(db, name.sql) if (name.schema.lower(), name.table.lower()) in there else None


def _must_be_keys(db: Db, key: tuple[str, ...]) -> None:
    """Refuse staged rows that their key does not tell apart.

    Raises:
        CheckFailed: a key is NULL, or two rows have the same.
    """
    if not key:
        return
    names = [quoted(column) for column in key]
    for column, name in zip(key, names, strict=True):
        ((nulls,),) = db.execute(f"SELECT count(*) FROM {ROWS} WHERE {name} IS NULL").fetchall()  # nosec B608 # noqa: S608 - quoted
        if nulls:
            raise null_key(column, nulls)
    listed = ", ".join(names)
    ((doubled, rows),) = db.execute(
        "SELECT count(*), coalesce(sum(n), 0) FROM "  # nosec B608 # noqa: S608 - all names are quoted
        f"(SELECT count(*) AS n FROM {ROWS} GROUP BY {listed} HAVING n > 1)"
    ).fetchall()
    if doubled:
        raise doubled_key(key, rows, doubled)


def _moving(target: Target, fitting: Fitting) -> list[str]:
    """Return the SQL that moves the staged rows."""
    table = target.name.sql
    columns = ", ".join(quoted(fit.target) for fit in fitting.fits)
    rows = f"SELECT {', '.join(f'{fit.value} AS {quoted(fit.target)}' for fit in fitting.fits)} FROM {ROWS}"  # nosec B608 # noqa: S608 - quoted
    if target.write_mode == "merge":
        return [_merging(target, fitting, rows, columns)]
    empty = [f"DELETE FROM {table}"] if target.write_mode == "replace" and fitting.exists else []  # nosec B608 # noqa: S608 - quoted
    return [*empty, f"INSERT INTO {table} ({columns}) {rows}"]


def _merging(target: Target, fitting: Fitting, rows: str, columns: str) -> str:
    keys = {column.lower() for column in target.primary_key}
    names = {fit.target: quoted(fit.target) for fit in fitting.fits}
    same = " AND ".join(f"old.{name} = new.{name}" for key, name in names.items() if key.lower() in keys)
    news = ", ".join(f"{name} = new.{name}" for key, name in names.items() if key.lower() not in keys)
    matched = f"UPDATE SET {news}" if news else "DO NOTHING"  # nosec B608 # all names are quoted
    return (
        f"MERGE INTO {target.name.sql} AS old USING ({rows}) AS new ON {same} "  # nosec B608 # noqa: S608 - all names are quoted
        f"WHEN MATCHED THEN {matched} "
        f"WHEN NOT MATCHED THEN INSERT ({columns}) VALUES ({', '.join(f'new.{name}' for name in names.values())})"
    )
