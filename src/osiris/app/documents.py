"""Settings and connections as written: the one way YAML files of a project are read."""

from pathlib import Path
from typing import Any

from osiris.model.document import read
from osiris.model.errors import ConfigError


def read_document(file: Path) -> Any:
    """Return a YAML file's value: plain data with text keys, None where it is empty.

    Raises:
        ConfigError: the file can't be read, or is not YAML of reasonable size; names line and column.
    """
    try:
        content = file.read_bytes()
    except OSError as exc:
        raise ConfigError(
            f"cannot read {file.name}: {exc.strerror}", where=str(file), hint="check the file and its rights"
        ) from exc
    document = read(content)
    if not document.errors:
        return document.root.value
    first, others = document.errors[0], len(document.errors) - 1
    more = f", and {others} more like it" if others else ""
    raise ConfigError(
        f"{first.message}{more}",
        where=f"{file.name}, line {first.line}, column {first.column}",
        why=first.why,
        hint=first.hint,
    )
