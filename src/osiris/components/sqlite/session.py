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
from osiris.model.errors import ConnectError
from osiris.model.nearest import nearest

Db = sqlite3.Connection

LOCK_SECONDS = 30.0  # how long to wait for another process that has the file locked
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
    path = existing(connection, place)
    with turns.reading(path), closing(_connect(path, "ro", patience)) as db:
        with opening(connection.path):
            db.execute("SELECT count(*) FROM sqlite_master").fetchall()
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
    with turns.writing(path), _removed_unless_done(path), closing(_connect(path, "rwc", patience)) as db:
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


def existing(connection: SqliteConnection, place: Place) -> Path:
    """Return the database file of a connection.

    Raises:
        ConnectError: it is not there, or is a folder.
    """
    path = place.project / connection.path
    if path.is_file():
        return path
    if path.is_dir():
        raise ConnectError(f"{connection.path!r} is a folder, not an SQLite file", hint="name the file in `path`")
    raise ConnectError(f"there is no SQLite file {connection.path!r}", hint=_instead(path, connection.path))


def quoted(name: str) -> str:
    """Return a name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def _authorize(action: int, *_: object) -> int:
    return sqlite3.SQLITE_OK if action in _MAY else sqlite3.SQLITE_DENY


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


@contextmanager
def _removed_unless_done(path: Path) -> Iterator[None]:
    if path.exists():
        yield
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for file in (path, path.with_name(f"{path.name}-journal")):
            file.unlink(missing_ok=True)
        raise


def _instead(path: Path, said: str) -> str:
    if not path.parent.is_dir():
        return f"there is no folder {str(Path(said).parent)!r} either; paths start in the project folder"
    files = [entry.name for entry in path.parent.iterdir() if entry.is_file()]
    if near := nearest(path.name, files):
        return f"did you mean {', '.join(repr(str(Path(said).with_name(name))) for name in near)}?"
    return "mend `path` in osiris_connections.yaml; paths start in the project folder"
