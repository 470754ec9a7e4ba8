"""YAML bytes as values that know where they stand: YAML 1.2's core schema, with limits."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

import yaml

from osiris.model.diagnostics import Diagnostic, Severity
from osiris.model.place import Path, Place, path_text, place_in

MOST_BYTES = 5_000_000
MOST_ALIASES = 100
MOST_COPIED = 10_000  # values that aliases stand for, all together: far more than a person writes, and soon counted
MOST_NESTED = 50
MOST_FOUND = 100  # findings; a file with more is not what it should be, and nobody reads on
MOST_DIGITS = 1_000  # of a whole number; Python refuses to show more than 4300

# The C parser is ten times faster; where PyYAML was built without it, the other gives the same events.
PARSER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CORE = "tag:yaml.org,2002:"
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEAN = {word: word.lower() == "true" for word in ("true", "True", "TRUE", "false", "False", "FALSE")}
_INTEGER = re.compile(r"[-+]?[0-9]+\Z")
_BASED = re.compile(r"0o[0-7]+\Z|0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)\Z|\.(nan|NaN|NAN)\Z")
_ELEVEN: Any = yaml.resolver.Resolver()


@dataclass(frozen=True)
class Node:
    """One value and where it stands.

    Attributes:
        value: Plain data: dict with text keys, list, text, number, boolean or None.
        keys: Of a mapping: where each key stands.
        items: What is inside, by key or by index.
        size: Number of values, itself included.
        depth: Levels of nesting; 0 for a value that holds none.
    """

    value: Any
    place: Place
    keys: Mapping[str, Place] = field(default_factory=dict)
    items: Mapping[str | int, "Node"] = field(default_factory=dict)
    size: int = 1
    depth: int = 0
    _source: tuple[str, int, int, str] = field(
        default=("", 0, 0, ""), repr=False
    )  # the file's text; start, end and style of a scalar

    @property
    def raw(self) -> str:
        """Return a scalar as the file has it, quotes and all."""
        text, start, end, _ = self._source
        return text[start:end]

    def find(self, path: Path) -> "Node | None":
        """Return what stands at a path, or None."""
        node: Node | None = self
        for step in path:
            node = node.items.get(step) if node else None
        return node

    def place_of(self, path: Path) -> Place:
        """Return where a path's last key or item stands, or the nearest thing above it that is there."""
        node, place = self, self.place
        for step in path:
            if step not in node.items:
                break
            node = node.items[step]
            place = node.place
        else:
            if path and isinstance(path[-1], str) and (above := self.find(path[:-1])):
                return above.keys[path[-1]]
        return place

    def place_at(self, offset: int) -> Place:
        """Return where a character of a text stands in the file, whatever quotes or folds it was written with."""
        return place_in(self.place, self.raw, self._source[-1], str(self.value), offset)

    def walk(self, path: Path = ()) -> Iterator[tuple[Path, "Node"]]:
        """Yield this and everything inside, with paths, in file order."""
        yield path, self
        for step, node in self.items.items():
            yield from node.walk((*path, step))


@dataclass(frozen=True)
class Document:
    """One YAML file, read.

    Attributes:
        root: Its value; None inside where the file is empty or can't be read at all.
        found: Errors, and warnings for words on which YAML's versions differ, in file order.
    """

    root: Node
    found: tuple[Diagnostic, ...] = ()

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """Return the errors alone."""
        return tuple(d for d in self.found if d.severity is Severity.ERROR)


NOTHING = Node(None, Place(1, 1))


def read(content: bytes, *, parser: Any = PARSER) -> Document:
    """Return a YAML file's value, with what is wrong with it; an empty file is None.

    Args:
        content: The file, byte for byte.
        parser: One of PyYAML's loaders.
    """
    if len(content) > MOST_BYTES:
        return _refused("OSR-YML-001", f"the file has more than {MOST_BYTES:,} bytes", "split it")
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as exc:
        before = content[: exc.start]
        place = Place(before.count(b"\n") + 1, len(before) - before.rfind(b"\n"))
        return _refused("OSR-YML-002", "the file is not UTF-8 text", "save it as UTF-8", place)
    return _Builder(text, parser).document()


