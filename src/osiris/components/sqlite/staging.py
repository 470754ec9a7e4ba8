"""Rows at rest in a file of the run's own, and the one transaction that makes them visible."""

import re
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from osiris.components.sqlite.complaints import writing_rows
from osiris.components.sqlite.config import SqliteConnection
from osiris.components.sqlite.fitting import Fitting, fitting
from osiris.components.sqlite.session import Db, quoted, reading, staging, writing
from osiris.components.sqlite.tables import relations
from osiris.components.sqlite.values import sqlite_rows
from osiris.kit.component import Place
from osiris.kit.stream import Stream
from osiris.kit.table import doubled_key, null_key
from osiris.model.errors import CheckFailed
from osiris.model.job import Marks
from osiris.model.plan import TargetState
from osiris.model.receipt import Written
from osiris.model.spec import WriteMode

_NO_NAME = re.compile(r"[^A-Za-z0-9_-]")
_MOST_NAME = 100
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Target:
    """One table to write, and how."""

    connection: SqliteConnection
    place: Place
    table: str
    write_mode: WriteMode
    primary_key: tuple[str, ...]
    create_if_missing: bool

    @property
    def said(self) -> str:
        """Return the table's name as plans and receipts say it."""
        return f"@sqlite/{self.table}"

    def look(self) -> TargetState:
        """Return whether the table is there, and how many rows it holds.

        Raises:
            ConnectError: the file can't be opened.
        """
        exists = (self.place.project / self.connection.path).exists()
        rows = self._ask(lambda db: _count_if_there(db, self.table)) if exists else None
        return TargetState(target=self.said, exists=rows is not None, rows=rows)

    def fitting(self, declared: dict[str, str]) -> Fitting:
        """Return how rows that would declare such columns go into the table now.

        Raises:
            ConnectError: the file can't be opened, or is missing and is not to be made.
            TargetError: the table can't take them.
        """
        if (self.place.project / self.connection.path).exists() or not self.create_if_missing:
            return self._ask(lambda db: self.fitting_in(db, declared))
        return Fitting(self.table, exists=False, columns={column: column for column in declared}, added={})

    def fitting_in(self, db: Db, declared: dict[str, str]) -> Fitting:
        """Return the same, of an open database."""
        return fitting(db, self.table, declared, create_if_missing=self.create_if_missing)

    def _ask(self, question: Callable[[Db], Answer]) -> Answer:
        with reading(self.connection, self.place) as db:
            return question(db)


@dataclass
class StagedTable:
    """Rows that wait for their commit.

    Attributes:
        declared: Column of the rows to what it declares in SQLite.
        path: The file they rest in, gone once this is closed.
    """

    target: Target
    declared: dict[str, str]
    path: Path
    written: Written

    @classmethod
    def of(cls, target: Target, declared: dict[str, str], scratch: Path, marks: Marks) -> "StagedTable":
        """Begin to stage, once it is sure that the table can take such rows.

        Raises:
            ConnectError: the file can't be opened, or is missing and is not to be made.
            TargetError: the table can't take them.
        """
        changes = target.fitting(declared).changes
        whose = _NO_NAME.sub("_", f"{marks.run_id}-{marks.step_id}")[:_MOST_NAME]
        path = scratch / f"{whose}-{uuid4().hex}.sqlite"
        written = Written(target=target.said, write_mode=target.write_mode, staged=0, changes=changes)
        return cls(target, declared, path, written)

    def fill(self, rows: Stream) -> None:
        """Take all rows, and verify what lies there.

        Raises:
            OsirisError: whatever the rows raise.
            TargetError: the disk refuses.
            CheckFailed: a key is NULL or doubled, or SQLite can't keep a value exactly.
        """
        columns = ", ".join(f"{quoted(name)} {kind}" for name, kind in self.declared.items())
        places = ", ".join("?" * len(self.declared))
        with writing_rows(self.target.table), staging(self.path) as db:
            db.execute(f"CREATE TABLE rows ({columns})")
            for batch in rows:
                db.executemany(f"INSERT INTO rows VALUES ({places})", sqlite_rows(batch))  # nosec B608 # noqa: S608 - only marks
            _must_be_keys(db, self.target.primary_key)
            staged = _count(db, "rows")
        self.written = self.written.model_copy(update={"staged": staged})

    def commit(self) -> Written:
        """Put the rows into the table, in one transaction.

        Raises:
            ConnectError: another process keeps the file locked.
            TargetError: the table can't take the rows, or SQLite refuses; everything is as it was.
            CheckFailed: a row breaks a promise of the table's, such as a key that is there already.
        """
        target = self.target
        with writing_rows(target.table), writing(target.connection, target.place, self.path) as db:
            self.written = self._put(db)
            db.execute("COMMIT")
        self.close()
        return self.written

    def close(self) -> None:
        """Remove the file that the rows rest in. Safe to call twice."""
        self.path.unlink(missing_ok=True)

    def _put(self, db: Db) -> Written:
        fitting = self.target.fitting_in(db, self.declared)
        name = f"main.{quoted(fitting.table)}"
        before = _count(db, name) if fitting.exists else None
        broken = _broken_references(db, fitting.table)
        for statement in fitting.statements(self.declared, self.target.primary_key):
            db.execute(statement)
        for statement in _moving(self.target, fitting):
            db.execute(statement)
        after = _count(db, name)
        self._must_be_all(before or 0, after)
        if _broken_references(db, fitting.table) > broken:
            raise CheckFailed(
                f"FOREIGN KEY: rows would point to rows of {fitting.table!r} or others that are not there",
                hint="write the rows that are pointed to first, and keep those that others point to",
            )
        return self.written.model_copy(update={"rows_before": before, "rows_after": after, "changes": fitting.changes})

    def _must_be_all(self, before: int, after: int) -> None:
        expected = {"append": before + self.written.staged, "replace": self.written.staged}.get(self.target.write_mode)
        if expected is not None and after != expected:
            raise CheckFailed(
                f"table {self.target.table!r} would hold {after} rows and not {expected}",
                hint="look at the table's triggers and constraints: one of them drops or adds rows",
            )


