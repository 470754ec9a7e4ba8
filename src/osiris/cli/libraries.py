"""What libraries log, warn of and let break in their threads: said like everything else, so without secrets."""

import logging
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from rich.text import Text

from osiris.cli.terminal import Terminal


class Spoken(logging.Handler):
    """Says log records on a terminal; whoever wants to hear more hears more."""

    def __init__(self, terminal: Terminal) -> None:
        options = terminal.options
        super().__init__(logging.INFO if options.verbose else logging.ERROR if options.quiet else logging.WARNING)
        self.setFormatter(logging.Formatter("%(name)s: %(message)s"))
        self._terminal = terminal

    def emit(self, record: logging.LogRecord) -> None:
        """Say one record; one that can't even be formatted is said by its template."""
        try:
            text = self.format(record)
        except Exception:  # noqa: BLE001 - whatever a library's arguments do, the command goes on
            text = f"{record.name}: {record.msg}"
        self._terminal.complain(Text(text, style="dim"))


@contextmanager
def heard(terminal: Terminal) -> Iterator[None]:
    """Say on a terminal what libraries have to say, until the block ends."""
    root, spoken = logging.getLogger(), Spoken(terminal)
    level, thread_hook, unraisable = root.level, threading.excepthook, sys.unraisablehook
    root.addHandler(spoken)
    root.setLevel(min(spoken.level, level or spoken.level))
    logging.captureWarnings(capture=True)
    threading.excepthook = lambda args: _broke(terminal, args.exc_value)
    sys.unraisablehook = lambda args: _broke(terminal, args.exc_value)
    try:
        yield
    finally:
        sys.unraisablehook, threading.excepthook = unraisable, thread_hook
        logging.captureWarnings(capture=False)
        root.setLevel(level)
        root.removeHandler(spoken)


def _broke(terminal: Terminal, exc: BaseException | None) -> None:
    """Say that something broke where nobody could catch it; where it came from only to who asked for more."""
    if exc is None:
        return
    if terminal.options.verbose:
        terminal.complain(Text("".join(traceback.format_exception(exc)), style="dim"))
    else:
        terminal.complain(Text(f"in the background: {type(exc).__name__}: {exc}", style="dim"))
