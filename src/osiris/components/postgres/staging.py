"""Rows at rest in a transaction that nobody else can look into, and the end of it that makes them visible.

Everything that a write does happens in one transaction on one connection: the staging table is made in it, filled,
looked at, and moved into the target. Whatever ends the connection before the commit, a killed process included, leaves
nothing behind; there is nothing to clear up, and no other run's staging to be careful of.
"""

import contextlib
import re
import time
from dataclasses import dataclass
from uuid import uuid4

import pyarrow as pa

from osiris.components.postgres.complaints import is_gone, reading, writing
from osiris.components.postgres.config import PostgresConnection, PostgresWrite
from osiris.components.postgres.ddl import MOST_NAME, create_table
from osiris.components.postgres.driver import driver
from osiris.components.postgres.encode import FORMAT, encoder, written
from osiris.components.postgres.fitting import Fitting, fitting, must_survive
from osiris.components.postgres.moving import must_be_keys, must_lose_nothing, put
from osiris.components.postgres.session import Db, connect, listed, opened, quoted
from osiris.components.postgres.tables import Named, relation
from osiris.kit.stream import Stream
from osiris.model.errors import CheckFailed, OsirisError, TargetError
from osiris.model.job import Marks
from osiris.model.plan import TargetState
from osiris.model.receipt import Written
from osiris.model.spec import WriteMode

MOST_COUNTED = 10_000_000  # rows of a target, by the server's estimate, that are counted for a plan
_NO_NAME = re.compile(r"[^A-Za-z0-9]+")
_RANDOM = 12  # characters
_ASKS = 50  # times that the server is asked how a commit ended, before that is given up
_PAUSE = 0.2  # seconds between two of them


@dataclass(frozen=True)
class Target:
    """One table to write, and how.

    Attributes:
        family: Whose name the target goes by.
    """

    connection: PostgresConnection
    family: str
    name: Named
    write_mode: WriteMode
    primary_key: tuple[str, ...]
    create_if_missing: bool
    lock_timeout: float

    @classmethod
    def of(cls, connection: PostgresConnection, config: PostgresWrite, family: str = "postgres") -> "Target":
        """Return what a writer's settings mean on a server."""
        return cls(
            connection=connection,
            family=family,
            name=Named.of(config.table, config.table_schema, connection.default_schema),
            write_mode=config.write_mode,
            primary_key=tuple(config.primary_key),
            create_if_missing=config.create_if_missing,
            lock_timeout=config.lock_timeout,
        )

    @property
    def said(self) -> str:
        """Return the table's name as plans and receipts say it."""
        return f"@{self.family}/{self.name}"

    @property
    def table(self) -> str:
        """Return the table's name as errors say it."""
        return f"table {str(self.name)!r}"

    def look(self) -> TargetState:
        """Return whether the table is there, and how many rows it holds, unless counting them would take long.

        Raises:
            ConnectError: there is no connection, or no right to read.
        """
        with opened(self.connection, read_only=True) as db, writing(self.table):
            there = relation(db, self.name)
            if there is None:
                return TargetState(target=self.said, exists=False)
            ((guess,),) = db.ask("SELECT reltuples::bigint FROM pg_catalog.pg_class WHERE oid = %s", there[0])
            rows = None if guess > MOST_COUNTED else db.count(self.name.sql)
        return TargetState(target=self.said, exists=True, rows=rows)

    def fitting(self, db: Db, rows: pa.Schema) -> Fitting:
        """Return how rows would go into the table now."""
        return fitting(db, self.name, rows, create_if_missing=self.create_if_missing)


