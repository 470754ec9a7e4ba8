"""Each way in which there is no connection is told apart, with what to do."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.services.postgres import ask, certificate
from tests.services.shared import Server, free_port
from tests.unit.components.postgres.servers import HERE, connection, stranger

from osiris.app.connections import ListConnections, list_connections, secret_values
from osiris.app.project import Project
from osiris.components.postgres.complaints import reading
from osiris.components.postgres.config import PostgresConnection
from osiris.components.postgres.desk import check
from osiris.components.postgres.driver import Refusal, complaint
from osiris.model.errors import AuthorError, ConnectError, OsirisError, SourceError

FATAL = {
    "no pg_hba.conf entry for host, user, database, no encryption": ("wants an encrypted connection", "tls"),
    'no pg_hba.conf entry for host "10.0.0.1", user "u", database "d", SSL encryption': ("lets user", "pg_hba"),
    "remaining connection slots are reserved for superusers": ("no connection left", "wait"),
    "the database system is starting up": ("starting or stopping", "wait"),
    "Tenant or user not found": ("knows no user", "`user`"),
    "something that nobody has foreseen": ("no connection to", "fields"),
}


@contextmanager
def answering(sentence: str | None) -> Iterator[int]:
    """Lend a port behind which a server says one sentence and hangs up; None: behind which nobody answers."""
    with socket.create_server(("127.0.0.1", 0)) as door:

        def serve() -> None:
            while True:
                try:
                    guest, _ = door.accept()
                except OSError:
                    return
                with guest:
                    _refuse(guest, sentence)

        thread = threading.Thread(target=serve, daemon=True)
        if sentence is not None:
            thread.start()
        yield door.getsockname()[1]
        door.shutdown(socket.SHUT_RDWR)


def _refuse(guest: socket.socket, sentence: str | None) -> None:
    assert sentence is not None
    (length,) = struct.unpack("!i", guest.recv(4))
    asked = guest.recv(length - 4)
    if asked == struct.pack("!i", 80877103):  # "do you speak TLS?"
        guest.sendall(b"N")
        (length,) = struct.unpack("!i", guest.recv(4))
        guest.recv(length - 4)
    fields = b"".join(
        code + text.encode() + b"\0" for code, text in ((b"S", "FATAL"), (b"C", "28000"), (b"M", sentence))
    )
    guest.sendall(b"E" + struct.pack("!i", len(fields) + 5) + fields + b"\0")


def refused(fields: dict[str, Any]) -> tuple[str, str]:
    checked = check(PostgresConnection.model_validate({"user": "u"} | fields), HERE)
    assert checked.status == "failed"
    return checked.detail, checked.hint


def test_a_server_that_answers_says_who_it_is(shared: Server) -> None:
    ask(shared, "CREATE TABLE one (a int)")
    checked = check(connection(shared), HERE)
    assert checked.status == "ok"
    assert checked.detail.startswith("PostgreSQL 1")
    assert checked.detail.endswith(f"/{shared.database}: 1 table")


def test_a_wrong_password(shared: Server) -> None:
    detail, hint = refused(connection(shared).model_dump(by_alias=True) | {"password": "wrong"})
    assert "refuses user" in detail
    assert "password" in hint
    assert "wrong" not in detail + hint


def test_no_password(shared: Server) -> None:
    assert "refuses user" in refused(connection(shared).model_dump(by_alias=True) | {"password": ""})[0]


def test_no_such_user(shared: Server) -> None:
    detail, _ = refused(connection(shared).model_dump(by_alias=True) | {"user": "nobody-here"})
    assert "nobody-here" in detail


def test_no_such_database(shared: Server) -> None:
    detail, hint = refused(connection(shared).model_dump(by_alias=True) | {"database": "nowhere"})
    assert "has no database 'nowhere'" in detail
    assert "`database`" in hint


def test_no_right_to_the_database(at: Server) -> None:
    ask(at, f"REVOKE CONNECT ON DATABASE {at.database} FROM PUBLIC")
    with stranger(at) as other:
        detail, hint = refused(connection(other).model_dump(by_alias=True))
    assert "no right to the database" in detail
    assert "GRANT CONNECT" in hint


def test_no_such_host() -> None:
    detail, hint = refused({"host": "nowhere.invalid"})
    assert detail == "there is no host 'nowhere.invalid'"
    assert "`host`" in hint


def test_nobody_listens() -> None:
    detail, hint = refused({"port": free_port()})
    assert "nobody listens" in detail
    assert "`port`" in hint


@pytest.mark.slow
def test_nobody_answers() -> None:
    with answering(None) as port:
        detail, hint = refused({"port": port, "connect_timeout": 0.1})
    assert "does not answer" in detail
    assert "firewall" in hint


def test_a_server_without_encryption(shared: Server) -> None:
    detail, hint = refused(connection(shared).model_dump(by_alias=True) | {"tls": "require"})
    assert "no encrypted connections" in detail
    assert "tls" in hint


def test_a_server_that_wants_encryption(encrypted: Server) -> None:
    there = connection(encrypted).model_dump(by_alias=True)
    detail, hint = refused(there | {"tls": "disabled"})
    assert "wants an encrypted connection" in detail
    assert "tls" in hint
    assert check(connection(encrypted, tls="prefer"), HERE).status == "ok"
    assert check(connection(encrypted, tls="require"), HERE).status == "ok"


@pytest.mark.parametrize("tls", ["verify-ca", "verify-full"])
def test_a_server_whose_certificate_is_looked_at(encrypted: Server, tls: str) -> None:
    there = {"host": "localhost", "sslmode": tls}
    assert check(connection(encrypted, **there, sslrootcert=str(certificate())), HERE).status == "ok"
    detail, hint = refused(connection(encrypted).model_dump(by_alias=True) | {"tls": tls})
    assert "no encrypted connection" in detail
    assert "tls_ca" in hint


@pytest.mark.parametrize("sentence", FATAL)
def test_what_a_server_says_when_it_lets_nobody_in(sentence: str) -> None:
    message, advice = FATAL[sentence]
    with answering(sentence) as port:
        detail, hint = refused({"port": port})
    assert message in detail
    assert advice in hint


@pytest.mark.parametrize(
    ("code", "kind", "match", "advice"),
    [
        ("40001", SourceError, "changed it at the same time", "again"),
        ("53100", SourceError, "has no room", "operator"),
        ("57P01", SourceError, "went away", "again"),
        ("55P03", SourceError, "somebody else holds it", "again"),
        ("42501", ConnectError, "no right", "right"),
        ("42703", AuthorError, "said so", "such advice"),
        ("XX000", SourceError, "said so", "such advice"),
    ],
)
def test_what_a_server_says_while_rows_come(code: str, kind: type[OsirisError], match: str, advice: str) -> None:
    with pytest.raises(kind, match=match) as caught, reading("table 't'"):
        raise Refusal(code, "it said so", "such advice")
    assert advice in caught.value.hint


def test_a_server_that_says_nothing_is_gone() -> None:
    with pytest.raises(SourceError, match="went away"), reading("table 't'"):
        raise complaint(None)


def test_a_secret_is_one_under_each_of_its_names(tmp_path: Path) -> None:
    address = "postgresql://u:very-secret@h/d"  # pragma: allowlist secret
    lines = f"postgres:\n  one: {{dsn: '{address}'}}\n  two: {{url: '{address}'}}\n"
    (tmp_path / "osiris_connections.yaml").write_text(lines, "utf-8")
    project = Project.open(tmp_path, exported={})
    assert "very-secret" not in str(list_connections(project, ListConnections()))
    assert secret_values(project) == (address,)
