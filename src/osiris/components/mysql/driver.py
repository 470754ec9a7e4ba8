"""PyMySQL, imported when a connection is first opened: it is an extra."""

from typing import Any, TypeAlias

from osiris.kit.extra import imported

Db: TypeAlias = Any  # pymysql.connections.Connection: most of what is needed of it is not in its types


def driver(name: str = "pymysql") -> Any:
    """Return PyMySQL.

    Args:
        name: Of the package; another one only to see what happens where it is missing.

    Raises:
        ExtraMissing: it is not installed.
    """
    return imported(name, "MySQL's driver", "mysql")
