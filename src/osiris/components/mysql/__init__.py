"""MySQL and MariaDB."""

from osiris.components.mysql.config import MysqlConnection
from osiris.components.mysql.desk import DESK
from osiris.components.mysql.extractor import MysqlExtractor
from osiris.components.mysql.writer import MysqlWriter
from osiris.kit.family import Family

FAMILY = Family(
    name="mysql",
    title="MySQL and MariaDB",
    components=(MysqlExtractor, MysqlWriter),
    connection=MysqlConnection,
    dialect="mysql",
    desk=DESK,
)
