"""An API over HTTP: asked, waited for, asked again where that is safe, and never sent a secret to somebody else."""

import random
import re
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from socket import SHUT_RDWR
from threading import Event
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from osiris.kit.extra import imported
from osiris.kit.http_body import unpacked
from osiris.kit.http_words import Again, Answer, Ask, Limits, Signature, Signed, Signs, bare
from osiris.model.errors import ConnectError, Interrupted, OsirisError, SourceError

MOST_REDIRECTS = 5
LONGEST_PAUSE = 60.0  # seconds between two attempts, where the server doesn't say how long
DRIP = 10  # a page has to be there within so many times `timeout`
AGENT = "osiris-etl"
_EXCERPT = 200  # characters of an answer that an error shows
_MOST_SAID = 65_536  # bytes of an error's answer that are read
_EPOCH = 1_000_000_000  # a reset header above it is a moment, below it a number of seconds
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_KEEP_METHOD = frozenset({307, 308})
_LATER = frozenset({408, 425, 429})
_NO_RIGHT = frozenset({401, 403, 407})
_RESETS = ("ratelimit-reset", "x-ratelimit-reset", "x-rate-limit-reset")
_LEFT = ("ratelimit-remaining", "x-ratelimit-remaining", "x-rate-limit-remaining")
_DOUBTFUL = re.compile(r"[\\\s\x00-\x1f\x7f]")
_PORTS = {"http": 80, "https": 443}
_CONNECTED = ("connect_tcp.complete", "start_tls.complete")  # what the client calls a connection that is there

T = TypeVar("T")


