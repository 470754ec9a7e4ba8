"""Rows from a server that can be let go while another thread waits for them."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

from osiris.kit.stream import Stream


def _nothing() -> None:
    """Wake nobody up."""


@dataclass
class HeldStream(Stream):
    """A stream that holds its source from the moment when it is made, and lets go of it from any thread.

    Attributes:
        break_off: Wakes up whoever waits for the source; called first, must be safe to call twice.
        held: What is let go last, even where no row was ever wanted.
    """

    break_off: Callable[[], None] = _nothing
    held: ExitStack = field(default_factory=ExitStack, repr=False)

    def close(self) -> None:
        """Break off and let go. Safe to call twice."""
        self.break_off()
        super().close()
        self.held.close()
