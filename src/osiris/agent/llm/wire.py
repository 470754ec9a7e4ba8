"""The one HTTP client that language models are asked through: nothing secret leaves by it, and it is patient."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2

from osiris.model.canonical import digest
from osiris.model.errors import LlmWithheld
from osiris.observe.redact import Redactor

BUSY = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})  # the same request may succeed later
TRIES = 5  # of a request that a busy server refuses
MOST_WAIT = 60.0  # seconds; whoever asks for more is told of, not waited for
CONNECT = 10.0  # seconds until a connection stands
GROWS = ("messages", "input", "contents")  # what a conversation makes longer, by protocol
_RETRY_DELAY = re.compile(rb'"retryDelay":\s*"([0-9.]+)s"')  # Google says it in the body
_EXHAUSTED = re.compile(rb"insufficient_quota|credit balance|billing")  # waiting does not help

Pause = Callable[[float], Awaitable[None]]


@dataclass
class Sent:
    """What one request took.

    Attributes:
        body: As it went out.
        response: The last one that came.
    """

    body: bytes = b""
    attempts: int = 0
    response: httpx2.Response | None = field(default=None, repr=False)

    @property
    def bytes_in(self) -> int:
        """Return how much of the answer has come."""
        return self.response.num_bytes_downloaded if self.response is not None else 0

    @property
    def sha256(self) -> str:
        """Return the hash of the body."""
        return digest(self.body)


class Client(httpx2.AsyncClient):
    """Sends requests whose bodies hold no secret, again where the server is busy, and remembers the last one.

    A secret is looked for in the body as it goes out. The part of a body that grows with the conversation is sent
    last, so that a request begins with all of the one before it. Redirects are not followed: they would take the key
    to somebody else.

    Attributes:
        sent: What the last request took.
        pause: Waits so many seconds.

    Args:
        redact: Knows what must not leave.
        timeout: Seconds without a byte.
        tell: Is told, in words, what is being waited for.
        show: Is shown each body before it goes out.
        misses: How often a request that nobody answers is sent.
    """

    def __init__(
        self,
        redact: Redactor,
        *,
        timeout: float,
        tell: Callable[[str], None],
        show: Callable[[str], None],
        misses: int,
    ) -> None:
        hooks: dict[str, list[Callable[..., Any]]] = {"request": [self._keep_in]}
        limits = httpx2.Timeout(timeout, connect=min(timeout, CONNECT))
        super().__init__(timeout=limits, follow_redirects=False, event_hooks=hooks)
        self.sent = Sent()
        self.pause: Pause = asyncio.sleep
        self._redact = redact
        self._tell = tell
        self._show = show
        self._misses = misses

    async def send(self, request: httpx2.Request, **how: Any) -> httpx2.Response:
        """Return the first answer of a server that is not busy, or the last one of one that stays so.

        Raises:
            LlmWithheld: the body holds a secret; nothing was sent.
        """
        request = _stable(request)
        self.sent = Sent(request.content)
        how["follow_redirects"] = False
        missed = 0
        while True:
            self.sent.attempts += 1
            try:
                response = await super().send(request, **how)
            except httpx2.TransportError as exc:
                missed += 1
                if missed >= self._misses:
                    raise
                await self._wait(float(missed), f"the server does not answer ({type(exc).__name__})")
                continue
            self.sent.response = response
            wait = await _wait_of(response, self.sent.attempts)
            if wait is None:
                return response
            await response.aclose()
            await self._wait(wait, f"the server is busy ({response.status_code})")

    async def _wait(self, seconds: float, why: str) -> None:
        self._tell(f"{why}; asking again in {seconds:g} s")
        await self.pause(seconds)

    async def _keep_in(self, request: httpx2.Request) -> None:
        body = request.content.decode("utf-8", "replace")
        if self._redact.leaks(body) or self._redact.leaks(str(request.url)):
            self.sent = Sent()
            raise LlmWithheld(
                "the conversation holds a secret, so it is not sent",
                hint="begin a new one, without it; a secret belongs into .env",
            )
        if self.sent.attempts == 1:
            self._show(body)


def _stable(request: httpx2.Request) -> httpx2.Request:
    """Return the same request with the part that grows at its end."""
    try:
        body = json.loads(request.content)
    except ValueError:
        return request
    if not isinstance(body, dict):
        return request
    grows = {name: body.pop(name) for name in GROWS if name in body}
    content = json.dumps(body | grows, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    headers = [(name, value) for name, value in request.headers.raw if name.lower() != b"content-length"]
    return httpx2.Request(request.method, request.url, headers=headers, content=content, extensions=request.extensions)


async def _wait_of(response: httpx2.Response, attempts: int) -> float | None:
    """Return how many seconds to wait before asking again; None where that makes no sense."""
    if response.status_code not in BUSY or attempts >= TRIES or response.headers.get("x-should-retry") == "false":
        return None
    body = await response.aread()
    if _EXHAUSTED.search(body):
        return None
    wait = asked_to_wait(response.headers, body)
    if wait is None:
        return min(2.0 ** (attempts - 1), MOST_WAIT)
    return wait if wait <= MOST_WAIT else None


def asked_to_wait(headers: Any, body: bytes = b"") -> float | None:
    """Return how many seconds a server asks to wait for; None where it does not say."""
    try:
        if "retry-after-ms" in headers:
            return max(0.0, float(headers["retry-after-ms"]) / 1000)
        if "retry-after" in headers:
            return _seconds(headers["retry-after"])
    except ValueError:
        return None
    found = _RETRY_DELAY.search(body)
    return float(found[1]) if found else None


def _seconds(text: str) -> float:
    """Return the seconds that a header asks for: a number, or a time."""
    try:
        return max(0.0, float(text))
    except ValueError:
        until = parsedate_to_datetime(text)
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
