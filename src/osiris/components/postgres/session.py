"""One connection to a server, set up so that every value means the same everywhere."""

import contextlib
import os
import select
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from osiris.components.postgres.complaints import connecting
from osiris.components.postgres.config import SSLMODES, PostgresConnection
from osiris.components.postgres.driver import complaint, driver, failed
from osiris.kit.tunnel import LOOPBACK, Tunnel, tunnelled

if TYPE_CHECKING:
    from psycopg import Connection as Driver
    from psycopg.pq.abc import PGconn, PGresult

Row = tuple[Any, ...]

_CANCEL_SECONDS = 5.0  # to ask the server to break off; the connection is closed anyway
# What a server, a database or a role may have set otherwise; texts are written and read by these.
_SETTINGS = {
    "bytea_output": "hex",
    "client_encoding": "UTF8",
    "client_min_messages": "error",
    "datestyle": "ISO, YMD",
    "escape_string_warning": "off",
    "extra_float_digits": "3",
    "idle_in_transaction_session_timeout": "0",
    "intervalstyle": "postgres",
    "quote_all_identifiers": "off",
    "standard_conforming_strings": "on",
    "statement_timeout": "0",
    "timezone": "UTC",
    "transaction_timeout": "0",
    "xmloption": "content",
}


@dataclass
class Db:
    """One connection, within one transaction.

    Attributes:
        session: psycopg's connection.
        connection: What it was made from.
        tunnel: What leads to the server; None where it is reached directly.
        line: A second hold on its socket, by which any thread may wake up whoever waits for it.
        busy: Whether rows are on their way.
    """

    session: "Driver[Row]"
    connection: PostgresConnection
    tunnel: Tunnel | None = None
    line: socket.socket = field(init=False, repr=False)
    busy: bool = False

    def __post_init__(self) -> None:
        """Take the second hold."""
        self.line = socket.socket(fileno=os.dup(self.session.pgconn.socket))

    @property
    def wire(self) -> "PGconn":
        """Return libpq's connection."""
        return self.session.pgconn

    def ask(self, statement: str, *values: Any) -> list[Row]:
        """Run one statement and return its rows, all of them.

        Raises:
            psycopg.Error: the server refuses it, or is gone.
        """
        cursor = self.session.execute(statement.encode(), values or None)
        return cursor.fetchall() if cursor.description else []

    def do(self, statement: str, *values: Any) -> int:
        """Run one statement and return how many rows it touched.

        Raises:
            psycopg.Error: the server refuses it, or is gone.
        """
        return self.session.execute(statement.encode(), values or None).rowcount

    def count(self, table: str) -> int:
        """Return how many rows a table holds; its name as SQL writes it."""
        ((rows,),) = self.ask(f"SELECT count(*) FROM {table}")  # nosec B608 # noqa: S608 - quoted
        return int(rows)

    def set(self, name: str, value: str) -> None:
        """Set a setting for the rest of the transaction."""
        self.ask("SELECT pg_catalog.set_config(%s, %s, true)", name, value)

    def wait(self, *, writable: bool = False) -> None:
        """Wait until the server has something to say, or can take something; other threads go on meanwhile."""
        _wait(self.wire.socket, writable)

    def break_off(self) -> None:
        """Let the server drop what it is doing, and wake up whoever waits for it. Safe from any thread, and twice."""
        if self.line.fileno() < 0:
            return
        if self.busy:
            self._cancel()
        with contextlib.suppress(OSError):
            self.line.shutdown(socket.SHUT_RDWR)

    def _cancel(self) -> None:
        """Ask the server to drop what it is doing; it may be done, or gone."""
        psycopg, pq = driver(), driver("psycopg.pq")
        until = time.monotonic() + _CANCEL_SECONDS
        with contextlib.suppress(psycopg.Error, OSError):
            asking = self.wire.cancel_conn()
            asking.start()
            while (status := asking.poll()) not in {pq.PollingStatus.OK, pq.PollingStatus.FAILED}:
                if (left := until - time.monotonic()) <= 0:
                    return
                _wait(asking.socket, status == pq.PollingStatus.WRITING, left)

    def close(self) -> None:
        """Close the connection, whatever is still on its way; what was not committed is gone. Safe to call twice."""
        self.session.close()
        self.line.close()
        if self.tunnel is not None:
            self.tunnel.close()