def _broken_references(db: Db, table: str) -> int:
    """Return how many rows of a table, and of those that point to it, point to nothing."""
    pointing = db.execute(
        "SELECT DISTINCT m.name FROM main.sqlite_master AS m, pragma_foreign_key_list(m.name) AS f "
        "WHERE m.type = 'table' AND (lower(f.\"table\") = lower(?1) OR lower(m.name) = lower(?1))",
        (table,),
    ).fetchall()
    return sum(len(db.execute(f"PRAGMA main.foreign_key_check({quoted(name)})").fetchall()) for (name,) in pointing)


def _count(db: Db, table: str) -> int:
    with closing(db.execute(f"SELECT count(*) FROM {table}")) as cursor:  # nosec B608 # noqa: S608 - the name is quoted
        return int(cursor.fetchone()[0])


def _count_if_there(db: Db, table: str) -> int | None:
    name = next((name for name in relations(db) if name.lower() == table.lower()), None)
    return None if name is None else _count(db, f"main.{quoted(name)}")


def _must_be_keys(db: Db, key: tuple[str, ...]) -> None:
    """Refuse staged rows that their key does not tell apart.

    Raises:
        CheckFailed: a key is NULL, or two rows have the same.
    """
    if not key:
        return
    listed = ", ".join(map(quoted, key))
    for column in key:
        ((nulls,),) = db.execute(f"SELECT count(*) FROM rows WHERE {quoted(column)} IS NULL").fetchall()  # nosec B608 # noqa: S608 - quoted
        if nulls:
            raise null_key(column, nulls)
    db.execute(f"CREATE INDEX by_key ON rows ({listed})")
    ((doubled, rows),) = db.execute(
        "SELECT count(*), coalesce(sum(n), 0) FROM "  # nosec B608 # noqa: S608 - all names are quoted
        f"(SELECT count(*) AS n FROM rows GROUP BY {listed} HAVING n > 1)"
    ).fetchall()
    if doubled:
        raise doubled_key(key, rows, doubled)


def _moving(target: Target, fitting: Fitting) -> list[str]:
    """Return the SQL that moves the staged rows; all names in it are quoted."""
    table = f"main.{quoted(fitting.table)}"
    own = ", ".join(map(quoted, fitting.columns.values()))
    given = ", ".join(f"new.{quoted(column)}" for column in fitting.columns)
    if target.write_mode == "merge" and fitting.exists:
        keys = {key.lower() for key in target.primary_key}
        pairs = [
            (quoted(theirs), f"new.{quoted(ours)}", ours.lower() in keys) for ours, theirs in fitting.columns.items()
        ]
        same = " AND ".join(f"{table}.{theirs} = {ours}" for theirs, ours, is_key in pairs if is_key)
        news = ", ".join(f"{theirs} = {ours}" for theirs, ours, is_key in pairs if not is_key)
        update = [f"UPDATE {table} SET {news} FROM staged.rows AS new WHERE {same}"] if news else []  # nosec B608 # noqa: S608 - quoted
        old_key = next(f"old.{theirs}" for theirs, _, is_key in pairs if is_key)
        insert = (
            f"INSERT INTO {table} ({own}) SELECT {given} FROM staged.rows AS new "  # nosec B608 # noqa: S608 - quoted
            f"LEFT JOIN {table} AS old ON {same.replace(f'{table}.', 'old.')} WHERE {old_key} IS NULL"
        )
        return [*update, insert]
    empty = [f"DELETE FROM {table}"] if target.write_mode == "replace" and fitting.exists else []  # nosec B608 # noqa: S608 - quoted
    return [*empty, f"INSERT INTO {table} ({own}) SELECT {given} FROM staged.rows AS new ORDER BY new.rowid"]  # nosec B608 # noqa: S608 - quoted
