"""DuckDB keeps the promises of every connector."""

from typing import Any, ClassVar

import duckdb
import pyarrow as pa

from osiris.kit.component import Extractor, Place
from osiris.kit.registry import Registry
from osiris.testing.extractor import ExtractorContract
from osiris.testing.family import FamilyContract
from osiris.testing.processor import ProcessorContract
from osiris.testing.writer import WriterContract

SHOP = {"path": "data/shop.duckdb"}


def execute(place: Place, *statements: str) -> None:
    (place.project / "data").mkdir(exist_ok=True)
    with duckdb.connect(str(place.project / SHOP["path"])) as db:
        for statement in statements:
            db.execute(statement)


class TestDuckdbExtractor(ExtractorContract):
    component: ClassVar[str] = "duckdb.extractor"

    def connection(self, place: Place) -> dict[str, Any]:
        return SHOP

    def prepare(self, place: Place, rows: int) -> dict[str, Any]:
        execute(place, f"CREATE TABLE cities AS SELECT range AS id, 'Brno' AS city, 1.5 AS price FROM range({rows})")
        return {"table": "cities"}

    def missing(self, place: Place) -> dict[str, Any]:
        return {"table": "nowhere"}


class TestDuckdbExtractorWithQuery(TestDuckdbExtractor):
    def prepare(self, place: Place, rows: int) -> dict[str, Any]:
        super().prepare(place, rows)
        return {"query": "SELECT id, city, sum(price) AS prices FROM cities GROUP BY ALL ORDER BY id"}


class TestDuckdbProcessor(ProcessorContract):
    component: ClassVar[str] = "duckdb.processor"

    def passing(self, name: str) -> dict[str, Any]:
        return {"query": f"SELECT * FROM {name}"}

    def twice(self, name: str) -> dict[str, Any]:
        return {"query": f'SELECT count(*) AS "rows" FROM {name} a JOIN {name} b USING ("row")'}

    def joined(self, left: str, right: str) -> dict[str, Any]:
        return {"query": f'SELECT count(*) AS "rows" FROM "{left}" a JOIN "{right}" b USING ("row")'}

    def wrong(self, name: str) -> dict[str, Any]:
        return {"query": f"SELECT rwo FROM {name}"}


class TestDuckdbWriter(WriterContract):
    component: ClassVar[str] = "duckdb.writer"

    def connection(self, place: Place) -> dict[str, Any]:
        return SHOP

    def config(self, place: Place) -> dict[str, Any]:
        return {"table": "rows"}

    def read_back(self, place: Place, schema: pa.Schema) -> pa.Table | None:
        if not (place.project / SHOP["path"]).exists():
            return None
        with duckdb.connect(str(place.project / SHOP["path"]), read_only=True) as db:
            if not db.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'rows'").fetchall():
                return None
        extractor = Registry.installed().build("duckdb.extractor", {"table": "rows"}, place, SHOP)
        assert isinstance(extractor, Extractor)
        with extractor.extract() as stream:
            return pa.Table.from_batches(stream, stream.schema)


class TestDuckdb(FamilyContract):
    family: ClassVar[str] = "duckdb"

    def prepare(self, place: Place, statements: tuple[str, ...]) -> dict[str, Any]:
        execute(place, *statements)
        return SHOP

    def missing(self, place: Place) -> dict[str, Any]:
        return {"path": "data/nowhere.duckdb"}
