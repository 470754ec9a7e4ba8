"""What DuckDB complains of is said in the user's words."""

import duckdb
import pytest

from osiris.components.duckdb.complaints import opening, telling
from osiris.components.duckdb.rows import plan
from osiris.components.duckdb.session import alone
from osiris.model.errors import AuthorError, ConnectError, SourceError, TargetError


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('IO Error: Could not set lock on file "/a/b/shop": Conflicting lock is held', "another process has"),
        (
            'IO Error: The file "/a/b/shop" exists, but it is not a valid DuckDB database file!',
            "is not a DuckDB database",
        ),
        ('IO Error: Cannot open file "/a/b/shop": Permission denied', "this user may not open"),
        ('IO Error: Could not read block 7 of "/a/b/shop"', r"Could not read block 7 of 'shop'"),
    ],
)
def test_a_file_that_can_not_be_opened(text: str, message: str) -> None:
    with pytest.raises(ConnectError, match=message) as caught, opening("shop"):
        raise duckdb.IOException(text)
    assert "'shop'" in caught.value.message
    assert "/a/b" not in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("kind", [SourceError, TargetError])
def test_a_disk_that_is_full(kind: type[SourceError] | type[TargetError]) -> None:
    with pytest.raises(kind, match="No space left on device") as caught, telling(otherwise=kind):
        raise duckdb.IOException('IO Error: Could not write file "/a/b/spill": No space left on device')
    assert "disk is full" in caught.value.hint


def test_where_a_long_line_is_wrong_is_said_by_the_line_alone() -> None:
    query = f"SELECT 1,\n{'1 + ' * 100}nothing"
    with alone() as db, pytest.raises(AuthorError, match="nothing") as caught:
        plan(db, query)
    assert caught.value.where == "query, line 2"
