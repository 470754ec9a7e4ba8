"""What DuckDB complains of, in the user's words."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from osiris.model.errors import (
    AuthorError,
    CheckFailed,
    ConnectError,
    Interrupted,
    OsirisError,
    OutsideError,
    SourceError,
    TargetError,
)

ENGINE_ERRORS = (duckdb.Error, pa.ArrowException, OSError)  # OSError: Arrow has the word while it pulls
TOO_LARGE = "osiris: "  # begins what our own checks inside a query say
_KIND = re.compile(r"\A[A-Za-z -]{3,40} Error: ")
_PLACE = re.compile(r"\n\n(?P<lead>LINE (?P<line>\d+): )(?P<text>[^\n]*)\n(?P<blank> *)\^")
_CANDIDATES = re.compile(
    r"\s*\n\t?(?P<hint>(?:Candidate bindings|Did you mean|Candidate functions)[^\n]*(?:\n\t[^\n]*)*)"
)
_MOST_HINT = 400
_NO_BLOCK = re.compile(r"could not allocate block|failed to (?:pin block|allocate)")


def statement_error(exc: duckdb.Error, before: int = 0) -> AuthorError:
    """Return why DuckDB does not take a query: where in it, and what it would have known instead.

    Args:
        exc: What DuckDB says.
        before: Lines that stood before the query in what DuckDB was given.
    """
    text, where, hint = str(exc), "query", "mend the query"
    if place := _PLACE.search(text):
        where = f"query, line {int(place['line']) - before}"
        if not place["text"].startswith("..."):  # else DuckDB shows a part of the line
            where += f", column {len(place['blank']) - len(place['lead']) + 1}"
        text = text[: place.start()]
    if found := _CANDIDATES.search(text):
        hint = " ".join(found["hint"].split())[:_MOST_HINT]
        text = text[: found.start()]
    return AuthorError(_plain(text), where=where, hint=hint)


def engine_error(exc: BaseException, otherwise: type[OutsideError] = SourceError) -> OsirisError:
    """Return why DuckDB can't go on with a query that it took."""
    text = str(exc)
    if TOO_LARGE in text:
        message, _, hint = text.partition(TOO_LARGE)[2].splitlines()[0].partition(" | ")
        return CheckFailed(message, hint=hint)
    match exc:
        case duckdb.InterruptException():
            return Interrupted("the query was broken off")
        case duckdb.OutOfMemoryException():
            return otherwise(
                "the query needs more memory than it may take",
                why=_plain(text),
                hint="sort and collect less in it, or set `memory_limit` of a duckdb.processor higher",
            )
        case duckdb.IOException():
            return otherwise(_plain(text), hint="look whether the disk is full and the file is whole")
        case _:
            return otherwise(_plain(text), hint="mend the query, or the rows that it reads")


@contextmanager
def committing(table: str) -> Iterator[None]:
    """Say why rows can't be put into a table.

    Raises:
        CheckFailed: a row breaks a promise of the table's.
        TargetError: DuckDB refuses.
    """
    try:
        yield
    except duckdb.ConstraintException as exc:
        hint = (
            "write `write_mode: merge` to update by key" if "uplicate key" in str(exc) else "mend it in the step before"
        )
        raise CheckFailed(f"table {table!r} refuses the rows: {_plain(str(exc))}", hint=hint) from exc
    except duckdb.Error as exc:
        hint = "look whether the disk is full and the file is whole"
        if wants_memory(exc):
            hint = "DuckDB holds the indexes of a table in memory: write fewer rows at once, or a table without a key"
        raise TargetError(f"cannot write table {table!r}: {_plain(str(exc))}", hint=hint) from exc


@contextmanager
def telling(
    culprit: Callable[[], BaseException | None] = lambda: None, otherwise: type[OutsideError] = SourceError
) -> Iterator[None]:
    """Say why no more rows come or go.

    Args:
        culprit: Returns what really went wrong where DuckDB only repeats it as text.
        otherwise: The error where DuckDB itself fails.

    Raises:
        BaseException: the culprit's own.
        OsirisError: what DuckDB complains of by itself.
    """
    try:
        yield
    except ENGINE_ERRORS as exc:
        raise culprit() or engine_error(exc, otherwise) from exc


def wants_memory(exc: BaseException) -> bool:
    """Return whether DuckDB gave up because it may take no more memory; within a COMMIT it only says so."""
    return isinstance(exc, duckdb.OutOfMemoryException) or _NO_BLOCK.search(str(exc)) is not None


def is_locked(exc: duckdb.Error) -> bool:
    """Return whether another process has the file."""
    return "lock on file" in str(exc)


@contextmanager
def opening(said: str) -> Iterator[None]:
    """Say why a database file can't be opened.

    Raises:
        ConnectError: it can't.
    """
    try:
        yield
    except duckdb.Error as exc:
        text = str(exc)
        if is_locked(exc):
            raise ConnectError(
                f"another process has the DuckDB file {said!r} open",
                hint="close it there, such as in the DuckDB shell or a notebook, and run this again",
            ) from exc
        if "not a valid DuckDB database" in text:
            raise ConnectError(
                f"{said!r} is not a DuckDB database", hint="mend `path` in osiris_connections.yaml"
            ) from exc
        if "Permission denied" in text:
            raise ConnectError(
                f"this user may not open the DuckDB file {said!r}",
                hint="give the right to read and, to write, its folder",
            ) from exc
        raise ConnectError(
            f"cannot open the DuckDB file {said!r}: {_plain(text)}", hint="look whether the file is whole"
        ) from exc


def _plain(text: str) -> str:
    """Return the first sentence of a complaint, without its kind and without folders of this machine."""
    first = _KIND.sub("", text.strip()).split("\n", 1)[0]
    return re.sub(r"\"(/[^\"]+)\"", lambda found: repr(Path(found[1]).name), first)
