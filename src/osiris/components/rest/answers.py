"""One answer as records: JSON whole, lines and CSV as they come."""

import codecs
import csv
import hashlib
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any, Literal

from osiris.components.rest.config import RestExtract
from osiris.kit.http import Api
from osiris.kit.http_body import must_have_an_end
from osiris.kit.http_words import Answer, Ask
from osiris.kit.json_answer import document, must_be_no_page
from osiris.kit.json_path import JsonPath
from osiris.kit.json_text import DECODER, complaint, must_be_whole
from osiris.model.errors import SourceError

Kind = Literal["json", "ndjson", "csv"]

MOST_TOGETHER = 10_000  # records that travel together out of one answer
MOST_IN_A_LINE = 16_777_216  # characters
EXTRA = "rest"
_LINES = ("ndjson", "jsonl", "jsonlines", "json-seq", "x-json-stream")
_NO_CONTENT = 204


@dataclass
class Page:
    """What is known of one page once it is read.

    Attributes:
        document: Its JSON; None for lines and CSV.
        digest: Of its content.
    """

    url: str
    said: str
    headers: dict[str, str]
    document: Any = None
    count: int = 0
    digest: bytes = b""


@dataclass(frozen=True)
class Answers:
    """Asks one API, and understands what it answers.

    Attributes:
        records: Where JSON has them.
    """

    api: Api
    config: RestExtract
    records: JsonPath

    def read(self, ask: Ask, page: Page) -> Generator[list[Any]]:
        """Yield the records of one answer, some at a time; `page` is filled in on the way.

        Raises:
            ConnectError: there is no connection, or no right to it.
            SourceError: the answer is not what it should be.
        """
        if self.config.format in {"ndjson", "csv"}:
            answer = self.api.stream(ask)
            yield from self._lines(answer, self.config.format, page)
            return
        records = self.api.read(ask, lambda answer, content: self._whole(answer, content, page))
        page.count = len(records)
        for start in range(0, len(records), MOST_TOGETHER):
            yield records[start : start + MOST_TOGETHER]

    def _whole(self, answer: Answer, content: bytes, page: Page) -> list[Any]:
        page.url, page.headers, page.digest = answer.url, dict(answer.headers), hashlib.sha256(content).digest()
        if answer.status == _NO_CONTENT:
            return []
        kind = _kind(answer, page.said) if self.config.format == "auto" else "json"
        if kind != "json":
            return list(self._of_lines(iter((content,)), kind, self._charset(answer), page.said))
        page.document = document(content, answer, page.said)
        return self.records.records(page.document, page.said)

    def _lines(self, answer: Answer, kind: Literal["ndjson", "csv"], page: Page) -> Generator[list[Any]]:
        page.url, page.headers = answer.url, dict(answer.headers)
        if answer.status == _NO_CONTENT:
            answer.blocks.close()
            return
        must_be_no_page(answer, page.said)
        must_have_an_end(answer.headers, page.said)
        counted = _Counted(answer.blocks)
        with closing(answer.blocks):
            records = self._of_lines(iter(counted), kind, self._charset(answer), page.said)
            while some := list(islice(records, MOST_TOGETHER)):
                page.count += len(some)
                yield some
        page.digest = counted.digest.digest()

    def _of_lines(self, blocks: Iterator[bytes], kind: Kind, charset: str, said: str) -> Iterator[Any]:
        lines = _lines(blocks, charset, said)
        return _rows(lines, self.config.delimiter, said) if kind == "csv" else _objects(lines, said)

    def _charset(self, answer: Answer) -> str:
        return self.config.encoding or answer.charset or "utf-8"


@dataclass
class _Counted:
    """Blocks on their way, with their digest."""

    blocks: Iterator[bytes]
    digest: Any = field(default_factory=hashlib.sha256)

    def __iter__(self) -> Iterator[bytes]:
        for block in self.blocks:
            self.digest.update(block)
            yield block


def _kind(answer: Answer, said: str) -> Kind:
    kind = answer.headers.get("content-type", "").lower()
    if "csv" in kind:
        must_have_an_end(answer.headers, said)
        return "csv"
    if any(word in kind for word in _LINES):
        must_have_an_end(answer.headers, said)
        return "ndjson"
    return "json"


def _lines(blocks: Iterator[bytes], charset: str, said: str) -> Iterator[str]:
    """Yield lines of text with their ends."""
    rest: list[str] = []
    length = 0
    for text in _decoded(blocks, charset, said):
        first, *others = text.split("\n")
        rest.append(first)
        length += len(first)
        if length > MOST_IN_A_LINE:
            raise SourceError(f"{said} has a line without end", hint="check `format`")
        for line in others:
            yield "".join(rest) + "\n"
            rest, length = [line], len(line)
    if length:
        yield "".join(rest)


def _decoded(blocks: Iterator[bytes], charset: str, said: str) -> Iterator[str]:
    """Yield text without a byte order mark."""
    try:
        decoder = codecs.getincrementaldecoder(charset)()
        marked = True
        for block in chain(blocks, (b"",)):
            text = decoder.decode(block, final=not block)
            yield text.removeprefix("\ufeff") if marked else text
            marked = marked and not text
    except (LookupError, UnicodeDecodeError) as exc:
        raise SourceError(f"{said} is not in {charset!r}", hint="set `encoding`, or ask who runs the API") from exc


def _objects(lines: Iterator[str], said: str) -> Iterator[Any]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found = DECODER.decode(line.strip())
            must_be_whole(found, line)
        except (ValueError, RecursionError) as exc:
            raise SourceError(f"{said}, line {number}: {complaint(exc)}", hint="check `format`; run it again") from exc
        yield found


def _rows(lines: Iterator[str], delimiter: str, said: str) -> Iterator[dict[str, str]]:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        names = next(reader, None)
        if names is None:
            return
        if len(set(names)) < len(names):
            raise SourceError(f"{said} has two columns of one name", hint="ask who runs the API")
        for row in reader:
            if row and len(row) != len(names):
                raise SourceError(
                    f"{said}, line {reader.line_num}: {len(row)} fields, where its header has {len(names)}",
                    hint="check `delimiter`; the answer may be cut short",
                )
            if row:
                yield dict(zip(names, row, strict=True))
    except csv.Error as exc:
        raise SourceError(f"{said}, line {reader.line_num}: {exc}", hint="check `delimiter`") from exc