@contextmanager
def opened(connection: PostgresConnection, *, read_only: bool, seconds: float | None = None) -> Iterator[Db]:
    """Lend a connection; see `connect`."""
    db = connect(connection, read_only=read_only, seconds=seconds)
    try:
        yield db
    finally:
        db.close()


def connect(connection: PostgresConnection, *, read_only: bool, seconds: float | None = None) -> Db:
    """Return a connection in a new transaction; the caller closes it.

    All of it is one transaction, so that it also works behind a pooler. Times are UTC, texts are UTF-8. A read-only
    one sees one state of the data throughout, and the server refuses every change.

    Args:
        connection: Where to.
        read_only: Whether nothing will be written.
        seconds: After which the server gives a statement up; None for never.

    Raises:
        ConnectError: there is none; the hint says what to do.
        ExtraMissing: psycopg is not installed, or what an SSH tunnel needs.
    """
    connect_ = driver().connect
    way = tunnelled(connection.ssh_tunnel, connection.host, connection.port, connection.connect_timeout)
    with way as tunnel, connecting(connection):
        session = connect_(**_parameters(connection, tunnel), autocommit=True, prepare_threshold=None)
        db = Db(session, connection, tunnel)
        try:
            _set_up(db, read_only=read_only, seconds=seconds)
        except BaseException:
            db.close()
            raise
    return db


def result_of(db: Db, statement: str) -> "PGresult":
    """Send a statement to which psycopg gives no plain answer, such as COPY, and return what the server says first.

    Raises:
        psycopg.Error: the server refuses it, or is gone.
    """
    db.wire.send_query(statement.encode())
    while db.wire.flush():
        db.wait(writable=True)
        db.wire.consume_input()
    result = next_result(db)
    if result is None or failed(result):
        raise complaint(result)
    return result


def next_result(db: Db) -> "PGresult | None":
    """Return the server's next answer to what was sent; None when it has said all.

    Raises:
        psycopg.OperationalError: the server is gone.
    """
    while db.wire.is_busy():
        db.wait()
        db.wire.consume_input()
    return db.wire.get_result()


def quoted(*names: str) -> str:
    """Return a name as PostgreSQL wants it quoted, such as "sales"."orders"; empty parts are left out."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names if name)


def literal(text: str) -> str:
    """Return a text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def listed(names: Sequence[str]) -> str:
    """Return names as SQL lists them."""
    return ", ".join(quoted(name) for name in names)


def _wait(descriptor: int, writable: bool, seconds: float | None = None) -> None:  # noqa: FBT001 - of two
    poll = select.poll()
    poll.register(descriptor, select.POLLIN | (select.POLLOUT if writable else 0))
    poll.poll(None if seconds is None else seconds * 1000)


def _parameters(connection: PostgresConnection, tunnel: Tunnel | None) -> dict[str, Any]:
    tls = {"sslrootcert": connection.tls_ca, "sslcert": connection.tls_cert, "sslkey": connection.tls_key}
    if connection.tls in {"verify_ca", "verify_identity"} and not connection.tls_ca:
        tls["sslrootcert"] = ssl.get_default_verify_paths().cafile or "system"
    return {
        "host": connection.host,  # also the name that the certificate must have
        "hostaddr": LOOPBACK if tunnel else None,
        "port": tunnel.here if tunnel else connection.port,
        "dbname": connection.database or connection.user or None,
        "user": connection.user or None,
        "password": connection.password.get_secret_value(),
        "sslmode": SSLMODES[connection.tls],
        "connect_timeout": max(2, round(connection.connect_timeout)),  # libpq takes whole seconds, at least two
        "application_name": "osiris",
        "gssencmode": "disable",
        "keepalives_idle": 30,
        "options": "",  # nothing but what the connection says
        "passfile": os.devnull,
    } | {name: value for name, value in tls.items() if value}


def _set_up(db: Db, *, read_only: bool, seconds: float | None) -> None:
    mode = "ISOLATION LEVEL REPEATABLE READ, READ ONLY" if read_only else "ISOLATION LEVEL READ COMMITTED, READ WRITE"
    db.ask(f"BEGIN {mode}")
    wanted = _SETTINGS | ({"statement_timeout": str(max(1, round(seconds * 1000)))} if seconds else {})
    db.ask(
        "SELECT pg_catalog.set_config(s.name, w.value, true) FROM unnest(%s::text[], %s::text[]) AS "
        "w(name, value) JOIN pg_catalog.pg_settings s ON pg_catalog.lower(s.name) = w.name",
        list(wanted),
        list(wanted.values()),
    )
