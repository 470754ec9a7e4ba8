"""What the tests of this family ask of it, through the components as the runner builds them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
from tests.services.shared import Server

from osiris.components.mysql.staging import StagedTable
from osiris.kit.component import Extractor, Place, Writer
from osiris.kit.family import Desk
from osiris.kit.registry import Registry
from osiris.kit.stream import of_batches
from osiris.model.job import Marks
from osiris.model.receipt import Written

PLACE = Place(project=Path(), scratch=Path())  # this family touches no file


def fields(at: Server, **more: Any) -> dict[str, Any]:
    """Return a connection's fields, as `osiris_connections.yaml` would have them."""
    known = {"host": at.host, "port": at.port, "user": at.user, "password": at.password, "database": at.database}
    return known | more


def extractor(at: Server, connection: dict[str, Any] | None = None, **config: Any) -> Extractor:
    built = Registry.installed().build("mysql.extractor", config, PLACE, connection or fields(at))
    assert isinstance(built, Extractor)
    return built


def read(at: Server, **config: Any) -> pa.Table:
    """Return all rows that an extractor gives."""
    with extractor(at, **config).extract() as stream:
        return pa.Table.from_batches(stream, stream.schema)


def writer(at: Server, connection: dict[str, Any] | None = None, **config: Any) -> Writer:
    built = Registry.installed().build("mysql.writer", config, PLACE, connection or fields(at))
    assert isinstance(built, Writer)
    return built


def stage(
    at: Server, rows: pa.Table, run: str = "run-1", connection: dict[str, Any] | None = None, **config: Any
) -> StagedTable:
    """Stage rows; the caller commits or closes."""
    batches: Iterator[pa.RecordBatch] = iter(rows.to_batches(max_chunksize=16_384))
    staged = writer(at, connection, **config).write(of_batches(rows.schema, batches), Marks(run, "write"))
    assert isinstance(staged, StagedTable)
    return staged


def write(
    at: Server, rows: pa.Table, connection: dict[str, Any] | None = None, run: str = "run-2", **config: Any
) -> Written:
    """Stage rows and commit them."""
    staged = stage(at, rows, run, connection, **config)
    try:
        return staged.commit()
    finally:
        staged.close()


def desk() -> Desk:
    found = Registry.installed().family("mysql").desk
    assert found is not None
    return found
