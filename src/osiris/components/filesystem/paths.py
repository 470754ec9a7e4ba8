"""Which file a setting means, and what the file system complains of in the user's words."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from osiris.components.filesystem.config import FilesystemConnection
from osiris.kit.component import LocalFile, Place
from osiris.model.errors import SourceError, TargetError
from osiris.model.nearest import nearest

MOST_NAMES = 500  # files of a folder that are looked at for a suggestion


def folder(place: Place, connection: FilesystemConnection | None) -> Path:
    """Return where relative paths start: the project, or the connection's folder."""
    return place.project / connection.base_dir if connection else place.project


def source_path(path: str, place: Place, connection: FilesystemConnection | None) -> Path:
    """Return the file to read.

    Raises:
        SourceError: it is not there, or is no file.
    """
    found = folder(place, connection) / path
    with reading(path):
        if found.is_dir():
            names = sorted(entry.name for entry in _entries(found) if entry.is_file())
            inside = f"in it: {', '.join(names[:5])}" if names else "it holds no files"
            raise SourceError(f"{path!r} is a folder, not a file", hint=f"name one file in `path`; {inside}")
        if not found.exists():
            raise SourceError(f"there is no file {path!r}", hint=_instead(path, found, place))
        if not found.is_file():
            raise SourceError(f"{path!r} is a pipe or a device, not a file", hint="save its content to a file first")
    return found


def source_file(path: str, place: Place, connection: FilesystemConnection | None) -> tuple[LocalFile, ...]:
    """Return the file that `path` means, whether it is there or not."""
    return (LocalFile(Path(os.path.normpath(folder(place, connection) / path))),)


def _instead(path: str, missing: Path, place: Place) -> str:
    if not missing.parent.is_dir():
        return f"there is no folder {str(Path(path).parent)!r} either; paths start in the project folder"
    near = nearest(missing.name, (entry.name for entry in _entries(missing.parent)))
    if near:
        return f"did you mean {', '.join(repr(str(Path(path).with_name(name))) for name in near)}?"
    here = "the project folder" if missing.parent == place.project else f"{str(Path(path).parent)!r}"
    return f"check `path`; nothing in {here} has a name like it"


def _entries(inside: Path) -> list[Path]:
    return [entry for _, entry in zip(range(MOST_NAMES), inside.iterdir(), strict=False)]


def target_path(path: str, place: Place, connection: FilesystemConnection | None) -> Path:
    """Return the file to write: where it really lies, if the path is a link to it.

    Raises:
        TargetError: the system has no such path.
    """
    lexical = Path(os.path.normpath(folder(place, connection) / path))
    with writing(path):
        return Path(os.path.realpath(lexical)) if lexical.is_symlink() else lexical


def said(path: Path, place: Place) -> str:
    """Return a path as receipts and plans say it: relative to the project where it lies inside, with `/`."""
    project = Path(os.path.normpath(place.project))
    lexical = Path(os.path.normpath(path))
    return (lexical.relative_to(project) if lexical.is_relative_to(project) else lexical).as_posix()


@contextmanager
def reading(path: str) -> Iterator[None]:
    """Say what the file system complains of while `path` is read."""
    try:
        yield
    except PermissionError as exc:
        raise SourceError(
            f"this user may not read {path!r}", hint=f"give the right to read it, such as `chmod +r {path}`"
        ) from exc
    except OSError as exc:
        raise SourceError(f"cannot read {path!r}: {_reason(exc)}", hint="check `path` and the disk") from exc


@contextmanager
def writing(path: str) -> Iterator[None]:
    """Say what the file system complains of while `path` is written."""
    try:
        yield
    except OSError as exc:
        message, hint = _refused(path, exc)
        raise TargetError(message, hint=hint) from exc


def _refused(path: str, exc: OSError) -> tuple[str, str]:
    match exc.errno:
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return f"this user may not write {path!r}", "give the right to write in its folder, or write elsewhere"
        case errno.ENOSPC | errno.EDQUOT | errno.EFBIG:
            return f"there is no room for {path!r}: {_reason(exc)}", "make room on the disk, or write elsewhere"
        case errno.ENOENT:
            return f"there is no folder for {path!r}", "make it, or set `create_dirs: true`"
        case errno.ENOTDIR | errno.EEXIST:
            return f"a folder of {path!r} is a file", "write elsewhere, or move that file"
        case errno.ENAMETOOLONG:
            return f"the name {path!r} is too long", "choose a shorter one"
        case _:
            return f"cannot write {path!r}: {_reason(exc)}", "check `path` and the disk"


def _reason(exc: OSError) -> str:
    return (exc.strerror or str(exc)).lower()
