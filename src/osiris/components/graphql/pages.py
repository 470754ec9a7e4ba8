"""All records of a query, page after page: nothing is left out, and it ends."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any

from osiris.components.graphql.access import EXTRA
from osiris.components.graphql.asking import Asking
from osiris.components.graphql.config import GraphqlExtract
from osiris.kit.json_path import JsonPath
from osiris.model.errors import SourceError

MOST_EMPTY = 10  # pages without a record, one after the other, that say that there are more
_INFO, _MORE = "pageInfo", "hasNextPage"  # as everybody calls them who follows Relay
_HOST = "ask who runs the API"


@dataclass(frozen=True)
class Pages:
    """What a step asks for."""

    ask: Asking
    config: GraphqlExtract

    @property
    def path(self) -> JsonPath:
        """Return where an answer has its records."""
        return JsonPath(self.config.data_path, "data_path", EXTRA)

    @property
    def info(self) -> JsonPath:
        """Return where an answer tells of the next page."""
        return JsonPath(self.config.pagination_path, "pagination_path", EXTRA)

    def records(self) -> Generator[list[Any]]:
        """Yield all records, page by page, at most as many as are wanted.

        Raises:
            ConnectError: there is no connection, or no right to it.
            SourceError: the API fails, contradicts itself, or has more pages than are wanted.
        """
        left = self.config.limit
        for page in self._pages() if left != 0 else ():
            yield page if left is None else page[:left]
            if left is not None and (left := left - len(page)) <= 0:
                return

    def _pages(self) -> Iterator[list[Any]]:
        config = self.config
        variables, seen, empty, number = dict(config.variables), set[str](), 0, 0
        while True:
            number += 1
            answer = self.ask(config.query, variables, number if config.pagination_enabled else 0)
            records = self.path.records(answer, f"page {number}")
            cursor = self._next(answer, number)
            yield records
            if cursor is None:
                return
            empty = 0 if records else empty + 1
            if cursor in seen:
                raise SourceError(f"page {number} leads back to a page that was there before", hint=_HOST)
            if empty > MOST_EMPTY:
                said = f"page {number} and {MOST_EMPTY} before it are empty, and say that there are more"
                raise SourceError(said, hint=_HOST)
            if config.max_pages and number >= config.max_pages:
                hint = "raise `max_pages`; to take a part on purpose write `limit`"
                raise SourceError(f"page {number} is not the last one, and `max_pages` is {number}", hint=hint)
            seen.add(cursor)
            variables[config.pagination_variable_name] = cursor

    def _next(self, answer: Any, number: int) -> str | None:
        """Return the key of the next page; None where this is the last one."""
        config = self.config
        info = self.info.first(answer) if config.pagination_enabled else None
        if where := next(_unread(answer, info), None):
            hint = "set `pagination_enabled` and `pagination_path`, or ask for larger pages"
            raise SourceError(f"page {number} says that there is more at {where!r}, which nobody asks for", hint=hint)
        if not config.pagination_enabled:
            return None
        more = info.get(config.pagination_has_next_field) if isinstance(info, dict) else None
        if not isinstance(info, dict) or not isinstance(more, bool):
            said = f"page {number} doesn't say at {config.pagination_path!r} whether there is another one"
            hint = f"select pageInfo {{ {config.pagination_has_next_field} {config.pagination_cursor_field} }}"
            raise SourceError(said, hint=f"check `pagination_path`; {hint}")
        cursor = info.get(config.pagination_cursor_field)
        if not more:
            return None
        if cursor in (None, "") or isinstance(cursor, bool | dict | list):
            hint = f"select {config.pagination_cursor_field} at `pagination_path`, or {_HOST}"
            raise SourceError(f"page {number} says that there are more, and has no key of the next page", hint=hint)
        return str(cursor)


def _unread(value: Any, read: Any, path: str = "") -> Iterator[str]:
    """Yield where an answer says that there is more, beside the one place that is read on."""
    if isinstance(value, dict):
        info = value.get(_INFO)
        if isinstance(info, dict) and info.get(_MORE) is True and info is not read:
            yield path or "$"
        for key, inner in value.items():
            yield from _unread(inner, read, f"{path}.{key}".removeprefix("."))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _unread(inner, read, f"{path}[{index}]")
