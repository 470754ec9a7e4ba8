"""A query of an embedded database, which another thread may break off."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Protocol

from osiris.kit.stream import Stream

_AGAIN = 0.05  # seconds between two attempts to break a query off


class Interruptible(Protocol):
    """A connection whose query can be broken off."""

    def interrupt(self) -> None:
        """Break off what is being done, if anything is."""
        ...


@dataclass
class Breaker:
    """Lets another thread break off what a database is doing."""

    _db: Interruptible | None = None
    _lock: Lock = field(default_factory=Lock)

    @contextmanager
    def at_work(self, db: Interruptible) -> Iterator[None]:
        """Say which connection is at work."""
        self._db = db
        try:
            yield
        finally:
            with self._lock:  # so that it is not closed while it is being interrupted
                self._db = None

    @property
    def idle(self) -> bool:
        """Return whether nothing is at work."""
        return self._db is None

    def __call__(self) -> None:
        """Break off; safe to call when nothing is at work."""
        with self._lock:
            if self._db is not None:
                self._db.interrupt()


@dataclass
class QueryStream(Stream):
    """A stream that can be closed while another thread waits for its query."""

    breaker: Breaker = field(default_factory=Breaker)

    def close(self) -> None:
        """Break the query off and let go. Safe to call twice."""
        self.breaker()
        while not self._lock.acquire(timeout=_AGAIN):  # a query that was just about to begin noticed nothing
            self.breaker()
        self._lock.release()
        super().close()
