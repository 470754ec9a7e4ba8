"""What libraries log, warn of and let break in their threads is said without secrets."""

import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from tests.unit.app.projects import make, opened

from osiris.cli.libraries import Spoken, heard
from osiris.cli.options import Options
from osiris.cli.terminal import Terminal

SECRET = "canary-hunter2"  # pragma: allowlist secret
LOGGER = logging.getLogger("some.driver")


def terminal(folder: Path, options: Options | None = None) -> Terminal:
    """Return a terminal that knows a project's secret."""
    (make(folder) / "osiris_connections.yaml").write_text("mysql:\n  crm: {host: h, password: '${PW}'}\n", "utf-8")
    out, err = (Console(file=StringIO(), width=200) for _ in range(2))
    found = Terminal(options or Options(), out, err)
    found.remember(opened(folder, None, "", PW=SECRET))
    return found


def said(of: Terminal) -> str:
    file = of.err.file
    assert isinstance(file, StringIO)
    return file.getvalue()


@pytest.fixture(autouse=True)
def _nothing_stays() -> Iterator[None]:
    root = logging.getLogger()
    before = (root.level, list(root.handlers), threading.excepthook, sys.unraisablehook)
    yield
    assert (root.level, list(root.handlers), threading.excepthook, sys.unraisablehook) == before


def test_a_warning_of_a_library_is_said_without_secrets(tmp_path: Path) -> None:
    here = terminal(tmp_path)
    with heard(here):
        LOGGER.warning("cannot sign on with %s", SECRET)
        LOGGER.info("of no interest")
    assert said(here) == "some.driver: cannot sign on with ***\n"


def test_an_exception_that_a_library_logs_is_said_without_secrets(tmp_path: Path) -> None:
    here = terminal(tmp_path)
    with heard(here):
        try:
            raise ValueError(f"no such user: {SECRET}")
        except ValueError:
            LOGGER.exception("gave up")
    assert "gave up\nTraceback" in said(here)
    assert "no such user: ***" in said(here)
    assert SECRET not in said(here)


@pytest.mark.parametrize(
    ("options", "levels"),
    [
        (Options(), ["warning", "error"]),
        (Options(verbose=True), ["info", "warning", "error"]),
        (Options(quiet=True), ["error"]),
    ],
)
def test_who_wants_to_hear_more_hears_more(tmp_path: Path, options: Options, levels: list[str]) -> None:
    here = terminal(tmp_path, options)
    with heard(here):
        for level in ("debug", "info", "warning", "error"):
            getattr(LOGGER, level)(level)
    assert [line.rpartition(" ")[2] for line in said(here).splitlines()] == levels


def test_a_record_that_cannot_be_formatted_is_said_by_its_template(tmp_path: Path) -> None:
    here = terminal(tmp_path)
    Spoken(here).emit(logging.LogRecord("some.driver", logging.WARNING, "", 1, "%d rows", ("many",), None))
    assert said(here) == "some.driver: %d rows\n"


def test_a_warning_that_python_gives_is_said_too(tmp_path: Path) -> None:
    here = terminal(tmp_path)
    with heard(here), warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=False)
        logging.captureWarnings(capture=True)
        warnings.warn(f"old {SECRET}", UserWarning, stacklevel=1)
    assert "old ***" in said(here)


def _break() -> None:
    raise RuntimeError(f"lost {SECRET}")


def test_what_breaks_in_a_thread_is_said_without_secrets_and_with_its_trace_to_who_asks(tmp_path: Path) -> None:
    for options, begins in ((Options(), "in the background: RuntimeError: lost ***"), (Options(verbose=True), "Trace")):
        here = terminal(tmp_path, options)
        with heard(here):
            thread = threading.Thread(target=_break)
            thread.start()
            thread.join()
        assert said(here).startswith(begins)
        assert "lost ***" in said(here)
        assert SECRET not in said(here)


def test_what_breaks_where_nobody_can_catch_it_is_said_once(tmp_path: Path) -> None:
    class Falls:
        def __del__(self) -> None:
            raise RuntimeError(f"lost {SECRET}")

    here = terminal(tmp_path)
    with heard(here):
        del_me = Falls()
        del del_me
    assert said(here) == "in the background: RuntimeError: lost ***\n"
