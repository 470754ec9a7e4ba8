"""What an HTTP answer holds: unpacked, counted and whole, or an error."""

import zlib
from collections.abc import Generator, Iterable, Mapping

from osiris.model.errors import SourceError

MIB = 1_048_576
_GZIP = zlib.MAX_WBITS | 16
_PLAIN = frozenset({"", "identity"})
_PACKED = frozenset({"gzip", "x-gzip"})
_MARK = "\ufeff"


def unpacked(raw: Iterable[bytes], headers: Mapping[str, str], said: str, most: int | None) -> Generator[bytes]:
    """Yield an answer's content, some at a time.

    Args:
        raw: The bytes as they were sent.
        headers: Of the answer, names in small letters.
        said: What errors call the answer.
        most: Bytes that it may have when unpacked; None for any number.

    Raises:
        SourceError: it is packed otherwise than it says, is cut short, or is too large.
    """
    coding = headers.get("content-encoding", "").strip().lower()
    if coding not in _PLAIN | _PACKED:
        raise SourceError(f"{said} is packed by {coding!r}, which nobody asked for", hint="ask who runs the API")
    size = 0
    for block in _gunzipped(raw, said) if coding in _PACKED else raw:
        size += len(block)
        if most is not None and size > most:
            raise SourceError(
                f"{said} is larger than {most / MIB:g} MiB",
                hint="ask for fewer records a page, or raise `max_page_mib`",
            )
        if block:
            yield block


def text_of(content: bytes, charset: str, said: str) -> str:
    """Return the text of a whole answer in JSON: UTF-8, whatever the answer calls it, if it can be read so.

    Args:
        content: The bytes.
        charset: What the answer calls its encoding; empty where it says nothing.
        said: What errors call the answer.

    Raises:
        SourceError: it is no text in that encoding.
    """
    try:
        return content.decode().removeprefix(_MARK)
    except UnicodeDecodeError as exc:
        wrong = exc
    if charset and charset.lower() not in {"utf-8", "utf8"}:
        try:
            return content.decode(charset).removeprefix(_MARK)
        except (LookupError, UnicodeDecodeError):
            raise SourceError(f"{said} is not in {charset!r}, as it says", hint="ask who runs the API") from None
    raise SourceError(
        f"{said} is not in UTF-8: byte {wrong.start + 1} can't be read",
        hint="the API has to say its charset; ask who runs it",
    ) from wrong


def must_have_an_end(headers: Mapping[str, str], said: str) -> None:
    """Refuse an answer of lines that doesn't say where it ends: cut short, it would look complete.

    Raises:
        SourceError: it has neither a length nor chunks.
    """
    if "content-length" not in headers and "chunked" not in headers.get("transfer-encoding", "").lower():
        raise SourceError(
            f"{said} doesn't say where it ends, so that one cut short would look complete",
            hint="ask the API for JSON, or for HTTP/1.1",
        )


def _gunzipped(raw: Iterable[bytes], said: str) -> Generator[bytes]:
    unpacker = zlib.decompressobj(_GZIP)
    some = False
    try:
        for block in raw:
            some, left = some or bool(block), block
            while left:
                if unpacker.eof:  # packed in several parts, one after the other
                    unpacker = zlib.decompressobj(_GZIP)
                yield unpacker.decompress(left, MIB)
                left = unpacker.unconsumed_tail or unpacker.unused_data
    except zlib.error as exc:
        raise SourceError(f"{said} says that it is packed by gzip, and is not", hint="ask who runs the API") from exc
    if some and not unpacker.eof:
        raise SourceError(f"{said} is cut short: its gzip has no end", hint="run it again, or ask who runs the API")
