"""Files in the project folder."""

from osiris.components.filesystem.config import FilesystemConnection
from osiris.components.filesystem.csv_extractor import CsvExtractor
from osiris.components.filesystem.csv_writer import CsvWriter
from osiris.components.filesystem.json_extractor import JsonExtractor
from osiris.components.filesystem.json_writer import JsonWriter
from osiris.components.filesystem.parquet_extractor import ParquetExtractor
from osiris.components.filesystem.parquet_writer import ParquetWriter
from osiris.kit.family import Family

FAMILY = Family(
    name="filesystem",
    title="Files",
    components=(CsvExtractor, CsvWriter, JsonExtractor, JsonWriter, ParquetExtractor, ParquetWriter),
    connection=FilesystemConnection,
)
