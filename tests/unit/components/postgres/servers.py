"""A PostgreSQL database for these tests, and what is read from it and written to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
from tests.services.postgres import ask
from tests.services.shared import Server

from osiris.components.postgres.config import PostgresConnection
from osiris.kit.component import Extractor, Place, Writer
from osiris.kit.registry import Registry
from osiris.kit.stream import Stream
from osiris.model.receipt import Written
from osiris.testing.writer import MARKS, stream_of

HERE = Place(project=Path(), scratch=Path())


def fields(at: Server, **others: Any) -> dict[str, Any]:
    return {
        "host": at.host,
        "port": at.port,
        "user": at.user,
        "password": at.password,
        "database": at.database,
    } | others


def connection(at: Server, **others: Any) -> PostgresConnection:
    return PostgresConnection.model_validate(fields(at, **others))


def extractor(at: Server, **config: Any) -> Any:
    found = Registry.installed().build("postgres.extractor", config, HERE, fields(at))
    assert isinstance(found, Extractor)
    return found


def read(at: Server, **config: Any) -> pa.Table:
    with extractor(at, **config).extract() as stream:
        return pa.Table.from_batches(stream, stream.schema)


def value(at: Server, expression: str, **config: Any) -> Any:
    """Return the Arrow type and the value of one SQL expression."""
    column = read(at, query=f"SELECT {expression} AS x", **config).column("x")
    return column.type, column[0].as_py()


def writer(at: Server, table: str = "rows", write_mode: str = "append", **config: Any) -> Any:
    settings = {"table": table, "write_mode": write_mode} | config
    found = Registry.installed().build("postgres.writer", settings, HERE, fields(at))
    assert isinstance(found, Writer)
    return found


@contextmanager
def stranger(at: Server) -> Iterator[Server]:
    """Lend the same database to a user who may do nothing but sign on."""
    name = f"r_{at.database}"
    ask(at, f"CREATE ROLE {name} LOGIN PASSWORD 'x'")
    try:
        yield Server(at.host, at.port, name, "x", at.database)
    finally:
        ask(at, f"DROP OWNED BY {name}", f"DROP ROLE {name}")


def put(at: Server, rows: pa.Table | Stream, table: str = "rows", write_mode: str = "append", **config: Any) -> Written:
    stream = rows if isinstance(rows, Stream) else stream_of(rows)
    staged = writer(at, table, write_mode, **config).write(stream, MARKS)
    try:
        written: Written = staged.commit()
    finally:
        staged.close()
    return written
