"""A wish that a run should end, from whoever may have it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Lock


class Stop:
    """Set by a door, looked at by the runner between batches.

    A signal handler may call `set`, `is_set` and `held`: none of them waits for anything. A door that leaves at
    once at the second signal does so only while `held` is false.
    """

    def __init__(self) -> None:
        self._wished = False
        self._holding = 0
        self._lock = Lock()
        self._last: list[Callable[[], object]] = []

    def set(self) -> None:
        """Wish that the run ends. Safe to call twice, from any thread and from a signal handler."""
        self._wished = True

    def is_set(self) -> bool:
        """Return whether anybody wishes that the run ends."""
        return self._wished

    @property
    def held(self) -> bool:
        """Return whether commits are going on, which are finished first."""
        return self._holding > 0

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Hold the wish back while something is done that is done wholly or not at all."""
        with self._lock:
            self._holding += 1
        try:
            yield
        finally:
            with self._lock:
                self._holding -= 1

    @contextmanager
    def at_once(self, last: Callable[[], object]) -> Iterator[None]:
        """Have something done even by a door that leaves at once: short, and without waiting for another thread."""
        self._last.append(last)
        try:
            yield
        finally:
            self._last.remove(last)

    def leave(self) -> None:
        """Do what must not be left undone, whatever it raises; a door that leaves at once calls this before."""
        for last in reversed(self._last):
            with suppress(Exception):
                last()
