"""A JSON file as objects, some at a time, in which every number is as it is written."""

import json
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from osiris.components.filesystem.config import JsonExtract
from osiris.components.filesystem.source import BLOCK, MOST_IN_A_RECORD, blocks
from osiris.kit.json_text import DECODER, NotJson, Record, complaint, must_be_whole
from osiris.model.errors import SourceError

Layout = Literal["lines", "array"]

_BLANK = " \t\r\n"
_CUT = 16  # where a block's end cuts a token, the parser stops at most so many characters before that end
_BY_SIGN: dict[str, Layout] = {"[": "array", "{": "lines"}


@dataclass(frozen=True)
class Records:
    """An open file: the start is read, its objects are not.

    Attributes:
        layout: How the objects lie in it.
        empty: True where it holds nothing at all.
    """

    path: str
    layout: Layout
    empty: bool
    _source: Generator[bytes] = field(repr=False)

    def batches(self, limit: int | None = None) -> Generator[list[Record]]:
        """Yield the objects, about a mebibyte of text at a time; closing it closes the file.

        Raises:
            SourceError: the text is not JSON, or holds something else than objects.
        """
        read = _lines if self.layout == "lines" else _elements
        left = limit
        with closing(self._source):
            for batch in read(self._source, self.path) if left != 0 else ():
                if left is None:
                    yield batch
                    continue
                yield batch[:left]
                left -= min(left, len(batch))
                if left == 0:
                    return


def open_records(path: Path, config: JsonExtract) -> Records:
    """Open a JSON file and look at its first character.

    Raises:
        SourceError: it can't be read, is not text, or does not begin as the settings say.
    """
    source = blocks(path, config.path, config.encoding, config.compression)
    try:
        start, sign = _start(source)
        layout = _layout(sign, config)
    except BaseException:
        source.close()
        raise
    return Records(config.path, layout, not sign, _again(start, source))


def _start(source: Generator[bytes]) -> tuple[list[bytes], str]:
    """Return the blocks up to the first character that is not blank, and that character; empty for none."""
    taken: list[bytes] = []
    for block in source:
        taken.append(block)
        if found := block.lstrip(_BLANK.encode())[:4].decode(errors="ignore"):
            return taken, found[0]
    return taken, ""


def _again(start: list[bytes], source: Generator[bytes]) -> Generator[bytes]:
    with closing(source):
        yield from chain(start, source)


def _layout(sign: str, config: JsonExtract) -> Layout:
    found = _BY_SIGN.get(sign)
    if sign and not found:
        raise SourceError(
            f"{config.path!r} begins with {sign!r}, which begins neither an object nor an array",
            hint="check `path`; the file has one object a line, or one array of objects",
        )
    if config.format == "auto":
        return found or "lines"
    if sign and found != config.format:
        raise SourceError(
            f"{config.path!r} begins with {sign!r}, which is not how `format: {config.format}` begins",
            hint="leave `format` out",
        )
    return config.format


@dataclass
class _At:
    """Where the parser is."""

    line: int = 0


def _lines(source: Iterator[bytes], name: str) -> Generator[list[Record]]:
    at, rest = _At(), ""
    with _explained(name, lambda _: at.line):
        for block in chain(source, (b"\n",)):
            *lines, rest = (rest + block.decode()).split("\n")
            if len(rest) > MOST_IN_A_RECORD:
                at.line += 1
                raise NotJson(f"the line is longer than {MOST_IN_A_RECORD // BLOCK} MiB")
            batch = []
            for line in lines:
                at.line += 1
                if line and not line.isspace():
                    batch.append(_record(DECODER.decode(line), line))
            if batch:
                yield batch


def _elements(source: Iterator[bytes], name: str) -> Generator[list[Record]]:
    text = _Text(source)
    with _explained(name, text.line_of):
        text.take("[")
        batch: list[Record] = []
        more = text.sign() != "]"
        while more:
            batch.append(text.record())
            if text.moved():
                yield batch
                batch = []
            more = text.sign() == ","
            if more:
                text.take(",")
        text.take("]")
        if text.sign():
            raise NotJson("something stands after the array")
        if batch:
            yield batch


def _record(value: Any, text: str) -> Record:
    if isinstance(value, dict):
        must_be_whole(value, text)
        return value
    kind = {list: "an array", str: "a text", bool: "true or false", type(None): "null"}.get(type(value), "a number")
    raise NotJson(f"{kind} stands where an object must be")


class _Text:
    """The part of the text that is looked at."""

    def __init__(self, source: Iterator[bytes]) -> None:
        self._source = source
        self._part = ""
        self._at = 0
        self._line = 1
        self._ended = False
        self._moved = False

    def sign(self) -> str:
        """Return the next character that is not blank, without taking it; empty at the end."""
        while True:
            while self._at < len(self._part):
                if self._part[self._at] not in _BLANK:
                    return self._part[self._at]
                self._at += 1
            if self._ended:
                return ""
            self._more(BLOCK)

    def take(self, sign: str) -> None:
        """Take the next character, which must be this one."""
        found = self.sign()
        if not found:
            raise NotJson("the file ends before its array does")
        if found != sign:
            raise NotJson(f"{found!r} stands where {sign!r} must be")
        self._at += 1

    def record(self) -> Record:
        """Take the object that comes next.

        Raises:
            ValueError: it is none.
        """
        self.sign()
        while True:
            try:
                value, end = DECODER.raw_decode(self._part, self._at)
            except json.JSONDecodeError as exc:
                left = len(self._part) - self._at
                if self._ended or left > MOST_IN_A_RECORD or not _may_be_cut(exc, len(self._part)):
                    raise
                self._more(max(BLOCK, left))
            else:
                found = _record(value, self._part[self._at : end])
                self._at = end
                return found

    def moved(self) -> bool:
        """Return whether more text was taken from the file since this was last asked."""
        moved, self._moved = self._moved, False
        return moved

    def line_of(self, exc: Exception) -> int:
        """Return the line of an error."""
        at = exc.pos if isinstance(exc, json.JSONDecodeError) else self._at
        return self._line + self._part.count("\n", 0, at)

    def _more(self, size: int) -> None:
        self._line += self._part.count("\n", 0, self._at)
        parts, taken = [self._part[self._at :]], 0
        while taken < size and not self._ended:
            block = next(self._source, None)
            self._ended = block is None
            parts.append((block or b"").decode())
            taken += len(block or b"")
        self._part, self._at, self._moved = "".join(parts), 0, True


def _may_be_cut(exc: json.JSONDecodeError, length: int) -> bool:
    return exc.pos >= length - _CUT or exc.msg.startswith("Unterminated string")


@contextmanager
def _explained(name: str, line_of: Callable[[Exception], int]) -> Iterator[None]:
    """Say what the parser complains of, and in which line."""
    try:
        yield
    except (ValueError, RecursionError) as exc:
        raise SourceError(f"{name!r}, line {line_of(exc)}: {complaint(exc)}", hint="mend it in the file") from exc
