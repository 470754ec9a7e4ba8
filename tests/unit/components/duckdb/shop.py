"""A DuckDB file for a test, and what stands in front of it."""

from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from osiris.components.duckdb.extractor import DuckdbExtractor
from osiris.components.duckdb.processor import DuckdbProcessor
from osiris.components.duckdb.writer import DuckdbWriter
from osiris.kit.component import Place
from osiris.kit.registry import Registry
from osiris.model.job import Marks
from osiris.model.receipt import Written
from osiris.testing.writer import stream_of

FILE = "shop.duckdb"
MARKS = Marks(run_id="run-1", step_id="write")


def at(folder: Path) -> Place:
    """Return a place with a scratch folder of its own."""
    (folder / "scratch").mkdir(exist_ok=True)
    return Place(project=folder, scratch=folder / "scratch")


def execute(folder: Path, *statements: str) -> None:
    """Run some statements in the file."""
    with duckdb.connect(str(folder / FILE)) as db:
        for statement in statements:
            db.execute(statement)


def rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    """Return what a stranger reads in the file."""
    with duckdb.connect(str(folder / FILE), read_only=True) as db:
        return db.execute(query).fetchall()


def extractor(folder: Path, path: str = FILE, **config: Any) -> DuckdbExtractor:
    """Return an extractor of the file."""
    built = Registry.installed().build("duckdb.extractor", config, at(folder), {"path": path})
    assert isinstance(built, DuckdbExtractor)
    return built


def processor(folder: Path, query: str, **config: Any) -> DuckdbProcessor:
    """Return a processor with a query."""
    built = Registry.installed().build("duckdb.processor", {"query": query} | config, at(folder))
    assert isinstance(built, DuckdbProcessor)
    return built


def writer(folder: Path, path: str = FILE, **config: Any) -> DuckdbWriter:
    """Return a writer of the file's table `t`."""
    built = Registry.installed().build("duckdb.writer", {"table": "t"} | config, at(folder), {"path": path})
    assert isinstance(built, DuckdbWriter)
    return built


def put(folder: Path, given: pa.Table, **config: Any) -> Written:
    """Write some rows and commit them."""
    staged = writer(folder, **config).write(stream_of(given), MARKS)
    try:
        return staged.commit()
    finally:
        staged.close()
