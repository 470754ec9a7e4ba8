"""What MySQL complains of, in the user's words."""

import re
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from osiris.components.mysql.config import MysqlConnection
from osiris.components.mysql.driver import Db, driver
from osiris.model.errors import (
    AuthorError,
    CheckFailed,
    ConnectError,
    OsirisError,
    OutsideError,
    SourceError,
    TargetError,
)
from osiris.model.nearest import nearest

# Numbers of errors, the server's own; those from 2000 to 2999 are the client's.
GONE = frozenset({1053, 1158, 1159, 1160, 1161, 1927, 2006, 2013, 2055, 3169, 4031})
NO_LOCAL = frozenset({1148, 3948, 4166})  # LOAD DATA LOCAL is forbidden here
DOUBLED = frozenset({1062, 1586})
NO_TABLE = frozenset({1051, 1146})
KEY_TOO_LONG = frozenset({1071, 1170})
NAME_TAKEN = 1050
_NO_DATABASE = 1049
_OFFERS_TLS = 2048  # one of the server's capabilities
_DENIED, _DENIED_DATABASE = frozenset({1045, 1698}), 1044
_NO_RIGHT = frozenset({1044, 1142, 1143, 1227, 1290, 1370})
_TOO_LONG = frozenset({1969, 3024})  # it took more seconds than it may
_WRITTEN_WRONG = frozenset(
    {1052, 1054, 1055, 1060, 1064, 1066, 1103, 1109, 1111, 1140, 1149, 1176, 1210, 1222, 1241, 1247}
    | {1248, 1250, 1267, 1270, 1271, 1305, 1327, 1582, 1583, 1630, 4078}
)
_UNFIT = frozenset(
    {1048, 1062, 1264, 1265, 1292, 1364, 1366, 1406, 1416, 1451, 1452, 1586, 1644, 1690, 3140, 3819, 4025}
)
_NAME = re.compile(r"(?:Unknown column|Unknown table|Table) '([^']+)'")
_MOST_NAMED = 20
_COLUMN = re.compile(r"column '(?P<name>(?:[^']|'')+)'|column (?:`[^`]+`\.)*`(?P<quoted>[^`]+)`", re.IGNORECASE)


@contextmanager
def connecting(connection: MysqlConnection, db: Db | None = None) -> Iterator[None]:
    """Say why there is no connection.

    Args:
        connection: Where to, and as whom.
        db: What tries to connect, where it knows more than its error says.

    Raises:
        ConnectError: there is none; the hint says what to do.
    """
    try:
        yield
    except (driver().err.Error, OSError, RuntimeError) as exc:
        message, hint = _no_connection(connection, exc, db)
        raise ConnectError(message, hint=hint) from exc


def _none() -> Sequence[str]:
    """Return no names."""
    return ()


@contextmanager
def reading_from(what: str, known: Callable[[], Sequence[str]] = _none) -> Iterator[None]:
    """Say why something can't be read.

    Args:
        what: What errors call it.
        known: Returns the names that exist, for the hint where one does not.

    Raises:
        AuthorError: the query is wrong.
        ConnectError: the user has no right to it.
        SourceError: anything else.
    """
    try:
        yield
    except (driver().err.Error, OSError) as exc:
        raise _read_error(what, exc, known) from exc


@contextmanager
def writing_to(what: str) -> Iterator[None]:
    """Say why something can't be written.

    Raises:
        CheckFailed: a row breaks a promise of the table's.
        ConnectError: the user has no right to it.
        TargetError: anything else.
    """
    try:
        yield
    except (driver().err.Error, OSError) as exc:
        raise _write_error(what, exc) from exc


def number_of(exc: BaseException) -> int:
    """Return MySQL's number of an error; 0 where it has none."""
    return int(exc.args[0]) if exc.args and isinstance(exc.args[0], int) else 0


def is_gone(exc: BaseException) -> bool:
    """Return whether an error means that there is no connection any more."""
    closed = isinstance(exc, driver().err.InterfaceError) and number_of(exc) == 0
    return closed or number_of(exc) in GONE or isinstance(exc, OSError)


def unfit(what: str, number: int, said: str) -> CheckFailed:
    """Return the error of rows that a table does not take, from what the server says of the first of them."""
    found = _COLUMN.search(said)
    column = f"column {(found['name'] or found['quoted'])!r}: " if found else ""
    hint = "mend it in the step before"
    if number in DOUBLED:
        hint = "write `write_mode: merge` to update by key, or keep one row a key in the step before"
    return CheckFailed(f"{what} does not take the rows: {column}{said}", hint=hint)


def _read_error(what: str, exc: Exception, known: Callable[[], Sequence[str]]) -> OsirisError:
    number, said = _parts(exc)
    if number in _WRITTEN_WRONG:
        return AuthorError(f"MySQL does not understand {what}: {said}", where="query", hint=_instead(said, known))
    if number in NO_TABLE:
        return SourceError(f"{what}: {said}", hint=_instead(said, known))
    return _outside_error(what, exc, SourceError)


