"""PyMySQL, imported when a connection is first opened: it is an extra."""

from importlib import import_module
from typing import Any, TypeAlias

from osiris.model.errors import ExtraMissing

Db: TypeAlias = Any  # pymysql.connections.Connection: most of what is needed of it is not in its types


def driver(name: str = "pymysql") -> Any:
    """Return PyMySQL.

    Args:
        name: Of the package; another one only to see what happens where it is missing.

    Raises:
        ExtraMissing: it is not installed.
    """
    try:
        return import_module(name)
    except ImportError:
        raise ExtraMissing("MySQL's driver is not installed", hint="pip install 'osiris-etl[mysql]'") from None
