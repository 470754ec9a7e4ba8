"""The rows of a COPY as they come over the wire: blocks of bytes, and where in them each row begins.

libpq hands over one row a call. Where nothing is encrypted the socket is read itself, many rows at once, which takes
half of the time; libpq signs on, and knows nothing of it.

Source of the formats: PostgreSQL's manual, COPY, "Binary Format", and Frontend/Backend Protocol, "Message Formats".
"""

import struct
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from osiris.components.postgres.driver import Refusal, complaint, failed
from osiris.components.postgres.session import Db, next_result, result_of
from osiris.kit.gather import Array, pc, positions
from osiris.kit.stream import BATCH_ROWS

BLOCK = 2_097_152  # bytes of rows that are decoded together
_READ = 262_144  # bytes asked of the socket at once
_HEADER = 19  # bytes before the first row: signature, flags, and the length of an extension, which nobody uses
_COUNT = 2  # bytes before a row's first value: how many values it has
_END = b"\xff\xff"
_SPARE = bytes(16)  # after the last row, so that a number may be looked for where a NULL has none
_LETTER, _HEAD = 1, 5  # bytes before a message: what it is; that, and its length, which counts itself
_length = struct.Struct("!I").unpack_from
_BEGIN, _DATA, _DONE, _READY, _ERROR = b"H"[0], b"d"[0], b"c"[0], b"Z"[0], b"E"[0]


@dataclass(frozen=True)
class Rows:
    """Some whole rows.

    Attributes:
        block: The rows, one after the other, with some bytes to spare at the end; anything may lie between them.
        starts: Position of the first byte of each row's first value, its length.
        longest: Bytes of the longest row, or a few more.
    """

    block: pa.Buffer
    starts: Array
    longest: int

    @classmethod
    def of(cls, block: bytes | bytearray, starts: list[int], end: int) -> "Rows":
        """Return rows that begin at these places, the last of which ends at `end`."""
        at = positions(starts)
        lengths = pc.subtract(positions([*starts[1:], end]), at)
        return cls(pa.py_buffer(block), at, pc.max(lengths).as_py())


def rows(db: Db, query: str) -> Generator[Rows]:
    """Yield all rows of a query, in blocks of about `BLOCK` bytes and at most `BATCH_ROWS` rows.

    Raises:
        psycopg.Error: the server refuses the query, breaks off, or is gone before it has said that these were all.
        Refusal: likewise, where the socket is read itself.
    """
    statement = f"COPY ({query}) TO STDOUT (FORMAT binary)"
    db.busy = True
    yield from _by_libpq(db, statement) if db.wire.ssl_in_use else _by_socket(db, statement)
    db.busy = False


def _by_libpq(db: Db, statement: str) -> Generator[Rows]:
    result_of(db, statement)
    before = _HEADER
    for messages in _messages(db):
        messages[0], before = messages[0][before:], 0
        if messages[-1] == _END:
            messages.pop()
        starts, at = [], 0
        for message in messages:
            if len(message):
                starts.append(at + _COUNT)
                at += len(message)
        if starts:
            yield Rows.of(b"".join([*messages, _SPARE]), starts, at)


def _messages(db: Db) -> Generator[list[Any]]:
    """Yield what the server sends, one message a row but for the first, which has the header, too."""
    taken: list[Any] = []
    take, size, wire = taken.append, 0, db.wire
    receive = wire.get_copy_data
    while True:
        length, data = receive(1)
        if length > 0:
            take(data)
            size += length
            if size >= BLOCK or len(taken) >= BATCH_ROWS:
                yield taken
                taken = []
                take, size = taken.append, 0
        elif length == 0:
            db.wait()
            wire.consume_input()
        else:
            break
    while (result := next_result(db)) is not None:
        if failed(result):
            raise complaint(result)
    if taken:
        yield taken


def _by_socket(db: Db, statement: str) -> Generator[Rows]:
    socket = _Socket(db)
    socket.send(statement)
    while socket.next() != _BEGIN:
        socket.drop()
    socket.drop()
    before, over = _HEADER, False
    while (kind := socket.next()) != _READY:
        if kind != _DATA:  # a notice may come at any time
            over = over or kind == _DONE
            socket.drop()
            continue
        starts, end = socket.walk(before)
        block, before = socket.take(end), 0
        if starts:
            yield Rows.of(block, starts, end)
    if not over:
        raise complaint(None)


@dataclass
class _Socket:
    """What has come over the wire and has not been looked at."""

    db: Db
    pending: bytearray = field(default_factory=bytearray)

    def send(self, statement: str) -> None:
        """Send a statement."""
        text = statement.encode() + b"\0"
        left = memoryview(b"Q" + struct.pack("!I", len(text) + 4) + text)
        while left:
            try:
                left = left[self.db.line.send(left) :]
            except BlockingIOError:
                self.db.wait(writable=True)
            except OSError as exc:
                raise self._gone() from exc

    def next(self) -> int:
        """Return what the next message is; all of it is here, but for data.

        Raises:
            Refusal: it is an error.
            psycopg.OperationalError: the server is gone.
        """
        while len(self.pending) < _HEAD:
            self._more()
        kind = self.pending[0]
        if kind != _DATA:
            while len(self.pending) < self._end():
                self._more()
        if kind == _ERROR:
            raise _refusal(bytes(self.pending[_HEAD : self._end()]))
        return kind

    def drop(self) -> None:
        """Forget the message that `next` told of."""
        del self.pending[: self._end()]

    def walk(self, before: int) -> tuple[list[int], int]:
        """Wait for a block of whole messages of data, or for the last ones.

        Args:
            before: Bytes in the first message before its row.

        Returns:
            Where each row's first value begins, and where the last row ends.
        """
        starts: list[int] = []
        note, at, data = starts.append, 0, self.pending
        while at < BLOCK and len(starts) < BATCH_ROWS:
            size = len(data)
            while at + _HEAD <= size and data[at] == _DATA:
                end = at + _LETTER + _length(data, at + _LETTER)[0]
                if end > size or len(starts) == BATCH_ROWS:
                    break
                first = at + _HEAD + before
                before = 0
                if end - first > _COUNT or (end > first and data[first:end] != _END):
                    note(first + _COUNT)
                at = end
            if at + _HEAD <= size and data[at] != _DATA:
                break
            if at < BLOCK and len(starts) < BATCH_ROWS:
                self._more()
        return starts, at

    def take(self, end: int) -> bytearray:
        """Return what lies before a place, and forget it."""
        taken, self.pending = self.pending, self.pending[end:]
        taken[end:] = _SPARE
        return taken

    def _end(self) -> int:
        return int(_LETTER + _length(self.pending, _LETTER)[0])

    def _more(self) -> None:
        while True:
            try:
                found = self.db.line.recv(_READ)
                break
            except BlockingIOError:
                self.db.wait()
            except OSError as exc:
                raise self._gone() from exc
        if not found:
            raise self._gone()
        self.pending += found

    def _gone(self) -> Exception:
        return complaint(None)


def _refusal(body: bytes) -> Refusal:
    parts = {part[:1]: part[1:].decode("utf-8", "replace") for part in body.split(b"\0") if part}
    return Refusal(parts.get(b"C", ""), parts.get(b"M", ""), parts.get(b"H", ""))