def _refused(code: str, message: str, hint: str, place: Place = NOTHING.place) -> Document:
    return Document(NOTHING, (Diagnostic(code=code, message=message, hint=hint, line=place.line, column=place.column),))


class _Stop(Exception):
    """Nothing after this can be read."""


class _Builder:
    """From the parser's events to nodes, without ever copying what an alias stands for."""

    def __init__(self, text: str, parser: Any) -> None:
        self.text = text
        self.events: Iterator[Any] = yaml.parse(text, parser)
        self.anchors: dict[str, Node] = {}
        self.aliases = 0
        self.copied = 0
        self.found: list[Diagnostic] = []

    def document(self) -> Document:
        root = NOTHING
        try:
            root = self._only_document()
        except yaml.MarkedYAMLError as exc:
            self._say_unreadable(exc)
        except yaml.reader.ReaderError as exc:
            before = self.text[: exc.position]
            self._say(
                "OSR-YML-003",
                f"the file holds a control character (number {exc.character})",
                Place(before.count("\n") + 1, len(before) - before.rfind("\n")),
                hint="take it out, or write it as an escape in double quotes",
            )
        except _Stop:
            pass
        return Document(root, tuple(self.found))

    def _only_document(self) -> Node:
        root, seen = NOTHING, 0
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                seen += 1
                if seen > 1:
                    raise self._stop("OSR-YML-004", "the file holds several documents", event, "write one a file")
                root = self._node(next(self.events), (), 0)
        return root

    def _node(self, event: Any, path: Path, depth: int) -> Node:
        if depth > MOST_NESTED:
            raise self._stop("OSR-YML-005", f"the values are nested more than {MOST_NESTED} deep", event, "flatten it")
        match event:
            case yaml.AliasEvent():
                return self._alias(event, depth)
            case yaml.MappingStartEvent():
                node = self._mapping(event, path, depth)
            case yaml.SequenceStartEvent():
                node = self._sequence(event, path, depth)
            case _:
                node = self._scalar(event, path)
        if event.anchor:
            self.anchors[event.anchor] = node
        return node

    def _alias(self, event: Any, depth: int) -> Node:
        node = self.anchors.get(event.anchor)
        if node is None:
            raise self._stop(
                "OSR-YML-006", f"the alias *{event.anchor} names nothing before it", event, "define it with & first"
            )
        self.aliases += 1
        self.copied += node.size
        if self.aliases > MOST_ALIASES or self.copied > MOST_COPIED or depth + node.depth > MOST_NESTED:
            raise self._stop(
                "OSR-YML-007",
                "the aliases stand for too much",
                event,
                "write the values out",
                why=f"at most {MOST_ALIASES} aliases, {MOST_COPIED} values behind them, {MOST_NESTED} levels",
            )
        return node

    def _mapping(self, event: Any, path: Path, depth: int) -> Node:
        self._must_be(event, "map", path)
        keys: dict[str, Place] = {}
        items: dict[str | int, Node] = {}
        merged: list[Node] = []
        while not isinstance(inner := next(self.events), yaml.MappingEndEvent):
            key = self._key(inner)
            here = _place(inner)
            node = self._node(next(self.events), (*path, key), depth + 1)
            if key == "<<" and _is_plain(inner) and isinstance(node.value, dict | list):
                merged += [node] if isinstance(node.value, dict) else list(node.items.values())
            elif key in keys:
                self._say(
                    "OSR-YML-008",
                    f"the key {key!r} stands here twice",
                    here,
                    path=(*path, key),
                    why=f"the first one is in line {keys[key].line}",
                    hint="keep one of them",
                )
            else:
                keys[key], items[key] = here, node
        for node in merged:
            items = {**node.items, **items} if isinstance(node.value, dict) else items
            keys = {**node.keys, **keys}
        return _holding({key: node.value for key, node in items.items()}, _place(event), keys, items)

    def _key(self, event: Any) -> str:
        """Return a key as text, whatever type the word would have elsewhere."""
        if not isinstance(event, yaml.ScalarEvent):
            raise self._stop("OSR-YML-009", "a key must be one word or text", event, "write key: value")
        if event.anchor:
            self.anchors[event.anchor] = Node(event.value, _place(event))
        if _is_plain(event) and event.value != "<<":
            self._ask_for_quotes(event, (), _core(event.value))
        return str(event.value)

    def _sequence(self, event: Any, path: Path, depth: int) -> Node:
        self._must_be(event, "seq", path)
        items: dict[str | int, Node] = {}
        while not isinstance(inner := next(self.events), yaml.SequenceEndEvent):
            items[len(items)] = self._node(inner, (*path, len(items)), depth + 1)
        return _holding([node.value for node in items.values()], _place(event), {}, items)

    def _scalar(self, event: Any, path: Path) -> Node:
        value: Any = event.value
        if _is_plain(event):
            value = _core(event.value)
            self._ask_for_quotes(event, path, value)
        elif event.tag not in (None, "!"):
            value = self._tagged(event, path)
        if isinstance(value, float) and not math.isfinite(value):
            self._say("OSR-YML-010", "the number is not finite", _place(event), path=path, hint="write one that is")
            value = None
        elif isinstance(value, float) and not _is_kept(event.value, value):
            self._say(
                "OSR-YML-010",
                f"the number has more digits than are kept: it would be {value}",
                _place(event),
                path=path,
                hint="put it in quotes, or write fewer digits",
            )
        source = (self.text, event.start_mark.index, event.end_mark.index, event.style or "")
        return Node(value, _place(event), _source=source)

    def _tagged(self, event: Any, path: Path) -> Any:
        if event.tag == f"{_CORE}str":
            return event.value
        value = _core(event.value)
        kinds = {"null": type(None), "bool": bool, "int": int, "float": int | float}
        wanted = kinds.get(event.tag.removeprefix(_CORE))
        if wanted is None or not isinstance(value, wanted):
            self._say_tag(event, path)
        return value

    def _must_be(self, event: Any, kind: str, path: Path) -> None:
        if event.tag not in (None, "!", f"{_CORE}{kind}"):
            self._say_tag(event, path)

    def _say_tag(self, event: Any, path: Path) -> None:
        shown = event.tag.replace(_CORE, "!!")
        self._say(
            "OSR-YML-011", f"the tag {shown} does not fit here", _place(event), path=path, hint="leave the tag out"
        )

    def _ask_for_quotes(self, event: Any, path: Path, value: Any) -> None:
        """Warn of a plain word that a YAML 1.1 reader takes for something else."""
        text = event.value
        if not _differs(text) or (isinstance(value, float) and not math.isfinite(value)):
            return
        quoted = f'"{text}"'
        self._say(
            "OSR-YML-012",
            f"{text} means different things in YAML 1.1 and 1.2; here it is {_said(value)}",
            _place(event),
            path=path,
            severity=Severity.WARNING,
            hint=f"write {quoted} for the text"
            if isinstance(value, str)
            else f"write {value}, or {quoted} for the text",
        )

    def _say_unreadable(self, exc: yaml.MarkedYAMLError) -> None:
        mark = exc.problem_mark or exc.context_mark
        place = Place(mark.line + 1, mark.column + 1) if mark else NOTHING.place
        if "nesting depth" in (exc.problem or ""):
            self._say("OSR-YML-005", f"the values are nested more than {MOST_NESTED} deep", place, hint="flatten it")
            return
        line = self.text.split("\n")[place.line - 1 : place.line]
        hint = "indent with blanks, not tabs" if "\t" in "".join(line) else "check indentation, colons and quotes"
        if "${" in "".join(line):
            hint = 'write ${…} in quotes, such as "${step.df}"'
        why = exc.context or ""
        self._say("OSR-YML-013", f"this is not YAML: {exc.problem}", place, why=why, hint=hint)

    def _stop(self, code: str, message: str, event: Any, hint: str, *, why: str = "") -> _Stop:
        self._say(code, message, _place(event), hint=hint, why=why)
        return _Stop()

    def _say(
        self,
        code: str,
        message: str,
        place: Place,
        *,
        path: Path = (),
        severity: Severity = Severity.ERROR,
        why: str = "",
        hint: str = "",
    ) -> None:
        if len(self.found) >= MOST_FOUND:
            if severity is Severity.ERROR:
                raise _Stop
            return
        self.found.append(
            Diagnostic(
                code=code,
                message=message,
                severity=severity,
                path=path_text(path),
                line=place.line,
                column=place.column,
                why=why,
                hint=hint,
            )
        )


