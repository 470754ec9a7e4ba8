"""One connection to a server, set up so that every value means the same everywhere."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from osiris.components.mysql.complaints import connecting
from osiris.components.mysql.config import MysqlConnection
from osiris.components.mysql.driver import Db, driver
from osiris.kit.tunnel import LOOPBACK, Tunnel, tunnelled

PATIENCE = 60  # seconds to wait for somebody else's lock
_QUIET = 604_800  # seconds that the server may wait for us: a step may be slow, or wait for another
_TLS_FLAG = 2048  # by which a client asks for encryption
_IDLE, _BETWEEN, _TIMES = 60, 15, 8  # after so many quiet seconds, so often, ask whether the server is still there
# Modes in which the server reads a statement otherwise than the guard does, or gives other values than the table has.
_NOT_OURS = frozenset(
    {
        "ANSI",
        "ANSI_QUOTES",
        "DB2",
        "EMPTY_STRING_IS_NULL",
        "HIGH_NOT_PRECEDENCE",
        "IGNORE_SPACE",
        "MAXDB",
        "MSSQL",
        "NO_BACKSLASH_ESCAPES",
        "ORACLE",
        "PAD_CHAR_TO_FULL_LENGTH",
        "PIPES_AS_CONCAT",
        "POSTGRESQL",
        "REAL_AS_FLOAT",
    }
)
_STRICT = "STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION"


@contextmanager
def reading(connection: MysqlConnection, seconds: float | None = None) -> Iterator[Db]:
    """Lend a connection that sees one state of the data throughout, and on which the server refuses every change.

    Args:
        connection: Where to, and as whom.
        seconds: After which the server gives a statement up; None for never.

    Raises:
        ConnectError: there is none; the hint says what to do.
        ExtraMissing: PyMySQL is not installed.
    """
    db = connect(connection)
    try:
        with connecting(connection):
            if seconds is not None:
                limit(db, seconds)
            ask(db, "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            ask(db, "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
        yield db
    finally:
        drop(db)


def writer(connection: MysqlConnection) -> Db:
    """Return a connection on which a value that does not fit is an error; the caller drops it.

    Raises:
        ConnectError: there is none; the hint says what to do.
        ExtraMissing: PyMySQL is not installed.
    """
    db = connect(connection, local_infile=connection.local_infile)
    try:
        with connecting(connection):
            ask(db, "SET SESSION sql_mode = %s, sql_notes = 1", _STRICT)
            ask(db, f"SET SESSION lock_wait_timeout = {PATIENCE}, innodb_lock_wait_timeout = {PATIENCE}")
            ask(db, "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    except BaseException:
        drop(db)
        raise
    return db


def connect(connection: MysqlConnection, *, local_infile: bool = False) -> Db:
    """Return a connection; the caller drops it. Times are UTC, and texts are UTF-8.

    Raises:
        ConnectError: there is none; the hint says what to do.
        ExtraMissing: PyMySQL is not installed, or what an SSH tunnel needs.
    """
    db = _prepared(connection, local_infile=local_infile)
    way = tunnelled(connection.ssh_tunnel, connection.host, connection.port, connection.connect_timeout)
    with way as db.tunnel, connecting(connection, db):
        try:
            if connection.tls == "preferred":
                _prefer(db)
            db.connect(_line(db.tunnel, connection))
            db._local_infile = False
            db._read_timeout = connection.read_timeout
            _stay_awake(sock(db))
            _set_up(db)
        except BaseException:
            drop(db)
            raise
    return db


def _prepared(connection: MysqlConnection, *, local_infile: bool) -> Db:
    """Return a connection that is not made yet."""
    pymysql = driver()
    with connecting(connection):
        return pymysql.connect(
            defer_connect=True,
            host=connection.host,
            port=connection.port,
            user=connection.user,
            password=connection.password.get_secret_value().encode(),
            database=connection.database or None,
            charset="utf8mb4",
            connect_timeout=connection.connect_timeout,
            read_timeout=connection.connect_timeout,  # of the sign-on, which a server that hangs would never answer
            write_timeout=connection.read_timeout,
            autocommit=True,
            local_infile=local_infile,
            **_tls(connection),
        )


def _line(tunnel: Tunnel | None, connection: MysqlConnection) -> socket.socket | None:
    """Return what leads to the server through a tunnel; None where it is reached directly, by its name."""
    if tunnel is None:
        return None
    line = socket.create_connection((LOOPBACK, tunnel.here), connection.connect_timeout)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return line


def ask(db: Db, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """Run one statement and return its rows, all of them.

    Raises:
        pymysql.err.Error: the server refuses it, or is gone.
    """
    with db.cursor() as cursor:
        cursor.execute(statement, values or None)
        return list(cursor.fetchall())


def run(db: Db, statement: str) -> int:
    """Run one statement and return how many rows it changed.

    Raises:
        pymysql.err.Error: the server refuses it, or is gone.
    """
    with db.cursor() as cursor:
        return int(cursor.execute(statement))


def limit(db: Db, seconds: float) -> None:
    """Let the server give up each statement that takes longer."""
    if is_mariadb(db):
        ask(db, f"SET SESSION max_statement_time = {seconds:.3f}")
    else:
        ask(db, f"SET SESSION max_execution_time = {max(1, round(seconds * 1000))}")


def is_mariadb(db: Db) -> bool:
    """Return whether the server is MariaDB, which went its own way in some statements."""
    return "mariadb" in str(db.get_server_info()).lower()


def sock(db: Db) -> socket.socket | None:
    """Return the socket below a connection; None where it is closed."""
    below: socket.socket | None = db._sock
    return below


def wake(db: Db) -> None:
    """Let whoever waits for this connection wait no longer; from any thread, safe to call twice."""
    open_socket = sock(db)
    if open_socket is not None:
        try:
            socket.socket.shutdown(open_socket, socket.SHUT_RDWR)  # TLS or not: its own farewell would have to wait
        except OSError:
            return  # it is closed already


def drop(db: Db) -> None:
    """Close a connection at once, whatever is still on its way. Safe to call twice."""
    db._force_close()
    if db.tunnel is not None:
        db.tunnel.close()


def quoted(*names: str) -> str:
    """Return a name as MySQL writes it, such as `shop`.`orders`; empty parts are left out."""
    return ".".join(f"`{name.replace('`', '``')}`" for name in names if name)


def _set_up(db: Db) -> None:
    ((modes,),) = ask(db, "SELECT @@SESSION.sql_mode")
    kept = ",".join(mode for mode in modes.split(",") if mode and mode not in _NOT_OURS)
    ask(db, "SET SESSION sql_mode = %s, time_zone = '+00:00'", kept)
    ask(db, f"SET SESSION net_write_timeout = {_QUIET}, net_read_timeout = {_QUIET}, wait_timeout = {_QUIET}")


def _stay_awake(open_socket: socket.socket | None) -> None:
    """Let the system find out when the other side is gone: a query may be silent for hours."""
    if open_socket is not None and hasattr(socket, "TCP_KEEPIDLE"):
        for option, value in (
            (socket.TCP_KEEPIDLE, _IDLE),
            (socket.TCP_KEEPINTVL, _BETWEEN),
            (socket.TCP_KEEPCNT, _TIMES),
        ):
            open_socket.setsockopt(socket.IPPROTO_TCP, option, value)


def _prefer(db: Db) -> None:
    """Let a connection that could be encrypted be one in clear where the server offers nothing else."""
    db._ssl_required = False
    db.client_flag &= ~_TLS_FLAG


def _tls(connection: MysqlConnection) -> dict[str, Any]:
    if connection.tls == "disabled":
        return {"ssl_disabled": True}
    if connection.tls in {"preferred", "required"}:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # without the system's authorities, which take long to read
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        context = ssl.create_default_context(cafile=connection.tls_ca or None)
        context.check_hostname = connection.tls == "verify_identity"
        context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)  # what MySQL makes for itself is not that strict
    if connection.tls_cert:
        context.load_cert_chain(connection.tls_cert, connection.tls_key or None)
    return {"ssl": context}
