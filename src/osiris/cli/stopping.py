"""An interrupt asks a run to stop; a second one leaves at once."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from osiris.model.errors import EXIT_INTERRUPTED
from osiris.runtime.stop import Stop

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stopping(*, running: Callable[[], bool], said: Callable[[str], None]) -> Iterator[Stop]:
    """Lend a stop that Ctrl-C and a polite kill set; afterwards both mean again what they meant before.

    Args:
        running: Whether rows are moving. While they are not, there is nothing to wind up: an interrupt ends the
            command as usual.
        said: Tells the person what becomes of their wish.
    """
    stop = Stop()

    def heard(_number: int, _frame: FrameType | None) -> None:
        if not running():
            raise KeyboardInterrupt
        if not stop.is_set():
            stop.set()
            said("stopping; once more leaves at once")
        elif stop.held:
            said("the last rows are being made visible; that is finished first")
        else:
            said("left at once")
            stop.leave()
            os._exit(EXIT_INTERRUPTED)

    before = {number: signal.signal(number, heard) for number in SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