def _holding(value: Any, place: Place, keys: Mapping[str, Place], items: Mapping[str | int, Node]) -> Node:
    inside: Sequence[Node] = tuple(items.values())
    return Node(
        value,
        place,
        keys,
        items,
        size=1 + sum(node.size for node in inside),
        depth=1 + max((node.depth for node in inside), default=0),
    )


def _place(event: Any) -> Place:
    return Place(event.start_mark.line + 1, event.start_mark.column + 1)


def _is_plain(event: Any) -> bool:
    return isinstance(event, yaml.ScalarEvent) and not event.style and event.tag is None


@lru_cache(maxsize=4_096)
def _core(text: str) -> Any:
    """Return what a plain word means by YAML 1.2's core schema."""
    if text in _NULL:
        return None
    if text in _BOOLEAN:
        return _BOOLEAN[text]
    if len(text) <= MOST_DIGITS and _INTEGER.match(text):
        return int(text)
    if len(text) <= MOST_DIGITS and _BASED.match(text):
        return int(text[2:], 8 if text[1] == "o" else 16)
    if _NOT_FINITE.match(text) or _FLOAT.match(text):
        return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
    return text


def _is_kept(text: str, number: float) -> bool:
    try:
        return Decimal(text) == Decimal(repr(number))
    except InvalidOperation:  # an exponent of very many digits
        return False


