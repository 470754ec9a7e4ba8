"""An SQLite file for a test, and what stands in front of it."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa

from osiris.components.sqlite.extractor import SqliteExtractor
from osiris.components.sqlite.writer import SqliteWriter
from osiris.kit.component import Place
from osiris.kit.registry import Registry
from osiris.model.job import Marks
from osiris.model.receipt import Written
from osiris.testing.writer import stream_of

FILE = "crm.sqlite"
MARKS = Marks(run_id="run-1", step_id="write")


def at(folder: Path) -> Place:
    """Return a place with a scratch folder of its own."""
    (folder / "scratch").mkdir(exist_ok=True)
    return Place(project=folder, scratch=folder / "scratch")


def execute(folder: Path, *statements: str) -> None:
    """Run some statements in the file."""
    with closing(sqlite3.connect(folder / FILE)) as db, db:
        for statement in statements:
            db.execute(statement)


def rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    """Return what a stranger reads in the file."""
    with closing(sqlite3.connect(folder / FILE)) as db:
        return db.execute(query).fetchall()


def extractor(folder: Path, path: str = FILE, **config: Any) -> SqliteExtractor:
    """Return an extractor of the file."""
    built = Registry.installed().build("sqlite.extractor", config, at(folder), {"path": path})
    assert isinstance(built, SqliteExtractor)
    return built


def read(folder: Path, **config: Any) -> pa.Table:
    """Return what an extractor delivers."""
    with extractor(folder, **config).extract() as stream:
        return pa.Table.from_batches(stream, stream.schema)


def writer(folder: Path, path: str = FILE, **config: Any) -> SqliteWriter:
    """Return a writer of the file's table `t`."""
    built = Registry.installed().build("sqlite.writer", {"table": "t"} | config, at(folder), {"path": path})
    assert isinstance(built, SqliteWriter)
    return built


def put(folder: Path, given: pa.Table, **config: Any) -> Written:
    """Write some rows and commit them."""
    staged = writer(folder, **config).write(stream_of(given), MARKS)
    try:
        return staged.commit()
    finally:
        staged.close()
