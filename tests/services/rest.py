"""The ways in which an API misbehaves, each with what becomes of it: all records, or one clear error."""

import gzip
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.services.web import Asked, Reply, packed, told

RECORDS = [{"id": n, "city": "Brno"} for n in range(1, 7)]  # what is complete
SIZE = 2  # records a page
JSON = {"Content-Type": "application/json"}
NDJSON = {"Content-Type": "application/x-ndjson"}
CSV = {"Content-Type": "text/csv; charset=utf-8"}

BY_PAGE = {"pagination": {"type": "page"}}
BY_OFFSET = {"pagination": {"type": "offset", "size_param": "limit", "size": SIZE}}
BY_CURSOR = {"record_path": "data", "pagination": {"type": "cursor", "cursor_path": "meta.next"}}
BY_LINK = {"pagination": {"type": "link"}}
TYPED = {"columns": {"id": "int64", "city": "string"}}


@dataclass(frozen=True)
class Way:
    """One way to misbehave.

    Attributes:
        answer: What the server says.
        settings: Of the step.
        error: What the error says; empty where all records arrive.
        records: All there are.
    """

    answer: Callable[[Asked], Reply]
    settings: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""
    records: tuple[dict[str, Any], ...] = tuple(RECORDS)


def page_of(number: int) -> list[dict[str, Any]]:
    """Return the records of a page, counted from 1."""
    return RECORDS[(number - 1) * SIZE : number * SIZE]


def by_page(asked: Asked) -> Reply:
    """Answer rightly, page by page."""
    return told(page_of(int(asked.params.get("page", "1"))))


def by_cursor(asked: Asked) -> Reply:
    """Answer rightly, each page with the key of the next."""
    number = int(asked.params.get("cursor", "1"))
    last = number * SIZE >= len(RECORDS)
    return told({"data": page_of(number), "meta": {"next": None if last else str(number + 1)}})


def by_link(asked: Asked) -> Reply:
    """Answer rightly, each page with a link to the next."""
    number = int(asked.params.get("page", "1"))
    if number * SIZE >= len(RECORDS):
        return told(page_of(number))
    return told(page_of(number), Link=f'</orders?page={number + 1}>; rel="next"')


def lines(records: list[dict[str, Any]]) -> bytes:
    """Return records one a line."""
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def _whole(body: bytes, headers: Mapping[str, str] = JSON, **wrong: Any) -> Callable[[Asked], Reply]:
    return lambda _: Reply(body, headers=headers, **wrong)


def _first(wrong: Reply, *, then: Callable[[Asked], Reply] = lambda _: told(RECORDS)) -> Callable[[Asked], Reply]:
    return lambda asked: wrong if asked.number == 1 else then(asked)


def _cursors(nexts: Mapping[str, Any], *, more: Any = None) -> Callable[[Asked], Reply]:
    """Answer page by page, with the keys that are told, one for each page asked for."""

    def answer(asked: Asked) -> Reply:
        now = asked.params.get("cursor", "1")
        meta = {"next": nexts[now]} if now in nexts else {}
        return told({"data": page_of(int(now)), "meta": meta, **({} if more is None else {"more": more})})

    return answer


def _changing(asked: Asked) -> Reply:
    records = page_of(int(asked.params["page"]))
    return told([{**one, "id": str(one["id"]) + "x"} for one in records] if asked.params["page"] == "2" else records)


def _growing(asked: Asked) -> Reply:
    """Answer with a record that came at the front while somebody was reading."""
    offset = int(asked.params["offset"])
    return told(RECORDS[max(0, offset - 1) : offset + 1] if offset else RECORDS[:SIZE])


def _empty_with_next(asked: Asked) -> Reply:
    number = int(asked.params.get("cursor", "1"))
    if number == 2:
        return told({"data": [], "meta": {"next": "3"}})
    place = number if number == 1 else number - 1
    return told({"data": page_of(place), "meta": {"next": str(number + 1) if number < 4 else None}})


