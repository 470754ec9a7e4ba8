"""A source that works in a thread of its own while those before it look at what it gave: two cores do more than one."""

from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from threading import Condition, Thread
from typing import Generic, TypeVar

Item = TypeVar("Item")
WAITING = 4  # batches that may wait while a later step is at work


def ahead(source: Generator[Item], depth: int, stop: Callable[[], None]) -> Generator[Item]:
    """Yield what a generator gives; it is run in another thread, from the first item wanted on.

    Args:
        source: Is closed in its thread, when it has ended or nobody wants more.
        depth: Items that may wait.
        stop: Wakes the source up from whatever it waits for outside; called where nobody wants more.

    Raises:
        BaseException: whatever the source raises, after the items before.
    """
    work = _Work(source, depth)
    thread = Thread(target=work.run, name="osiris-ahead", daemon=True)
    thread.start()
    try:
        while (item := work.take()) is not None:
            yield item[0]
    finally:
        if work.given_up():
            stop()
        thread.join()


@dataclass
class _Work(Generic[Item]):
    source: Generator[Item]
    depth: int
    items: deque[Item] = field(default_factory=deque)
    changed: Condition = field(default_factory=Condition)
    over: bool = False
    unwanted: bool = False
    failure: BaseException | None = None

    def run(self) -> None:
        """Go through the source."""
        try:
            for item in self.source:
                if not self._put(item):
                    break
        except BaseException as exc:  # noqa: BLE001 - it is raised where the items are taken
            self.failure = exc
        finally:
            self.source.close()
            with self.changed:
                self.over = True
                self.changed.notify_all()

    def take(self) -> tuple[Item] | None:
        """Return the next item, None after the last one."""
        with self.changed:
            self.changed.wait_for(lambda: self.items or self.over)
            if self.items:
                self.changed.notify_all()
                return (self.items.popleft(),)
        if self.failure is not None:
            raise self.failure
        return None

    def given_up(self) -> bool:
        """Say that nobody wants more; return whether there may have been more."""
        with self.changed:
            self.unwanted = True
            self.changed.notify_all()
            return not self.over

    def _put(self, item: Item) -> bool:
        with self.changed:
            self.changed.wait_for(lambda: len(self.items) < self.depth or self.unwanted)
            self.items.append(item)
            self.changed.notify_all()
            return not self.unwanted
