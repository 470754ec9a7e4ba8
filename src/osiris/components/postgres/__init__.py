"""PostgreSQL."""

from osiris.components.postgres.config import PostgresConnection
from osiris.components.postgres.desk import DESK
from osiris.components.postgres.extractor import PostgresExtractor
from osiris.components.postgres.writer import PostgresWriter
from osiris.kit.family import Family

FAMILY = Family(
    name="postgres",
    title="PostgreSQL",
    components=(PostgresExtractor, PostgresWriter),
    connection=PostgresConnection,
    dialect="postgres",
    desk=DESK,
)
