"""What a process of its own may use."""

from osiris.remote.limits import MIB, peak, watched
from osiris.remote.wire import NO_LIMITS, Exceeded, Limits
from osiris.runtime.stop import Stop


def test_a_process_knows_its_peak() -> None:
    assert 10 * MIB < peak() < 100_000 * MIB


def test_without_a_limit_nobody_looks() -> None:
    stop, said = Stop(), list[Exceeded]()
    with watched(NO_LIMITS, said.append, stop):
        pass
    assert (stop.is_set(), said) == (False, [])


def test_a_limit_that_is_kept_is_not_mentioned() -> None:
    said = list[Exceeded]()
    with watched(Limits(memory_mb=1_000_000), said.append, Stop()):
        pass
    assert said == []


def test_a_limit_that_is_not_kept_stops_the_run() -> None:
    stop, said = Stop(), list[Exceeded]()
    with watched(Limits(memory_mb=1), said.append, stop):
        while not stop.is_set():
            pass
    assert said[0].message.endswith("MiB of memory, and may use 1")