@dataclass
class Api:
    """One API at one address.

    Attributes:
        root: Its address; only its scheme, host and port matter here.
        extra: Of the family, for those who have no HTTP client.
        sign: Makes requests to that address ours; closed with the API.
        friends: Hosts, other than the API's own, that it may refer to; they get no secret.
        hidden: Secrets that no error may show.
        clock: Seconds that only grow.
        pause: Waits so many seconds; None waits until the API is let go.
        chance: Returns a number between 0 and 1.
        now: Returns the time in UTC.
    """

    root: str
    extra: str
    headers: Mapping[str, str] = field(default_factory=dict)
    sign: Signs = field(default_factory=Signed)
    limits: Limits = field(default_factory=Limits)
    friends: tuple[str, ...] = ()
    verify: bool = True
    hidden: tuple[str, ...] = ()
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] | None = None
    chance: Callable[[], float] = random.random
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    _lines: dict[str, Any] = field(default_factory=dict, repr=False)
    _socket: Any = field(default=None, repr=False)
    _signed: tuple[str, ...] = field(default=(), repr=False)
    _over: Event = field(default_factory=Event, repr=False)
    _deadline: float = field(default=0.0, repr=False)

    def __post_init__(self) -> None:
        """See that there is a client; nothing is asked yet."""
        self._client()
        self._deadline = self.clock() + self.limits.total

    def read(self, ask: Ask, understood: Callable[[Answer, bytes], T]) -> T:
        """Return what `understood` makes of a whole answer; it may raise `Again`.

        Raises:
            ConnectError: there is no connection, or no right to it.
            SourceError: the API refuses, fails or breaks off, and repeats did not help.
        """

        def whole(answer: Answer) -> T:
            until = self.clock() + DRIP * self.limits.timeout
            return understood(answer, b"".join(self._in_time(answer.blocks, until, ask.said)))

        return self._until(ask, whole, self.limits.page)

    def stream(self, ask: Ask) -> Answer:
        """Return an answer whose content is still to be read: of any size.

        Raises:
            ConnectError: there is no connection, or no right to it.
            SourceError: the API refuses or fails, and repeats did not help. Also while the content is read.
        """
        answer = self._until(ask, lambda answer: answer, None)
        return replace(answer, blocks=_once(answer.blocks))

    def reached(self, ask: Ask) -> int:
        """Return the status that a request has, whatever it says, if the API can be used.

        Raises:
            ConnectError: there is no connection, or no right to it.
            SourceError: the API fails.
        """

        def status(response: Any) -> int:
            found = int(response.status_code)
            if found in _NO_RIGHT | _LATER or found >= 500:  # noqa: PLR2004 - HTTP's own number
                self._answer(ask, response, None)
            response.stream.close()
            return found

        return self._repeated(ask, lambda *, anew: status(self._send(ask, anew=anew)))

    def close(self) -> None:
        """Hang up. Safe to call twice."""
        for line in self._lines.values():
            line.close()
        self.sign.close()

    def break_off(self) -> None:
        """Wake up whoever waits for the API, from another thread. Safe to call twice."""
        self._over.set()
        self.sign.break_off()
        if self._socket is not None:
            try:
                self._socket.shutdown(SHUT_RDWR)
            except OSError:
                self._socket = None  # it was closed before

    def referred(self, at: str, link: str, said: str) -> str:
        """Return the address that an answer refers to, by https where the API has it.

        Args:
            at: Where the answer came from.
            link: As the answer has it.
            said: What errors call the answer.

        Raises:
            SourceError: it is not HTTP, of a host that nobody allowed, or without the encryption that the answer had.
        """
        url = _joined(at, link)
        there = urlsplit(url)
        if there.scheme not in _PORTS or not there.hostname:
            raise SourceError(f"{said} refers to something that is no HTTP address", hint="ask who runs the API")
        if urlsplit(self.root).scheme == "https" and there.scheme == "http" and there.port in {None, 80}:
            url = there._replace(scheme="https", netloc=there.netloc.removesuffix(":80")).geturl()
        if urlsplit(at).scheme == "https" and urlsplit(url).scheme == "http":
            raise SourceError(f"{said} refers to an address without encryption", hint="ask who runs the API")
        if not self._is_ours(url) and there.hostname not in self.friends:
            raise SourceError(
                f"{said} refers to another host, {there.hostname!r}",
                hint=f"if you trust it, write `also_hosts: [{there.hostname}]` in the connection; no secret goes there",
            )
        return url

    def cleaned(self, text: str) -> str:
        """Return a text without this API's secrets, in one line."""
        for secret in (*self.hidden, *self._signed):
            text = text.replace(secret, "***") if secret else text
        return " ".join(text.split())[:_EXCERPT]

    def _is_ours(self, url: str) -> bool:
        """Return whether an address is the API's own; the same host by https is as good."""
        own, there = urlsplit(self.root), urlsplit(url)
        if own.hostname != there.hostname:
            return False
        upgraded = (own.scheme, _port(own), there.scheme, _port(there)) == ("http", 80, "https", 443)
        return upgraded or (own.scheme == there.scheme and _port(own) == _port(there))

    def _until(self, ask: Ask, take: Callable[[Answer], T], most: int | None) -> T:
        """Return what `take` makes of an answer, asked for as often as is worth it."""
        return self._repeated(ask, lambda *, anew: self._attempt(ask, take, most, anew=anew))

    def _repeated(self, ask: Ask, attempt_once: Callable[..., T]) -> T:
        anew, attempt = False, 0
        while True:
            try:
                return attempt_once(anew=anew)
            except Again as exc:
                if (exc.anew and anew) or (not exc.anew and attempt >= self.limits.retries):
                    raise exc.error from exc
                anew = exc.anew
                if not anew:
                    self._wait(attempt, exc, ask.said)
                    attempt += 1

    def _attempt(self, ask: Ask, take: Callable[[Answer], T], most: int | None, *, anew: bool) -> T:
        answer = self._follow(ask, most, anew=anew)
        try:
            return take(answer)
        except BaseException:
            answer.blocks.close()
            raise

    def _wait(self, attempt: int, again: Again, said: str) -> None:
        """Wait as long as the server says, or longer each time."""
        backoff = self.limits.delay * 2**attempt * (0.5 + self.chance() / 2)
        seconds = min(backoff, LONGEST_PAUSE) if again.after is None else again.after
        left = self._deadline - self.clock()
        if seconds > left:
            raise SourceError(
                f"{said}: the next attempt would be in {seconds:.0f} s, and {max(left, 0):.0f} s are left",
                why=again.error.message,
                hint="raise `total_timeout`, or run it later",
            ) from again
        if self.pause is not None:
            self.pause(seconds)
        else:
            self._over.wait(seconds)
        if self._over.is_set():
            raise Interrupted(f"{said}: broken off") from again

    def _follow(self, ask: Ask, most: int | None, *, anew: bool) -> Answer:
        for _ in range(MOST_REDIRECTS + 1):
            response = self._send(ask, anew=anew)
            if response.status_code not in _REDIRECTS:
                return self._answer(ask, response, most)
            ask = self._redirected(ask, response)
        raise SourceError(f"{ask.said} redirects without end", hint="see what a browser shows there")

    def _redirected(self, ask: Ask, response: Any) -> Ask:
        response.stream.close()
        if not (location := response.headers.get("location")):
            raise SourceError(f"{ask.said} redirects to nowhere", hint="ask who runs the API")
        at = self.referred(ask.url, location, ask.said)
        if ask.body is not None and not (response.status_code in _KEEP_METHOD and self._is_ours(at)):
            raise SourceError(
                f"{ask.said} redirects to {bare(at)}", hint="write the address that it redirects to, if you trust it"
            )
        return replace(ask, url=at, params=())

    def _send(self, ask: Ask, *, anew: bool) -> Any:
        client = self._client()
        request = self._request(client, ask, anew=anew)
        with self._complaints(ask.said):
            return self._line(client, urlsplit(ask.url).scheme).handle_request(request)

    def _traced(self, event: str, info: Mapping[str, Any]) -> None:
        """Keep the socket of a new connection, so that whoever waits for it can be woken up."""
        if event.endswith(_CONNECTED):
            self._socket = info["return_value"].get_extra_info("socket")
            if self._over.is_set():
                self.break_off()

    def _client(self) -> Any:
        return imported("httpx2", "the HTTP client httpx2", self.extra)

    def _line(self, client: Any, scheme: str) -> Any:
        """Return the connections of one scheme: only https has to know whom to trust, which takes its time."""
        if scheme not in self._lines:
            self._lines[scheme] = client.HTTPTransport(verify=self.verify and scheme == "https", trust_env=False)
        return self._lines[scheme]

    def _request(self, client: Any, ask: Ask, *, anew: bool) -> Any:
        ours = self._is_ours(ask.url)
        signature = self.sign(anew=anew) if ours else Signature()
        self._signed = tuple(signature.secrets())
        headers: Mapping[str, str] = {"User-Agent": AGENT, "Accept-Encoding": "gzip"}
        if ours:
            headers = _last_of(headers, self.headers, ask.headers, signature.headers)
        params = [*ask.params, *signature.params.items()]
        url = _without(ask.url, signature.params)
        if params:
            url = f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(params)}"
        seconds = min(self.limits.timeout, max(self._deadline - self.clock(), 0.001))
        timeout = dict.fromkeys(("connect", "read", "write", "pool"), seconds)
        try:
            return client.Request(
                "GET" if ask.body is None else "POST",
                url,
                headers=headers,
                content=ask.body,
                extensions={"timeout": timeout, "trace": self._traced},
            )
        except (client.InvalidURL, UnicodeEncodeError) as exc:
            hint = "check the address and `headers`"
            raise SourceError(f"{ask.said}: no request can be made of it", hint=hint) from exc

    def _answer(self, ask: Ask, response: Any, most: int | None) -> Answer:
        headers = {name.lower(): value for name, value in response.headers.items()}
        raw = self._raw(response, ask.said)
        if response.status_code in {200, 201, 203, 204}:
            return Answer(response.status_code, ask.url, headers, unpacked(raw, headers, ask.said, most))
        said = self._what_it_says(raw, headers, ask.said)
        raise self._refused(ask, response.status_code, headers, said)

    def _raw(self, response: Any, said: str) -> Generator[bytes]:
        """Yield the bytes as they are sent; whoever is waiting is told when it takes too long."""
        try:
            with self._complaints(said):
                for block in response.stream:
                    if self.clock() > self._deadline:
                        raise self._too_slow(said, self.limits.total, "total_timeout")
                    yield block
        finally:
            response.stream.close()

    def _in_time(self, blocks: Iterator[bytes], until: float, said: str) -> Iterator[bytes]:
        for block in blocks:
            if self.clock() > until:
                raise self._too_slow(said, DRIP * self.limits.timeout, "timeout")
            yield block

    def _too_slow(self, said: str, seconds: float, setting: str) -> SourceError:
        return SourceError(f"{said} is not there after {seconds:g} s", hint=f"raise `{setting}`, or ask for less")

    def _what_it_says(self, raw: Generator[bytes], headers: Mapping[str, str], said: str) -> str:
        """Return the first words of an answer that is a refusal; nothing where even they can't be read."""
        text = b""
        try:
            for block in unpacked(raw, headers, said, None):
                text += block
                if len(text) > _MOST_SAID:
                    break
        except (Again, OsirisError):
            return ""
        finally:
            raw.close()
        if "html" in headers.get("content-type", ""):
            return "it sent a web page"
        return self.cleaned(text.decode(errors="replace"))

    def _refused(self, ask: Ask, status: int, headers: Mapping[str, str], said: str) -> Exception:
        message = f"{ask.said} answers {status}"
        spent = any(headers.get(name, "").strip() == "0" for name in _LEFT)
        if status in _LATER or status >= 500 or (status == 403 and spent):  # noqa: PLR2004 - HTTP's own numbers
            hint = "run it later, or ask for less" if status == 429 else "run it later; if it stays so, ask its host"  # noqa: PLR2004
            return Again(SourceError(message, why=said, hint=hint), self._after(headers))
        if status in _NO_RIGHT:
            hint = "check the connection's `auth_type` and its secrets, and what they may see"
            refusal = ConnectError(f"{ask.said} refuses: {status}", why=said, hint=hint)
            renewable = status == 401 and self.sign.renewable  # noqa: PLR2004
            return Again(refusal, anew=True) if renewable else refusal
        if status in {404, 410}:
            return SourceError(message, why=said, hint="check the address: there is nothing")
        if status in {202, 206}:
            why = {202: "the answer is not ready", 206: "it is a part of the answer"}[status]
            return SourceError(message, why=why, hint="ask who runs the API how to get all of it at once")
        return SourceError(message, why=said, hint="check the address, the parameters and `headers`")

    def _after(self, headers: Mapping[str, str]) -> float | None:
        """Return how many seconds the server asks to wait; None where it doesn't say."""
        asked = headers.get("retry-after", "").strip()
        if asked.isdecimal():
            return float(asked)
        if asked:
            try:
                until = parsedate_to_datetime(asked)
            except ValueError:
                return None
            until = until if until.tzinfo else until.replace(tzinfo=UTC)  # HTTP knows no other
            return max(0.0, (until - self.now()).total_seconds())
        for name in _RESETS:
            if (reset := headers.get(name, "").strip()).isdecimal():
                moment = float(reset)
                return max(0.0, moment - self.now().timestamp() if moment > _EPOCH else moment)
        return None

    @contextmanager
    def _complaints(self, said: str) -> Iterator[None]:
        """Say what the client complains of; what a repeat may mend is raised as `Again`."""
        client = self._client()
        try:
            yield
        except client.TransportError as exc:
            if self._over.is_set():
                raise Interrupted(f"{said}: broken off") from exc
            raise self._lost(client, exc, said) from exc

    def _lost(self, client: Any, exc: Exception, said: str) -> Exception:
        why = self.cleaned(str(exc)) or type(exc).__name__
        if isinstance(exc, client.ConnectError) and "ssl" in why.lower():
            hint = "check the address: https or http? `validate_ssl: false` trusts anybody"
            return ConnectError(f"no encrypted connection for {said}", why=why, hint=hint)
        if isinstance(exc, client.ConnectError | client.ConnectTimeout):
            return Again(ConnectError(f"nobody answers for {said}", why=why, hint="check the address: host and port"))
        if isinstance(exc, client.TimeoutException):
            hint = "raise `timeout`, or ask for less"
            return Again(SourceError(f"{said}: nothing came for {self.limits.timeout:g} s", hint=hint))
        if isinstance(exc, client.LocalProtocolError | client.UnsupportedProtocol):
            hint = "check the address, `headers` and the secrets: no line ends in them?"
            return ConnectError(f"{said}: no request can be made of it", hint=hint)
        return Again(SourceError(f"{said} broke off", why=why, hint="run it again; if it stays so, ask its host"))


