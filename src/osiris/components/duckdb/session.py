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
from osiris.components.duckdb.config import MEMORY, DuckdbConnection
from osiris.kit import turns
from osiris.kit.component import LocalFile, Place
from osiris.model.errors import ConnectError
from osiris.model.nearest import nearest

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
    path = existing(connection, place)
    with turns.reading(path), closing(_connect(scratch, MEMORY)) as db:
        _attach(db, path, connection.path, read_only=True, patience=patience)
        _shut(db)
        yield db


@contextmanager
def writing(
    connection: DuckdbConnection, place: Place, staged: Path, *, patience: float = LOCK_SECONDS
) -> Iterator[Db]:
    """Open a database file alone, to write it, and beside it a file of staged rows as `staged`.

    A file that was not there is made, and removed again where something goes wrong.

    Raises:
        ConnectError: the file is no DuckDB database, or another process has it open.
        TargetError: other steps of this process keep using it.
    """
    path = place.project / connection.path
    with turns.writing(path), _removed_unless_done(path), closing(_connect(staged.parent, MEMORY)) as db:
        db.execute(f"ATTACH {literal(str(staged))} AS staged (READ_ONLY)")
        _attach(db, path, connection.path, read_only=False, patience=patience)
        _shut(db)
        yield db


@contextmanager
def _removed_unless_done(path: Path) -> Iterator[None]:
    if path.exists():
        yield
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for file in (path, path.with_name(f"{path.name}.wal")):
            file.unlink(missing_ok=True)
        raise


@contextmanager
def staging(path: Path) -> Iterator[Db]:
    """Open a new database file for rows to stage."""
    with closing(_connect(path.parent, MEMORY)) as db:
        db.execute(f"ATTACH {literal(str(path))} AS staged")
        db.execute("USE staged")
        _shut(db)
        yield db


def database_file(connection: DuckdbConnection, place: Place, *, written: bool = False) -> tuple[LocalFile, ...]:
    """Return the database file of a connection, whether it is there or not, with what lies beside an open one."""
    return (LocalFile(place.project / connection.path, written=written, beside=(".wal",)),)


def existing(connection: DuckdbConnection, place: Place) -> Path:
    """Return the database file of a connection.

    Raises:
        ConnectError: it is not there, or is a folder.
    """
    path = place.project / connection.path
    if path.is_file():
        return path
    if path.is_dir():
        raise ConnectError(f"{connection.path!r} is a folder, not a DuckDB file", hint="name the file in `path`")
    raise ConnectError(f"there is no DuckDB file {connection.path!r}", hint=_instead(path, connection.path))


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


def _instead(path: Path, said: str) -> str:
    if not path.parent.is_dir():
        return f"there is no folder {str(Path(said).parent)!r} either; paths start in the project folder"
    files = [entry.name for entry in path.parent.iterdir() if entry.is_file()]
    if near := nearest(path.name, files):
        return f"did you mean {', '.join(repr(str(Path(said).with_name(name))) for name in near)}?"
    return "mend `path` in osiris_connections.yaml; paths start in the project folder"
