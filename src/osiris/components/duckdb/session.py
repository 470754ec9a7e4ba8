"""DuckDB, opened so that a statement can touch nothing but what it was given."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from tempfile import gettempdir
from threading import Lock
from uuid import uuid4

import duckdb

from osiris.components.duckdb.complaints import is_locked, opening
from osiris.components.duckdb.config import LITTLE, MEMORY, DuckdbConnection
from osiris.kit import turns
from osiris.kit.component import LocalFile, Place
from osiris.kit.database_file import existing, removed_unless_done

Db = duckdb.DuckDBPyConnection

_PLANNING = Lock()
LOCK_SECONDS = 30.0  # how long to wait for another process that has the file open
_PAUSE = 0.1  # seconds between two attempts
_TAKEN = ("memory", "staged", "system", "temp")  # names of databases that are there already


@contextmanager
def alone(scratch: Path | None = None, memory_limit: str = MEMORY) -> Iterator[Db]:
    """Open DuckDB in memory, with no file at all.

    Args:
        scratch: Where rows go that don't fit in memory; None means the system's temporary folder.
        memory_limit: As DuckDB writes it.
    """
    with closing(_connect(scratch, memory_limit)) as db:
        _shut(db)
        yield db


@contextmanager
def planning() -> Iterator[Db]:
    """Lend a place where queries are planned over empty tables; its temporary tables are nobody else's, and go.

    A plan leaves out nothing because a table is empty. To open DuckDB takes longer than to plan a query, so that all
    share one, with a connection each.
    """
    with _PLANNING:
        db = _planner().cursor()
    with closing(db):
        db.execute("BEGIN")  # one transaction, given up at the end, for all that is made and dropped
        yield db


@cache
def _planner() -> Db:
    db = _connect(None, MEMORY)
    db.execute("SET disabled_optimizers = 'statistics_propagation'")
    db.execute("SET threads = 1")  # to wake another costs more than it does for tables without rows
    _shut(db)
    return db


@contextmanager
def reading(
    connection: DuckdbConnection, place: Place, scratch: Path | None = None, *, patience: float = LOCK_SECONDS
) -> Iterator[Db]:
    """Open a database file read-only; its tables have their plain names.

    Args:
        connection: Names the file.
        place: Where its path starts.
        scratch: Where rows go that don't fit in memory; None means the system's temporary folder.
        patience: Seconds to wait for another process that has the file open for writing.

    Raises:
        ConnectError: there is no such file, it is no DuckDB database, or another process has it open for writing.
        SourceError: another step of this process keeps writing it.
    """
    path = existing(place, connection.path, "a DuckDB")
    with turns.reading(path), closing(_connect(scratch, MEMORY)) as db:
        _attach(db, path, connection.path, read_only=True, patience=patience)
        _shut(db)
        yield db


@contextmanager
def writing(
    connection: DuckdbConnection, place: Place, staged: Path, memory_limit: str, *, patience: float = LOCK_SECONDS
) -> Iterator[Db]:
    """Open a database file alone, to write it, and beside it a file of staged rows as `staged`.

    A file that was not there is made, and removed again where something goes wrong.

    Args:
        connection: Names the file.
        place: Where its path starts.
        staged: The file of staged rows; rows that don't fit in memory go beside it.
        memory_limit: As DuckDB writes it.
        patience: Seconds to wait for another process that has the file open.

    Raises:
        ConnectError: the file is no DuckDB database, or another process has it open.
        TargetError: other steps of this process keep using it.
    """
    path = place.project / connection.path
    with turns.writing(path), removed_unless_done(path, ".wal"), closing(_connect(staged.parent, memory_limit)) as db:
        db.execute(f"ATTACH {literal(str(staged))} AS staged (READ_ONLY)")
        _attach(db, path, connection.path, read_only=False, patience=patience)
        _shut(db)
        yield db


@contextmanager
def staging(path: Path) -> Iterator[Db]:
    """Open a new database file for rows to stage, in little memory; nothing but our own statements runs there."""
    with closing(_connect(path.parent, LITTLE)) as db:
        db.execute(f"ATTACH {literal(str(path))} AS staged")
        db.execute("USE staged")
        db.execute("SET enable_external_access = false")
        yield db


def make_room(db: Db) -> None:
    """Let a session that stages rows take as much memory as any step; also while a statement of it runs."""
    with closing(db.cursor()) as beside:
        beside.execute(f"SET GLOBAL memory_limit = {literal(MEMORY)}")


def database_file(connection: DuckdbConnection, place: Place, *, written: bool = False) -> tuple[LocalFile, ...]:
    """Return the database file of a connection, whether it is there or not, with what lies beside an open one."""
    return (LocalFile(place.project / connection.path, written=written, beside=(".wal",)),)


def quoted(name: str) -> str:
    """Return a name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def _connect(scratch: Path | None, memory_limit: str) -> Db:
    spill = (
        scratch or Path(gettempdir())
    ) / f"duckdb-{uuid4().hex}"  # DuckDB makes it when it needs it, and removes it
    db = duckdb.connect(
        ":memory:",
        config={
            "allow_community_extensions": "false",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "memory_limit": memory_limit,
            "python_enable_replacements": "false",
            "temp_directory": str(spill),
        },
    )
    db.execute("SET GLOBAL TimeZone = 'UTC'")
    return db


def _attach(db: Db, path: Path, said: str, *, read_only: bool, patience: float) -> None:
    name = path.stem if path.stem.lower() not in _TAKEN else f"{path.stem}_"
    statement = f"ATTACH {literal(str(path))} AS {quoted(name)}{' (READ_ONLY)' if read_only else ''}"
    deadline = time.monotonic() + patience
    with opening(said):
        while True:
            try:
                db.execute(statement)
                break
            except duckdb.IOException as exc:
                if not is_locked(exc) or time.monotonic() > deadline:
                    raise
            time.sleep(_PAUSE)
        db.execute(f"USE {quoted(name)}")


def _shut(db: Db) -> None:
    """Leave no way to other files, to the network, to extensions or to settings."""
    db.execute("SET enable_external_access = false")
    db.execute("SET lock_configuration = true")
