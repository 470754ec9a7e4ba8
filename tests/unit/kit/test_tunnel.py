"""A tunnel leads through the SSH server that is known, says what stands in its way, and leaves nothing behind."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from pydantic import ValidationError
from tests.services.shared import free_port
from tests.services.ssh import HOST, PASSPHRASE, PASSWORD, USER, Bastion, bastion

from osiris.kit.tunnel import LOOPBACK, SshTunnel, Tunnel, driver, tunnelled
from osiris.model.errors import ConnectError, ExtraMissing


@pytest.fixture(scope="module")
def jump() -> Iterator[Bastion]:
    with bastion() as lent:
        yield lent


@pytest.fixture
def echo() -> Iterator[int]:
    """Lend the port of somebody who repeats what he hears, until that ends."""

    def talk() -> None:
        while True:
            try:
                guest, _ = door.accept()
            except OSError:
                return
            with guest, suppress(ConnectionError):
                while heard := guest.recv(65_536):
                    guest.sendall(heard)

    with socket.create_server((HOST, 0)) as door:
        thread = threading.Thread(target=talk)
        thread.start()
        yield int(door.getsockname()[1])
        door.shutdown(socket.SHUT_RDWR)
        thread.join()


def ssh(fields: dict[str, Any]) -> SshTunnel:
    return SshTunnel.model_validate(fields)


@contextmanager
def through(fields: dict[str, Any], port: int, seconds: float = 20) -> Iterator[Tunnel]:
    """Lend a tunnel, and see that its thread ends with it."""
    with tunnelled(ssh(fields), HOST, port, seconds) as tunnel:
        assert tunnel is not None
        yield tunnel
    tunnel.close()
    tunnel.close()
    assert not tunnels()


def tunnels() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "osiris-tunnel"]


def repeated(tunnel: Tunnel, said: bytes) -> bytes:
    with socket.create_connection((LOOPBACK, tunnel.here)) as line:
        line.sendall(said)
        heard = b""
        while len(heard) < len(said):
            heard += line.recv(65_536)
    return heard


def ended(line: socket.socket) -> bool:
    """Read what is left; return once the other side has hung up."""
    with suppress(ConnectionError):
        while line.recv(65_536):
            pass
    return True


def refusal(fields: dict[str, Any], seconds: float = 20) -> ConnectError:
    """Return why the SSH server lets nobody in; the error shows no secret."""
    with pytest.raises(ConnectError) as caught, tunnelled(ssh(fields), HOST, 1, seconds):
        pass
    assert not tunnels()
    said = str(caught.value.to_dict())
    assert PASSWORD not in said
    assert "PRIVATE KEY" not in said
    assert caught.value.hint
    return caught.value


def test_without_an_ssh_server_there_is_no_tunnel() -> None:
    with tunnelled(None, HOST, 1, 20) as tunnel:
        assert tunnel is None


def test_one_that_was_never_open_can_be_closed(jump: Bastion) -> None:
    tunnel = Tunnel(ssh(jump.fields()), HOST, 1, 20)
    tunnel.close()
    tunnel.close()


def test_what_is_said_comes_back_on_every_connection(jump: Bastion, echo: int) -> None:
    with through(jump.fields(), echo) as tunnel:
        assert repeated(tunnel, b"hello" * 200_000) == b"hello" * 200_000
        assert repeated(tunnel, b"again") == b"again"
    assert jump.reached[-1] == (HOST, echo)


def test_it_listens_on_loopback_only_and_no_longer_than_it_is_open(jump: Bastion, echo: int) -> None:
    with through(jump.fields(), echo) as tunnel:
        port = tunnel.here
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((LOOPBACK, port))


def test_it_can_be_closed_while_something_is_on_its_way(jump: Bastion, echo: int) -> None:
    with through(jump.fields(), echo) as tunnel, socket.create_connection((LOOPBACK, tunnel.here)) as line:
        line.sendall(b"x")
        assert line.recv(1) == b"x"
        line.sendall(b"y" * 100_000)
        tunnel.close()
        assert not tunnels()
        assert ended(line)


def test_a_lost_ssh_server_ends_what_goes_through_it(echo: int) -> None:
    with bastion() as own, through(own.fields(), echo) as tunnel:
        with socket.create_connection((LOOPBACK, tunnel.here)) as line:
            line.sendall(b"x")
            assert line.recv(1) == b"x"
            own.hang_up()
            assert line.recv(1) == b""
        with socket.create_connection((LOOPBACK, tunnel.here)) as line:
            assert line.recv(1) == b""
        assert tunnel.refused is not None


@pytest.mark.parametrize("way", ["password", "key", "key in one line", "file", "encrypted file"])
def test_signs_on_by(jump: Bastion, echo: int, tmp_path: Path, way: str) -> None:
    file = tmp_path / "key"
    match way:
        case "password":
            own: dict[str, Any] = {"password": PASSWORD, "private_key": ""}  # pragma: allowlist secret
        case "key":
            own = {}
        case "key in one line":
            own = {"private_key": jump.private_key.replace("\n", "\\n")}
        case "file":
            file.write_text(jump.private_key, "utf-8")
            own = {"private_key_path": str(file)}
        case _:
            file.write_bytes(jump.key.export_private_key("pkcs8-pem", passphrase=PASSPHRASE))
            own = {"private_key_path": str(file), "passphrase": PASSPHRASE}
    with through(jump.fields(**own), echo) as tunnel:
        assert repeated(tunnel, b"hello") == b"hello"


def test_the_server_is_recognized_by_a_file(jump: Bastion, echo: int, tmp_path: Path) -> None:
    (tmp_path / "known").write_text(f"# ours\n{jump.line}\n", "utf-8")
    with through(jump.fields(known_hosts=str(tmp_path / "known")), echo) as tunnel:
        assert repeated(tunnel, b"hello") == b"hello"


def test_a_server_that_is_not_known_is_not_talked_to(
    jump: Bastion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))  # where there is no file of known servers
    fields = jump.fields(password=PASSWORD)
    del fields["known_hosts"]
    found = refusal(fields)
    assert found.message == f"the SSH server {HOST}:{jump.port} is not known"
    assert f"ssh-keyscan -p {jump.port} {HOST}" in found.hint


@pytest.mark.parametrize("algorithm", ["ssh-ed25519", "ecdsa-sha2-nistp256"])
def test_a_server_with_another_key_is_not_talked_to(jump: Bastion, algorithm: str) -> None:
    other = asyncssh.generate_private_key(algorithm).export_public_key().decode()
    found = refusal(jump.fields(known_hosts=f"[{HOST}]:{jump.port} {other}"))
    assert "is not the one that `known_hosts` knows" in found.message
    assert f"ssh-keygen -R '[{HOST}]:{jump.port}'" in found.hint


@pytest.mark.parametrize("known", ["nowhere", "/"])
def test_a_file_of_known_servers_that_cannot_be_read_is_named(jump: Bastion, known: str) -> None:
    assert "`ssh_tunnel.known_hosts` can't be read" in refusal(jump.fields(known_hosts=known)).message


@pytest.mark.parametrize(
    "others",
    [
        {"password": "wrong"},  # pragma: allowlist secret
        {"user": "somebody"},
        {"private_key": asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()},
    ],
)
def test_a_user_who_is_refused_is_told_so(jump: Bastion, others: dict[str, str]) -> None:
    found = refusal(jump.fields(**others))
    assert found.message == f"the SSH server {HOST}:{jump.port} refuses the user {others.get('user', USER)!r}"


def test_a_key_that_cannot_be_used_is_said_to_be_so(jump: Bastion, tmp_path: Path) -> None:
    encrypted = jump.key.export_private_key("pkcs8-pem", passphrase=PASSPHRASE).decode()
    for own in (
        {"private_key": encrypted},
        {"private_key": encrypted, "passphrase": "wrong"},  # pragma: allowlist secret
        {"private_key": "no key"},  # pragma: allowlist secret
        {"private_key_path": str(tmp_path / "nowhere")},
    ):
        assert "can't be used" in refusal(jump.fields(**own)).message


def test_an_ssh_server_that_is_not_there_is_said_to_be_so(jump: Bastion) -> None:
    port = free_port()
    assert refusal(jump.fields(port=port)).message == f"no SSH server listens at {HOST}:{port}"
    assert refusal(jump.fields(host="no such host")).message == "there is no SSH server 'no such host'"


def test_one_that_says_nothing_is_given_up(jump: Bastion) -> None:
    with socket.create_server((HOST, 0)) as silent:
        port = silent.getsockname()[1]
        found = refusal(jump.fields(port=port), seconds=0.2)
    assert found.message == f"the SSH server {HOST}:{port} does not answer within 0.2 s"


def test_one_that_speaks_something_else_is_said_to_be_so(jump: Bastion, echo: int) -> None:
    assert f"no connection to the SSH server {HOST}:{echo}" in refusal(jump.fields(port=echo), seconds=2).message


def used(fields: dict[str, Any], port: int) -> None:
    """Connect through a tunnel as a driver does, which only notices that somebody hangs up."""
    with tunnelled(ssh(fields), HOST, port, 20) as tunnel:
        assert tunnel is not None
        with socket.create_connection((LOOPBACK, tunnel.here)) as line:
            assert ended(line)
        raise ConnectError("the server hung up")


def test_says_that_the_ssh_server_does_not_reach_the_other(jump: Bastion) -> None:
    port = free_port()
    with pytest.raises(ConnectError, match=f"the SSH server {HOST}:{jump.port} does not reach {HOST}:{port}"):
        used(jump.fields(), port)
    assert not tunnels()


def test_says_that_the_ssh_server_leads_nowhere(echo: int) -> None:
    with bastion(forwards=False) as own, pytest.raises(ConnectError, match="does not forward to") as caught:
        used(own.fields(), echo)
    assert "AllowTcpForwarding" in caught.value.hint


def test_another_reason_stays_what_it_is(jump: Bastion, echo: int) -> None:
    with pytest.raises(ConnectError, match="the password is wrong"), tunnelled(ssh(jump.fields()), HOST, echo, 20):
        raise ConnectError("the password is wrong")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "it needs `private_key_path`, `private_key` or `password`"),
        ({"private_key": "a", "private_key_path": "b"}, "either `private_key_path` or `private_key`"),
    ],
)
def test_one_way_to_sign_on_is_asked_for(fields: dict[str, str], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ssh({"host": "bastion", "username": USER} | fields)


def test_no_secret_of_it_is_ever_shown() -> None:
    secrets = {"private_key": "KEY", "passphrase": "WORD", "password": "PASS"}  # pragma: allowlist secret
    shown = repr(ssh({"host": "bastion", "user": USER} | secrets))
    assert not any(secret in shown for secret in secrets.values())


def test_a_missing_client_names_the_extra() -> None:
    with pytest.raises(ExtraMissing) as caught:
        driver("asyncssh_which_is_not_there")
    assert caught.value.hint == "pip install 'osiris-etl[ssh]'"
