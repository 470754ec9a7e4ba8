"""A text file as the bytes of its text: unpacked, decoded, checked, block by block."""

import bz2
import codecs
import gzip
import lzma
import re
import zipfile
import zlib
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from io import RawIOBase
from pathlib import Path
from threading import Lock
from typing import IO, Any, cast

import pyarrow as pa

from osiris.components.filesystem.config import Compression, Encoding
from osiris.components.filesystem.paths import reading
from osiris.model.errors import SourceError

BLOCK = 1_048_576  # bytes read at a time: larger ones made nothing faster, and memory is a few of them
MOST_IN_A_RECORD = 64 * BLOCK  # a record longer than this is a lost quote rather than a record

_BY_ENDING = {".gz": "gzip", ".bz2": "bz2", ".xz": "xz", ".zip": "zip", ".zst": "zstd", ".zstd": "zstd"}
# What other formats begin with, and what to do about it.
_MAGIC: dict[bytes, tuple[str, str]] = {
    b"PAR1\x15": ("a Parquet file", "use filesystem.parquet_extractor"),
    b"SQLite format 3\0": ("an SQLite database", "use sqlite.extractor"),
    b"PK\x03\x04": ("a zip archive or an Excel workbook", "set `compression: zip`, or save the sheet as text"),
    b"\x1f\x8b": ("packed by gzip", "set `compression: gzip`"),
    b"BZh91AY&SY": ("packed by bzip2", "set `compression: bz2`"),
    b"\xfd7zXZ\0": ("packed by xz", "set `compression: xz`"),
    b"\x28\xb5\x2f\xfd": ("packed by zstd", "set `compression: zstd`"),
    b"%PDF-": ("a PDF document", "save its table as text"),
}
_ENCRYPTED = 1  # of a zip member's flags
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_BREAK = re.compile(rb"\r\n|\n|\r")


def blocks(path: Path, name: str, encoding: Encoding = "utf-8", compression: Compression = "infer") -> Generator[bytes]:
    """Yield a text file's content as UTF-8 without a byte order mark, about a mebibyte at a time.

    Args:
        path: The file.
        name: What the user calls it.
        encoding: Of the file.
        compression: Of the file; `infer` goes by its last extension.

    Raises:
        SourceError: it can't be read, is no text, or is not in this encoding.
    """
    with reading(name), _unpacking(name), _opened(path, name, compression) as raw:
        first = raw.read(BLOCK)
        _must_be_text(first, name, encoding)
        decode = _Decoder(name, encoding, codec_of(encoding, first))
        while first:
            yield decode(first)
            first = raw.read(BLOCK)
        yield decode(b"", final=True)


class _Decoder:
    """Turns a file's bytes into UTF-8, and knows the line where they are wrong."""

    def __init__(self, name: str, encoding: Encoding, codec: str) -> None:
        self.name = name
        self.encoding = encoding
        self.at = 0
        self.line = 1
        self._start = True
        self._decoder = codecs.getincrementaldecoder(codec)()

    def __call__(self, raw: bytes, *, final: bool = False) -> bytes:
        kept = len(self._decoder.getstate()[0])
        try:
            text = self._decoder.decode(raw, final)
        except UnicodeDecodeError as exc:
            raise self._wrong(exc, self.at - kept) from exc
        self.at += len(raw)
        if self._start and text:
            text, self._start = text.removeprefix("\ufeff"), False
        utf8 = text.encode("utf-8")
        self.line += utf8.count(b"\n")
        return utf8

    def _wrong(self, exc: UnicodeDecodeError, start: int) -> SourceError:
        bad = bytes(exc.object[exc.start : exc.start + 1])
        line = self.line + bytes(exc.object[: exc.start]).count(b"\n")
        if b"\0" in bytes(exc.object) and self.encoding != "utf-16":
            return _no_text(self.name)
        other = "latin-1" if self.encoding == "utf-8" else "utf-8"
        return SourceError(
            f"{self.name!r} is not {self.encoding}: byte 0x{bad.hex()} at position {start + exc.start}, line {line}",
            hint=f"set `encoding` to what the file is in, such as {other}",
        )


def codec_of(encoding: Encoding, start: bytes) -> str:
    """Return Python's name of a file's encoding: of utf-16 the one whose byte order the file's start shows.

    Without a byte order mark that is little-endian, unless the first letter can only be big-endian.
    """
    if encoding != "utf-16":
        return encoding
    return "utf-16-be" if start.startswith((codecs.BOM_UTF16_BE, b"\0")) else "utf-16-le"


