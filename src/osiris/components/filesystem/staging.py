"""A file written beside its target, and put in the target's place all at once."""

import hashlib
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Self

import pyarrow as pa

from osiris.components.filesystem.config import Encoding
from osiris.components.filesystem.paths import said, writing
from osiris.components.filesystem.source import codec_of
from osiris.kit import beside
from osiris.kit.component import Place
from osiris.model.errors import CheckFailed, TargetError
from osiris.model.job import Marks
from osiris.model.plan import TargetState
from osiris.model.receipt import Artifact, Written

CHUNK = 1_048_576
_RIGHTS = 0o777


@dataclass
class StagedFile:
    """A file that only this writer knows, in its target's folder.

    It is locked as long as its writer lives, so that a later run can tell what a killed one left behind.

    Attributes:
        target: Where it will lie.
        name: What the user calls the target.
        old: What the target was when this began; None where there was none.
        written: Known once `finish` was called.
    """

    target: Path
    name: str
    place: Place
    path: Path
    file: IO[bytes]
    old: os.stat_result | None
    _folders: list[Path]
    _committed: bool = False
    _written: Written | None = field(default=None, repr=False)

    @classmethod
    def beside(cls, target: Path, name: str, place: Place, marks: Marks, *, create_dirs: bool) -> Self:
        """Begin a file beside its target, after clearing away what killed runs left there.

        Raises:
            TargetError: the target is no file, its folder is missing, another step of the run writes it, or the
                system refuses.
        """
        with writing(name):
            must_be_a_file(target, name)
            folders = beside.make(target.parent) if create_dirs else []
            try:
                beside.clear(target)
                old = target.stat() if target.exists() else None
                path, file = _begin(target, name, marks)
            except (OSError, TargetError):
                beside.remove(folders)
                raise
        staged = cls(target, name, place, path, file, old, folders)
        if old is not None:
            with writing(name), suppress(PermissionError):  # a system without such rights
                path.chmod(old.st_mode & _RIGHTS)
        return staged

    @property
    def holds_something(self) -> bool:
        """Return whether the target is there and not empty."""
        return self.old is not None and self.old.st_size > 0

    @property
    def size(self) -> int:
        """Return how many bytes were written so far."""
        return self.file.tell()

    def copy_old(self, *, without: int = 0) -> None:
        """Begin with the bytes that the target holds, but for so many at its end.

        Raises:
            TargetError: the disk refuses.
        """
        with writing(self.name), self.target.open("rb") as old:
            shutil.copyfileobj(old, self.file, CHUNK)
            self.file.seek(-without, os.SEEK_END)
            self.file.truncate()

    def tail(self, size: int) -> bytes:
        """Return the last bytes of the target as it is: so many, or all where it has fewer."""
        with writing(self.name), self.target.open("rb") as old:
            old.seek(-min(size, old.seek(0, os.SEEK_END)), os.SEEK_END)
            return old.read()

    def codec(self, encoding: Encoding) -> str:
        """Return Python's name of an encoding; after the old rows it is theirs, without a byte order mark."""
        if not self.size:
            return encoding
        with self.target.open("rb") as old:
            return codec_of(encoding, old.read(2))

    def put(self, content: bytes | pa.Buffer) -> None:
        """Write some bytes.

        Raises:
            TargetError: the disk refuses.
        """
        with writing(self.name):
            self.file.write(content)

    @property
    def written(self) -> Written:
        """Return what was staged."""
        assert self._written is not None, "finish() comes first"  # noqa: S101 - the writers call it
        return self._written

    def finish(self, write_mode: str, rows: int, rows_before: int, count: Callable[[Path], int]) -> None:
        """Bring every byte to the disk and hold what is there against what was given.

        Args:
            write_mode: Canonical.
            rows: Rows given.
            rows_before: Rows that the target held and that are kept.
            count: Returns how many of the rows given lie in the file.

        Raises:
            CheckFailed: the rows in the file are not those that were given.
            TargetError: the disk refuses.
        """
        with writing(self.name):
            self.file.flush()
            os.fsync(self.file.fileno())
            found = count(self.path)
            if found != rows:
                raise CheckFailed(
                    f"{self.name!r} would hold {found} of the {rows} rows that were written",
                    hint="run it again; if it happens again, check the disk",
                )
            size, sha256 = self.path.stat().st_size, sha256_of(self.path)
        said_path = said(self.target, self.place)
        self._written = Written(
            target=said_path,
            write_mode=write_mode,
            staged=rows,
            rows_before=rows_before if write_mode == "append" else None,
            rows_after=rows_before + found,
            artifacts=(Artifact(path=said_path, sha256=sha256, bytes=size, rows=rows_before + found),),
        )

    def commit(self) -> Written:
        """Put the file in its target's place.

        Raises:
            TargetError: the target refuses, or another has changed what this run appends to; it is as it was.
        """
        with writing(self.name), beside.alone(self.target.parent):
            if self.written.write_mode == "append":
                self._must_be_unchanged()
            beside.put(self.path, self.file, self.target)
            self._committed = True
        self.file.close()
        return self.written

    def _must_be_unchanged(self) -> None:
        now = self.target.stat() if self.target.exists() else None
        if beside.identity(now) != beside.identity(self.old):
            raise TargetError(
                f"{self.name!r} was changed by another while rows were appended to it", hint="run it again"
            )

    def close(self) -> None:
        """Take the file away unless it was committed. Safe to call twice."""
        if not self._committed:
            with suppress(FileNotFoundError):
                self.path.unlink()
            beside.remove(self._folders)
        with suppress(OSError):  # a full disk refuses the last bytes once more; they are not wanted
            self.file.close()


def must_be_a_file(target: Path, name: str) -> None:
    """Refuse a target that is there and is no file.

    Raises:
        TargetError: it is a folder, or a pipe or a device, which a file would take the place of.
    """
    if target.exists() and not target.is_file():
        what = "a folder" if target.is_dir() else "a pipe or a device"
        raise TargetError(f"{name!r} is {what}, not a file", hint="name a file in `path`")


def _begin(target: Path, name: str, marks: Marks) -> tuple[Path, IO[bytes]]:
    try:
        path, file = beside.begin(target, marks)
    except FileExistsError as exc:
        raise TargetError(f"{name!r} is being written by this step already", hint="run it once at a time") from exc
    if beside.others_of(marks.run_id, target, path):  # under another name: the compiler sees names alone
        path.unlink()
        file.close()
        raise TargetError(
            f"{name!r} is being written by another step of this run",
            why="the rows of only one of them would stay",
            hint="put the rows together in a step before, or write another file",
        )
    return path, file


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def state_of(target: Path, name: str, place: Place) -> TargetState:
    """Return whether the target is there, and the digest of what it holds.

    Raises:
        TargetError: it is no file, or this user may not read it.
    """
    with writing(name):
        must_be_a_file(target, name)
        exists = target.exists()
        return TargetState(target=said(target, place), exists=exists, sha256=sha256_of(target) if exists else "")
