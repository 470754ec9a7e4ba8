"""Every form in which a secret may stand in a text, and where it stands there."""

import base64
import html
import json
import re
import shlex
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import quote, unquote, unquote_to_bytes

SHORTEST = 6  # characters; anything shorter is in half of all texts
LONG = 64  # characters from which on a part is worth as much as the whole: messages are cut
MOST_PARTS = 64  # of one long secret
LINE = 16  # characters of a line of a secret that identify it
DEPTH = 4  # encodings inside encodings that are undone

# Words of the record itself. Who chose one of them as a password has no secret that could be told from the record.
WORDS = frozenset({
    "append", "completed", "failed", "interrupted", "killed", "mismatch", "osiris", "password", "postgres", "public",
    "replace", "running", "secret", "stream", "transform", "unfinished", "warning",
})  # fmt: skip

_BREAK = re.compile(r"[ \t]*\\?(?:\r\n|\n|\r)[ \t]*")
_BLANK = re.compile(r"\s+")
_ENCODED = re.compile(  # begins with a set of characters, which makes the search quick
    r"[%\\&+](?:"
    r"(?<=%)(?:[89a-fA-F][0-9a-fA-F](?:%[89a-fA-F][0-9a-fA-F])*|[0-7][0-9a-fA-F]|u[0-9a-fA-F]{4})"
    r"|(?<=\\)(?:x[89a-fA-F][0-9a-fA-F](?:\\x[89a-fA-F][0-9a-fA-F])*|x[0-7][0-9a-fA-F])"
    r"|(?<=\\)(?:u[dD][89a-fA-F][0-9a-fA-F]{2}(?:\\u[dD][89a-fA-F][0-9a-fA-F]{2})*|u[0-9a-fA-F]{4})"
    r"|(?<=\\)(?:u\{[0-9a-fA-F]{1,6}\}|U[0-9a-fA-F]{8})"
    r"|(?<=\\)(?:[23][0-7]{2}(?:\\[23][0-7]{2})*|[01][0-7]{2}|[^xu])"
    r"|(?<=&)(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,8});"
    r"|(?<=\+))"
)
_CONTROL = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
# What stands between pairs of hexadecimal digits.
_GAP = re.compile(r"(?<=[0-9a-fA-F]{2})[ :,-]{1,2}(?:0[xX])?(?=[0-9a-fA-F]{2})")
_SMALL = str.maketrans("ABCDEF", "abcdef")
_TOKEN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-=")
_FENCES = frozenset(" \t\r\n\"'`<>,;")
_INNER = re.compile(
    r"(?i)(?:://[^\s/?#:\"'<>]*:(?P<url>[^\s/?#\"'<>]+)@)|(?:\b(?:password|pwd)\s*=\s*(?P<dsn>'[^']+'|[^\s;']+))"
)
_INNER_KEY = re.compile(r"(?i)pass|pwd|secret|token|key\Z|credential")


@dataclass(frozen=True)
class Needle:
    """One text to look for.

    Attributes:
        joins: Tells which characters that touch it belong to it: the rest of an encoded word, for example.
        chance: Whether a longer number may hold it by chance, if it is one.
    """

    text: str
    joins: Callable[[str], bool]
    chance: bool = True

    @cached_property
    def number(self) -> bool:
        """Return whether it is a number that does not count inside a longer one."""
        return self.chance and self.text.isdecimal()


@dataclass(frozen=True)
class Stage:
    """A text with some of its encoding undone.

    Attributes:
        starts: Where each character begins in the text as it was.
        ends: Where it ends there.
    """

    text: str
    starts: list[int]
    ends: list[int]

    @classmethod
    def of(cls, text: str) -> "Stage":
        """Return the text as it is."""
        return cls(text, list(range(len(text))), list(range(1, len(text) + 1)))

    def undone(self, pattern: re.Pattern[str], meaning: Callable[[re.Match[str]], str]) -> "Stage":
        """Return the text with each match replaced by what it means."""
        parts: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        done = 0
        for found in pattern.finditer(self.text):
            parts += (self.text[done : found.start()], meant := meaning(found))
            starts += self.starts[done : found.start()] + [self.starts[found.start()]] * len(meant)
            ends += self.ends[done : found.start()] + [self.ends[found.end() - 1]] * len(meant)
            done = found.end()
        return Stage("".join([*parts, self.text[done:]]), starts + self.starts[done:], ends + self.ends[done:])

    def small(self) -> "Stage":
        """Return the text with small hexadecimal digits."""
        return Stage(self.text.translate(_SMALL), self.starts, self.ends)

    def spans(self, needles: Iterable[Needle]) -> Iterator[tuple[int, int]]:
        """Yield where needles stand in the text as it was: first character, and the one after the last."""
        for needle in needles:
            start = self.text.find(needle.text)
            while start >= 0:
                end = start + len(needle.text)
                if not (needle.number and self._in_number(start, end)):
                    first, last = self._joined(needle, start, end - 1)
                    yield self.starts[first], self.ends[last]
                    end = last + 1
                start = self.text.find(needle.text, end)

    def _in_number(self, start: int, end: int) -> bool:
        """Return whether a digit touches what stands there."""
        before = self._touch(start - 1) and self.text[start - 1].isdecimal()
        return before or (self._touch(end - 1) and self.text[end].isdecimal())

    def _joined(self, needle: Needle, first: int, last: int) -> tuple[int, int]:
        """Return the first and the last character of a needle and what belongs to it."""
        while self._touch(first - 1) and needle.joins(self.text[first - 1]):
            first -= 1
        while self._touch(last) and needle.joins(self.text[last + 1]):
            last += 1
        return first, last

    def _touch(self, place: int) -> bool:
        """Return whether a character and the one after it are there, and no line break that parted them is gone."""
        return 0 <= place < len(self.text) - 1 and self.ends[place] == self.starts[place + 1]


