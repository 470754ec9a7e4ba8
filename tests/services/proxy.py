"""A wire to a server that is cut at a chosen moment: between two messages of the client's, before or after one."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Lock, Thread

_PIECE = 65_536


@dataclass
class Wire:
    """What went over the wire.

    Attributes:
        port: Where clients connect to.
        messages: Pieces that clients have sent, of at most 64 KiB each.
        cut_at: The piece at which the wire is cut; 0 for never.
        after: Whether the server still gets that piece.
        cut: Called at that moment; by default both ends of that connection are closed.
    """

    port: int
    cut_at: int = 0
    after: bool = False
    cut: Callable[[], None] | None = None
    messages: int = 0
    _lock: Lock = field(default_factory=Lock)

    def forward(self, client: socket.socket, server: socket.socket) -> None:
        """Carry what the client says, up to the cut."""
        with suppress(OSError):
            while piece := client.recv(_PIECE):
                with self._lock:
                    self.messages += 1
                    now = self.messages == self.cut_at
                if now and not self.after:
                    break
                server.sendall(piece)
                if now:
                    break
            else:
                now = False
            if now and self.cut is not None:
                self.cut()
        _close(client, server)

    def back(self, client: socket.socket, server: socket.socket) -> None:
        """Carry what the server says."""
        with suppress(OSError):
            while piece := server.recv(_PIECE):
                client.sendall(piece)
        _close(client, server)


@contextmanager
def wire_to(
    port: int, *, cut_at: int = 0, after: bool = False, cut: Callable[[], None] | None = None
) -> Iterator[Wire]:
    """Lend a wire to a server on loopback."""
    threads: list[Thread] = []
    with socket.create_server(("127.0.0.1", 0)) as door:
        wire = Wire(int(door.getsockname()[1]), cut_at=cut_at, after=after, cut=cut)

        def welcome() -> None:
            with suppress(OSError):
                while True:
                    client, _ = door.accept()
                    server = socket.create_connection(("127.0.0.1", port))
                    for carry in (wire.forward, wire.back):
                        threads.append(Thread(target=carry, args=(client, server)))
                        threads[-1].start()

        doorman = Thread(target=welcome)
        doorman.start()
        try:
            yield wire
        finally:
            door.shutdown(socket.SHUT_RDWR)
            doorman.join()
            for thread in threads:
                thread.join()


def _close(*ends: socket.socket) -> None:
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()
