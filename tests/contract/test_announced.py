"""The columns that are announced when a pipeline is compiled are the columns that a run delivers."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from tests.services import mysql, postgres
from tests.services.shared import Server
from tests.unit.sql.shop import COLUMNS, benign

from osiris.kit.component import Extractor, Place, Processor, Surveyor
from osiris.kit.registry import Registry
from osiris.kit.stream import of_batches
from osiris.model.catalogue import Known
from osiris.model.errors import OsirisError

REGISTRY = Registry.installed()
ROWS = {
    "customers": "1, 'Ada', 'ada@example.com', 'Brno', 'CZ', '2024-02-29 10:00:00', TRUE",
    "orders": "1, 1, 'paid', '2025-01-14', 120.50, 'CZK'",
    "order_lines": "1, 1, 1, 2, 19.90, NULL",
    "employees": "1, 'Ada', NULL, 1000.00, 'IT'",
}
Fields = dict[str, Any]


def statements(**types: str) -> list[str]:
    """Return what makes the shop, with a few rows, where some types are called otherwise."""
    made = []
    for table, columns in COLUMNS.items():
        for ours, theirs in types.items():
            columns = columns.replace(ours, theirs)  # noqa: PLW2901 - one type after the other
        made.append(f"CREATE TABLE {table} ({columns})")
    return [*made, *(f"INSERT INTO {table} VALUES ({row})" for table, row in ROWS.items())]


@contextmanager
def in_duckdb(folder: Path) -> Iterator[Fields]:
    with duckdb.connect(folder / "shop.duckdb") as db:
        for statement in statements():
            db.execute(statement)
    yield {"path": "shop.duckdb"}


@contextmanager
def in_sqlite(folder: Path) -> Iterator[Fields]:
    with closing(sqlite3.connect(folder / "shop.sqlite")) as db:
        for statement in statements(**NESTED):
            db.execute(statement)
        db.commit()
    yield {"path": "shop.sqlite"}


@contextmanager
def in_mysql(_: Path) -> Iterator[Fields]:
    with mysql.database() as at:
        mysql.ask(at, *statements(**NESTED | {"varchar": "varchar(80)"}))
        yield _fields(at)


@contextmanager
def in_postgres(_: Path) -> Iterator[Fields]:
    with postgres.database() as at:
        postgres.ask(at, *statements(**NESTED | {"varchar[]": "varchar[]", "payload json": "payload jsonb"}))
        yield _fields(at)


# Types that only DuckDB has.
NESTED = {
    "varchar[]": "text",
    "struct(width integer, height integer)": "text",
    "map(varchar, varchar)": "text",
}


def _fields(at: Server) -> Fields:
    return {"host": at.host, "port": at.port, "user": at.user, "password": at.password, "database": at.database}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("family", "source", "least"),
    [
        pytest.param("duckdb", in_duckdb, 130, id="duckdb"),
        pytest.param("sqlite", in_sqlite, 50, id="sqlite"),
        pytest.param("mysql", in_mysql, 40, id="mysql"),
        pytest.param("postgres", in_postgres, 60, id="postgres"),
    ],
)
def test_a_source_delivers_what_its_survey_announced(
    tmp_path: Path, family: str, source: Callable[[Path], Any], least: int
) -> None:
    delivered, wrong = 0, []
    with source(tmp_path) as connection:
        for number, query in enumerate(benign(family)):
            scratch = tmp_path / f"scratch-{number}"
            scratch.mkdir()
            place = Place(project=tmp_path, scratch=scratch)
            name = f"{family}.extractor"
            looking = REGISTRY.build(name, {"query": query}, place, connection)
            assert isinstance(looking, Surveyor)
            try:
                announced = looking.announce(Known(survey=looking.survey()))
            except OsirisError:
                continue
            running = REGISTRY.build(name, {"query": query, **announced.fixed}, place, connection)
            assert isinstance(running, Extractor)
            try:
                with running.extract() as stream:
                    schemas = [stream.schema, *(batch.schema for batch in stream)]
            except OsirisError as exc:
                wrong += [(query, exc.message)] if "changed since" in exc.message else []
                continue
            delivered += 1
            wrong += [(query, str(schema)) for schema in schemas if schema != announced.schema]
    assert wrong == []
    assert delivered >= least


@pytest.mark.slow
def test_a_query_over_rows_delivers_what_it_announced(tmp_path: Path) -> None:
    inputs = {}
    with duckdb.connect() as db:
        for statement in statements():
            db.execute(statement)
        for table in COLUMNS:
            plain = "* EXCLUDE (props)" if table == "products" else "*"
            inputs[table] = db.sql(f"SELECT {plain} FROM {table}").to_arrow_table()
    delivered, wrong = 0, []
    for query in benign("duckdb"):
        processor = REGISTRY.build("duckdb.processor", {"query": query}, Place(tmp_path, tmp_path))
        assert isinstance(processor, Processor)
        try:
            announced = processor.announce({name: table.schema for name, table in inputs.items()})
            streams = {name: of_batches(table.schema, table.to_batches()) for name, table in inputs.items()}
            with processor.process(streams) as stream:
                schemas: list[pa.Schema] = [stream.schema, *(batch.schema for batch in stream)]
        except OsirisError:
            continue
        delivered += 1
        wrong += [(query, str(schema)) for schema in schemas if schema != announced.schema]
    assert wrong == []
    assert delivered >= 100