@lru_cache(maxsize=4_096)
def _differs(text: str) -> bool:
    """Return whether YAML 1.1 takes a plain word for something else."""
    return _as_eleven(text) != _kind(_core(text))


def _kind(value: Any) -> tuple[str, Any]:
    kinds = {type(None): "null", bool: "bool", int: "int", float: "float", str: "str"}
    return kinds[type(value)], value if isinstance(value, int) else None


def _as_eleven(text: str) -> tuple[str, Any]:
    """Return what the same word is by YAML 1.1, in `_kind`'s terms."""
    kind = _ELEVEN.resolve(yaml.ScalarNode, text, (True, False)).removeprefix(_CORE)
    if kind == "bool":
        return kind, text.lower() in {"yes", "true", "on"}
    if kind == "int":
        return kind, _eleven_integer(text)
    return kind, None


def _eleven_integer(text: str) -> int | None:
    """Return the number, or None where YAML 1.1's notation is none of 1.2's."""
    digits = text.lstrip("+-")
    if "_" in digits or ":" in digits or digits.startswith("0b") or len(digits) > MOST_DIGITS:
        return None
    octal = digits.startswith("0") and digits.isdigit() and digits.strip("0")
    number = int(digits, 16) if digits.startswith("0x") else int(digits, 8 if octal else 10)
    return -number if text.startswith("-") else number


def _said(value: Any) -> str:
    return "text" if isinstance(value, str) else f"the number {value}"
