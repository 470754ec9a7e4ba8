"""Files that a connection names and a driver opens: certificates and keys."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel
from pydantic.fields import FieldInfo

from osiris.kit.describe import model_within

Names = tuple[str, ...]  # of a field and those that it lies in, as they are written, the outermost first


@dataclass(frozen=True)
class NamesFile:
    """Marks a field that names a file.

    Attributes:
        secret: Whether what the file holds is never shown, and never written anywhere else.
    """

    secret: bool = False


CertificateFile = Annotated[str, NamesFile()]
KeyFile = Annotated[str, NamesFile(secret=True)]


@dataclass(frozen=True)
class NamedFile:
    """One file that is there."""

    field: Names
    path: Path
    secret: bool


def named_files(model: type[BaseModel], fields: Mapping[str, Any], folder: Path) -> Iterator[NamedFile]:
    """Yield the files that a connection's fields name; one that is not there is for the driver to complain of.

    Args:
        model: Of the connection.
        fields: As written, variables filled in; a field that is not there has its default.
        folder: Where relative paths begin, if a file lies there.
    """
    for name, info in model.model_fields.items():
        written = next((other for other in _names(name, info) if other in fields), name)
        value = fields.get(written, info.default)
        for mark in (mark for mark in info.metadata if isinstance(mark, NamesFile)):
            if value and isinstance(value, str) and (path := _found(value, folder)):
                yield NamedFile((written,), path, mark.secret)
        if (inner := model_within(info)) and isinstance(value, Mapping):
            for file in named_files(inner, value, folder):
                yield NamedFile((written, *file.field), file.path, file.secret)


def renamed(fields: Mapping[str, Any], paths: Mapping[Names, str]) -> dict[str, Any]:
    """Return a connection's fields with other names for some of their files."""
    changed = dict(fields)
    for (first, *inner), path in paths.items():
        changed[first] = renamed(changed[first], {tuple(inner): path}) if inner else path
    return changed


def rooted(model: type[BaseModel], fields: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Return a connection's fields with the whole path of each file that they name, wherever the process stands."""
    return renamed(fields, {file.field: str(file.path) for file in named_files(model, fields, folder)})


def _found(text: str, folder: Path) -> Path | None:
    try:
        path = folder / Path(text).expanduser()
        return path if path.is_file() else None
    except (OSError, ValueError, RuntimeError):  # too long for a name, or of nobody's home
        return None


def _names(name: str, info: FieldInfo) -> tuple[str, ...]:
    """Return every name under which a field may be written."""
    other = info.validation_alias
    choices = other.choices if isinstance(other, AliasChoices) else (other, info.alias)
    return tuple(choice for choice in (*choices, name) if isinstance(choice, str))
