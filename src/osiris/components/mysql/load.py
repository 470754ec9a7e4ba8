"""Rows into a table as fast as the server takes them: by `LOAD DATA LOCAL`, or by `INSERT` where it forbids that."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

import pyarrow as pa

from osiris.components.mysql.complaints import DOUBLED, NO_LOCAL, number_of, unfit
from osiris.components.mysql.driver import Db, driver
from osiris.components.mysql.lines import Feed, lines, tuples
from osiris.components.mysql.session import ask, quoted, run
from osiris.components.mysql.tables import Named
from osiris.kit.table import doubled_key
from osiris.model.errors import CheckFailed

LOAD_BYTES = 33_554_432  # of one statement, so that what the server keeps for taking it back stays small
INSERT_BYTES = 1_000_000  # of one statement, but for a row that is longer; no server is set to take less
_PACKET_BYTES = 1_000_000
_QUERY = 3  # the command
Block = tuple[pa.Buffer, int]


def load(
    db: Db,
    name: Named,
    feeds: Sequence[Feed],
    rows: Iterable[pa.RecordBatch],
    said: str,
    *,
    primary_key: Sequence[str] = (),
) -> int:
    """Put rows into a table; each statement commits by itself.

    Args:
        db: A writer's connection.
        name: The table.
        feeds: One a column of the rows, in their order.
        rows: The rows.
        said: What errors call the table.
        primary_key: Columns by which the table tells rows apart, as errors call them.

    Returns:
        How many rows the server took; all of those given.

    Raises:
        OsirisError: whatever the rows raise.
        CheckFailed: a value does not fit its column, or two rows have one key.
        pymysql.err.Error: the server refuses, or is gone.
    """
    statement = _load_statement(name, feeds)
    try:
        if not _takes_files(db, statement, said):
            return sum(_insert(db, name, feeds, batch) for batch in rows)
        blocks = ((lines(batch, feeds), batch.num_rows) for batch in rows if batch.num_rows)
        taken = 0
        while (block := next(blocks, None)) is not None:
            taken += _load(db, statement, chain([block], blocks), said)
        return taken
    except (driver().err.Error, Warned) as exc:
        number, message = int(exc.args[0]), str(exc.args[-1])
        if number in DOUBLED:
            raise doubled_key(primary_key) from exc
        if isinstance(exc, Warned):
            raise unfit(said, number, message) from exc
        raise


class Warned(Exception):
    """The server took rows but has a doubt about them: it may have altered a value. Its number, and its words."""


def _load_statement(name: Named, feeds: Sequence[Feed]) -> str:
    places = [f"@v{at}" if feed.made_of else quoted(feed.target) for at, feed in enumerate(feeds)]
    made = [f"{quoted(f.target)} = {f.made_of.format(f'@v{at}')}" for at, f in enumerate(feeds) if f.made_of]
    return (
        f"LOAD DATA LOCAL INFILE 'rows' INTO TABLE {name.sql} CHARACTER SET utf8mb4 "
        "FIELDS TERMINATED BY '\\t' ESCAPED BY '\\\\' LINES TERMINATED BY '\\n' "
        f"({', '.join(places)}){' SET ' + ', '.join(made) if made else ''}"
    )


def _takes_files(db: Db, statement: str, said: str) -> bool:
    try:
        _load(db, statement, iter(()), said)
    except driver().err.Error as exc:
        if number_of(exc) in NO_LOCAL:
            return False
        raise
    return True


def _load(db: Db, statement: str, blocks: Iterator[Block], said: str) -> int:
    """Send blocks until they are enough for one statement; return how many rows were in them."""
    db._execute_command(_QUERY, statement.encode())
    packet = db._read_packet()
    if not packet.is_load_local_packet():
        raise CheckFailed(f"{said}: the server does not want the rows", hint="set `local_infile: false`")
    given = sent = 0
    try:
        while sent < LOAD_BYTES and (block := next(blocks, None)) is not None:
            for start in range(0, block[0].size, _PACKET_BYTES):
                db.write_packet(memoryview(block[0])[start : start + _PACKET_BYTES].tobytes())
            sent += block[0].size
            given += block[1]
    except driver().err.Error:
        raise
    except BaseException:
        _ended(db)  # what was sent stays, in a table that goes
        raise
    answer = _ended(db)
    _must_be_unwarned(db, answer.warning_count)
    if answer.affected_rows != given:
        raise CheckFailed(f"{said}: the server took {answer.affected_rows} of {given} rows", hint="run it again")
    return given


def _ended(db: Db) -> Any:
    """Say that there are no more rows, and return the server's answer."""
    db.write_packet(b"")
    return driver().connections.OKPacketWrapper(db._read_packet())


def _must_be_unwarned(db: Db, warnings: int) -> None:
    """Refuse rows about which the server has a doubt.

    Raises:
        Warned: it has.
    """
    if warnings:
        _, number, message = ask(db, "SHOW WARNINGS LIMIT 1")[0]
        raise Warned(number, message)


def _insert(db: Db, name: Named, feeds: Sequence[Feed], batch: pa.RecordBatch) -> int:
    columns = ", ".join(quoted(feed.target) for feed in feeds)
    for rows in _in_statements(tuples(batch, feeds).to_pylist()):
        run(db, f"INSERT INTO {name.sql} ({columns}) VALUES {','.join(rows)}")  # nosec B608 # noqa: S608 - names and values are quoted
        _must_be_unwarned(db, db._result.warning_count)
    return batch.num_rows


def _in_statements(rows: list[str]) -> Iterator[list[str]]:
    some: list[str] = []
    size = 0
    for row in rows:
        if some and size + len(row) > INSERT_BYTES:
            yield some
            some, size = [], 0
        some.append(row)
        size += len(row)
    if some:
        yield some