class Forms:
    """All forms of some secrets.

    A text is looked at as it is, then with line breaks taken out, then with one encoding after the other undone
    (percent signs, backslashes, entities), so that mixtures are found too. Base64 and hexadecimal digits are looked
    for as such, in every alignment.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        whole = {part for secret in secrets for part in _worth(secret)}
        plain = {form for secret in whole for form in _plain(secret) if len(form) >= SHORTEST}
        digits = {form for secret in whole for form in _hexadecimal(secret)}
        words = {form for secret in whole for form in _base64(secret)}
        parts = {form for secret in whole for form in _parts(secret)}
        self._needles = (
            *(Needle(text, _nothing_joins) for text in sorted(plain)),
            *(Needle(text, _TOKEN.__contains__) for text in sorted(words)),
            *(Needle(text, _is_no_fence) for text in sorted(parts)),
        )
        self._texts = tuple(needle.text for needle in self._needles)
        self._digits = tuple(Needle(text, _nothing_joins, chance=False) for text in sorted(digits))
        self._digit_texts = tuple(sorted(digits))
        # Where a line was broken at a blank, nobody can tell whether it was there.
        tight = sorted({_BLANK.sub("", form) for form in plain if _BLANK.search(form)})
        self._tight = tuple(Needle(text, _nothing_joins) for text in tight if len(text) >= SHORTEST)
        self._tight_texts = tuple(needle.text for needle in self._tight)

    def suspects(self, text: str) -> bool:
        """Return False where no secret can be in the text; quick, and sometimes True for nothing."""
        if not self._texts:
            return False
        for _ in range(DEPTH):
            if self._within(text):
                return True
            squeezed = _squeezed(text)
            if squeezed is not text and self._within(squeezed):
                return True
            before, text = text, _ENCODED.sub(_meaning, squeezed)
            if text == before:
                return False
        return self._within(text)

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return where secrets stand, in order, those that touch joined into one."""
        found: set[tuple[int, int]] = set()
        for stage in _stages(text):
            found.update(stage.spans(self._needles))
            found.update(stage.undone(_GAP, _nothing).small().spans(self._digits))
            if self._tight:
                found.update(stage.undone(_BLANK, _nothing).spans(self._tight))
        joined: list[tuple[int, int]] = []
        for start, end in sorted(found):
            if joined and start <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
            else:
                joined.append((start, end))
        return joined

    def _within(self, text: str) -> bool:
        if any(form in text for form in self._texts):
            return True
        digits = _GAP.sub("", text).translate(_SMALL)
        if any(form in digits for form in self._digit_texts):
            return True
        if not self._tight:
            return False
        tight = _BLANK.sub("", text)
        return any(form in tight for form in self._tight_texts)


def _stages(text: str) -> Iterator[Stage]:
    stage = Stage.of(text)
    for _ in range(DEPTH):
        yield stage
        squeezed = stage.undone(_BREAK, _nothing)
        yield squeezed
        stage, before = squeezed.undone(_ENCODED, _meaning), stage
        if stage.text == before.text:
            return
    yield stage


def _nothing_joins(_: str) -> bool:
    return False


def _is_no_fence(character: str) -> bool:
    return character not in _FENCES


def _nothing(_: re.Match[str]) -> str:
    return ""


