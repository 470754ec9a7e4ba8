"""The way to a server that can only be reached from another one: through it, by SSH, with the extra `ssh`."""

import asyncio
import re
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from socket import gaierror
from threading import Thread
from typing import Annotated, Any

from pydantic import AliasChoices, Field, SecretStr, model_validator

from osiris.kit.component import Config
from osiris.kit.extra import imported
from osiris.kit.named_files import KeyFile, NamesFile
from osiris.model.errors import ConnectError

LOOPBACK = "127.0.0.1"
_BLOCK = 262_144  # bytes that are carried at once
_ALIVE, _TIMES = 30, 4  # after so many quiet seconds, so often, ask whether the SSH server is still there
_FAREWELL = 2.0  # seconds that it may take
_NOBODY = re.compile(r"\[Errno (61|111|10061)\]")  # nobody listens, as macOS, Linux and Windows number it
_A_LINE = re.compile(r"\s(ssh|ecdsa|sk)-\S+\s+AAAA")  # of a known_hosts file
# Beside the kinds of keys that are known: a server that has another one can then be told apart from one that hangs up.
_ALSO = "+ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,rsa-sha2-256,rsa-sha2-512"
_FORBIDDEN = 1  # SSH's number for a channel that the server does not open for anybody


class SshTunnel(Config):
    """An SSH server through which the database is reached."""

    host: str = Field(min_length=1, description="Name or address of the SSH server.")
    port: int = Field(default=22, ge=1, le=65_535)
    user: str = Field(min_length=1, validation_alias=AliasChoices("user", "username"))
    private_key_path: KeyFile = Field(default="", description="File of the key to sign on by, such as `~/.ssh/id_rsa`.")
    private_key: SecretStr | None = Field(default=None, description="The same key itself, as its file has it.")
    passphrase: SecretStr | None = Field(default=None, description="What opens the key where it is encrypted.")
    password: SecretStr | None = Field(default=None, description="To sign on by where there is no key.")
    known_hosts: Annotated[str, NamesFile()] = Field(
        default="~/.ssh/known_hosts",
        description="File by which the SSH server is recognized; or its line itself, such as "
        "`bastion.example.com ssh-ed25519 AAAA…`.",
    )

    @model_validator(mode="after")
    def _can_sign_on(self) -> "SshTunnel":
        if self.private_key_path and self.private_key:
            raise ValueError("write either `private_key_path` or `private_key`")
        if not (self.private_key_path or self.private_key or self.password):
            raise ValueError("it needs `private_key_path`, `private_key` or `password`")
        return self

    @property
    def at(self) -> str:
        """Return what errors call the SSH server."""
        return f"{self.host}:{self.port}"