def _redirecting(asked: Asked) -> Reply:
    if asked.path == "/orders":
        return Reply(status=301, headers={"Location": "/v2/orders"})
    return told(RECORDS)


def _unauthorised(asked: Asked) -> Reply:
    return Reply(b'{"error": "expired"}', 401, JSON)


_BODY = json.dumps(RECORDS).encode()
_ACCENT = '[{"id": 1, "city": "Plzeň"}]'
_BAD_GZIP = gzip.compress(_BODY)[:-12]
_TOTAL = {"record_path": "data", "pagination": {"type": "page", "total_path": "total"}}

WAYS: dict[str, Way] = {
    "an empty page that has a next one": Way(_empty_with_next, BY_CURSOR),
    "only empty pages that have a next one": Way(
        lambda a: told({"data": [], "meta": {"next": str(a.number)}}), BY_CURSOR | TYPED, "say that there are more"
    ),
    "a key that comes again": Way(_cursors({"1": "2", "2": "3", "3": "2"}), BY_CURSOR, "was there before"),
    "more pages and no key": Way(
        _cursors({"1": None}, more=True),
        {"record_path": "data", "pagination": {"type": "cursor", "cursor_path": "meta.next", "more_path": "more"}},
        "has no key of the next page",
    ),
    "a key at another place than is said": Way(
        by_cursor,
        {"record_path": "data", "pagination": {"type": "cursor", "cursor_path": "paging.next"}},
        "no such place",
    ),
    "a page number that it does not heed": Way(lambda _: told(page_of(1)), BY_PAGE, "the same as the page before"),
    "a record that comes twice": Way(_growing, BY_OFFSET | {"key": ["id"]}, "comes twice"),
    "a total that is not so": Way(
        lambda a: told({"data": page_of(int(a.params["page"])), "total": 7}), _TOTAL, "7 records, and 6 came"
    ),
    "another type on a later page": Way(_changing, BY_PAGE | TYPED, "column 'id', record 3"),
    "a key that was not there": Way(
        _whole(json.dumps([{"id": 1, "town": "Brno"}]).encode()), TYPED, "no record has 'city'"
    ),
    "another page that nobody asked for": Way(by_link, {}, "says that there is another page"),
    "half a JSON": Way(_whole(_BODY[:-20]), {}, "it may be cut short"),
    "something after the JSON": Way(_whole(_BODY + b"{}"), {}, "this is not JSON"),
    "an empty body": Way(_whole(b""), {}, "is empty"),
    "204 where records should be": Way(lambda _: Reply(status=204), TYPED, records=()),
    "a part of the answer": Way(lambda _: Reply(_BODY, 206, JSON), {}, "answers 206"),
    "an answer that is not ready": Way(lambda _: Reply(b"{}", 202, JSON), {}, "not ready"),
    "a page to sign in": Way(_whole(b"<html>Sign in</html>", {"Content-Type": "text/html"}), {}, "web page"),
    "a page to sign in that says it is JSON": Way(_whole(b"<!DOCTYPE html><p>"), {}, "web page"),
    "200 with an error in it": Way(
        lambda _: told({"error": "no such thing"}), {"record_path": "data"}, "it has 'error'"
    ),
    "null for the records": Way(lambda _: told({"data": None}), {"record_path": "data"}, "has null"),
    "null for a record": Way(lambda _: told([*RECORDS, None]), {}, "record 7 is null"),
    "NaN": Way(_whole(b'[{"id": NaN}]'), {}, "no NaN in JSON"),
    "one key twice": Way(_whole(b'[{"id": 1, "id": 2}]'), {}, "'id' twice"),
    "half a character": Way(_whole(b'[{"id": 1, "city": "\\ud83d"}]'), {}, "half a character"),
    "a byte order mark": Way(_whole(b"\xef\xbb\xbf" + _BODY)),
    "Latin-1 that says it is UTF-8": Way(
        _whole(_ACCENT.replace("ň", "é").encode("latin-1"), {"Content-Type": "application/json; charset=utf-8"}),
        {},
        "not in UTF-8",
    ),
    "UTF-16 that says nothing": Way(_whole(_BODY.decode().encode("utf-16")), {}, "not in UTF-8"),
    "gzip that is none": Way(_whole(_BODY, JSON | {"Content-Encoding": "gzip"}), {}, "packed by gzip, and is not"),
    "gzip that does not say so": Way(_whole(gzip.compress(_BODY)), {}, "does not say so"),
    "gzip that is cut short": Way(_whole(_BAD_GZIP, JSON | {"Content-Encoding": "gzip"}), {}, "gzip has no end"),
    "a packing that nobody asked for": Way(_whole(_BODY, JSON | {"Content-Encoding": "br"}), {}, "packed by 'br'"),
    "gzip in several parts": Way(
        _whole(gzip.compress(_BODY[:9]) + gzip.compress(_BODY[9:]), JSON | {"Content-Encoding": "gzip"})
    ),
    "a bomb": Way(lambda _: packed(Reply(b" " * 3_000_000, headers=JSON)), {"max_page_mib": 1}, "larger than 1 MiB"),
    "less than it promised": Way(_whole(_BODY, length=len(_BODY) + 9), {}, "broke off"),
    "less than it promised, once": Way(_first(Reply(_BODY, headers=JSON, length=len(_BODY) + 9))),
    "chunks that are cut": Way(lambda _: Reply(headers=JSON, chunks=(_BODY[:30],), cut=True), {}, "broke off"),
    "lines that are cut at the end of one": Way(
        lambda _: Reply(headers=NDJSON, chunks=(lines(RECORDS[:3]),), cut=True),
        {"format": "ndjson"} | TYPED,
        "broke off",
    ),
    "lines that don't say where they end": Way(
        _whole(lines(RECORDS), NDJSON, endless=True), {"format": "ndjson"} | TYPED, "where it ends"
    ),
    "CSV that is cut": Way(
        _whole(b"id,city\n1,Brno\n2", CSV), {"format": "csv"} | TYPED, "1 fields, where its header has 2"
    ),
    "CSV with a quote that has no end": Way(_whole(b'id,city\n1,"Brno\n', CSV), {} | TYPED, "line 2"),
    "500, then fine": Way(_first(Reply(status=500))),
    "503 with a time to wait, then fine": Way(_first(Reply(status=503, headers={"Retry-After": "0"}))),
    "500 for ever": Way(lambda _: Reply(b"oh no", 500), {}, "answers 500"),
    "429 without a time, then fine": Way(_first(Reply(status=429))),
    "429 with a date, then fine": Way(
        _first(Reply(status=429, headers={"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}))
    ),
    "429 with a time beyond all patience": Way(
        lambda _: Reply(status=429, headers={"Retry-After": "86400"}), {}, "the next attempt would be in 86400 s"
    ),
    "403 because too much was asked, then fine": Way(
        _first(Reply(status=403, headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "0"}))
    ),
    "a redirect": Way(_redirecting),
    "redirects without end": Way(
        lambda a: Reply(status=302, headers={"Location": f"/orders/{a.number}"}), {}, "redirects without end"
    ),
    "a redirect to another host": Way(
        lambda _: Reply(status=302, headers={"Location": "http://localhost:1/orders"}), {}, "another host, 'localhost'"
    ),
    "a redirect to a file": Way(
        lambda _: Reply(status=302, headers={"Location": "file:///etc/passwd"}), {}, "no HTTP address"
    ),
    "a redirect to nowhere": Way(lambda _: Reply(status=302), {}, "redirects to nowhere"),
    "a next link to another host": Way(
        lambda _: told(RECORDS, Link='<http://localhost:1/2>; rel="next"'), BY_LINK, "another host, 'localhost'"
    ),
    "a next link that leads back": Way(
        lambda a: told([{"id": a.number, "city": ""}], Link='</orders>; rel="next"'), BY_LINK, "was there before"
    ),
    "an expired sign-on": Way(_unauthorised, {}, "refuses: 401"),
    "nothing there": Way(lambda _: Reply(b"gone", 404), {}, "answers 404"),
}
