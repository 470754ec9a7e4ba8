"""A wish that a run should end."""

import pytest

from osiris.runtime.stop import Stop


def test_nobody_wishes_it_at_first() -> None:
    stop = Stop()
    assert (stop.is_set(), stop.held) == (False, False)


def test_a_wish_stays() -> None:
    stop = Stop()
    stop.set()
    stop.set()
    assert stop.is_set()


def test_is_held_until_the_last_of_several_is_done() -> None:
    stop = Stop()
    with stop.hold():
        with pytest.raises(ValueError, match="refused"), stop.hold():
            raise ValueError("refused")
        assert stop.held
    assert not stop.held


def test_what_must_not_be_left_undone_is_done_by_whoever_leaves_at_once() -> None:
    stop, done = Stop(), list[str]()

    def fails() -> None:
        done.append("fails")
        raise OSError

    with stop.at_once(lambda: done.append("first")), stop.at_once(fails):
        stop.leave()
    stop.leave()
    assert done == ["fails", "first"]
