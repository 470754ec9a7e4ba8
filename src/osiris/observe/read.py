"""What a session holds: its journal, line by line, the manifest that ran, and what that was made from."""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import yaml
from pydantic_core import from_json

from osiris.model.document import PARSER
from osiris.model.errors import UsageError
from osiris.model.events import STAMP
from osiris.model.layout import Session
from osiris.model.manifest import Manifest

_NAMED = frozenset({"id", "component"})  # what every step of a manifest has, besides its settings


def read_events(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the records of a journal in the order in which they were written; none where there is no file.

    A line that is not whole, or is no record, is left out: it was being written when the process, the machine or the
    disk gave up. The gap shows in `seq`.
    """
    if not path.is_file():
        return
    with path.open("rb") as lines:
        for line in lines:
            try:
                record = json.loads(line)
            except ValueError:
                continue
            if isinstance(record, dict) and record.keys() >= STAMP.keys() | {"event"}:
                yield record


def manifest_in(content: bytes) -> Manifest:
    """Return the manifest that a file holds.

    Raises:
        ValueError: it holds none.
    """
    try:
        return Manifest.model_validate(yaml.load(content, Loader=PARSER))  # nosec B506 # noqa: S506 - safe
    except yaml.YAMLError as exc:
        raise ValueError(str(exc)) from exc


def read_manifest(session: Session) -> Manifest:
    """Return the manifest that ran.

    Raises:
        UsageError: it is not there, or not whole.
    """
    try:
        return manifest_in(session.manifest.read_bytes())
    except (OSError, ValueError) as exc:
        raise _unreadable(session) from exc


def first_steps(session: Session, most: int) -> Iterator[dict[str, Any]]:
    """Yield the first steps of the manifest that ran, each value in it a text; the rest of the file is not read.

    Raises:
        UsageError: it is not there, or not whole as far as it was read.
    """
    try:
        with session.manifest.open("rb") as content:
            for step in islice(_steps(yaml.parse(content, Loader=PARSER)), most):
                if not (isinstance(step, dict) and isinstance(step.get("config"), dict) and step.keys() >= _NAMED):
                    raise _unreadable(session)
                yield step
    except (OSError, yaml.YAMLError) as exc:
        raise _unreadable(session) from exc


def _steps(events: Iterator[Any]) -> Iterator[Any]:
    """Yield the entries of `steps` of a document that is a mapping, one after the other."""
    for event in events:
        if isinstance(event, yaml.MappingStartEvent):
            break
    for event in events:
        if isinstance(event, yaml.ScalarEvent) and event.value == "steps":
            if not isinstance(next(events), yaml.SequenceStartEvent):
                return
            while not isinstance(begun := next(events), yaml.SequenceEndEvent):
                yield _value(events, begun)
            return
        _value(events, next(events, event))


def _value(events: Iterator[Any], begun: Any) -> Any:
    """Return what one event begins: a mapping, a list, or a text."""
    match begun:
        case yaml.MappingStartEvent():
            found = {}
            while not isinstance(key := next(events), yaml.MappingEndEvent):
                found[str(_value(events, key))] = _value(events, next(events))
            return found
        case yaml.SequenceStartEvent():
            items = []
            while not isinstance(item := next(events), yaml.SequenceEndEvent):
                items.append(_value(events, item))
            return items
        case yaml.ScalarEvent(value=value):
            return value
    return None


def fingerprints_of(session: Session) -> dict[str, str]:
    """Return what the manifest that ran was made from; empty where the session does not say."""
    try:
        known: dict[str, str] = from_json(session.frozen.read_bytes())["semantic"]["fingerprints"]
    except (OSError, ValueError, LookupError, TypeError):
        return {}
    return known


def _unreadable(session: Session) -> UsageError:
    return UsageError(
        f"cannot read {session.manifest.name} of the run",
        where=str(session.folder),
        hint="the record needs the manifest that runs",
    )
