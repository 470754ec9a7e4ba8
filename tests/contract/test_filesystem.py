"""Files keep the promises of every connector."""

from typing import Any, ClassVar

import pyarrow as pa
from pyarrow import parquet

from osiris.kit.component import Extractor, Place
from osiris.kit.registry import Registry
from osiris.testing.extractor import ExtractorContract
from osiris.testing.writer import WriterContract


def read(component: str, place: Place, config: dict[str, Any]) -> pa.Table:
    extractor = Registry.installed().build(component, config, place)
    assert isinstance(extractor, Extractor)
    with extractor.extract() as stream:
        return pa.Table.from_batches(stream, stream.schema)


class TestCsvExtractor(ExtractorContract):
    component: ClassVar[str] = "filesystem.csv_extractor"

    def prepare(self, place: Place, rows: int) -> dict[str, Any]:
        lines = ["id,city,price", *(f"{i},Brno,{i}.5" for i in range(rows))]
        (place.project / "in.csv").write_text("\n".join(lines), encoding="utf-8")
        return {"path": "in.csv"}

    def missing(self, place: Place) -> dict[str, Any]:
        return {"path": "nowhere.csv"}


class TestCsvExtractorWithConnection(TestCsvExtractor):
    def connection(self, place: Place) -> dict[str, Any]:
        return {"base_dir": "."}


class TestJsonExtractor(ExtractorContract):
    component: ClassVar[str] = "filesystem.json_extractor"

    def prepare(self, place: Place, rows: int) -> dict[str, Any]:
        lines = (f'{{"city":"Brno","at":{{"n":{i}}}}}' for i in range(rows))
        (place.project / "in.jsonl").write_text("\n".join(lines), encoding="utf-8")
        return {"path": "in.jsonl", "columns": {"city": "string"}}

    def missing(self, place: Place) -> dict[str, Any]:
        return {"path": "nowhere.jsonl", "columns": {"city": "string"}}


class TestJsonExtractorOfAnArray(TestJsonExtractor):
    def prepare(self, place: Place, rows: int) -> dict[str, Any]:
        objects = (f'{{"id":{i},"city":"Brno"}}' for i in range(rows))
        (place.project / "in.json").write_text(f"[{','.join(objects)}]", encoding="utf-8")
        return {"path": "in.json", "columns": {"city": "string"}}


class TestParquetExtractor(ExtractorContract):
    component: ClassVar[str] = "filesystem.parquet_extractor"

    def prepare(self, place: Place, rows: int) -> dict[str, Any]:
        cities = pa.array(["Brno"] * rows, pa.string()).dictionary_encode()
        table = pa.table({"id": pa.array(range(rows), pa.int32()), "city": cities})
        parquet.write_table(table, place.project / "in.parquet")
        return {"path": "in.parquet"}

    def missing(self, place: Place) -> dict[str, Any]:
        return {"path": "nowhere.parquet"}


class TestCsvWriter(WriterContract):
    component: ClassVar[str] = "filesystem.csv_writer"

    def config(self, place: Place) -> dict[str, Any]:
        return {"path": "out/new/rows.csv"}

    def read_back(self, place: Place, schema: pa.Schema) -> pa.Table | None:
        if not (place.project / "out/new/rows.csv").exists():
            return None
        columns = {field.name: str(field.type) for field in schema}
        return read("filesystem.csv_extractor", place, {"path": "out/new/rows.csv", "columns": columns})


class TestCsvWriterWithOtherSettings(TestCsvWriter):
    settings: ClassVar[dict[str, Any]] = {
        "delimiter": "\t",
        "quotechar": "'",
        "null_text": "NULL",
        "encoding": "utf-16",
    }

    def config(self, place: Place) -> dict[str, Any]:
        return {"path": "out/new/rows.csv", "newline": "crlf", "quoting": "nonnumeric"} | self.settings

    def read_back(self, place: Place, schema: pa.Schema) -> pa.Table | None:
        if not (place.project / "out/new/rows.csv").exists():
            return None
        columns = {field.name: str(field.type) for field in schema}
        config = {"path": "out/new/rows.csv", "columns": columns} | self.settings
        return read("filesystem.csv_extractor", place, config)


class TestJsonWriter(WriterContract):
    component: ClassVar[str] = "filesystem.json_writer"
    layout: ClassVar[str] = "lines"

    def config(self, place: Place) -> dict[str, Any]:
        return {"path": "out/new/rows.json", "format": self.layout}

    def read_back(self, place: Place, schema: pa.Schema) -> pa.Table | None:
        if not (place.project / "out/new/rows.json").exists():
            return None
        columns = {field.name: str(field.type) for field in schema}
        config = {"path": "out/new/rows.json", "format": self.layout, "columns": columns}
        return read("filesystem.json_extractor", place, config)


class TestJsonWriterOfAnArray(TestJsonWriter):
    layout: ClassVar[str] = "array"


class TestParquetWriter(WriterContract):
    component: ClassVar[str] = "filesystem.parquet_writer"

    def config(self, place: Place) -> dict[str, Any]:
        return {"path": "out/new/rows.parquet"}

    def read_back(self, place: Place, schema: pa.Schema) -> pa.Table | None:
        file = place.project / "out/new/rows.parquet"
        return parquet.read_table(file) if file.exists() else None
