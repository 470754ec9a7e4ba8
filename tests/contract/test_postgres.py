"""PostgreSQL keeps the promises of every connector."""

from collections.abc import Iterator
from typing import Any, ClassVar

import pyarrow as pa
import pytest
from tests.services.postgres import ask, database
from tests.services.shared import Server

from osiris.kit.component import Extractor, Place
from osiris.kit.registry import Registry
from osiris.testing.extractor import ExtractorContract
from osiris.testing.writer import WriterContract


def fields(at: Server) -> dict[str, Any]:
    return {
        "host": at.host,
        "port": at.port,
        "user": at.user,
        "password": at.password,
        "database": at.database,
    }


@pytest.fixture(scope="module")
def lent() -> Iterator[Server]:
    with database() as at:
        yield at


class OnServer:
    at: Server

    @pytest.fixture(autouse=True)
    def _own_schema(self, lent: Server) -> None:
        ask(lent, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
        self.at = lent

    def connection(self, place: Place) -> dict[str, Any]:
        return fields(self.at)


class TestPostgresExtractor(OnServer, ExtractorContract):
    component: ClassVar[str] = "postgres.extractor"

    def prepare(self, place: Place, rows: int) -> dict[str, Any]:
        ask(
            self.at,
            "DROP TABLE IF EXISTS cities",
            "CREATE TABLE cities (id bigint PRIMARY KEY, city text, price numeric(9, 2), seen date)",
            f"INSERT INTO cities SELECT i, 'Brno', i * 0.5, '2024-02-29' FROM generate_series(0, {rows - 1}) AS i",
        )
        return {"table": "cities"}

    def missing(self, place: Place) -> dict[str, Any]:
        return {"table": "nowhere"}


class TestPostgresExtractorWithQuery(TestPostgresExtractor):
    def prepare(self, place: Place, rows: int) -> dict[str, Any]:
        super().prepare(place, rows)
        return {"query": "SELECT id, upper(city) AS city, price * 2 AS twice FROM cities ORDER BY id DESC"}


class TestPostgresWriter(OnServer, WriterContract):
    component: ClassVar[str] = "postgres.writer"

    def config(self, place: Place) -> dict[str, Any]:
        return {"table": "rows"}

    def holds(self, kind: pa.DataType) -> bool:
        return kind != pa.uint64()

    def outside(self, place: Place) -> Any:
        tables = ask(
            self.at,
            "SELECT n.nspname, c.relname, c.relkind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname !~ '^(pg_catalog|pg_toast|information_schema)' ORDER BY 1, 2",
        )
        return {(s, t, k): ask(self.at, f'SELECT * FROM "{s}"."{t}" ORDER BY 1') for s, t, k in tables}

    def read_back(self, place: Place, schema: pa.Schema) -> pa.Table | None:
        if not ask(self.at, "SELECT 1 FROM pg_class WHERE relname = 'rows'"):
            return None
        extractor = Registry.installed().build("postgres.extractor", {"table": "rows"}, place, fields(self.at))
        assert isinstance(extractor, Extractor)
        with extractor.extract() as stream:
            return pa.Table.from_batches(stream, stream.schema)
