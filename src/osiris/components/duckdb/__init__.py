"""DuckDB: its files as sources and targets, its SQL over rows on their way."""

from osiris.components.duckdb.config import DuckdbConnection
from osiris.components.duckdb.desk import DESK
from osiris.components.duckdb.extractor import DuckdbExtractor
from osiris.components.duckdb.processor import DuckdbProcessor
from osiris.components.duckdb.writer import DuckdbWriter
from osiris.kit.family import Family

FAMILY = Family(
    name="duckdb",
    title="DuckDB",
    components=(DuckdbExtractor, DuckdbProcessor, DuckdbWriter),
    connection=DuckdbConnection,
    dialect="duckdb",
    desk=DESK,
)
