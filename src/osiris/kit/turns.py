"""Whose turn it is with a database file: many of this process may read it, or one may write it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Condition

from osiris.model.errors import SourceError, TargetError

PATIENCE = 600.0  # seconds: whoever reads in this process ends by itself, but nothing should hang for ever


@dataclass
class _File:
    readers: int = 0
    writing: bool = False
    known_to: int = 0


@dataclass
class _Turns:
    changed: Condition = field(default_factory=Condition)
    files: dict[Path, _File] = field(default_factory=dict)


_TURNS = _Turns()
_HINT = "let the one step need the other, so that they run one after the other"


@contextmanager
def reading(path: Path, patience: float = PATIENCE) -> Iterator[None]:
    """Hold a file together with others that read it; wait while one writes.

    Raises:
        SourceError: the one that writes did not end within so many seconds.
    """
    with _file(path) as file:
        with _TURNS.changed:
            if not _TURNS.changed.wait_for(lambda: not file.writing, patience):
                raise SourceError(f"another step is writing {path.name!r}", hint=_HINT)
            file.readers += 1
        try:
            yield
        finally:
            with _TURNS.changed:
                file.readers -= 1
                _TURNS.changed.notify_all()


@contextmanager
def writing(path: Path, patience: float = PATIENCE) -> Iterator[None]:
    """Hold a file alone; wait while others of this process read or write it.

    Raises:
        TargetError: they did not end within so many seconds.
    """
    with _file(path) as file:
        with _TURNS.changed:
            if not _TURNS.changed.wait_for(lambda: not file.writing and not file.readers, patience):
                raise TargetError(f"another step is still using {path.name!r}", hint=_HINT)
            file.writing = True
        try:
            yield
        finally:
            with _TURNS.changed:
                file.writing = False
                _TURNS.changed.notify_all()


@contextmanager
def _file(path: Path) -> Iterator[_File]:
    """Keep what is known of a file for as long as anybody holds it or waits for it."""
    key = path.resolve()
    with _TURNS.changed:
        file = _TURNS.files.setdefault(key, _File())
        file.known_to += 1
    try:
        yield file
    finally:
        with _TURNS.changed:
            file.known_to -= 1
            if not file.known_to:
                del _TURNS.files[key]
