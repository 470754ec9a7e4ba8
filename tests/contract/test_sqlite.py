"""SQLite keeps the promises of every connector."""

import sqlite3
from contextlib import closing
from typing import Any, ClassVar

import pyarrow as pa

from osiris.kit.component import Extractor, Place
from osiris.kit.registry import Registry
from osiris.testing.extractor import ExtractorContract
from osiris.testing.family import FamilyContract
from osiris.testing.writer import WriterContract

CRM = {"database": "data/crm.sqlite"}


def execute(place: Place, *statements: str) -> None:
    (place.project / "data").mkdir(exist_ok=True)
    with closing(sqlite3.connect(place.project / CRM["database"])) as db, db:
        for statement in statements:
            db.execute(statement)


class TestSqliteExtractor(ExtractorContract):
    component: ClassVar[str] = "sqlite.extractor"

    def connection(self, place: Place) -> dict[str, Any]:
        return CRM

    def prepare(self, place: Place, rows: int) -> dict[str, Any]:
        execute(
            place,
            "CREATE TABLE cities (id INTEGER PRIMARY KEY, city TEXT, price DECIMAL(9, 2), seen DATE)",
            f"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) "
            f"INSERT INTO cities SELECT i, 'Brno', i * 0.5, '2024-02-29' FROM n WHERE i < {rows}",
        )
        return {"table": "cities"}

    def missing(self, place: Place) -> dict[str, Any]:
        return {"table": "nowhere"}


class TestSqliteExtractorWithQuery(TestSqliteExtractor):
    def prepare(self, place: Place, rows: int) -> dict[str, Any]:
        super().prepare(place, rows)
        return {"query": "SELECT id, upper(city) AS city, price FROM cities ORDER BY id DESC"}


class TestSqliteWriter(WriterContract):
    component: ClassVar[str] = "sqlite.writer"

    def connection(self, place: Place) -> dict[str, Any]:
        return CRM

    def config(self, place: Place) -> dict[str, Any]:
        return {"table": "rows"}

    def holds(self, kind: pa.DataType) -> bool:
        return not pa.types.is_decimal(kind) and kind not in {pa.int32(), pa.uint64()}

    def exact(self) -> pa.Table:
        table = super().exact()
        place = table.schema.get_field_index("with space")
        reals = [0.0 if value == 0.0 else value for value in table.column(place).to_pylist()]
        return table.set_column(place, "with space", pa.array(reals, pa.float64()))

    def read_back(self, place: Place, schema: pa.Schema) -> pa.Table | None:
        file = place.project / CRM["database"]
        if not file.exists():
            return None
        with closing(sqlite3.connect(file)) as db:
            if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'rows'").fetchall():
                return None
        extractor = Registry.installed().build("sqlite.extractor", {"table": "rows"}, place, CRM)
        assert isinstance(extractor, Extractor)
        with extractor.extract() as stream:
            return pa.Table.from_batches(stream, stream.schema)


class TestSqlite(FamilyContract):
    family: ClassVar[str] = "sqlite"

    def prepare(self, place: Place, statements: tuple[str, ...]) -> dict[str, Any]:
        execute(place, *statements)
        return CRM

    def missing(self, place: Place) -> dict[str, Any]:
        return {"path": "data/nowhere.sqlite"}
