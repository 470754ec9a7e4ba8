"""The types that a catalogue lists are those that the extractor delivers, so that compiling may go by the catalogue."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.contract.test_mysql import fields
from tests.services import mysql, postgres

from osiris.kit.component import Place, Surveyor
from osiris.kit.registry import Registry

REGISTRY = Registry.installed()
COMMON = "a BIGINT, b INTEGER, c SMALLINT, d DECIMAL(12, 2), e DOUBLE PRECISION, f VARCHAR(20), g DATE, h TIMESTAMP"
IN_MYSQL = (
    "i TINYINT(1), j BIGINT UNSIGNED, k MEDIUMINT, l DECIMAL(40, 5), m FLOAT, n BIT(1), o BIT(8), p YEAR,"
    " q DATETIME(3), r TIME, s ENUM('x', 'y'), t SET('x', 'y'), u JSON, v BINARY(4), w LONGBLOB, x TEXT, y POINT"
)
IN_POSTGRES = (
    "i boolean, j numeric, k numeric(50, 3), l real, m uuid, n jsonb, o json, p bytea, q interval, r time, s timetz,"
    " t timestamptz, u int[], v text[], w inet, x money, y char(4), z xml"
)
IN_DUCKDB = "i HUGEINT, j UUID, k INTERVAL, l MAP(VARCHAR, INTEGER), m STRUCT(a INTEGER), n INTEGER[], o TIMESTAMPTZ"


@contextmanager
def in_mysql(_: Path) -> Iterator[dict[str, Any]]:
    with mysql.database() as at:
        mysql.ask(at, f"CREATE TABLE t ({COMMON}, {IN_MYSQL})")
        yield fields(at)


@contextmanager
def in_postgres(_: Path) -> Iterator[dict[str, Any]]:
    with postgres.database() as at:
        postgres.ask(at, f"CREATE TABLE t ({COMMON}, {IN_POSTGRES})")
        yield fields(at)


@contextmanager
def in_duckdb(folder: Path) -> Iterator[dict[str, Any]]:
    with duckdb.connect(folder / "t.duckdb") as db:
        db.execute(f"CREATE TABLE t ({COMMON}, {IN_DUCKDB})")
    yield {"path": "t.duckdb"}


@pytest.mark.parametrize(("family", "source"), [("mysql", in_mysql), ("postgres", in_postgres), ("duckdb", in_duckdb)])
def test_a_catalogue_lists_the_types_that_arrive(tmp_path: Path, family: str, source: Callable[[Path], Any]) -> None:
    place = Place(project=tmp_path, scratch=tmp_path)
    desk = REGISTRY.family(family).desk
    assert desk is not None
    with source(tmp_path) as connection:
        table = desk.catalogue(REGISTRY.connect(family, connection), place).table("t")
        component = REGISTRY.build(f"{family}.extractor", {"table": "t"}, place, connection)
        assert isinstance(component, Surveyor)
        arriving = {column.name: column.type for column in component.survey().columns}
    assert table is not None
    assert {column.name: column.type for column in table.columns} == arriving
