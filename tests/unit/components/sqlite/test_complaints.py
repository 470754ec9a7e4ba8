"""What SQLite complains of is said in the user's words."""

import sqlite3

import pytest

from osiris.components.sqlite.complaints import opening, pulling, understood, writing_rows
from osiris.model.errors import ConnectError, Interrupted, TargetError


def complaint(sort: str, text: str) -> sqlite3.OperationalError:
    """Return an error as SQLite raises it."""
    error = sqlite3.OperationalError(text)
    error.sqlite_errorname = sort
    return error


@pytest.mark.parametrize(
    ("sort", "message"),
    [
        ("SQLITE_CANTOPEN", "this user can't open"),
        ("SQLITE_READONLY_ROLLBACK", "this user can't open"),
        ("SQLITE_BUSY_SNAPSHOT", "another process keeps"),
        ("SQLITE_NOTADB", "is not an SQLite database"),
        ("SQLITE_IOERR_READ", "cannot read the SQLite file"),
    ],
)
def test_a_file_that_does_not_answer(sort: str, message: str) -> None:
    for context in (opening, pulling):
        with pytest.raises(ConnectError, match=message) as caught, context("crm"):
            raise complaint(sort, "something")
        assert caught.value.hint


@pytest.mark.parametrize(
    ("sort", "hint"), [("SQLITE_FULL", "disk is full"), ("SQLITE_BUSY", "another process keeps the file locked")]
)
def test_a_table_that_can_not_be_written(sort: str, hint: str) -> None:
    with pytest.raises(TargetError, match="cannot write table 't'") as caught, writing_rows("t"):
        raise complaint(sort, "something")
    assert hint in caught.value.hint


def test_a_query_that_is_broken_off_is_not_wrong() -> None:
    with pytest.raises(Interrupted), pulling("crm"), understood(set):
        raise complaint("SQLITE_INTERRUPT", "interrupted")
