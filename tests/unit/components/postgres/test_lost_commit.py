"""When the answer to a commit gets lost, the writer finds out how it ended, or says that nobody knows."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.services.postgres import ask
from tests.services.shared import Server
from tests.unit.components.postgres.servers import HERE, fields

from osiris.kit.component import Writer
from osiris.kit.registry import Registry
from osiris.model.errors import TargetError
from osiris.testing.writer import MARKS, plain, stream_of


@dataclass
class Wire:
    """A relay to a server that breaks at the first COMMIT.

    Attributes:
        taken: Whether the server still gets that COMMIT.
        mended: Whether the next connection gets through.
    """

    server: Server
    taken: bool
    mended: bool
    door: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    broken: threading.Event = field(default_factory=threading.Event)

    def serve(self) -> None:
        while True:
            try:
                guest, _ = self.door.accept()
            except OSError:
                return
            if self.broken.is_set() and not self.mended:
                guest.close()
                continue
            host = socket.create_connection((self.server.host, self.server.port))
            threading.Thread(target=self._back, args=(host, guest), daemon=True).start()
            threading.Thread(target=self._forth, args=(guest, host), daemon=True).start()

    def _forth(self, guest: socket.socket, host: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := guest.recv(65_536):
                if b"COMMIT\0" in data and not self.broken.is_set():
                    self.broken.set()
                    if not self.taken:
                        break
                host.sendall(data)
        _hang_up(host, guest)

    def _back(self, host: socket.socket, guest: socket.socket) -> None:
        mine = False
        with contextlib.suppress(OSError):
            while data := host.recv(65_536):
                if self.broken.is_set() and (mine or not self.mended or b"COMMIT\0" in data):
                    break
                mine = mine or not self.broken.is_set()
                guest.sendall(data)
        _hang_up(host, guest)


def _hang_up(*ends: socket.socket) -> None:
    for end in ends:
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()


@contextlib.contextmanager
def wired(at: Server, *, taken: bool, mended: bool) -> Iterator[Any]:
    """Lend a writer whose connection breaks at the commit."""
    wire = Wire(at, taken, mended)
    serving = threading.Thread(target=wire.serve, daemon=True)
    serving.start()
    there = fields(at, port=wire.door.getsockname()[1], tls="disabled")
    writer = Registry.installed().build("postgres.writer", {"table": "rows"}, HERE, there)
    assert isinstance(writer, Writer)
    try:
        yield writer
    finally:
        wire.door.shutdown(socket.SHUT_RDWR)
        wire.door.close()
        serving.join()


def test_a_commit_whose_answer_got_lost_is_one(at: Server) -> None:
    with wired(at, taken=True, mended=True) as writer:
        staged = writer.write(stream_of(plain(3)), MARKS)
        assert staged.commit().rows_after == 3
        staged.close()
    assert ask(at, "SELECT count(*) FROM rows") == [(3,)]


def test_a_commit_that_got_lost_is_none(at: Server) -> None:
    ask(at, "CREATE TABLE rows (row bigint, city text)")
    with wired(at, taken=False, mended=True) as writer:
        staged = writer.write(stream_of(plain(3)), MARKS)
        with pytest.raises(TargetError, match="went away"):
            staged.commit()
        staged.close()
    assert ask(at, "SELECT count(*) FROM rows") == [(0,)]


def test_where_nobody_can_tell_the_user_is_told_how_to_ask(at: Server) -> None:
    with wired(at, taken=True, mended=False) as writer:
        staged = writer.write(stream_of(plain(3)), MARKS)
        with pytest.raises(TargetError, match="nobody can tell") as caught:
            staged.commit()
        staged.close()
    question = caught.value.hint.partition(": ")[2]
    assert ask(at, question) == [("committed",)]
