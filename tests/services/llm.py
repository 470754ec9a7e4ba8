"""A language model's server on loopback, with replies that a test writes; it speaks as it is spoken to."""

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

from tests.services.llm_wires import Reply, refusal, spoken, whole

__all__ = ["LlmServer", "Reply"]


@dataclass
class LlmServer:
    """Gives its replies in order, one a request; without one left it refuses.

    Attributes:
        requests: The bodies that came, in order.
        bodies: The same as they came.
        paths: Where they came to.
        keys: What each request said who it was.
    """

    replies: list[Reply]
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        self.over = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Speaker", (_Speaker,), {"llm": self}))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def base_url(self) -> str:
        """Return the address for `llm.base_url`, of a server that speaks as OpenAI."""
        return f"{self.home}/v1"

    @property
    def home(self) -> str:
        """Return the address for `llm.base_url`, of one that speaks as Anthropic or Google."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def heard(self) -> str:
        """Return everything that came, as one text."""
        return json.dumps(self.requests, ensure_ascii=False)


class _Speaker(BaseHTTPRequestHandler):
    llm: ClassVar[LlmServer]
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.where = urlsplit(self.path).path
        self.llm.bodies.append(body)
        self.llm.requests.append(json.loads(body))
        self.llm.paths.append(self.where)
        keys = (self.headers[name] for name in ("Authorization", "x-api-key", "x-goog-api-key"))
        self.llm.keys.append(next(filter(None, keys), ""))
        reply = self.llm.replies.pop(0) if self.llm.replies else Reply("no reply is left", status=400)
        if reply.silent:
            self.llm.over.wait()
        elif reply.status != 200:
            self._refuse(reply)
        else:
            self._answer(reply, str(len(self.llm.requests)), self.llm.requests[-1])

    def _answer(self, reply: Reply, number: str, asked: dict[str, Any]) -> None:
        if asked.get("stream") or "streamGenerate" in self.where:
            said = list(spoken(self.where)(reply, number))
            self._stream(said[: reply.hangs] if reply.cut is None else said[: reply.cut], reply)
        else:
            self._send(json.dumps(whole(self.where, reply, number)).encode(), 200, "no")

    def _refuse(self, reply: Reply) -> None:
        self._send(json.dumps(refusal(self.where, reply)).encode(), reply.status, reply.wait)

    def _send(self, content: bytes, status: int, wait: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if wait != "no":
            self.send_header(*(("Retry-After", wait) if wait else ("Retry-After-Ms", "1")))
        self.end_headers()
        self.wfile.write(content)

    def _stream(self, said: list[bytes], reply: Reply) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for event in said:
            self.wfile.write(f"{len(event):x}\r\n".encode() + event + b"\r\n")
        if reply.hangs is not None:
            self.llm.over.wait()
        elif reply.cut is None:
            self.wfile.write(b"0\r\n\r\n")
        self.close_connection = not (reply.cut is reply.hangs is None)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the signature is the library's
        """Say nothing."""
