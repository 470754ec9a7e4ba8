"""The project that these tests use."""

from collections.abc import Iterator

import pytest
from tests.services.postgres import ask, database
from tests.services.postgrest import PostgRest, postgrest
from tests.services.shared import Server


@pytest.fixture(scope="module")
def lent() -> Iterator[Server]:
    """Lend a database to a module."""
    with database() as at:
        yield at


@pytest.fixture
def rest(lent: Server) -> Iterator[PostgRest]:
    """Lend an empty project to one test."""
    ask(lent, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    with postgrest(lent) as rest:
        yield rest