def _meaning(found: re.Match[str]) -> str:
    """Return what one encoded character, or one run of bytes, stands for."""
    text = found[0]
    match text[0]:
        case "%" if text[1] == "u":
            return _character(text[2:])
        case "%":
            return _characters(unquote_to_bytes(text))
        case "&":
            return html.unescape(text)
        case "\\":
            return _escaped(text[1:])
    return " "


def _escaped(text: str) -> str:
    """Return what stands behind a backslash."""
    if len(text) == 1:
        return _CONTROL.get(text, text)
    if text[0] == "U" or text.startswith("u{"):
        return _character(text[1:].strip("{}"))
    match text[0]:
        case "x":
            return _characters(bytes.fromhex(text[1:].replace("\\x", "")))
        case "u":
            return bytes.fromhex(text[1:].replace("\\u", "")).decode("utf-16-be", "replace")
    return _characters(bytes(int(octal, 8) for octal in text.split("\\")))


def _character(digits: str) -> str:
    number = int(digits, 16)
    return chr(number) if number <= sys.maxunicode else digits


def _characters(content: bytes) -> str:
    """Return the text that some bytes are; of those that are no UTF-8, each is a character."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _squeezed(text: str) -> str:
    """Return a text without line breaks; the very same one where there are none."""
    return _BREAK.sub("", text) if "\n" in text or "\r" in text else text


def _worth(secret: str) -> Iterator[str]:
    """Yield the secret, and the secrets inside it where it is an address, a DSN or a JSON document."""
    whole = secret.strip()
    if len(whole) < SHORTEST or whole.lower() in WORDS:
        return
    yield from {secret, whole}
    for found in _INNER.finditer(whole):
        inner = (found["url"] or found["dsn"]).strip("'")
        yield from _worth(inner)
        yield from _worth(unquote(inner))
    for value in _members(whole):
        yield from _worth(value)


def _members(text: str) -> Iterator[str]:
    """Yield what a JSON document keeps under the names of secrets; nothing where the text is none."""
    if not text.startswith(("{", "[")):
        return
    try:
        waiting = [("", json.loads(text))]
    except ValueError:
        return
    while waiting:
        key, value = waiting.pop()
        match value:
            case dict():
                waiting += value.items()
            case list():
                waiting += [(key, item) for item in value]
            case str() if _INNER_KEY.search(key):
                yield value


def _parts(secret: str) -> Iterator[str]:
    """Yield parts of a long secret that are worth as much as the whole, because messages are cut: lines or stretches.

    Any piece of one line that is twice as long as a stretch holds a whole one.
    """
    if any(_members(secret)):
        return
    lines = [line.strip() for line in secret.splitlines() if len(line.strip()) >= LINE]
    if "\n" in secret.strip() and lines:
        yield from lines
    elif len(secret) >= LONG:
        size = max(LONG // 2, -(-len(secret) // MOST_PARTS))
        yield from (secret[start : start + size] for start in range(0, len(secret) - size + 1, size))


def _plain(secret: str) -> Iterator[str]:
    """Yield the secret as it may stand once its encoding is undone, in part or too far."""
    for text in {unicodedata.normalize(form, secret) for form in ("NFC", "NFD")} | {secret}:
        for quoted in _quoted(text):
            yield quoted
            yield (flat := _squeezed(quoted))
            yield (once := _squeezed(_ENCODED.sub(_meaning, flat)))
            yield _squeezed(_ENCODED.sub(_meaning, once))


def _quoted(text: str) -> set[str]:
    """Return a text with its quotes as CSV, SQL and a shell write them, without those around it."""
    doubled = text.replace("'", "''"), text.replace('"', '""'), text.replace("'", "''").replace('"', '""')
    shell = shlex.quote(text).strip("'"), text.replace("'", "'\\''")
    return {text, *doubled, *shell}


def _spelled(secret: str) -> set[bytes]:
    """Return what an encoder may be given: the secret, or the secret written into JSON or a URL."""
    texts = {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], quote(secret, safe="")}
    wide = secret.encode("utf-16-le", "surrogatepass")  # as drivers for Windows' servers have it
    return {wide, *(text.encode("utf-8", "surrogatepass") for text in texts)}


def _base64(secret: str) -> Iterator[str]:
    """Yield the characters that stand for the secret in base64, wherever in the encoded text it begins."""
    for spelled in _spelled(secret):
        for ahead in range(3):
            bits = 8 * (ahead + len(spelled))
            text = base64.b64encode(b"\0" * ahead + spelled).decode()
            inside = text[-(-8 * ahead // 6) : bits // 6]
            yield inside
            yield inside.replace("+", "-").replace("/", "_")
            yield inside.replace("+", " ")


def _hexadecimal(secret: str) -> Iterator[str]:
    for spelled in _spelled(secret):
        yield spelled.hex()
