"""An SSH server on loopback, through which other servers are reached."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

import asyncssh

HOST = "127.0.0.1"
USER, PASSWORD, PASSPHRASE = "jumper", "let-me-through", "opens-the-key"  # pragma: allowlist secret


@dataclass
class Bastion:
    """The server and who may sign on.

    Attributes:
        forwards: Whether it leads anywhere.
        port: Where it listens.
        host_key: By which it is recognized; it has another one, which nobody knows and most clients would rather have.
        key: Of the one user who may sign on.
        reached: Where it was asked to lead, host and port, once for each connection.
        signed_on: Connections that are open at present.
    """

    forwards: bool = True
    port: int = 0
    host_key: asyncssh.SSHKey = field(default_factory=lambda: asyncssh.generate_private_key("ecdsa-sha2-nistp256"))
    key: asyncssh.SSHKey = field(default_factory=lambda: asyncssh.generate_private_key("ssh-ed25519"))
    reached: list[tuple[str, int]] = field(default_factory=list)
    signed_on: list[asyncssh.SSHServerConnection] = field(default_factory=list)
    loop: asyncio.AbstractEventLoop | None = None

    @property
    def line(self) -> str:
        """Return its line of a `known_hosts` file."""
        return f"[{HOST}]:{self.port} {self.host_key.export_public_key().decode()}"

    @property
    def private_key(self) -> str:
        """Return the user's key, as its file has it."""
        return self.key.export_private_key().decode()

    def fields(self, **others: Any) -> dict[str, Any]:
        """Return what a connection's `ssh_tunnel` says of it."""
        told = {"host": HOST, "port": self.port, "user": USER, "known_hosts": self.line}
        return (
            told
            | ({} if {"password", "private_key_path"} & others.keys() else {"private_key": self.private_key})
            | others
        )

    def hang_up(self) -> None:
        """End every connection at once."""
        assert self.loop is not None
        for connection in list(self.signed_on):
            self.loop.call_soon_threadsafe(connection.abort)


class _Door(asyncssh.SSHServer):
    def __init__(self, bastion: Bastion) -> None:
        self._bastion = bastion

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._conn = conn
        self._bastion.signed_on.append(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        self._bastion.signed_on.remove(self._conn)

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == (USER, PASSWORD)

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return username == USER and key.public_data == self._bastion.key.public_data

    def connection_requested(self, dest_host: str, dest_port: int, orig_host: str, orig_port: int) -> bool:
        self._bastion.reached.append((dest_host, dest_port))
        if not self._bastion.forwards:
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED, "open failed")
        return True


@contextmanager
def bastion(*, forwards: bool = True) -> Iterator[Bastion]:
    """Lend a server of one's own."""
    lent = Bastion(forwards)
    ready, over = Event(), asyncio.Event()

    async def serve() -> None:
        lent.loop = asyncio.get_running_loop()
        keys = [asyncssh.generate_private_key("ssh-ed25519"), lent.host_key]
        door = await asyncssh.listen(HOST, 0, server_factory=lambda: _Door(lent), server_host_keys=keys)
        lent.port = door.get_port()
        ready.set()
        await over.wait()
        door.close()
        for connection in list(lent.signed_on):
            connection.abort()
            await connection.wait_closed()
        await door.wait_closed()

    thread = Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(60)
        yield lent
    finally:
        assert lent.loop is not None
        lent.loop.call_soon_threadsafe(over.set)
        thread.join()