@dataclass
class StagedTable:
    """Rows that wait for their commit.

    Attributes:
        rows: What they are.
        db: The connection whose transaction they rest in.
        fitting: How they go into the table, as it was when they were staged.
        staged: The table they rest in, as SQL writes it.
        final: Whether it becomes the target itself, which is not there yet.
    """

    target: Target
    rows: pa.Schema
    db: Db
    fitting: Fitting
    staged: str
    final: bool
    written: Written

    @classmethod
    def of(cls, target: Target, rows: pa.Schema, marks: Marks) -> "StagedTable":
        """Connect and begin to stage, once it is sure that the table can take such rows.

        Raises:
            ConnectError: there is no connection, or no right to write.
            AuthorError: PostgreSQL has no type for a column.
            TargetError: the table can't take them.
        """
        db = connect(target.connection, read_only=False)
        try:
            with writing(target.table):
                db.set("lock_timeout", str(max(1, round(target.lock_timeout * 1000))))
                fits = target.fitting(db, rows)
                if target.write_mode == "replace":
                    must_lose_nothing(db, fits)
                final = fits.oid is None and not fits.missing_schema
                staged = _make(db, fits, marks, final=final)
        except BaseException:
            db.close()
            raise
        said = Written(target=target.said, write_mode=target.write_mode, staged=0, changes=fits.changes)
        return cls(target, rows, db, fits, staged, final, said)

    def fill(self, rows: Stream) -> None:
        """Take all rows, and verify what lies there.

        Raises:
            OsirisError: whatever the rows raise.
            TargetError: the server refuses, or is gone.
            CheckFailed: a key is NULL or doubled, or a value can't be held exactly.
        """
        with writing(self.target.table):
            count = self._copy(rows)
            must_be_keys(self.db, self.staged, self._key)
            must_survive(self.db, self.staged, self.fitting.fits)
        self.written = self.written.model_copy(update={"staged": count})

    def commit(self) -> Written:
        """Put the rows into the table, and end the transaction.

        Raises:
            TargetError: the table can't take the rows, or the server refuses; everything is as it was.
            CheckFailed: a row breaks a promise of the table's, such as a key that is there already.
        """
        with writing(self.target.table):
            self.written = self._put()
            ((number,),) = self.db.ask("SELECT pg_catalog.txid_current()")
        try:
            with writing(self.target.table):
                self.db.do("COMMIT")
        except OsirisError as exc:
            if not is_gone(exc.__cause__):
                raise
            self._must_be_committed(int(number), exc)
        self.close()
        return self.written

    def close(self) -> None:
        """Take back what was not committed, and hang up. Safe to call twice."""
        with contextlib.suppress(driver().Error):  # whatever it says, the end of the connection does the same
            self.db.do("ROLLBACK")
        self.db.close()

    def _copy(self, rows: Stream) -> int:
        """Send all rows, and return how many the server has taken."""
        json_ = {fit.source: fit.as_json for fit in self.fitting.fits}
        encoders = {field.name: encoder(field.name, field.type, as_json=json_[field.name]) for field in rows.schema}
        names = self._names
        columns = listed([names[name] for name in rows.schema.names])
        cursor = self.db.session.cursor()
        with cursor.copy(f"COPY {self.staged} ({columns}) FROM STDIN {FORMAT}".encode()) as copy:
            for batch in rows:
                if batch.num_rows:
                    copy.write(written(batch, encoders))
        return cursor.rowcount

    @property
    def _key(self) -> tuple[str, ...]:
        """Return the key's columns as the rows call them."""
        return tuple(next(n for n in self.rows.names if n.lower() == key.lower()) for key in self.target.primary_key)

    @property
    def _names(self) -> dict[str, str]:
        """Return column of the rows to column of the table they rest in."""
        return {fit.source: fit.target if self.final else fit.source for fit in self.fitting.fits}

    def _put(self) -> Written:
        fits = self.target.fitting(self.db, self.rows)
        if fits != self.fitting:  # somebody changed the table meanwhile: perhaps another step of this very run
            must_survive(self.db, self.staged, fits.fits)
        if self.final and fits.oid is None:
            self._become(fits)
            counts = {"rows_after": self.written.staged}
        else:
            counts = put(self.db, self.target.write_mode, self._key, fits, self.staged)
            self.db.do(f"DROP TABLE {self.staged}")
        expected = self.written.staged
        if self.target.write_mode != "merge" and counts.pop("moved", expected) != expected:
            raise CheckFailed(
                f"{self.target.table} did not take all of the {expected} rows",
                hint="look at the table's triggers and rules: one of them keeps rows out",
            )
        return self.written.model_copy(update={"changes": fits.changes, **counts})

    def _become(self, fits: Fitting) -> None:
        """Give the table that the rows rest in the target's name, and its key."""
        name = fits.name
        self.db.do(f"ALTER TABLE {self.staged} RENAME TO {quoted(name.table)}")
        if self._key:
            self.db.do(f"ALTER TABLE {name.sql} ADD PRIMARY KEY ({listed(self._key)})")

    def _must_be_committed(self, number: int, broken: OsirisError) -> None:
        """Ask the server how the transaction ended whose last answer got lost.

        Raises:
            TargetError: it was taken back, or nobody can tell.
        """
        said = None
        with (
            contextlib.suppress(OsirisError),
            opened(self.target.connection, read_only=True) as db,
            reading(self.target.table),
        ):
            for _ in range(_ASKS):
                ((said,),) = db.ask("SELECT pg_catalog.txid_status(%s)", number)
                if said != "in progress":
                    break
                time.sleep(_PAUSE)
        if said == "committed":
            return
        if said == "aborted":
            raise broken
        raise TargetError(
            f"{self.target.table}: the server went away in the moment of the commit, and nobody can tell how it ended",
            why=broken.why,
            hint=f"before you run again, ask the server: SELECT txid_status({number})",
        ) from broken


def _make(db: Db, fits: Fitting, marks: Marks, *, final: bool) -> str:
    """Make the table for the rows to rest in, and return its name as SQL writes it."""
    whose = _NO_NAME.sub("_", f"osiris_{marks.run_id}_{marks.step_id}")[: MOST_NAME - _RANDOM - 2]
    name = f"_{whose}_{uuid4().hex[:_RANDOM]}"
    if final:
        staged = quoted(fits.name.schema, name)
        db.do(create_table(staged, {fit.target: fit.kind for fit in fits.fits}))
    else:
        staged = f"pg_temp.{quoted(name)}"
        listed_ = ", ".join(f"{quoted(fit.source)} {fit.staged}" for fit in fits.fits)
        db.do(f"CREATE TEMP TABLE {staged} ({listed_}) ON COMMIT DROP")
    return staged
