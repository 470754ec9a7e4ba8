"""Rows of one statement, pulled as they are needed."""

from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import dataclass, field
from threading import Event

import pyarrow as pa

from osiris.components.mysql.columns import batch
from osiris.components.mysql.complaints import reading_from
from osiris.components.mysql.driver import Db
from osiris.components.mysql.query import Statement
from osiris.components.mysql.session import ask, wake
from osiris.components.mysql.wire import Rows, rows, send
from osiris.kit.ahead import WAITING, ahead
from osiris.kit.held import HeldStream
from osiris.kit.sizing import sized
from osiris.model.errors import CheckFailed, Interrupted, SourceError

# Warnings that mean that a value of the result is not what the query asked for.
_CUT = {
    1260: "let an operator raise `group_concat_max_len`, or group in a later step",
    1301: "let an operator raise `max_allowed_packet` on the server",
}


@dataclass
class Breaker:
    """Lets another thread break off what the server is sending."""

    db: Db
    broken: Event = field(default_factory=Event)

    def __call__(self) -> None:
        """Break off; safe to call twice."""
        self.broken.set()
        wake(self.db)


def streamed(db: Db, statement: Statement, said: str, held: ExitStack) -> HeldStream:
    """Return the rows of a statement, which is sent when the first of them is wanted.

    Args:
        db: Lent by `held`.
        statement: What to send.
        said: What errors call it.
        held: Closed with the stream.
    """
    breaker = Breaker(db)
    batches = ahead(_batches(db, statement, said, breaker), WAITING, breaker)
    return HeldStream(statement.schema, batches, break_off=breaker, held=held)


def _batches(db: Db, statement: Statement, said: str, breaker: Breaker) -> Generator[pa.RecordBatch]:
    schema = statement.schema
    try:
        with reading_from(said):
            _must_be_the_same(send(db, statement.sql), schema.names, said)
            yield from sized(batch(some, statement.columns, schema) for some in _whole(db))
    except Exception as exc:
        if breaker.broken.is_set():
            raise Interrupted("the query was broken off") from exc
        raise


def _must_be_the_same(names: list[str], expected: list[str], said: str) -> None:
    if names != expected:
        raise CheckFailed(
            f"the columns of {said} changed while the run was going on",
            hint="let this step need the step that changes them",
        )


def _whole(db: Db) -> Generator[Rows]:
    """Yield all rows; at the end see whether the server had to cut any."""
    warnings = yield from rows(db)
    if not warnings:
        return
    for _, number, said in ask(db, "SHOW WARNINGS"):
        if number in _CUT:
            raise SourceError(f"the server cut a value: {said}", hint=_CUT[number])
