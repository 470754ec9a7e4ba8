"""Databases that these tests use."""

from collections.abc import Iterator

import pytest
from tests.services.postgres import database, encrypted_server
from tests.services.shared import Server


@pytest.fixture(scope="module")
def shared() -> Iterator[Server]:
    """Lend a database to a module: for tests that only read, or whose tables have names of their own."""
    with database() as at:
        yield at


@pytest.fixture(scope="module")
def encrypted() -> Iterator[Server]:
    """Lend a database of a server that lets nobody in without TLS."""
    with database(encrypted_server()) as at:
        yield at


@pytest.fixture(scope="module", params=["plain", "encrypted"])
def either(request: pytest.FixtureRequest) -> Iterator[Server]:
    """Lend a database on a plain connection, then one on an encrypted one: rows come another way there."""
    with database(encrypted_server() if request.param == "encrypted" else None) as at:
        yield at


@pytest.fixture
def at() -> Iterator[Server]:
    """Lend a database to one test."""
    with database() as at:
        yield at


@pytest.fixture(params=["plain", "encrypted"])
def here(request: pytest.FixtureRequest) -> Iterator[Server]:
    """Lend a database to one test, twice: see `either`."""
    with database(encrypted_server() if request.param == "encrypted" else None) as at:
        yield at
