"""Whether anybody still holds a file: the one thing here that systems do differently."""

from typing import IO

try:
    import fcntl
except ImportError:  # Windows: there a file that another process holds open can't be removed, which tells as much
    fcntl = None  # type: ignore[assignment]


def lock(file: IO[bytes] | int, *, wait: bool = True) -> bool:
    """Hold an open file or folder until it is closed or its process ends.

    Returns:
        False where another holds it and `wait` is false.
    """
    if fcntl is None:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True
