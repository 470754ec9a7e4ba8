"""From one page to the next: nothing is left out, nothing comes twice, and it ends."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from osiris.components.rest.answers import EXTRA, Page
from osiris.components.rest.config import PLACES, Pagination
from osiris.kit.http import Api
from osiris.kit.http_words import Ask
from osiris.kit.json_path import JsonPath
from osiris.model.errors import SourceError

MOST_EMPTY = 10  # pages without a record, one after the other, that say that there are more
_LINK = re.compile(r"<(?P<url>[^<>]*)>(?P<params>[^<]*)")
_NEXT = re.compile(r"""(?i);\s*rel\s*=\s*(?:"[^"]*\bnext\b[^"]*"|next\b)""")
_HOST = "ask who runs the API"


@dataclass
class Course:
    """Where one request with all its pages is.

    Attributes:
        first: The request without what tells pages apart.
        most: Pages that may be there; 0 for any number.
        taken: Records so far.
    """

    api: Api
    pagination: Pagination
    first: Ask
    most: int
    taken: int = 0
    _pages: int = 0
    _empty: int = 0
    _seen: set[str] = field(default_factory=set)
    _last: bytes = b""
    _promised: int | None = None

    def begin(self) -> Ask:
        """Return the request for the first page."""
        rules = self.pagination
        match rules.type:
            case "page":
                return self._with({rules.param or "page": str(rules.first)})
            case "offset":
                return self._with({rules.param or "offset": "0"})
            case _:
                return self._with({})

    def after(self, page: Page) -> Ask | None:
        """Return the request for the page after one; None after the last.

        Raises:
            SourceError: the API contradicts itself, goes round in circles, or has more pages than are wanted.
        """
        self._pages += 1
        self.taken += page.count
        self._empty = 0 if page.count else self._empty + 1
        if page.count and page.digest == self._last:
            raise self._wrong(page, "is the same as the page before", "check `pagination`: does the API know `param`?")
        self._last = page.digest
        following = self._next(page)
        if following is None:
            self._must_be_all(page)
            return None
        if self._empty > MOST_EMPTY:
            raise self._wrong(page, f"and {MOST_EMPTY} before it are empty, and say that there are more", _HOST)
        if self.most and self._pages >= self.most:
            hint = "raise `max_pages`; to take a part on purpose write `limit`"
            raise self._wrong(page, f"is not the last one, and `max_pages` is {self.most}", hint)
        return following

    def _next(self, page: Page) -> Ask | None:
        self._must_be_json(page)
        match self.pagination.type:
            case "none":
                if linked(page.headers) or self._more(page):
                    raise self._wrong(page, "says that there is another page", "say in `pagination` how to get to it")
                self._must_be_the_end(page)
                return None
            case "page" | "offset":
                return self._counted(page)
            case "cursor":
                return self._by_cursor(page)
            case "link":
                return self._by_link(page)

    def _must_be_json(self, page: Page) -> None:
        """Refuse records of lines or CSV where the rules go by places in JSON: the first page would look like all."""
        named = next((name for name in PLACES if getattr(self.pagination, name)), "")
        if named and page.count and page.document is None:
            hint = f"take `{named}` out of `pagination`, or ask the API for JSON"
            raise self._wrong(page, f"is no JSON, and has no place for `{named}`", hint)

    def _counted(self, page: Page) -> Ask | None:
        rules, total, more = self.pagination, self._total(page), self._more(page)
        if more is False or (more is None and (not page.count or (total is not None and self.taken >= total))):
            return None
        if rules.type == "page":
            return self._with({rules.param or "page": str(rules.first + self._pages)})
        if not page.count:
            raise self._wrong(page, "is empty, and says that there are more", _HOST)
        return self._with({rules.param or "offset": str(self.taken)})

    def _by_cursor(self, page: Page) -> Ask | None:
        rules, more = self.pagination, self._more(page)
        path = JsonPath(rules.cursor_path, "pagination.cursor_path", EXTRA)
        cursor = None if page.document is None else path.first(page.document)
        if isinstance(cursor, bool | dict | list):
            raise self._wrong(page, f"has no key at {rules.cursor_path!r}", "check `cursor_path`")
        if cursor in (None, "") or more is False:
            if more:
                raise self._wrong(page, "says that there are more, and has no key of the next page", _HOST)
            self._must_be_the_end(page, path)
            return None
        return self._once(page, str(cursor), self._with({rules.param or "cursor": str(cursor)}))

    def _by_link(self, page: Page) -> Ask | None:
        rules, more = self.pagination, self._more(page)
        path = JsonPath(rules.next_path, "pagination.next_path", EXTRA) if rules.next_path else None
        if path is None:
            link: Any = linked(page.headers)
        else:
            link = None if page.document is None else path.first(page.document)
        if link in (None, "") or more is False:
            if more:
                raise self._wrong(page, "says that there are more, and has no link to the next page", _HOST)
            self._must_be_the_end(page, path)
            return None
        if not isinstance(link, str):
            raise self._wrong(page, f"has no address at {rules.next_path!r}", "check `next_path`")
        url = self.api.referred(page.url, link, page.said)
        return self._once(page, url, replace(self.first, url=url, params=(), said=self._said()))

    def _once(self, page: Page, key: str, ask: Ask) -> Ask:
        if key in self._seen:
            raise self._wrong(page, "leads back to a page that was there before", _HOST)
        self._seen.add(key)
        return ask

    def _must_be_the_end(self, page: Page, path: JsonPath | None = None) -> None:
        """Refuse a first page that may have a next one: it is full, or the place that would say so is not there.

        An API may leave that place out at the end; then a page that is not full, a total or a `more_path` tells.
        """
        rules = self.pagination
        if self._pages > 1 or not page.count or rules.total_path or rules.more_path:
            return
        if path and path.found(page.document):
            return
        if rules.size_param and page.count >= rules.size:
            hint = "check `pagination`; if this is all there is, leave it out"
            raise self._wrong(page, "is full, and says nothing of a next one", hint)
        if path and not (rules.size_param and path.parent_is_there(page.document)):
            hint = f"check `{path.setting}`; where the API leaves it out at the end, add `size_param` or `total_path`"
            raise self._wrong(page, f"has no such place as {path.text!r}", hint)

    def _must_be_all(self, page: Page) -> None:
        total = self._total(page)
        if total is not None and total != self.taken:
            raise self._wrong(
                page,
                f"says that there are {total} records, and {self.taken} came",
                "records may have come or gone meanwhile: run it again",
            )

    def _total(self, page: Page) -> int | None:
        """Return how many records there are by the last page that says it; None where none has to."""
        if self.pagination.total_path and page.document is not None:
            total = str(JsonPath(self.pagination.total_path, "pagination.total_path", EXTRA).first(page.document))
            if not total.isdecimal():
                raise self._wrong(page, f"has no number at {self.pagination.total_path!r}", "check `total_path`")
            self._promised = int(total)
        return self._promised

    def _more(self, page: Page) -> bool | None:
        if not self.pagination.more_path or page.document is None:
            return None
        more = JsonPath(self.pagination.more_path, "pagination.more_path", EXTRA).first(page.document)
        if not isinstance(more, bool):
            raise self._wrong(
                page, f"says neither true nor false at {self.pagination.more_path!r}", "check `more_path`"
            )
        return more

    def _with(self, params: Mapping[str, str]) -> Ask:
        rules = self.pagination
        size = {rules.size_param: str(rules.size)} if rules.size_param else {}
        added = {**params, **size}
        kept = tuple(pair for pair in self.first.params if pair[0] not in added)
        return replace(self.first, params=(*kept, *added.items()), said=self._said())

    def _said(self) -> str:
        return f"page {self._pages + 1} of {self.first.said}" if self.pagination.type != "none" else self.first.said

    def _wrong(self, page: Page, what: str, hint: str) -> SourceError:
        return SourceError(f"{page.said} {what}", hint=hint)


def linked(headers: Mapping[str, str]) -> str:
    """Return the address that a `Link` header calls the next; empty where it calls none so.

    Example:
        >>> linked({"link": '<https://a/1>; rel="prev", <https://a/3>; rel="next"'})
        'https://a/3'
    """
    found = (part["url"] for part in _LINK.finditer(headers.get("link", "")) if _NEXT.search(part["params"]))
    return next(found, "")
