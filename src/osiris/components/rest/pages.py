"""All records of a step, request after request: its pages, and those of each parent."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from urllib.parse import quote

from osiris.components.rest.answers import EXTRA, Answers, Page
from osiris.components.rest.config import FIELD, Parent, RestExtract, Value
from osiris.components.rest.course import Course
from osiris.kit.http import Api
from osiris.kit.http_words import Ask, bare
from osiris.kit.json_path import JsonPath
from osiris.model.errors import SourceError

_NOWHERE = frozenset({"", ".", ".."})

Records = list[Any]
Fields = Mapping[str, Any]


@dataclass(frozen=True)
class Requests:
    """What a step asks for.

    Attributes:
        base: Address that paths begin at.
    """

    api: Api
    base: str
    config: RestExtract

    def records(self) -> Generator[Records]:
        """Yield all records, some at a time, at most as many as are wanted.

        Raises:
            ConnectError: there is no connection, or no right to it.
            SourceError: the API fails, contradicts itself, or gives a record twice.
        """
        limit, taken = self.config.limit, 0
        twice = _Twice(self.config.key)
        with closing(self._all()) as pages:
            for page in pages if limit != 0 else ():
                some = page if limit is None else page[: limit - taken]
                twice.look(some)
                yield some
                taken += len(some)
                if taken == limit:
                    return

    def _all(self) -> Generator[Records]:
        if self.config.parent is None:
            yield from self._pages(self.config, {}, 0)
            return
        for number, fields in enumerate(self._parents(self.config.parent), 1):
            yield from self._pages(self.config, fields, number)

    def _parents(self, parent: Parent) -> Generator[Fields]:
        """Yield what each parent's record gives to the request that it leads to."""
        most = parent.most
        number = 0
        for page in self._pages(parent, {}, 0):
            for record in page:
                number += 1
                if number > most:
                    raise SourceError(
                        f"there are more than {most} parents", hint="raise `parent.most`, or ask for fewer of them"
                    )
                yield {name: _field(record, name, path, number) for name, path in parent.fields.items()}

    def _pages(self, wanted: RestExtract | Parent, fields: Fields, number: int) -> Generator[Records]:
        ask = self._ask(wanted, fields, number)
        rules = wanted.pagination
        answers = Answers(self.api, self._format(wanted), JsonPath(wanted.record_path, "record_path", EXTRA))
        course = Course(self.api, rules, ask, self.config.max_pages)
        following: Ask | None = course.begin()
        while following is not None:
            page = Page(following.url, following.said, {})
            for some in answers.read(following, page):
                yield [_with(record, fields, page.said) for record in some] if fields else some
            following = course.after(page)

    def _format(self, wanted: RestExtract | Parent) -> RestExtract:
        """Return how answers are understood: parents come in JSON."""
        return wanted if isinstance(wanted, RestExtract) else self.config.model_copy(update={"format": "json"})

    def _ask(self, wanted: RestExtract | Parent, fields: Fields, number: int) -> Ask:
        quoted = {name: _in_a_path(value, name, number) for name, value in fields.items()}
        url = f"{self.base}/{FIELD.sub(lambda found: quoted[found['name']], wanted.path).lstrip('/')}"
        params = tuple(
            (name, _text(value, fields))
            for name, values in wanted.params.items()
            for value in (values if isinstance(values, list) else [values])
        )
        headers = {"Accept": "application/json, */*;q=0.5", **self.config.headers}
        return Ask(url, bare(url), params, headers=headers)


@dataclass
class _Twice:
    """Looks for a record that comes again on the same page or the next, as happens when rows come and go meanwhile."""

    key: Sequence[str]
    _before: set[str] = field(default_factory=set)
    _number: int = 0

    def look(self, records: Records) -> None:
        """Take some more records into account.

        Raises:
            SourceError: one was there before, or has no key.
        """
        if not self.key:
            return
        now: set[str] = set()
        for record in records:
            self._number += 1
            values = [record.get(name) for name in self.key] if isinstance(record, dict) else [None]
            if None in values:
                raise SourceError(f"record {self._number} has no {self.key[0]!r}", hint="check `key`")
            said = repr(values)
            if said in now or said in self._before:
                raise SourceError(
                    f"the record with {', '.join(self.key)} = {', '.join(map(str, values))} comes twice",
                    hint="records came or went meanwhile: sort by what does not change, or page by cursor",
                )
            now.add(said)
        self._before = now


def _field(record: Any, name: str, path: str, number: int) -> Any:
    found = JsonPath(path, f"parent.fields.{name}", EXTRA).first(record)
    if found is None or isinstance(found, dict | list):
        raise SourceError(f"parent {number} has no value at {path!r}", hint=f"check `parent.fields.{name}`")
    return found


def _in_a_path(value: Any, name: str, number: int) -> str:
    text = _plain(value)
    if text in _NOWHERE:
        raise SourceError(f"{name} of parent {number} is {text!r}, which leads nowhere", hint="check `parent.fields`")
    return quote(text, safe="")


def _text(value: Value, fields: Fields) -> str:
    if not isinstance(value, str):
        return _plain(value)
    return FIELD.sub(lambda found: _plain(fields[found["name"]]), value)


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _with(record: Any, fields: Fields, said: str) -> Any:
    """Return a record with what it has of its parent.

    Raises:
        SourceError: it says something else under the same name.
    """
    if not isinstance(record, dict):
        return {"value": record, **fields}
    for name, value in fields.items():
        if record.get(name, value) != value:
            raise SourceError(
                f"{said}: a record has another {name!r} than its parent", hint="give the parent's field another name"
            )
    return {**record, **fields}


def first_of(pages: Generator[Records], most: int, pages_at_most: int) -> Generator[Records]:
    """Yield at most so many records and parts, then close the source."""
    left = most
    with closing(pages):
        for page in islice(pages, pages_at_most):
            yield page[:left]
            left -= len(page)
            if left <= 0:
                return
