"""Rows at rest in a table beside their target, and the one transaction that makes them visible."""

import time
from contextlib import suppress
from dataclasses import dataclass

import pyarrow as pa

from osiris.components.mysql.complaints import KEY_TOO_LONG, NAME_TAKEN, is_gone, number_of, writing_to
from osiris.components.mysql.config import MysqlConnection
from osiris.components.mysql.driver import Db, driver
from osiris.components.mysql.fitting import Fitting, fitting
from osiris.components.mysql.lease import hold, let_go, staging_name, sweep
from osiris.components.mysql.load import load
from osiris.components.mysql.moving import counted, move
from osiris.components.mysql.session import PATIENCE, ask, drop, quoted, reading, run, writer
from osiris.components.mysql.tables import Named, kind_of
from osiris.kit.stream import Stream
from osiris.kit.table import doubled_key, null_key
from osiris.model.errors import CheckFailed, ConnectError, OsirisError, TargetError
from osiris.model.job import Marks
from osiris.model.plan import TargetState
from osiris.model.receipt import Written
from osiris.model.spec import WriteMode

_ATTEMPTS = 2  # to commit: a server that is restarted meanwhile is no reason to read everything again
_PAUSE = 1.0  # seconds between two attempts to reach a server that went away
_UNSIZED = ("TEXT", "BLOB", "JSON")  # types that no index holds whole


@dataclass(frozen=True)
class Target:
    """One table to write, and how."""

    connection: MysqlConnection
    name: Named
    write_mode: WriteMode
    primary_key: tuple[str, ...]
    create_if_missing: bool

    @property
    def said(self) -> str:
        """Return the table's name as plans and receipts say it."""
        return f"@mysql/{self.name}"

    @property
    def called(self) -> str:
        """Return the table's name as errors say it."""
        return f"table {str(self.name)!r}"

    def look(self) -> TargetState:
        """Return whether the table is there, and how many rows it holds where that is quickly counted.

        Raises:
            ConnectError: there is no connection.
        """
        with reading(self.connection) as db, writing_to(self.called):
            exists = bool(kind_of(db, self.name))
            return TargetState(target=self.said, exists=exists, rows=counted(db, self.name) if exists else None)

    def fitting(self, db: Db, schema: pa.Schema) -> Fitting:
        """Return how rows of a schema go into the table now.

        Raises:
            AuthorError: MySQL has no type for a column.
            TargetError: the table can't take them.
        """
        return fitting(db, self.name, schema, self.primary_key, create_if_missing=self.create_if_missing)


