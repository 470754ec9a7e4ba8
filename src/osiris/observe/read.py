"""What a session holds: its journal, line by line, and the manifest that ran."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from osiris.model.errors import UsageError
from osiris.model.layout import Session
from osiris.model.manifest import Manifest

_Yaml = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster where PyYAML was built with it


def read_events(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the records of a journal in the order in which they were written; none where there is no file.

    A line that is not whole is left out: it was being written when the process, the machine or the disk gave up.
    The gap shows in `seq`.
    """
    if not path.is_file():
        return
    with path.open("rb") as lines:
        for line in lines:
            try:
                record = json.loads(line)
            except ValueError:
                continue
            if isinstance(record, dict) and "event" in record:
                yield record


def read_manifest(session: Session) -> Manifest:
    """Return the manifest that ran.

    Raises:
        UsageError: it is not there, or not whole.
    """
    try:
        return Manifest.model_validate(yaml.load(session.manifest.read_bytes(), Loader=_Yaml))  # noqa: S506 - safe
    except (OSError, yaml.YAMLError, ValidationError) as exc:
        raise UsageError(
            f"cannot read {session.manifest.name} of the run",
            where=str(session.folder),
            hint="the record needs the manifest that runs",
        ) from exc
