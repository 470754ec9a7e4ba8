"""Every reason for which there is no connection has a sentence of its own, and says what to do."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from pydantic import SecretStr
from tests.services import mysql
from tests.services.mysql import ask
from tests.services.shared import Server, free_port
from tests.unit.components.mysql.told import PLACE, desk, extractor, fields

from osiris.components.mysql.config import MysqlConnection
from osiris.components.mysql.driver import driver
from osiris.kit.family import Checked
from osiris.kit.registry import Registry
from osiris.model.errors import ConfigError, ConnectError, ExtraMissing

GUEST_PASSWORD = "guest's own"  # pragma: allowlist secret


def check(connection: dict[str, Any]) -> Checked:
    """Return what the doctor finds; no finding shows the password."""
    found = desk().check(Registry.installed().connect("mysql", connection), PLACE)
    assert connection["password"] not in f"{found.detail} {found.hint}"
    return found


@contextmanager
def guest(at: Server, *grants: str) -> Iterator[dict[str, Any]]:
    """Lend the connection of a user who may do nothing but this."""
    name = f"guest_{at.database}"
    ask(
        at,
        f"CREATE USER {name}@'127.0.0.1' IDENTIFIED BY 'guest''s own'",
        *(f"GRANT {grant} TO {name}@'127.0.0.1'" for grant in grants),
    )
    try:
        yield fields(at) | {"user": name, "password": GUEST_PASSWORD}
    finally:
        ask(at, f"DROP USER {name}@'127.0.0.1'")


@contextmanager
def saying(*said: bytes) -> Iterator[int]:
    """Lend the port of somebody who says this to the first who comes, waiting for a word after each but the last."""

    def talk() -> None:
        peer, _ = server.accept()
        with peer:
            for number, words in enumerate(said, 1):
                peer.sendall(words)
                if number < len(said):
                    peer.recv(65_536)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = Thread(target=talk)
        thread.start()
        yield int(server.getsockname()[1])
        thread.join()


def packet(number: int, body: bytes) -> bytes:
    return len(body).to_bytes(3, "little") + bytes([number]) + body


# Version 10 of the protocol, the server's version, a thread, salt, capabilities, a character set, a state, a plug-in.
GREETING = packet(
    0,
    b"\x0a8.4.0\0"
    + bytes(4)
    + b"saltsalt\0"
    + b"\xff\xf7"
    + b"\x2d\x02\0"
    + b"\xff\x81"
    + b"\x15"
    + bytes(10)
    + b"saltsaltsalt\0"
    + b"mysql_native_password\0",
)


def refusal(code: int, words: str) -> bytes:
    return packet(2, b"\xff" + code.to_bytes(2, "little") + b"#HY000" + words.encode())


def test_says_which_server_and_how_many_tables(at: Server) -> None:
    ask(at, "CREATE TABLE one (i INT)", "CREATE VIEW two AS SELECT * FROM one")
    found = check(fields(at))
    assert found.status == "ok"
    assert f"at 127.0.0.1:{at.port}, database {at.database!r}: 2 tables" in found.detail


def test_a_user_who_sees_no_table_is_told_so(at: Server) -> None:
    ask(at, "CREATE TABLE one (i INT)")
    with guest(at, f"EXECUTE ON {at.database}.*") as connection:
        found = check(connection)
    assert (found.status, found.hint.partition(":")[2]) == ("ok", f" GRANT SELECT ON {at.database}.* TO this user")
    assert "sees no table" in found.detail


def test_a_connection_without_a_database_is_told_so(at: Server) -> None:
    found = check(fields(at, database=""))
    assert (found.status, "set `database`" in found.hint) == ("ok", True)


def test_no_such_host(at: Server) -> None:
    found = check(fields(at, host="no-such-host.invalid"))
    assert found == Checked("failed", "there is no host 'no-such-host.invalid'", "check `host`")


def test_nobody_listens(at: Server) -> None:
    port = free_port()
    found = check(fields(at, port=port))
    assert (found.status, found.detail) == ("failed", f"nobody listens at 127.0.0.1:{port}")
    assert "`port`" in found.hint


@pytest.mark.parametrize("wrong", [{"password": "not this"}, {"user": "nobody"}])  # pragma: allowlist secret
def test_a_wrong_user_or_password(at: Server, wrong: dict[str, Any]) -> None:
    found = check(fields(at, **wrong))
    assert (found.status, found.hint) == ("failed", "check `user` and `password`")
    assert "refuses the user" in found.detail


def test_no_such_database(at: Server) -> None:
    found = check(fields(at, database="nowhere"))
    assert found == Checked("failed", f"127.0.0.1:{at.port} has no database 'nowhere'", "check `database`")


def test_no_right_to_the_database(at: Server) -> None:
    with guest(at) as connection:
        found = check(connection)
    assert found.status == "failed"
    assert f"has no right to the database {at.database!r}" in found.detail
    assert f"GRANT SELECT ON {at.database}.*" in found.hint


def test_no_right_to_the_table(at: Server) -> None:
    ask(at, "CREATE TABLE shown (i INT)", "CREATE TABLE hidden (i INT)")
    with guest(at, f"SELECT ON {at.database}.shown") as connection:
        assert check(connection).detail.endswith("1 table")
        with pytest.raises(ConnectError, match="no right to it") as caught:
            extractor(at, connection, query="SELECT * FROM hidden").extract()
    assert caught.value.exit_code == 5
    assert caught.value.hint


def test_a_server_that_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        found = check({"host": "127.0.0.1", "port": port, "password": "unused", "connect_timeout": 0.2})
    assert (found.status, found.detail) == ("failed", f"127.0.0.1:{port} does not answer within 0.2 s")
    assert "firewall" in found.hint


def test_a_server_that_is_not_mysql() -> None:
    with saying(b"HTTP/1.0 400 Bad Request\r\n\r\n") as port:
        found = check({"host": "127.0.0.1", "port": port, "password": "unused"})
    assert found.status == "failed"
    assert found.hint


@pytest.mark.parametrize(
    ("code", "words", "detail", "hint"),
    [
        (
            3159,
            "Connections using insecure transport are prohibited",
            "wants an encrypted connection",
            "`tls: required`",
        ),
        (1040, "Too many connections", "Too many connections", "check the connection's fields"),
    ],
)
def test_a_server_that_refuses(code: int, words: str, detail: str, hint: str) -> None:
    with saying(GREETING, refusal(code, words)) as port:
        found = check({"host": "127.0.0.1", "port": port, "password": "unused", "tls": "disabled"})
    assert (found.status, detail in found.detail, hint in found.hint) == ("failed", True, True), found


@pytest.fixture(scope="module")
def tls() -> tuple[Server, Path]:
    return mysql.server_with_tls()


@pytest.mark.slow
def test_an_encrypted_connection_is_wanted(tls: tuple[Server, Path]) -> None:
    found = check(fields(tls[0], tls="disabled"))
    assert (found.status, found.hint.partition(";")[0]) == ("failed", "set `tls: required`")
    assert "in clear" in found.detail


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["preferred", "required", "REQUIRED", "verify_ca", "verify-identity"])
def test_an_encrypted_connection_is_made(tls: tuple[Server, Path], mode: str) -> None:
    at, ca = tls
    found = check(fields(at, tls=mode, tls_ca=str(ca)))
    assert found.status == "ok", found.detail


@pytest.mark.slow
def test_a_client_may_show_a_certificate(tls: tuple[Server, Path]) -> None:
    at, ca = tls
    own = {"ssl_cert": str(ca.with_name("server.pem")), "ssl_key": str(ca.with_name("server.key"))}
    assert check(fields(at, tls="verify_ca", tls_ca=str(ca)) | own).status == "ok"


@pytest.mark.slow
@pytest.mark.parametrize("wrong", [{"tls_ca": ""}, {"host": "localhost"}])
def test_a_server_that_nobody_vouches_for_is_refused(tls: tuple[Server, Path], wrong: dict[str, str]) -> None:
    at, ca = tls
    found = check(fields(at, tls="verify_identity", tls_ca=str(ca)) | wrong)
    assert (found.status, found.hint) == ("failed", "check `tls` and `tls_ca`")


def test_a_file_of_certificates_that_is_missing(at: Server) -> None:
    found = check(fields(at, tls="verify_ca", tls_ca="nowhere.pem"))
    assert (found.status, "`tls_ca`" in found.hint) == ("failed", True)


def test_a_server_without_encryption_is_refused_where_it_is_required(at: Server) -> None:
    found = check(fields(at, tls="required"))
    assert (found.status, found.hint) == ("failed", "set `tls: preferred` if it may go in clear")


def test_a_driver_that_is_missing_is_named() -> None:
    with pytest.raises(ExtraMissing) as caught:
        driver("no_such_driver_at_all")
    assert caught.value.hint == "pip install 'osiris-etl[mysql]'"


def connect(**more: Any) -> MysqlConnection:
    found = Registry.installed().connect("mysql", more)
    assert isinstance(found, MysqlConnection)
    return found


def test_an_address_in_one_line_says_all() -> None:
    found = connect(url="mysql://ada:p%40ss@db.example:3307/shop")  # pragma: allowlist secret
    assert (found.host, found.port, found.user, found.database) == ("db.example", 3307, "ada", "shop")
    assert found.password.get_secret_value() == "p@ss"  # pragma: allowlist secret
    assert "p@ss" not in repr(found)


def test_what_stands_beside_the_address_wins() -> None:
    url = "mariadb://ada@db/shop"
    found = connect(url=url, username="bob", db="other", port=3310)
    assert (found.user, found.database, found.port) == ("bob", "other", 3310)
    assert connect(url=SecretStr(url)).user == "ada"


def test_an_address_of_another_kind_is_refused_without_being_shown() -> None:
    with pytest.raises(ConfigError, match="begin with mysql://") as caught:
        connect(url="postgres://ada:secret@db/shop")  # pragma: allowlist secret
    assert "secret" not in str(caught.value)


def test_older_names_of_fields_are_understood() -> None:
    found = connect(host="h", username="u", db="d", ssl_mode="VERIFY-CA", ssl_ca="ca.pem")
    assert (found.user, found.database, found.tls, found.tls_ca) == ("u", "d", "verify_ca", "ca.pem")
