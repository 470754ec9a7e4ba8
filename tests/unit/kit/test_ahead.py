"""A source that runs ahead: the same items, the same end, and nobody left behind."""

from collections.abc import Generator
from threading import Event, Semaphore, active_count, current_thread

import pytest

from osiris.kit.ahead import ahead

PATIENCE = 60  # seconds, for what happens at once


def nothing() -> None:
    """Wake nobody."""


def test_gives_the_same_items_in_order() -> None:
    assert list(ahead((number for number in range(100)), 3, nothing)) == list(range(100))


def test_the_source_runs_in_another_thread_and_so_many_items_ahead() -> None:
    made = Semaphore(0)
    threads = set()

    def source() -> Generator[int]:
        for number in range(100):
            threads.add(current_thread())
            yield number
            made.release()

    items = ahead(source(), 3, nothing)
    assert next(items) == 0
    for _ in range(3):
        assert made.acquire(timeout=PATIENCE)
    items.close()
    assert threads
    assert current_thread() not in threads


def test_what_the_source_raises_comes_after_the_items_before() -> None:
    def source() -> Generator[int]:
        yield 1
        raise ValueError("half way")

    items = ahead(source(), 3, nothing)
    assert next(items) == 1
    with pytest.raises(ValueError, match="half way"):
        next(items)
    assert list(items) == []


def test_a_source_that_waits_is_woken_when_nobody_wants_more() -> None:
    woken, closed = Event(), Event()

    def source() -> Generator[int]:
        try:
            yield 1
            woken.wait(PATIENCE)
            yield 2
        finally:
            closed.set()

    before = active_count()
    items = ahead(source(), 3, woken.set)
    assert next(items) == 1
    items.close()
    assert woken.is_set()
    assert closed.is_set()
    assert active_count() == before


def test_a_source_that_has_ended_is_not_woken() -> None:
    woken = Event()
    assert list(ahead((number for number in range(3)), 3, woken.set)) == [0, 1, 2]
    assert not woken.is_set()


def test_nothing_starts_before_the_first_item_is_wanted() -> None:
    started = Event()

    def source() -> Generator[int]:
        started.set()
        yield 1

    ahead(source(), 3, nothing).close()
    assert not started.is_set()
