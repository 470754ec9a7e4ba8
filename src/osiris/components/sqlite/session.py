"""SQLite, opened so that a statement can do no more than it is meant to."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from osiris.components.sqlite.complaints import opening
from osiris.components.sqlite.config import SqliteConnection
from osiris.kit import turns
from osiris.kit.component import LocalFile, Place
from osiris.kit.database_file import existing, removed_unless_done

Db = sqlite3.Connection

LOCK_SECONDS = 30.0  # how long to wait for another process that has the file locked
_ASK = "SELECT count(*) FROM sqlite_master"  # for this the file must be whole
_MAY = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE})


@contextmanager
def reading(connection: SqliteConnection, place: Place, *, patience: float = LOCK_SECONDS) -> Iterator[Db]:
    """Open a database file read-only; whoever sends a query that others wrote calls `shut` before.

    Args:
        connection: Names the file.
        place: Where its path starts.
        patience: Seconds to wait for another process that keeps the file locked.

    Raises:
        ConnectError: there is no such file, it is no SQLite database, or another process keeps it locked.
        SourceError: another step of this process keeps writing it.
    """
    path = existing(place, connection.path, "an SQLite")
    with turns.reading(path):
        with opening(connection.path):
            _take_back(path, patience)
        with closing(_connect(path, "ro", patience)) as db:
            with opening(connection.path):
                db.execute(_ASK).fetchall()
            yield db


@contextmanager
def writing(
    connection: SqliteConnection, place: Place, staged: Path, *, patience: float = LOCK_SECONDS
) -> Iterator[Db]:
    """Open a database file alone, to write it, and beside it a file of staged rows as `staged`.

    A file that was not there is made, and removed again where something goes wrong.

    Raises:
        ConnectError: the file is no SQLite database, or another process keeps it locked.
        TargetError: other steps of this process keep using it.
    """
    path = place.project / connection.path
    with turns.writing(path), removed_unless_done(path, "-journal"), closing(_connect(path, "rwc", patience)) as db:
        with opening(connection.path):
            db.execute("PRAGMA foreign_keys = OFF")  # else replacing rows would delete those that point to them
            db.execute("ATTACH ? AS staged", (_address(staged, "ro"),))
            db.execute("BEGIN IMMEDIATE")
        yield db


@contextmanager
def staging(path: Path) -> Iterator[Db]:
    """Open a new database file for rows to stage; it need not survive a crash."""
    with closing(_connect(path, "rwc")) as db:
        db.execute("PRAGMA journal_mode = OFF")
        db.execute("PRAGMA synchronous = OFF")
        db.execute("BEGIN")
        yield db
        db.execute("COMMIT")


def shut(db: Db) -> None:
    """Let statements read and compute from now on, and nothing else."""
    db.execute("PRAGMA query_only = ON")
    db.execute("PRAGMA trusted_schema = OFF")
    db.set_authorizer(_authorize)


def database_file(connection: SqliteConnection, place: Place, *, written: bool = False) -> tuple[LocalFile, ...]:
    """Return the database file of a connection, whether it is there or not, with what lies beside an open one."""
    return (LocalFile(place.project / connection.path, written=written, beside=("-journal", "-wal")),)


def quoted(name: str) -> str:
    """Return a name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def _authorize(action: int, *_: object) -> int:
    return sqlite3.SQLITE_OK if action in _MAY else sqlite3.SQLITE_DENY


def _take_back(path: Path, patience: float) -> None:
    """Let SQLite take back what a program that died left half written; it can't where it may only read."""
    if path.with_name(f"{path.name}-journal").exists():
        with closing(_connect(path, "rw", patience)) as db:
            db.execute(_ASK).fetchall()


def _connect(path: Path, mode: str, patience: float = LOCK_SECONDS) -> Db:
    with opening(path.name):
        return sqlite3.connect(
            _address(path, mode),
            uri=True,
            timeout=patience,
            isolation_level=None,  # transactions are said
            check_same_thread=False,  # DuckDB's threads pull too, one at a time
        )


def _address(path: Path, mode: str) -> str:
    return f"file:{quote(str(path.absolute()))}?mode={mode}"
