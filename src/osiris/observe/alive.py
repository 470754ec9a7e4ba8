"""Whether the process that carries a run still lives: it holds a lock that nobody can forget to give back."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from osiris.model.errors import UsageError


@dataclass(frozen=True)
class Pulse:
    """A lock of one process, gone with it.

    The lock is SQLite's own on an empty database, so that every system keeps it alike. Unlike a process number, it
    is never somebody else's later.
    """

    file: Path
    held: sqlite3.Connection

    @classmethod
    def start(cls, file: Path) -> "Pulse":
        """Take the lock.

        Raises:
            UsageError: the folder can't be written.
        """
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            held = sqlite3.connect(file, timeout=0, isolation_level=None, check_same_thread=False)
        except (OSError, sqlite3.Error) as exc:
            raise _unwritable(file, exc) from exc
        try:
            held.execute("PRAGMA journal_mode = OFF")  # nothing is ever written, so no file beside it either
            held.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as exc:
            held.close()
            raise _unwritable(file, exc) from exc
        return cls(file, held)

    def stop(self) -> None:
        """Give the lock back. Safe to call twice."""
        self.held.close()
        self.file.unlink(missing_ok=True)


def beats(file: Path) -> bool:
    """Return whether a process holds the lock."""
    if not file.is_file():
        return False
    probe = sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=0)
    try:
        probe.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        return True
    else:
        return False
    finally:
        probe.close()


def _unwritable(file: Path, exc: Exception) -> UsageError:
    return UsageError(
        f"cannot write in {file.parent}: {exc}", where=str(file.parent), hint="check the folder and its rights"
    )
