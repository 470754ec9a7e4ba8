"""What all tests share: the services of a run, and nothing of the machine or the world around it."""

import ipaddress
import os
import sys
from typing import Any

import pytest
from hypothesis import settings
from tests.services import shared

# The same examples on every machine; HYPOTHESIS_PROFILE=default looks for new ones.
settings.register_profile("seeded", derandomize=True, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "seeded"))


def pytest_configure(config: pytest.Config) -> None:
    """Open the folder of the run's servers, before any worker starts; from here on only loopback can be reached."""
    if not hasattr(config, "workerinput"):
        shared.open_folder()
    sys.addaudithook(_stay_here)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the run's servers."""
    if not hasattr(config, "workerinput"):
        shared.close_folder()


@pytest.fixture(autouse=True)
def _nobodys_settings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep what the developer has exported away from the tests."""
    for name in list(os.environ):
        if name.startswith("OSIRIS_") and not name.startswith("OSIRIS_TEST_"):
            monkeypatch.delenv(name)
    monkeypatch.delenv("COLUMNS", raising=False)  # xdist sets it for its workers
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.getbasetemp() / "config"))


def _stay_here(event: str, details: tuple[Any, ...]) -> None:
    if event != "socket.connect" or not isinstance(details[1], tuple):
        return
    host = str(details[1][0])
    if not _is_here(host):
        raise AssertionError(f"a test wants to reach {host}; only loopback may be reached")


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
