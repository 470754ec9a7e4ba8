"""The promises of every connector, kept by arrow: the tests come with the classes inherited."""

from typing import Any, ClassVar

import pyarrow as pa
from osiris.kit.component import Place
from osiris.testing.extractor import ExtractorContract
from osiris.testing.writer import WriterContract


class TestArrowExtractor(ExtractorContract):
    component: ClassVar[str] = "arrow.extractor"

    def prepare(self, place: Place, rows: int) -> dict[str, Any]:
        table = pa.table({"id": pa.array(range(rows), pa.int64()), "city": pa.array(["Brno"] * rows, pa.string())})
        with pa.ipc.new_file(place.project / "in.arrow", table.schema) as out:
            out.write_table(table)
        return {"path": "in.arrow"}

    def missing(self, place: Place) -> dict[str, Any]:
        return {"path": "nowhere.arrow"}


class TestArrowWriter(WriterContract):
    component: ClassVar[str] = "arrow.writer"

    def config(self, place: Place) -> dict[str, Any]:
        return {"path": "out/rows.arrow"}

    def read_back(self, place: Place, schema: pa.Schema) -> pa.Table | None:
        if not (place.project / "out/rows.arrow").exists():
            return None
        with pa.ipc.open_file(place.project / "out/rows.arrow") as file:
            return file.read_all()
