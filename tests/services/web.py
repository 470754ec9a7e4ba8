"""A web server on loopback that answers as a test says: rightly, wrongly, or half."""

import gzip
import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar, Self
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Asked:
    """One request as it came.

    Attributes:
        number: From 1, over all requests of the server.
        again: From 1, over the requests with the same path, parameters and body.
        headers: Names in small letters.
        target: Path and parameters as they came.
    """

    number: int
    again: int
    method: str
    path: str
    params: dict[str, str]
    headers: dict[str, str]
    body: bytes
    target: str = ""


@dataclass(frozen=True)
class Reply:
    """One answer, and what is wrong with how it is sent.

    Attributes:
        length: What `Content-Length` says; None for the truth.
        chunks: Sent one by one, instead of `body`.
        endless: Neither length nor chunks tell where it ends.
        cut: The last chunk never comes.
    """

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    length: int | None = None
    chunks: Iterable[bytes] = ()
    endless: bool = False
    cut: bool = False


def told(value: Any, **headers: str) -> Reply:
    """Return an answer in JSON."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Reply(json.dumps(value).encode(), headers={"Content-Type": "application/json"} | named)


def packed(reply: Reply) -> Reply:
    """Return an answer packed by gzip."""
    headers = {**reply.headers, "Content-Encoding": "gzip"}
    return Reply(gzip.compress(reply.body, mtime=0), reply.status, headers)


@dataclass
class Web:
    """A server that hands each request to `answer`.

    Attributes:
        asked: The requests that came, in order.
    """

    answer: Callable[[Asked], Reply]
    asked: list[Asked] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Speaker", (_Speaker,), {"web": self}))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def port(self) -> int:
        """Return where it listens."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """Return its address."""
        return f"http://127.0.0.1:{self.port}"

    def take(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Return the answer to one request, and keep it in mind."""
        there = urlsplit(target)
        params = dict(parse_qsl(there.query, keep_blank_values=True))
        with self._lock:
            same = [one for one in self.asked if (one.path, one.params, one.body) == (there.path, params, body)]
            one = Asked(
                number=len(self.asked) + 1,
                again=len(same) + 1,
                method=method,
                path=there.path,
                params=params,
                headers={name.lower(): value for name, value in headers.items()},
                body=body,
                target=target,
            )
            self.asked.append(one)
        return self.answer(one)


class _Speaker(BaseHTTPRequestHandler):
    web: ClassVar[Web]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer("GET", b"")

    def do_POST(self) -> None:
        self._answer("POST", self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, method: str, body: bytes) -> None:
        reply = self.web.take(method, self.path, dict(self.headers.items()), body)
        try:
            self._say(reply)
        except OSError:  # whoever asked has hung up
            self.close_connection = True

    def _say(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.chunks:
            self.send_header("Transfer-Encoding", "chunked")
        elif not reply.endless:
            self.send_header("Content-Length", str(len(reply.body) if reply.length is None else reply.length))
        self.end_headers()
        for chunk in reply.chunks:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        if reply.chunks and not reply.cut:
            self.wfile.write(b"0\r\n\r\n")
        self.wfile.write(b"" if reply.chunks else reply.body)
        self.close_connection = reply.endless or reply.cut or reply.length is not None

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
        """Say nothing."""