@dataclass
class Tunnel:
    """A port of this machine that leads to a server which the SSH server can reach; a thread carries what is said.

    Attributes:
        host: Of that server, as the SSH server knows it.
        port: Its port.
        seconds: Within which the SSH server has to let us in.
        here: The port on `LOOPBACK`.
        refused: Why that server can't be reached from there, once somebody has tried.
    """

    ssh: SshTunnel
    host: str
    port: int
    seconds: float
    here: int = 0
    refused: ConnectError | None = None
    _ready: "Future[int]" = field(default_factory=Future, repr=False)
    _over: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop, repr=False)
    _thread: Thread | None = field(default=None, repr=False)

    def open(self) -> None:
        """Sign on to the SSH server.

        Raises:
            ConnectError: it lets nobody in; the hint says what to do.
            ExtraMissing: asyncssh is not installed.
        """
        driver()
        self._thread = Thread(target=self._run, name="osiris-tunnel", daemon=True)
        self._thread.start()
        self.here = self._ready.result()

    def close(self) -> None:
        """Hang up, whatever is still on its way. Safe to call twice, and where it was never open."""
        if self._thread is None:
            self._loop.close()
            return
        with suppress(RuntimeError):  # the loop has ended by itself
            self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._hold())
        except BaseException as exc:  # noqa: BLE001 - it is raised where somebody waits for the port
            if not self._ready.done():
                self._ready.set_exception(exc)

    async def _hold(self) -> None:
        session = await _signed_on(self.ssh, self.seconds)
        lines: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

        def welcome(near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(self._carry(session, near, back))
            lines[task] = back
            task.add_done_callback(lines.pop)

        try:
            door = await asyncio.start_server(welcome, LOOPBACK, 0)
            self._ready.set_result(door.sockets[0].getsockname()[1])
            await self._over.wait()
            door.close()
            for task, back in list(lines.items()):
                task.cancel()
                back.transport.abort()
        finally:
            session.close()
            with suppress(TimeoutError):
                await asyncio.wait_for(session.wait_closed(), _FAREWELL)
            session.abort()

    async def _carry(self, session: Any, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        """Carry what both sides say, until one of them ends."""
        try:
            far, forth = await session.open_connection(self.host, self.port)
            ways = [asyncio.create_task(_pumped(*ends)) for ends in ((near, forth), (far, back))]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            forth.close()
            back.close()
            with suppress(OSError):
                await back.wait_closed()
        except driver().Error as exc:
            self.refused = self._refusal(exc)
            back.close()

    def _refusal(self, exc: Any) -> ConnectError:
        at = f"{self.host}:{self.port}"
        if getattr(exc, "code", None) == _FORBIDDEN:
            hint = "let its operator allow it: AllowTcpForwarding, PermitOpen"
            return ConnectError(f"the SSH server {self.ssh.at} does not forward to {at}", why=str(exc), hint=hint)
        hint = "check the database's `host` and `port`, as the SSH server knows them, and whether the database runs"
        return ConnectError(f"the SSH server {self.ssh.at} does not reach {at}", why=str(exc), hint=hint)


@contextmanager
def tunnelled(ssh: SshTunnel | None, host: str, port: int, seconds: float) -> Iterator[Tunnel | None]:
    """Lend a way to a server to whoever connects to it within; it stays open afterwards, unless that fails.

    Args:
        ssh: Through what; None where the server can be reached directly.
        host: The server, as the SSH server knows it.
        port: Its port.
        seconds: Within which the SSH server has to let us in.

    Yields:
        What the connection closes when it ends itself; None where there is no tunnel.

    Raises:
        ConnectError: the SSH server lets nobody in, or does not reach the server; the hint says what to do.
        ExtraMissing: asyncssh is not installed.
    """
    if ssh is None:
        yield None
        return
    tunnel = Tunnel(ssh, host, port, seconds)
    try:
        tunnel.open()
        yield tunnel
    except BaseException as exc:
        tunnel.close()
        if isinstance(exc, ConnectError) and tunnel.refused is not None:
            raise tunnel.refused from exc
        raise


def driver(name: str = "asyncssh") -> Any:
    """Return asyncssh.

    Args:
        name: Of the package; another one only to see what happens where it is missing.

    Raises:
        ExtraMissing: it is not installed.
    """
    return imported(name, "the SSH client", "ssh")


async def _signed_on(ssh: SshTunnel, seconds: float) -> Any:
    """Return a connection to the SSH server, which is the one that `known_hosts` knows.

    Nothing but what the connection says has a part in it: no settings, no keys and no agent of this machine's user.
    """
    errors = driver()
    known, keys = _known(ssh), _keys(ssh)
    try:
        async with asyncio.timeout(seconds):
            return await errors.connect(
                ssh.host,
                ssh.port,
                username=ssh.user,
                password=ssh.password.get_secret_value() if ssh.password else None,
                client_keys=keys,
                known_hosts=known,
                server_host_key_algs=_ALSO,
                config=None,
                agent_path=None,
                gss_host=None,
                keepalive_interval=_ALIVE,
                keepalive_count_max=_TIMES,
            )
    except (errors.Error, OSError) as exc:
        raise _no_entry(ssh, exc, known, seconds) from exc


def _known(ssh: SshTunnel) -> Any:
    """Return the servers that are known."""
    errors = driver()
    try:
        if _A_LINE.search(ssh.known_hosts):
            return errors.import_known_hosts(ssh.known_hosts)
        file = Path(ssh.known_hosts).expanduser()
        is_usual = ssh.known_hosts == SshTunnel.model_fields["known_hosts"].default
        return errors.import_known_hosts("" if is_usual and not file.exists() else file.read_text("utf-8"))
    except (OSError, ValueError) as exc:
        said = "`ssh_tunnel.known_hosts` can't be read"
        raise ConnectError(said, why=str(exc), hint="name a file as OpenSSH has it, or write its line") from exc


def _keys(ssh: SshTunnel) -> list[Any] | None:
    """Return the key to sign on by; None where there is none."""
    errors = driver()
    if not (ssh.private_key_path or ssh.private_key):
        return None
    passphrase = ssh.passphrase.get_secret_value() if ssh.passphrase else None
    try:
        if not ssh.private_key:
            return [errors.read_private_key(str(Path(ssh.private_key_path).expanduser()), passphrase)]
        return [errors.import_private_key(ssh.private_key.get_secret_value().replace("\\n", "\n"), passphrase)]
    except (OSError, errors.KeyImportError, errors.KeyEncryptionError) as exc:
        hint = "check `private_key_path` or `private_key` of `ssh_tunnel`, and its `passphrase`"
        raise ConnectError("the key for the SSH server can't be used", why=str(exc), hint=hint) from exc


def _no_entry(ssh: SshTunnel, exc: Exception, known: Any, seconds: float) -> ConnectError:
    """Return why the SSH server lets nobody in."""
    errors = driver()
    match exc:
        case gaierror():
            return ConnectError(f"there is no SSH server {ssh.host!r}", hint="check `ssh_tunnel.host`")
        case TimeoutError():
            said = f"the SSH server {ssh.at} does not answer within {seconds:g} s"
            return ConnectError(said, hint="check `host` and `port` of `ssh_tunnel` and the firewall between")
        case errors.PermissionDenied():
            said = f"the SSH server {ssh.at} refuses the user {ssh.user!r}"
            return ConnectError(said, why=str(exc), hint="check `user` and the key or `password` of `ssh_tunnel`")
        case errors.HostKeyNotVerifiable():
            return _unknown(ssh, exc, known)
    if _NOBODY.search(str(exc)):
        return ConnectError(f"no SSH server listens at {ssh.at}", hint="check `host` and `port` of `ssh_tunnel`")
    return ConnectError(
        f"no connection to the SSH server {ssh.at}", why=str(exc), hint="check the fields of `ssh_tunnel`"
    )


def _unknown(ssh: SshTunnel, exc: Exception, known: Any) -> ConnectError:
    """Return the error of a server that is not the one that `known_hosts` knows."""
    host_keys, authorities, *_ = driver().match_known_hosts(known, ssh.host, "", ssh.port)
    name = ssh.host if ssh.port == SshTunnel.model_fields["port"].default else f"[{ssh.host}]:{ssh.port}"
    if host_keys or authorities:
        return ConnectError(
            f"the SSH server {ssh.at} is not the one that `known_hosts` knows",
            why=str(exc),
            hint=f"ask its operator whether its key was changed; if so: ssh-keygen -R '{name}', and add the new one",
        )
    return ConnectError(
        f"the SSH server {ssh.at} is not known",
        why=str(exc),
        hint=f"add its key: ssh-keyscan -p {ssh.port} {ssh.host} >> ~/.ssh/known_hosts, "
        "and compare it with what its operator says",
    )


async def _pumped(source: Any, target: Any) -> None:
    with suppress(OSError, driver().Error):
        while block := await source.read(_BLOCK):
            target.write(block)
            await target.drain()
