"""An API is asked as often as is worth it, waited for as long as it wants, and let go from any thread."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.services.web import Asked, Reply, Web, told

from osiris.kit.http import Api
from osiris.kit.http_words import Ask, Limits, Signature, Signed, bare
from osiris.model.errors import ConnectError, Interrupted, OsirisError, SourceError

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@dataclass
class Clock:
    """Goes on by `step` whenever it is looked at, and by as much as is waited.

    Attributes:
        waited: The pauses that were made.
    """

    step: float = 0.0
    at: float = 0.0
    waited: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        self.at += self.step
        return self.at

    def pause(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.at += seconds


def api(web: Web, clock: Clock | None = None, **more: Any) -> Api:
    clock = clock or Clock()
    settings: dict[str, Any] = {"clock": clock, "pause": clock.pause, "chance": lambda: 1.0, "now": lambda: NOON}
    return Api(web.url, "rest", **settings | more)


def said(web: Web, clock: Clock | None = None, **more: Any) -> Any:
    with closing(api(web, clock, **more)) as opened:
        return opened.read(Ask(f"{web.url}/x", "the page"), lambda _, content: json.loads(content))


def failing(*replies: Reply) -> Web:
    return Web(lambda asked: replies[asked.number - 1] if asked.number <= len(replies) else told("fine"))


def test_each_pause_is_twice_the_one_before_and_none_is_too_long() -> None:
    clock = Clock()
    with failing(*[Reply(status=500)] * 9) as web:
        assert said(web, clock, limits=Limits(retries=9, delay=1)) == "fine"
    assert clock.waited == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_chance_keeps_clients_apart() -> None:
    clock = Clock()
    with failing(Reply(status=503)) as web:
        said(web, clock, chance=lambda: 0.0)
    assert clock.waited == [0.5]


@pytest.mark.parametrize(
    ("status", "headers", "pause"),
    [
        (429, {"Retry-After": "7"}, 7),
        (503, {"Retry-After": "Thu, 01 Jan 2026 12:00:09 GMT"}, 9),
        (503, {"Retry-After": "Thu, 01 Jan 2026 11:00:00 GMT"}, 0),
        (503, {"Retry-After": "Thu, 01 Jan 2026 12:00:09 -0000"}, 9),
        (503, {"Retry-After": "Thu, 01 Jan 2026 12:00:09"}, 9),
        (503, {"Retry-After": "\xb2"}, 1),
        (429, {"Retry-After": "soon"}, 1),
        (429, {"RateLimit-Reset": "5"}, 5),
        (429, {"X-RateLimit-Reset": str(int(NOON.timestamp()) + 11)}, 11),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(NOON.timestamp()) - 1)}, 0),
        (408, {}, 1),
        (500, {}, 1),
    ],
)
def test_it_waits_as_long_as_the_server_says(status: int, headers: dict[str, str], pause: float) -> None:
    clock = Clock()
    with failing(Reply(status=status, headers=headers)) as web:
        assert said(web, clock) == "fine"
    assert clock.waited == [pause]


@pytest.mark.parametrize("status", [400, 404, 410, 418])
def test_what_a_repeat_can_not_mend_is_not_repeated(status: int) -> None:
    with failing(Reply(b"why not", status)) as web, pytest.raises(SourceError, match=f"answers {status}") as caught:
        said(web)
    assert (len(web.asked), caught.value.why) == (1, "why not")


def test_a_page_for_people_is_not_shown() -> None:
    with (
        failing(Reply(b"<html>", 400, {"Content-Type": "text/html"})) as web,
        pytest.raises(SourceError, match="answers 400") as caught,
    ):
        said(web)
    assert caught.value.why == "it sent a web page"


def test_a_refusal_that_can_not_be_read_is_one_all_the_same() -> None:
    reply = Reply(b"no", 400, {"Content-Encoding": "gzip"})
    with failing(reply) as web, pytest.raises(SourceError, match="answers 400"):
        said(web)
    with failing(Reply(b"x" * 200_000, 400)) as web, pytest.raises(SourceError, match="answers 400") as caught:
        said(web)
    assert len(caught.value.why) == 200


def test_a_slow_drip_is_given_up() -> None:
    drops = Reply(headers={"Content-Type": "application/json"}, chunks=(b"[1,", b"2,", b"3]"))
    with Web(lambda _: drops) as web, pytest.raises(SourceError, match="is not there after 10 s") as caught:
        said(web, Clock(step=6), limits=Limits(timeout=1, total=10_000))
    assert "timeout" in caught.value.hint


def test_all_requests_together_have_a_limit() -> None:
    drops = Reply(chunks=(b"[1,", b"2,", b"3]"))
    with Web(lambda _: drops) as web, pytest.raises(SourceError, match="is not there after 20 s") as caught:
        said(web, Clock(step=6), limits=Limits(timeout=100, total=20))
    assert "total_timeout" in caught.value.hint


def test_a_silent_server_is_given_up() -> None:
    over = threading.Event()

    def silent(_: Asked) -> Reply:
        over.wait(30)
        return Reply()

    with Web(silent) as web, ExitStack() as ending:
        ending.callback(over.set)
        with pytest.raises(SourceError, match=r"nothing came for 0\.05 s"):
            said(web, limits=Limits(timeout=0.05, retries=0))


def broken_off(answer: Callable[[Asked], Reply], waiting: threading.Event) -> OsirisError | None:
    """Return what becomes of a request that is broken off once the server lets it wait."""
    found: list[OsirisError] = []

    def reading() -> None:
        try:
            opened.read(Ask(f"{web.url}/x", "the page"), lambda _, content: content)
        except OsirisError as exc:
            found.append(exc)

    with Web(answer) as web, closing(Api(web.url, "rest")) as opened:
        thread = threading.Thread(target=reading)
        thread.start()
        assert waiting.wait(30)
        opened.break_off()
        thread.join()
        opened.break_off()
    return found[0] if found else None


@pytest.mark.parametrize("where", ["before the answer", "within the answer", "between two attempts"])
def test_whoever_waits_can_be_woken_up(where: str) -> None:
    waiting, over = threading.Event(), threading.Event()

    def drops() -> Iterator[bytes]:
        yield b"[1,"
        waiting.set()
        over.wait(30)
        yield b"2]"

    def answer(_: Asked) -> Reply:
        if where == "within the answer":
            return Reply(chunks=drops())
        waiting.set()
        if where == "before the answer":
            over.wait(30)
        return Reply(status=429, headers={"Retry-After": "600"})

    with ExitStack() as ending:
        ending.callback(over.set)
        assert isinstance(broken_off(answer, waiting), Interrupted)


def test_nobody_there_is_a_connect_error() -> None:
    with Web(lambda _: told(1)) as web:
        url = web.url
    opened = Api(url, "rest", limits=Limits(retries=0))
    with closing(opened), pytest.raises(ConnectError, match="nobody answers"):
        opened.reached(Ask(url, "the page"))


def test_a_server_without_encryption_is_told_apart() -> None:
    with Web(lambda _: told(1)) as web:
        url = web.url.replace("http:", "https:")
        with (
            closing(Api(url, "rest", limits=Limits(retries=0))) as opened,
            pytest.raises(ConnectError, match="no encrypted connection") as caught,
        ):
            opened.reached(Ask(url, "the page"))
    assert "https or http?" in caught.value.hint


@pytest.mark.parametrize("url", ["http://[::1", "http://127.0.0.1:1/\x00", "http://127.0.0.1:1/\ud83d"])
def test_an_address_that_is_none_is_an_error(url: str) -> None:
    with closing(Api("http://127.0.0.1:1", "rest")) as opened, pytest.raises((OsirisError, ValueError)):
        opened.reached(Ask(url, "the page"))


def test_a_secret_that_can_not_be_sent_is_not_shown() -> None:
    broken = Signed(Signature({"X-Key": "plain\nly"}))
    with Web(lambda _: told(1)) as web, pytest.raises(ConnectError) as caught:
        said(web, sign=broken)
    assert "plain" not in f"{caught.value.to_dict()}"


@pytest.mark.parametrize(
    ("root", "there", "ours"),
    [
        ("https://a.b", "https://a.b/x", True),
        ("https://a.b", "https://a.b:443/x", True),
        ("http://a.b", "https://a.b/x", True),
        ("http://a.b:8080", "https://a.b/x", False),
        ("https://a.b", "http://a.b/x", True),
        ("https://a.b", "https://a.b:8443/x", False),
        ("https://a.b", "https://b.a.b/x", False),
        ("https://a.b", "https://a.b.evil/x", False),
        ("https://a.b", "https://a.b@evil/x", False),
        ("https://a.b", "ftp://a.b/x", False),
        ("https://a.b", "javascript:1", False),
        ("https://a.b", "/there", True),
        ("https://a.b", "//evil/x", False),
        ("https://a.b", "https://evil\\@a.b/x", False),
        ("https://a.b", "https://ada@a.b/x", False),
        ("https://a.b", "https://a.b:x/", False),
        ("https://a.b", "https://[::1", False),
        ("https://a.b", "https://a.b/x y", False),
        ("https://a.b", "https://friend/x", True),
        ("https://a.b", "http://friend/x", True),
        ("https://a.b", "http://friend:8080/x", False),
    ],
)
def test_only_the_own_host_and_its_friends_are_referred_to(root: str, there: str, ours: bool) -> None:
    with closing(Api(root, "rest", friends=("friend",))) as opened:
        if ours:
            assert opened.referred(f"{root}/at", there, "the page").startswith("https:")
            return
        with pytest.raises(SourceError) as caught:
            opened.referred(f"{root}/at", there, "the page")
        assert caught.value.hint


@pytest.mark.parametrize(
    ("status", "location", "said_"),
    [(302, "/y", "redirects to http"), (307, "http://localhost:1/", "another host"), (308, "/y", "")],
)
def test_what_is_posted_goes_to_the_same_host_or_nowhere(status: int, location: str, said_: str) -> None:
    def answer(asked: Asked) -> Reply:
        return Reply(status=status, headers={"Location": location}) if asked.path == "/x" else Reply(asked.body)

    with Web(answer) as web, closing(api(web)) as opened:
        ask = Ask(f"{web.url}/x", "the page", body=b"{}")
        if not said_:
            assert opened.read(ask, lambda _, content: content) == b"{}"
            return
        with pytest.raises(SourceError, match=said_):
            opened.read(ask, lambda _, content: content)


def test_a_stream_that_breaks_off_is_an_error() -> None:
    with Web(lambda _: Reply(chunks=(b"1",), cut=True)) as web, closing(api(web)) as opened:
        blocks: Iterator[bytes] = opened.stream(Ask(f"{web.url}/x", "the page")).blocks
        assert next(blocks) == b"1"
        with pytest.raises(SourceError, match="broke off"):
            next(blocks)


def test_an_address_in_an_error_has_no_secret() -> None:
    assert bare("http://ada:pw@h:8/a?key=pw#pw") == "http://h:8/a"  # pragma: allowlist secret
