"""What may stand next on a command line. A shell asks at each press of the Tab key, so little is imported here."""

import json
import re
from collections.abc import Iterator, Sequence
from importlib.metadata import entry_points
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

FILES, WORDS = "files", "words"  # whether a shell treats the offers as names of files
_SETTINGS, _CONNECTIONS = "osiris.yaml", "osiris_connections.yaml"
_YAML = (".yaml", ".yml")
_MOST_BYTES = 1_000_000  # of a connections file that is read while somebody waits
_MOST_RUNS = 20
_NAME = re.compile(r"[\w.-]+")  # what else a file or a folder holds could mean something to a shell


def completed(words: Sequence[str]) -> str:
    """Return what a shell's script reads: `files` or `words`, then the offers, one a line.

    Args:
        words: All that stands after `osiris` up to the cursor; the last one may be unfinished, or empty.
    """
    how, found = _offers(list(words) or [""])
    return "\n".join([how, *found]) + "\n"


def _offers(words: list[str]) -> tuple[str, list[str]]:
    *before, current = words
    node, kind, folder = _read(before)
    head, equals, rest = current.partition("=") if current.startswith("--") else ("", "", current)
    if equals:
        kind, current = node["options"].get(head, ""), rest
    if kind is None and current.startswith("-"):
        return WORDS, sorted(option for option in node["options"] if option.startswith(current))
    if kind is None:
        named = [name for name in node["commands"] if name.startswith(current)]
        if named or (node["commands"] and not node["arguments"]):
            return WORDS, named
        kind = node["arguments"][0] if node["arguments"] else ""
    if isinstance(kind, list):
        return WORDS, [f"{head}{equals}{word}" for word in kind if word.startswith(current)]
    how = FILES if kind in _PATHS else WORDS
    return how, [f"{head}{equals}{word}" for word in _KINDS.get(kind, _nothing)(current, folder)]


def _read(words: list[str]) -> tuple[dict[str, Any], Any, Path]:
    """Return the command that words lead to, with what is left of its arguments, and what is wanted next.

    What is wanted is the kind of an option's value, a list of its choices, or None where no option waits for one.
    """
    root = json.loads(files("osiris.cli").joinpath("commands.json").read_text("utf-8"))
    node, waits, folder = root, None, Path()
    common, options, arguments = dict(root["options"]), dict[str, Any](), list(root["arguments"])
    last = ""
    for word in words:
        if waits is not None:
            folder, waits = (Path(word) if last == "-C" else folder), None
        elif word.startswith("-"):
            waits, last = options.get(word) or common.get(word) or None, word
        elif word in node["commands"]:
            node = node["commands"][word]
            options, arguments = dict(node["options"]), list(node["arguments"])
        else:
            arguments = arguments[1:]
    return node | {"options": common | options, "arguments": arguments}, waits, folder


def _nothing(_current: str, _folder: Path) -> Iterator[str]:
    yield from ()


def _connections(current: str, folder: Path) -> Iterator[str]:
    """Yield the connections of the project that a folder belongs to; none where they can't be read."""
    try:
        file = _project(folder) / _CONNECTIONS
        with file.open("rb") as opened:
            document = yaml.safe_load(opened.read(_MOST_BYTES))
    except (OSError, ValueError, yaml.YAMLError):
        return
    tree = document.get("connections", document) if isinstance(document, dict) else None
    for family, aliases in (tree if isinstance(tree, dict) else {}).items():
        names = (f"{family}.{alias}" for alias in (aliases if isinstance(aliases, dict) else {}))
        yield from (f"@{name}" for name in names if _NAME.fullmatch(name) and f"@{name}".startswith(current))


def _places(current: str, folder: Path) -> Iterator[str]:
    """Yield connections, to go on with a table, and files."""
    if current.startswith("@") or not current:
        yield from (f"{name}/" for name in _connections(current, folder))
    if not current.startswith("@"):
        yield from _files(current, folder)


def _families(current: str, _folder: Path) -> Iterator[str]:
    names = sorted(point.name for point in entry_points(group="osiris.families"))
    return (name for name in names if name.startswith(current))


def _templates(current: str, _folder: Path) -> Iterator[str]:
    names = sorted(file.name for file in files("osiris.app").joinpath("library").iterdir())
    return (name.removesuffix(".yaml") for name in names if name.endswith(".yaml") and name.startswith(current))


def _runs(current: str, folder: Path) -> Iterator[str]:
    """Yield `last` and the newest runs, newest first."""
    logs = _project(folder) / "logs"
    names = (run.name for run in logs.iterdir() if run.is_dir()) if logs.is_dir() else ()
    there = sorted(filter(_NAME.fullmatch, names), reverse=True)
    yield from (name for name in ["last", *there[:_MOST_RUNS]] if name.startswith(current))


def _files(current: str, folder: Path) -> Iterator[str]:
    """Yield what a path may go on with; a folder ends in a `/`."""
    head, _, begun = current.rpartition("/")
    above = f"{head}/" if "/" in current else ""
    place = folder / above if above else folder
    try:
        there = sorted(place.expanduser().iterdir())
    except OSError:
        return
    for path in there:
        if path.name.startswith(begun) and (begun.startswith(".") or not path.name.startswith(".")):
            yield f"{above}{path.name}{'/' if path.is_dir() else ''}"


def _folders(current: str, folder: Path) -> Iterator[str]:
    return (path for path in _files(current, folder) if path.endswith("/"))


def _pipelines(current: str, folder: Path) -> Iterator[str]:
    return (path for path in _files(current, folder) if path.endswith(("/", *_YAML)))


def _project(folder: Path) -> Path:
    """Return the nearest folder at or above one that has Osiris's files, as the commands do."""
    here = folder.resolve()
    names = (_SETTINGS, _CONNECTIONS)
    return next((above for above in (here, *here.parents) if any((above / name).is_file() for name in names)), here)


_PATHS = ("file", "folder", "pipeline", "place")
_KINDS = {
    "connection": _connections,
    "family": _families,
    "file": _files,
    "folder": _folders,
    "pipeline": _pipelines,
    "place": _places,
    "run": _runs,
    "template": _templates,
}
