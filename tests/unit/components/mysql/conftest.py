"""A database of each test's own."""

from collections.abc import Iterator

import pytest
from tests.services import mysql
from tests.services.shared import Server


@pytest.fixture
def at() -> Iterator[Server]:
    """Lend an empty database."""
    with mysql.database() as lent:
        yield lent
