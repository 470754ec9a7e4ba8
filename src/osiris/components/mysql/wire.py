"""The rows of a result as they come over the wire: blocks of bytes, and where in them each row begins and ends.

PyMySQL signs on and sends the query; its own reading of rows makes an object of every value. Source of the format:
MySQL client/server protocol, "Text Resultset", "COM_STMT_PREPARE" and "Packets".
"""

import struct
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from osiris.components.mysql.driver import Db, driver

BLOCK = 2_097_152  # bytes of rows that are decoded together
_READ = 262_144  # bytes asked of the socket at once
HEAD = 4  # bytes before a packet: three of length, one of sequence
_FULL = 0xFFFFFF  # the length of a packet that goes on in the next
_EOF, _ERR = 0xFE, 0xFF
_EOF_LENGTH = 9  # a shorter packet that begins with 0xFE ends the rows
_SPARE = bytes(16)  # after the last row, so that a length may be looked for past its end
_QUERY, _PREPARE, _FORGET = 3, 22, 25  # commands
_LOST = 2013  # the client's own number for a server that went away
_word = struct.Struct("<I").unpack_from
_prepared = struct.Struct("<BIH").unpack_from


@dataclass(frozen=True)
class Field:
    """What the server says of one column of a result.

    Attributes:
        code: Number of its type.
        charset: Number of the character set that its values come in; 63 for bytes.
        length: Most bytes that a value takes in print.
        scale: Digits after the point; 31 where it floats.
    """

    name: str
    code: int
    charset: int
    length: int
    flags: int
    scale: int


@dataclass(frozen=True)
class Rows:
    """Some whole rows.

    Attributes:
        block: The packets, one after the other, with some bytes to spare at the end.
        starts: Position of the first byte of each row's first value.
    """

    block: pa.Buffer
    starts: list[int]

    @property
    def end(self) -> int:
        """Return the position after the last byte of the last row."""
        return self.block.size - len(_SPARE)


def described(db: Db, sql: str) -> list[Field]:
    """Return the columns that a query would give; the server works them out without reading a row.

    Raises:
        pymysql.err.Error: the server refuses the query, or is gone.
    """
    db._execute_command(_PREPARE, sql.encode())
    _, number, columns = _prepared(_packet(db).get_all_data())  # a query that passed the guard has no parameters
    fields = [_field(_packet(db, driver().connections.FieldDescriptorPacket)) for _ in range(columns)]
    _packet(db)
    db._execute_command(_FORGET, struct.pack("<I", number))
    return fields


def send(db: Db, sql: str) -> list[str]:
    """Send a query and return the names of its columns; the rows are still to be read.

    Raises:
        pymysql.err.Error: the server refuses the query, or is gone.
    """
    db._execute_command(_QUERY, sql.encode())
    result = driver().connections.MySQLResult(db)
    result.init_unbuffered_query()
    result.unbuffered_active = False  # the rows are ours to read
    return [field.name for field in result.fields]


def rows(db: Db) -> Generator[Rows, None, int]:
    """Yield all rows of the query that was sent, in blocks of about `BLOCK` bytes.

    Returns:
        How many warnings the server has about them.

    Raises:
        pymysql.err.Error: the server breaks off, or is gone before it has said that these were all rows.
    """
    source: Any = db._rfile
    pending = bytearray()
    walk = _Walk(pending)
    while True:
        while walk.warnings is None and walk.at < BLOCK:
            data = source.read1(_READ)
            if not data:
                raise driver().err.OperationalError(_LOST, "Lost connection to MySQL server during query")
            pending += data
            walk.on()
        if walk.starts:
            yield Rows(pa.py_buffer(bytes(pending[: walk.at]) + _SPARE), walk.starts)
        if walk.warnings is not None:
            return walk.warnings
        del pending[: walk.at]
        walk = _Walk(pending)
        walk.on()


class _Walk:
    """A walk over packets that notes where rows begin.

    Attributes:
        at: Where the first packet begins that is not all there.
        warnings: Of all rows, once their end was met.
    """

    def __init__(self, data: bytearray) -> None:
        self.data = data
        self.starts: list[int] = []
        self.at = 0
        self.warnings: int | None = None

    def on(self) -> None:
        """Go on as far as there are whole packets.

        Raises:
            pymysql.err.Error: the server says that it broke off.
        """
        data, at, size = self.data, self.at, len(self.data)
        note = self.starts.append
        while at + HEAD < size:
            length = _word(data, at)[0] & _FULL
            end = at + HEAD + length
            if end > size:
                break
            if data[at + HEAD] >= _EOF and self._is_over(at + HEAD, end):
                break
            if length == _FULL:
                whole = _joined(data, end)
                if whole is None:
                    break
                end, size = whole, len(data)
            note(at + HEAD)
            at = end
        self.at = at

    def _is_over(self, start: int, end: int) -> bool:
        if self.data[start] == _ERR:
            driver().err.raise_mysql_exception(bytes(self.data[start:end]))
        if end - start >= _EOF_LENGTH:
            return False  # a row whose first value is longer than 16 MiB
        self.warnings = int.from_bytes(self.data[start + 1 : start + 3], "little")
        return True


def _joined(data: bytearray, end: int) -> int | None:
    """Make one packet of a row of several, whose first ends here.

    Returns:
        Where the row ends; None where it is not all there.
    """
    heads, length = [], _FULL
    while length == _FULL:
        if end + HEAD > len(data):
            return None
        heads.append(end)
        length = _word(data, end)[0] & _FULL
        end += HEAD + length
        if end > len(data):
            return None
    for head in reversed(heads):
        del data[head : head + HEAD]
    return end - HEAD * len(heads)


def _packet(db: Db, kind: Any = None) -> Any:
    return db._read_packet(kind or driver().connections.MysqlPacket)


def _field(packet: Any) -> Field:
    return Field(packet.name, packet.type_code, packet.charsetnr, packet.length, packet.flags, packet.scale)