def _once(blocks: Generator[bytes]) -> Generator[bytes]:
    """Yield what can't be asked for again: where it breaks off, it is an error."""
    with closing(blocks):
        try:
            yield from blocks
        except Again as exc:
            raise exc.error from exc


def _joined(at: str, link: str) -> str:
    """Return the address that a link means; empty for one that not everybody would understand alike."""
    if _DOUBTFUL.search(link):
        return ""
    try:
        url = urljoin(at, link)
        doubtful = "@" in urlsplit(url).netloc or urlsplit(url).port == 0
    except ValueError:
        return ""
    return "" if doubtful else url


def _last_of(*some: Mapping[str, str]) -> dict[str, str]:
    """Return headers together, whatever their capitals: of one name the last one counts."""
    named = {name.lower(): (name, value) for headers in some for name, value in headers.items()}
    return dict(named.values())


def _without(url: str, names: Mapping[str, str]) -> str:
    """Return an address without some of its parameters: a link may repeat what a request was signed with."""
    there = urlsplit(url)
    pairs = parse_qsl(there.query, keep_blank_values=True)
    if not any(name in names for name, _ in pairs):
        return url
    return there._replace(query=urlencode([pair for pair in pairs if pair[0] not in names])).geturl()


def _port(there: Any) -> int | None:
    return there.port or _PORTS.get(there.scheme)
