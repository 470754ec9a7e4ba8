"""What a run in a process of its own may use, as this system counts it."""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event as Flag
from threading import Thread

from osiris.remote.wire import Exceeded, Limits
from osiris.runtime.stop import Stop

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

MIB = 1_048_576
_LOOK = 0.05  # seconds between two looks at the memory
_KIB = 1_024
_PEAK = re.compile(r"VmHWM:\s+(\d+) kB")


def at_most(size: int) -> None:
    """Let this process write no file larger than that; a write beyond it fails as on a full disk.

    Raises:
        ValueError: this system can't, or allows less already.
    """
    if resource is None:
        raise ValueError("this system has no limit for the size of a file")
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def peak() -> int:
    """Return the most resident memory that this process ever had, in bytes; 0 where the system does not say."""
    status = Path("/proc/self/status")
    if status.exists() and (found := _PEAK.search(status.read_text("ascii"))):
        return int(found[1]) * _KIB
    if resource is None:
        return 0
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * _KIB


@contextmanager
def watched(limits: Limits, say: Callable[[Exceeded], object], stop: Stop) -> Iterator[None]:
    """Stop the run as soon as this process has used more memory than it may.

    Raises:
        ValueError: this system does not say what a process uses.
    """
    if limits.memory_mb is None:
        yield
        return
    if not peak():
        raise ValueError("this system does not say how much memory a process uses")
    over = Flag()
    thread = Thread(target=_watch, args=(limits.memory_mb * MIB, say, stop, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _watch(most: int, say: Callable[[Exceeded], object], stop: Stop, over: Flag) -> None:
    while not over.wait(_LOOK):
        if (used := peak()) > most:
            say(Exceeded(message=f"it used {used // MIB} MiB of memory, and may use {most // MIB}"))
            stop.set()
            return
