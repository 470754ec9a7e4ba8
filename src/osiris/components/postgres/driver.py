"""psycopg, imported when a connection is first opened: it is an extra."""

from typing import Any

from osiris.kit.extra import imported


class Refusal(Exception):
    """What the server says instead of an answer, where psycopg does not hear it.

    Attributes:
        sqlstate: PostgreSQL's code.
        hint: Its advice; empty where it has none.
    """

    def __init__(self, sqlstate: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.sqlstate = sqlstate
        self.hint = hint


def driver(name: str = "psycopg") -> Any:
    """Return psycopg, or one of its modules.

    Raises:
        ExtraMissing: it is not installed.
    """
    return imported(name, "PostgreSQL's driver", "postgres")


def complaint(result: Any) -> Exception:
    """Return what the server says instead of an answer, as psycopg raises it."""
    if result is None:
        gone: Exception = driver().OperationalError("the server closed the connection")
        return gone
    said: Exception = driver("psycopg.errors").error_from_result(result, encoding="utf-8")
    return said


def failed(result: Any) -> bool:
    """Return whether an answer is a complaint."""
    return result is None or result.status == driver("psycopg.pq").ExecStatus.FATAL_ERROR
