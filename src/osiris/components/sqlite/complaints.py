"""What SQLite complains of, in the user's words."""

import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from osiris.model.errors import (
    AuthorError,
    CheckFailed,
    ConnectError,
    Interrupted,
    OsirisError,
    SourceError,
    TargetError,
)
from osiris.model.nearest import nearest

_MISSING = re.compile(r"no such (?P<what>table|column|function): (?P<name>.+)\Z")
_NOT_TEXT = re.compile(r"Could not decode to UTF-8 column '(?P<name>.*)' with text", re.DOTALL)
_MOST_NAMED = 20


def sort_of(exc: sqlite3.Error) -> str:
    """Return SQLite's own name of an error, such as `SQLITE_BUSY`; empty where it has none."""
    return str(getattr(exc, "sqlite_errorname", "") or "")


@contextmanager
def opening(said: str) -> Iterator[None]:
    """Say why a database file can't be opened.

    Raises:
        ConnectError: it can't.
    """
    try:
        yield
    except sqlite3.Error as exc:
        raise connect_error(exc, said) from exc


def connect_error(exc: sqlite3.Error, said: str) -> ConnectError:
    """Return why a database file does not answer."""
    sort = sort_of(exc)
    if sort.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return ConnectError(
            f"another process keeps the SQLite file {said!r} locked", hint="end what it does there, and run this again"
        )
    if sort.startswith("SQLITE_NOTADB"):
        return ConnectError(f"{said!r} is not an SQLite database", hint="mend `path` in osiris_connections.yaml")
    if sort.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM")):
        return ConnectError(
            f"this user can't open the SQLite file {said!r}",
            why=str(exc),
            hint="give the right to read it and to write its folder; a file that a crash left half way, or that uses "
            "write-ahead logging, must be opened once by its own program",
        )
    return ConnectError(f"cannot read the SQLite file {said!r}: {exc}", hint="look whether the file is whole")


@contextmanager
def understood(known: Callable[[], Iterable[str]]) -> Iterator[None]:
    """Say what SQLite does not understand in a query; `known` returns the names that exist.

    Raises:
        AuthorError: a name is not there, or the query is not SQL.
    """
    try:
        yield
    except sqlite3.Error as exc:
        if sort_of(exc) not in {"SQLITE_ERROR", "SQLITE_AUTH"}:
            raise
        message, hint = str(exc), "mend the query"
        if found := _MISSING.search(message):
            names = sorted(set(known()))
            near = nearest(found["name"].rpartition(".")[2], names)
            hint = (
                f"did you mean {', '.join(map(repr, near))}?"
                if near
                else f"there are: {', '.join(names[:_MOST_NAMED])}"
            )
        raise AuthorError(message, where="query", hint=hint) from exc


@contextmanager
def pulling(said: str) -> Iterator[None]:
    """Say why no more rows come.

    Raises:
        OsirisError: they don't.
    """
    try:
        yield
    except sqlite3.Error as exc:
        raise _pull_error(exc, said) from exc


def _pull_error(exc: sqlite3.Error, said: str) -> OsirisError:
    if sort_of(exc).startswith("SQLITE_INTERRUPT") or str(exc) == "interrupted":
        return Interrupted("the query was broken off")
    if found := _NOT_TEXT.search(str(exc)):
        name = found["name"]
        return SourceError(
            f"column {name!r} holds text that is not UTF-8",
            hint=f"read its bytes in a query, such as CAST({name} AS BLOB) AS {name}",
        )
    if sort_of(exc) in {"SQLITE_ERROR", "SQLITE_MISMATCH", "SQLITE_TOOBIG"}:
        return SourceError(str(exc), hint="mend the query, or the rows that it reads")
    return connect_error(exc, said)


@contextmanager
def writing_rows(table: str) -> Iterator[None]:
    """Say why rows can't be put into a table.

    Raises:
        CheckFailed: a row breaks a promise of the table's.
        TargetError: SQLite refuses.
    """
    try:
        yield
    except sqlite3.IntegrityError as exc:
        hint = "write `write_mode: merge` to update by key" if "UNIQUE" in str(exc) else "mend it in the step before"
        raise CheckFailed(f"table {table!r} refuses the rows: {exc}", hint=hint) from exc
    except sqlite3.Error as exc:
        if sort_of(exc).startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            hint = "another process keeps the file locked: end what it does there, and run this again"
        else:
            hint = "look at the rights of the file and its folder, and whether the disk is full"
        raise TargetError(f"cannot write table {table!r}: {exc}", hint=hint) from exc