def _must_be_text(start: bytes, name: str, encoding: Encoding) -> None:
    for magic, (what, do) in _MAGIC.items():
        if start.startswith(magic):
            raise SourceError(f"{name!r} is {what}, not text", hint=do)
    if encoding != "utf-16" and start.startswith(_UTF16_MARKS):
        raise SourceError(f"{name!r} is not {encoding}, it is utf-16", hint="set `encoding: utf-16`")
    if encoding != "utf-8" and start.startswith(codecs.BOM_UTF8):
        raise SourceError(f"{name!r} is not {encoding}, it is utf-8", hint="set `encoding: utf-8`")
    if encoding != "utf-16" and b"\0" in _first_line(start):
        raise _no_text(name)


def _first_line(start: bytes) -> bytes:
    return _BREAK.split(start, maxsplit=1)[0]


def _no_text(name: str) -> SourceError:
    return SourceError(f"{name!r} is not text: it holds binary data", hint="check `path`; save the data as text first")


@contextmanager
def _opened(path: Path, name: str, compression: Compression) -> Iterator[IO[bytes]]:
    """Open a file for its unpacked bytes."""
    packed = _BY_ENDING.get(path.suffix.lower(), "none") if compression == "infer" else compression
    match packed:
        case "zip":
            with zipfile.ZipFile(path) as archive:
                info = _only_member(archive, name)
                if info.flag_bits & _ENCRYPTED:
                    raise SourceError(f"{name!r} has a password", hint="unpack it first")
                with archive.open(info) as member:
                    yield member
        case "zstd":
            with pa.CompressedInputStream(pa.OSFile(str(path), mode="r"), "zstd") as stream:
                yield cast("IO[bytes]", stream)
        case _:
            opener: Any = {"gzip": gzip.open, "bz2": bz2.open, "xz": lzma.open}.get(packed, open)
            with opener(path, "rb") as file:
                yield file


