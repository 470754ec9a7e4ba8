"""SQLite: its files as sources and targets."""

from osiris.components.sqlite.config import SqliteConnection
from osiris.components.sqlite.desk import DESK
from osiris.components.sqlite.extractor import SqliteExtractor
from osiris.components.sqlite.writer import SqliteWriter
from osiris.kit.family import Family

FAMILY = Family(
    name="sqlite",
    title="SQLite",
    components=(SqliteExtractor, SqliteWriter),
    connection=SqliteConnection,
    dialect="sqlite",
    desk=DESK,
)