def _instead(said: str, known: Callable[[], Sequence[str]]) -> str:
    """Return which name may have been meant by the one that the server does not know."""
    found = _NAME.search(said)
    names = known() if found else ()
    near = nearest(found[1].rpartition(".")[2], names) if found else ()
    if near:
        return f"did you mean {', '.join(map(repr, near))}?"
    return f"mend the query; there are: {', '.join(names[:_MOST_NAMED])}" if names else "mend the query"


def _write_error(what: str, exc: Exception) -> OsirisError:
    number, said = _parts(exc)
    if number in _UNFIT:
        return unfit(what, number, said)
    return _outside_error(what, exc, TargetError)


def _outside_error(what: str, exc: Exception, kind: type[OutsideError]) -> OutsideError:
    number, said = _parts(exc)
    if number in _NO_RIGHT:
        return ConnectError(f"{what}: this user has no right to it", why=said, hint="grant it, or use another user")
    if isinstance(exc, TimeoutError) or "timed out" in said:
        return kind(f"{what}: the server said nothing for too long", hint="raise `read_timeout` of the connection")
    if is_gone(exc):
        return kind(f"{what}: the server went away", why=said, hint="see whether it still runs, then run this again")
    for numbers, message, hint in _OUTSIDE:
        if number in numbers:
            return kind(f"{what}: {message}", why=said, hint=hint)
    return kind(f"{what}: {said}", hint="see what MySQL says")


_OUTSIDE: tuple[tuple[frozenset[int], str, str], ...] = (
    (_TOO_LONG, "it took longer than it may", "ask for less, or allow more seconds"),
    (frozenset({1317}), "somebody broke it off on the server", "run it again"),
    (frozenset({1205, 1213}), "somebody else holds it", "run it again when they are done"),
    (frozenset({1046}), "no database is named", "set `database` of the connection, or write the name as shop.orders"),
    (frozenset({1049}), "there is no such database", "mend the name"),
    (frozenset({3, 1021, 1114}), "the server's disk is full", "make room on it"),
    (frozenset({1153}), "a row is larger than the server takes", "let an operator raise `max_allowed_packet` there"),
)


def _no_connection(connection: MysqlConnection, exc: Exception, db: Db | None) -> tuple[str, str]:
    """Return what is wrong and what to do."""
    at = f"{connection.host}:{connection.port}"
    number, said = _parts(exc)
    if number in _DENIED:
        if connection.tls == "disabled" and getattr(db, "server_capabilities", 0) & _OFFERS_TLS:
            message = f"{at} refuses the user {connection.user!r} with this password in clear"
            return message, "set `tls: required`; where that does not help, check `user` and `password`"
        return f"{at} refuses the user {connection.user!r} with this password", "check `user` and `password`"
    if number == _NO_DATABASE:
        return f"{at} has no database {connection.database!r}", "check `database`"
    if number == _DENIED_DATABASE:
        message = f"the user {connection.user!r} has no right to the database {connection.database!r}"
        return message, f"let an operator grant it: GRANT SELECT ON {connection.database}.* TO …"
    if "secure transport" in said or "insecure" in said:
        return f"{at} wants an encrypted connection", "set `tls: required`"
    return _no_answer(connection, at, getattr(exc, "original_exception", exc), said)


def _no_answer(connection: MysqlConnection, at: str, cause: Any, said: str) -> tuple[str, str]:
    match cause:
        case socket.gaierror():
            return f"there is no host {connection.host!r}", "check `host`"
        case ssl.SSLError():
            return f"no encrypted connection to {at}: {cause.reason or cause}", "check `tls` and `tls_ca`"
        case ConnectionRefusedError():
            return f"nobody listens at {at}", "check `host` and `port`, and whether the server runs"
        case FileNotFoundError():
            return f"no encrypted connection to {at}: a file is missing", "check `tls_ca`, `tls_cert` and `tls_key`"
    for words, message, hint in _UNREACHED:
        if words in said:
            return message.format(at=at, seconds=connection.connect_timeout), hint
    return f"no connection to {at}: {said}", "check the connection's fields"


_UNREACHED = (
    ("timed out", "{at} does not answer within {seconds:g} s", "check `host`, `port` and the firewall between"),
    ("SSL is required", "{at} offers no encrypted connection", "set `tls: preferred` if it may go in clear"),
    ("cryptography", "{at} wants the password encrypted", "set `tls: required`, or pip install cryptography"),
)


def _parts(exc: Exception) -> tuple[int, str]:
    """Return MySQL's number, 0 where there is none, and its sentence."""
    if number_of(exc) and len(exc.args) > 1:
        return number_of(exc), str(exc.args[1])
    return 0, str(exc) or type(exc).__name__