def _only_member(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    members = [info for info in archive.infolist() if not info.is_dir()]
    if len(members) != 1:
        raise SourceError(f"{name!r} holds {len(members)} files", hint="unpack it, and name one of them in `path`")
    return members[0]


@contextmanager
def _unpacking(name: str) -> Iterator[None]:
    try:
        yield
    except (OSError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, EOFError) as exc:
        if isinstance(exc, OSError) and exc.errno is not None:  # the file system's, not the unpacker's
            raise
        raise SourceError(
            f"{name!r} can't be unpacked: {exc}", hint="check `compression`; the file may be cut short"
        ) from exc


class Lines:
    """Blocks of text from which single lines can be taken first.

    Attributes:
        taken: Lines taken and not put back.
    """

    def __init__(self, source: Generator[bytes], name: str) -> None:
        self._source = source
        self._name = name
        self._rest = b""
        self._at = 0
        self.taken = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        """Take one line, its end included.

        Raises:
            SourceError: it has no end within `MOST_IN_A_RECORD` bytes.
        """
        found = _BREAK.search(self._rest, self._at)
        # A break at the very end may be the first half of one that the next block completes.
        while not found or found.end() == len(self._rest):
            block = next(self._source, None)
            if block is None:
                break
            seen = max(0, len(self._rest) - self._at - 1)
            self._rest, self._at = self._rest[self._at :] + block, 0
            if len(self._rest) > MOST_IN_A_RECORD:
                raise SourceError(
                    f"line {self.taken + 1} of {self._name!r} is longer than {MOST_IN_A_RECORD // BLOCK} MiB",
                    hint="check that the file is what you think it is",
                )
            found = _BREAK.search(self._rest, seen)
        end = found.end() if found else len(self._rest)
        if end == self._at:
            raise StopIteration
        line, self._at = self._rest[self._at : end], end
        self.taken += 1
        return line.decode("utf-8")

    def put_back(self, lines: list[str]) -> None:
        """Undo the taking of these lines."""
        self._rest, self._at = "".join(lines).encode("utf-8") + self._rest[self._at :], 0
        self.taken -= len(lines)

    def blocks(self) -> Generator[bytes]:
        """Yield what was not taken as lines."""
        rest, self._rest, self._at = self._rest[self._at :], b"", 0
        if rest:
            yield rest
        yield from self._source

    def close(self) -> None:
        """Let go of the file."""
        self._source.close()


@dataclass(frozen=True)
class Quotes:
    """Which quotes open a field: those that it begins with. Any other is a letter, to Arrow as well."""

    quote: bytes
    _opening: re.Pattern[bytes] = field(repr=False)

    @classmethod
    def of(cls, quote: str, delimiter: str) -> "Quotes":
        """Return the quotes of a file."""
        mark, between = re.escape(quote.encode()), re.escape(delimiter.encode())
        return cls(quote.encode(), re.compile(rb"(?:\A|" + between + rb")" + mark))

    def open_after(self, line: bytes, *, inside: bool) -> bool:
        """Return whether a field is open at the end of a line; `inside` says whether one is at its beginning."""
        at = 0
        while True:
            if not inside:
                found = self._opening.search(line, at)
                if found is None:
                    return False
                at = found.end()
            at = line.find(self.quote, at)
            if at < 0:
                return True
            inside = line.startswith(self.quote, at + 1)
            at += 2 if inside else 1


def dropping(source: Iterator[bytes], *, comment: str, quotes: Quotes, blank: str | None) -> Generator[bytes]:
    """Yield the same text without comment lines, and with blank lines as `blank` says.

    Args:
        source: Blocks of text.
        comment: The character that a comment line begins with; empty for none.
        quotes: Lines inside quotes are neither comments nor blank.
        blank: What stands in a blank line's place; None leaves it as it is.
    """
    rest, inside = b"", False
    for block in source:
        lines = (rest + block).splitlines(keepends=True) if rest else block.splitlines(keepends=True)
        rest = lines.pop() if lines else b""
        inside, kept = _kept(lines, inside=inside, comment=comment, quotes=quotes, blank=blank)
        yield kept
    _, kept = _kept([rest] if rest else [], inside=inside, comment=comment, quotes=quotes, blank=blank)
    yield kept


def _kept(lines: list[bytes], *, inside: bool, comment: str, quotes: Quotes, blank: str | None) -> tuple[bool, bytes]:
    sign, kept = comment.encode(), []
    for line in lines:
        if not inside and sign and line.startswith(sign):
            continue
        if not inside and blank is not None and line in {b"\n", b"\r\n", b"\r"}:
            kept.append(blank.encode() + line)
            continue
        if quotes.quote in line:
            inside = quotes.open_after(line, inside=inside)
        kept.append(line)
    return inside, b"".join(kept)


class WholeRecords(RawIOBase):
    """Blocks of text as a file, in which every read gives at least one whole record, however long that is.

    Arrow needs that: a record that spans more than two blocks is an error to it. After the last record comes
    `end`, for the reader to see that it is not inside a quote.
    """

    def __init__(self, source: Generator[bytes], quote: str, end: str) -> None:
        super().__init__()
        self._source = _ended(source, end.encode())
        self._quote = quote.encode()
        self._inside = False
        self._reading = Lock()  # Arrow reads ahead in a thread of its own, also while the file is being closed

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def read(self, size: int = -1) -> bytes:  # noqa: ARG002 - how much is a matter of records
        """Return the next block; empty at the end, and once it is closed."""
        with self._reading:
            return b"" if self.closed else self._next()

    def _next(self) -> bytes:
        parts, length, ended = [], 0, False
        for block in self._source:
            parts.append(block)
            length += len(block)
            ended = self._ends_a_record(block)
            self._inside ^= block.count(self._quote) % 2 == 1
            if (ended and length) or length > MOST_IN_A_RECORD:
                break
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _ends_a_record(self, block: bytes) -> bool:
        inside, at = self._inside, 0
        while True:
            quote = block.find(self._quote, at)
            if not inside and _BREAK.search(block, at, quote if quote >= 0 else len(block)):
                return True
            if quote < 0:
                return False
            inside, at = not inside, quote + 1

    def close(self) -> None:
        """Let go of the text."""
        with self._reading:
            if not self.closed:
                self._source.close()
            super().close()


def _ended(source: Generator[bytes], end: bytes) -> Generator[bytes]:
    """Yield the same blocks, then `end` on a line of its own."""
    last = b""
    with closing(source):
        for block in source:
            yield block
            last = block or last
    yield end if last.endswith((b"\n", b"\r")) else b"\n" + end
