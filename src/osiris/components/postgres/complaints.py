"""What PostgreSQL complains of, in the user's words."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from osiris.components.postgres.config import PostgresConnection
from osiris.components.postgres.driver import Refusal, driver
from osiris.model.errors import AuthorError, CheckFailed, ConnectError, OsirisError, SourceError, TargetError
from osiris.sql.text import where

_TOO_LONG = "57014"
_NO_RIGHT = "42501"
_LOCKED = "55P03"
_NO_TABLE = {"42P01", "3F000"}
_GONE = ("08", "57P")  # classes: the connection, the server's operator
_FULL = "53"  # disk, memory, connections
_BROKEN_PROMISE = "23"
_WRITTEN_WRONG = ("42", "0A", "25")
_COLLIDED = ("40001", "40P01")
_UNIQUE = "23505"
_REFERENCED = "23503"

# What libpq and the server say when there is no connection: there is no code then, only a sentence.
_NO_CONNECTION: tuple[tuple[str, str, str], ...] = (
    (r"password authentication failed|no password supplied|SASL authentication failed",
     "{at} refuses user {user!r}", "check `user` and `password`"),
    (r'role ".*" does not exist|Tenant or user not found', "{at} knows no user {user!r}", "check `user`"),
    (r'database ".*" does not exist', "{at} has no database {database!r}", "check `database`"),
    (r"permission denied for database", "user {user!r} has no right to the database {database!r}",
     "grant it: GRANT CONNECT ON DATABASE … TO …, or use another user"),
    (r"no pg_hba\.conf entry.*(no encryption|SSL off)|SSL connection is required",
     "{at} wants an encrypted connection", "set `tls: required`"),
    (r"no pg_hba\.conf entry|pg_hba\.conf rejects", "{at} lets user {user!r} in from elsewhere only",
     "ask its operator to let this machine in (pg_hba.conf)"),
    (r"server does not support SSL", "{at} has no encrypted connections", "set `tls: preferred`, or `tls: disabled`"),
    (r"certificate verify failed|root certificate|does not match host name|SSL error",
     "no encrypted connection to {at}", "check `tls` and `tls_ca`, and that `host` is the name in the certificate"),
    (r"too many connections|remaining connection slots|too many clients|max clients reached",
     "{at} has no connection left", "wait, or close other programs"),
    (r"starting up|shutting down|recovery mode|not accepting connections",
     "{at} is starting or stopping", "wait a moment, then run it again"),
    (r"could not translate host name|not known|No address associated|failed to resolve|name resolution",
     "there is no host {host!r}", "check `host`"),
    (r"Connection refused", "nobody listens at {at}", "check `host` and `port`, and whether the server runs"),
    (r"timeout expired|timed out", "{at} does not answer within {seconds:g} s",
     "check `host`, `port` and the firewall"),
)  # fmt: skip


@contextmanager
def connecting(connection: PostgresConnection) -> Iterator[None]:
    """Say why there is no connection.

    Raises:
        ConnectError: there is none; the hint says what to do.
    """
    try:
        yield
    except (driver().Error, OSError) as exc:
        raise _no_connection(connection, str(exc)) from exc


@contextmanager
def reading(what: str, query: str = "") -> Iterator[None]:
    """Say why something can't be read.

    Args:
        what: What the error calls it.
        query: The text that the server was given, where its author wrote it: an error then says where in it.

    Raises:
        AuthorError: the query is wrong.
        ConnectError: the user has no right to it.
        SourceError: anything else.
    """
    try:
        yield
    except (driver().Error, Refusal) as exc:
        _refused(what, exc, SourceError, query)


@contextmanager
def writing(what: str) -> Iterator[None]:
    """Say why something can't be written.

    Raises:
        CheckFailed: a row breaks a promise of the table's.
        ConnectError: the user has no right to it.
        TargetError: anything else.
    """
    try:
        yield
    except driver().Error as exc:
        _refused(what, exc, TargetError)


def is_gone(exc: BaseException | None) -> bool:
    """Return whether the connection broke, so that nobody knows what the server did last."""
    return isinstance(exc, driver().OperationalError) and (not exc.sqlstate or exc.sqlstate.startswith(_GONE))


def _refused(what: str, exc: Exception, kind: type[OsirisError], query: str = "") -> NoReturn:
    code, said = _parts(exc)
    if code == _TOO_LONG:
        raise kind(f"{what}: it took longer than it may", hint="ask for less, or raise `statement_timeout`") from exc
    if not code or code.startswith(_GONE):
        raise kind(f"{what}: the server went away", why=said, hint="see whether it still runs, then run again") from exc
    if code == _NO_RIGHT:
        raise ConnectError(
            f"{what}: this user has no right to it", why=said, hint="ask for the right, or use another user"
        ) from exc
    if code == _LOCKED:
        raise kind(
            f"{what}: somebody else holds it", why=said, hint="wait until they are done, then run again"
        ) from exc
    if code in _COLLIDED:
        raise kind(f"{what}: somebody else changed it at the same time", why=said, hint="run it again") from exc
    if code.startswith(_FULL):
        raise kind(f"{what}: the server has no room: {said}", hint="ask its operator") from exc
    if code.startswith(_BROKEN_PROMISE):
        raise CheckFailed(f"{what} refuses the rows: {said}", hint=_PROMISES.get(code, _MEND)) from exc
    if code in _NO_TABLE and kind is SourceError:
        raise kind(f"{what}: {said}", hint="check the name; `osiris discover` lists the tables") from exc
    if code.startswith(_WRITTEN_WRONG) and kind is SourceError:
        raise AuthorError(said, where=_where(exc, query), hint=_hint(exc)) from exc
    raise kind(f"{what}: {said}", hint=_hint(exc)) from exc


_MEND = "mend it in the step before"
_PROMISES = {
    _UNIQUE: "write `write_mode: merge` to update by key",
    _REFERENCED: "other tables refer to these rows, or these rows to others: write those first, or `merge`",
}


def _hint(exc: Any) -> str:
    said = exc.hint if isinstance(exc, Refusal) else exc.diag.message_hint
    return said or "mend the query, or the rows that it reads"


def _where(exc: Any, query: str) -> str:
    position = None if isinstance(exc, Refusal) else exc.diag.statement_position
    return f"query, {where(query, int(position) - 1)}" if position and query else "query"


def _parts(exc: Any) -> tuple[str, str]:
    """Return PostgreSQL's code, empty where there is none, and its sentence."""
    if isinstance(exc, Refusal):
        return exc.sqlstate, str(exc)
    if exc.diag.message_primary:
        return exc.sqlstate or exc.diag.sqlstate or "", exc.diag.message_primary
    return "", _one_line(str(exc)) or type(exc).__name__


def _no_connection(connection: PostgresConnection, said: str) -> ConnectError:
    """Return what is wrong and what to do."""
    facts = {
        "at": f"{connection.host}:{connection.port}",
        "host": connection.host,
        "user": connection.user,
        "database": connection.database or connection.user,
        "seconds": connection.connect_timeout,
    }
    for pattern, message, hint in _NO_CONNECTION:
        if re.search(pattern, said, re.IGNORECASE | re.DOTALL):
            return ConnectError(message.format(**facts), why=_one_line(said), hint=hint)
    return ConnectError(f"no connection to {facts['at']}", why=_one_line(said), hint="check the connection's fields")


def _one_line(text: str) -> str:
    return " ".join(text.split())
