"""A file made beside another, to be put in its place; a later run can tell what a killed one left behind."""

import hashlib
import os
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

from osiris.kit.lock import lock
from osiris.model.errors import TargetError
from osiris.model.job import Marks

_PREFIX, _SUFFIX = ".osiris-", ".part"
_DIGITS = 12  # of the target's name in the name of what is staged for it
_MOST_NAME = 120  # file systems take 255 bytes
PATIENCE = 60.0  # seconds: another run is soon done, another program that locks the folder may never be
_PAUSE = 0.05  # seconds between two attempts
_NO_NAME = re.compile(r"[^A-Za-z0-9_-]")


def begin(target: Path, marks: Marks) -> tuple[Path, IO[bytes]]:
    """Make a new file beside the target; it is locked until it is closed.

    Raises:
        FileExistsError: this step of this run has made it already.
        OSError: the system refuses.
    """
    path = target.with_name(f"{_stem(target)}{_whose(marks)}{_SUFFIX}")
    while True:
        file = path.open("xb")
        lock(file)
        if path.exists():  # else another run cleared it away before it was locked
            return path, file
        file.close()


def others_of(run_id: str, target: Path, path: Path) -> list[Path]:
    """Return what other steps of a run have made for this target and not yet put in its place."""
    made = target.parent.glob(f"{_stem(target)}{_whose(Marks(run_id, ''))}*{_SUFFIX}")
    return sorted(other for other in made if other != path)


def clear(target: Path) -> None:
    """Remove what was staged for this target by runs that live no more: nobody holds their lock."""
    for path in sorted(target.parent.glob(f"{_stem(target)}*{_SUFFIX}")):
        with suppress(OSError), path.open("r+b") as file:
            if lock(file, wait=False):
                path.unlink()


@contextmanager
def alone(folder: Path, patience: float = PATIENCE) -> Iterator[None]:
    """Let no other run put a file into a folder meanwhile, where the system has locks for folders.

    Raises:
        TargetError: another program did not let go of the folder within so many seconds.
    """
    with ExitStack() as held:
        with suppress(OSError):
            handle = os.open(folder, os.O_RDONLY)
            held.callback(os.close, handle)
            _lock_soon(handle, folder, time.monotonic() + patience)
        yield


def _lock_soon(handle: int, folder: Path, deadline: float) -> None:
    while not lock(handle, wait=False):
        if time.monotonic() > deadline:
            raise TargetError(
                f"another program keeps the folder {folder.name!r} locked",
                hint="let it lock a file of its own, outside of that folder, or write elsewhere; then run it again",
            )
        time.sleep(_PAUSE)


def put(path: Path, file: IO[bytes], target: Path) -> None:
    """Put the finished file in the target's place, and bring the new name to the disk where the system can.

    Raises:
        OSError: the system refuses; the target is as it was.
    """
    if os.name == "nt":  # there an open file can't be renamed
        file.close()
        path.replace(target)
        return
    path.replace(target)
    with suppress(OSError):  # the file is in its place, whether its folder may be read or not
        handle = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def identity(found: os.stat_result | None) -> tuple[int, int, int, int] | None:
    """Return what changes whenever anybody changes a file; None where there is none."""
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns) if found else None


def make(folder: Path) -> list[Path]:
    """Make a folder and return those that were not there, outermost first."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()][::-1]
    folder.mkdir(parents=True, exist_ok=True)
    return missing


def remove(folders: list[Path]) -> None:
    """Remove the folders that `make` made, as far as nobody has put something there meanwhile."""
    for folder in reversed(folders):
        with suppress(OSError):
            folder.rmdir()


def _whose(marks: Marks) -> str:
    return _NO_NAME.sub("_", f"{marks.run_id}-{marks.step_id}")[:_MOST_NAME]


def _stem(target: Path) -> str:
    return f"{_PREFIX}{hashlib.sha256(target.name.encode()).hexdigest()[:_DIGITS]}-"