@dataclass
class StagedTable:
    """Rows that wait for their commit.

    Attributes:
        db: The connection that holds them: when it ends, another run may remove them.
        name: The table that they rest in; gone once this is closed.
        fitted: How they go into their table, as it was when they came.
    """

    target: Target
    schema: pa.Schema
    marks: Marks
    db: Db
    name: Named
    fitted: Fitting
    written: Written

    @classmethod
    def of(cls, target: Target, schema: pa.Schema, marks: Marks) -> "StagedTable":
        """Begin to stage, once it is sure that the table can take such rows.

        Raises:
            AuthorError: MySQL has no type for a column.
            ConnectError: there is no connection, or no right to the table.
            TargetError: the table can't take them.
        """
        db = writer(target.connection)
        name = staging_name(target.name, marks.run_id)
        try:
            with writing_to(target.called):
                sweep(db, target.name, marks.run_id)
                fitted = target.fitting(db, schema)
                hold(db, name, 0)
                _make(db, fitted, name, target.primary_key)
        except BaseException:
            drop(db)
            raise
        written = Written(target=target.said, write_mode=target.write_mode, staged=0, changes=fitted.changes)
        return cls(target, schema, marks, db, name, fitted, written)

    def fill(self, rows: Stream) -> None:
        """Take all rows, and verify what lies there.

        Raises:
            OsirisError: whatever the rows raise.
            ConnectError: there is no right to the table.
            TargetError: the server refuses, or is gone.
            CheckFailed: a key is NULL or doubled, or a value does not fit the table.
        """
        target = self.target
        with writing_to(target.called):
            batches = map(self._with_keys, rows)
            given = load(self.db, self.name, self.fitted.feeds, batches, target.called, primary_key=target.primary_key)
            staged = _count(self.db, self.name)
            if staged != given:
                raise CheckFailed(f"{staged} of {given} rows are staged", hint="run it again")
            _must_be_keys(self.db, self.name, self.fitted.key(target.primary_key))
        self.written = self.written.model_copy(update={"staged": staged})

    def commit(self) -> Written:
        """Make the rows visible, in one transaction.

        Where the server goes away meanwhile, it is asked afterwards whether it has committed.

        Raises:
            TargetError: the table can't take the rows, or the server refuses; everything is as it was, unless the
                message says that this is not known.
            CheckFailed: a row breaks a promise of the table's, such as a key that is there already.
        """
        with writing_to(self.target.called):
            for attempt in range(1, _ATTEMPTS + 1):
                try:
                    self._put()
                    break
                except (driver().err.Error, OSError) as exc:
                    if not is_gone(exc):
                        raise
                    if self._has_committed():
                        break
                    if attempt == _ATTEMPTS:
                        raise
        self.close()
        return self.written

    def close(self) -> None:
        """Remove the table that the rows rest in. Safe to call twice.

        Where the server is gone, the table stays; the next run that writes there removes it.
        """
        if self.db is None:
            return
        with suppress(driver().err.Error, OSError):
            let_go(self.db, self.name)
        drop(self.db)
        self.db = None

    def _with_keys(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        keys = {column.lower() for column in self.target.primary_key}
        for column, values in zip(batch.schema.names, batch.columns, strict=True):
            if column.lower() in keys and values.null_count:
                raise null_key(column, values.null_count)
        return batch

    def _put(self) -> None:
        now = self.target.fitting(self.db, self.schema)
        if (now.exists, now.shape) != (self.fitted.exists, self.fitted.shape):
            raise TargetError(f"{self.target.called} changed while the run was going on", hint="run it again")
        if now.exists:
            self._move(now)
            return
        self._say(None, self.written.staged)
        try:
            run(self.db, f"RENAME TABLE {self.name.sql} TO {self.target.name.sql}")
        except driver().err.Error as exc:
            if number_of(exc) != NAME_TAKEN:
                raise
            raise TargetError(f"{self.target.called} was made while the run was going on", hint="run it again") from exc

    def _move(self, now: Fitting) -> None:
        for statement in now.additions:
            run(self.db, statement)
        try:
            run(self.db, "START TRANSACTION")
            key = now.key(self.target.primary_key)
            staged, write_mode = self.written.staged, self.target.write_mode
            before, after = move(self.db, now, self.name, staged=staged, write_mode=write_mode, key=key)
            run(self.db, f"DELETE FROM {self.name.sql} LIMIT 1")  # nosec B608 # noqa: S608 - the mark: one row less says that it is done
            self._say(before, after)
            run(self.db, "COMMIT")
        except BaseException as exc:
            if not is_gone(exc):
                self._take_back(now)
            raise

    def _take_back(self, now: Fitting) -> None:
        with suppress(driver().err.Error, OSError):
            for statement in ("ROLLBACK", *now.removals):
                run(self.db, statement)

    def _say(self, before: int | None, after: int | None) -> None:
        self.written = self.written.model_copy(
            update={"rows_before": before, "rows_after": after, "changes": self.fitted.changes}
        )

    def _has_committed(self) -> bool:
        """Find out, over a new connection, whether the rows became visible before the old one ended.

        Raises:
            TargetError: that can't be found out.
        """
        unknown = TargetError(
            f"the server went away during the commit; whether {self.target.called} has the new rows is not known",
            hint="look at the table before you run this again",
        )
        number = self.db.thread_id()
        drop(self.db)
        try:
            self.db = _reached(self.target.connection)
            with suppress(driver().err.Error):
                run(self.db, f"KILL CONNECTION {number}")
            hold(self.db, self.name, PATIENCE)  # the old connection let go of it when all that it did was over
            if kind_of(self.db, self.name):
                return self.fitted.exists and _count(self.db, self.name) < self.written.staged
            if not self.fitted.exists and kind_of(self.db, self.target.name):
                return True
        except (OsirisError, driver().err.Error, OSError) as exc:
            raise unknown from exc
        raise unknown


def _make(db: Db, fitted: Fitting, name: Named, primary_key: tuple[str, ...]) -> None:
    """Make the table that rows rest in; with the key, unless the server can't index such columns."""
    indexed = not any(word in fitted.columns[c].upper() for c in fitted.key(primary_key) for word in _UNSIZED)
    try:
        run(db, fitted.staging(name, primary_key, indexed=indexed))
    except driver().err.Error as exc:
        if number_of(exc) not in KEY_TOO_LONG:
            raise
        run(db, fitted.staging(name, primary_key, indexed=False))


def _must_be_keys(db: Db, name: Named, key: tuple[str, ...]) -> None:
    """Refuse staged rows that their key does not tell apart.

    Raises:
        CheckFailed: two rows have the same.
    """
    if not key:
        return
    listed = ", ".join(map(quoted, key))
    ((values, rows),) = ask(
        db,
        "SELECT count(*), coalesce(sum(n), 0) FROM "  # nosec B608 # noqa: S608 - all names are quoted
        f"(SELECT count(*) AS n FROM {name.sql} GROUP BY {listed} HAVING n > 1) AS doubled",
    )
    if values:
        raise doubled_key(key, int(rows), values)


def _count(db: Db, name: Named) -> int:
    ((rows,),) = ask(db, f"SELECT count(*) FROM {name.sql}")  # nosec B608 # noqa: S608 - the name is quoted
    return int(rows)


def _reached(connection: MysqlConnection) -> Db:
    """Return a new connection, as soon as the server takes one.

    Raises:
        ConnectError: it takes none for too long.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return writer(connection)
        except ConnectError:
            if time.monotonic() > deadline:
                raise
        time.sleep(_PAUSE)
