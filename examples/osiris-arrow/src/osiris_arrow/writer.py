"""Files of arrow out."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from io import IOBase
from pathlib import Path
from typing import IO, ClassVar, cast

import pyarrow as pa
from osiris.kit import beside
from osiris.kit.component import Announced, Describe, LocalFile, Place
from osiris.kit.stream import Stream
from osiris.model.errors import CheckFailed, TargetError
from osiris.model.job import Marks
from osiris.model.plan import TargetState
from osiris.model.receipt import Artifact, Written
from osiris.model.spec import Example

from osiris_arrow.config import ArrowWrite
from osiris_arrow.extractor import batches_of, reading


@dataclass(frozen=True)
class ArrowWriter:
    """Write one file: beside the target first, in its place at the commit."""

    about: ClassVar[Describe] = Describe(
        name="arrow.writer",
        title="Write a file of arrow",
        mode="write",
        config=ArrowWrite,
        llm_hints=("Types are those of the step before; cast them in SQL.",),
        examples=(Example(title="A file", config={"path": "output/orders.arrow"}),),
    )

    config: ArrowWrite
    place: Place

    def announce(self, rows: pa.Schema) -> Announced:
        """Return the columns taken: all, as they are."""
        return Announced(schema=rows)

    def target(self) -> str:
        """Return the path, as the pipeline writes it."""
        return self.config.path

    def files(self) -> tuple[LocalFile, ...]:
        """Return the file; what it holds is needed where rows are appended."""
        return (LocalFile(self._path(), read=self.config.write_mode == "append", written=True),)

    def look(self) -> TargetState:
        """Return whether the file is there, and its digest."""
        path = self._path()
        with writing(path):
            digest = sha256_of(path) if path.exists() else ""
        return TargetState(target=self.target(), exists=bool(digest), sha256=digest)

    def write(self, rows: Stream, marks: Marks) -> "Staged":
        """Take all rows into a file beside the target.

        Raises:
            TargetError: the system refuses, or the old rows have other columns.
            CheckFailed: not all rows arrived.
        """
        staged = Staged.begin(self._path(), self.config, marks)
        try:
            staged.fill(rows)
        except BaseException:
            staged.close()
            raise
        return staged

    def _path(self) -> Path:
        return self.place.project / self.config.path


@dataclass
class Staged:
    """A file that only this writer knows; it becomes the target at the commit.

    Attributes:
        written: What is in it; known once it is filled.
    """

    target: Path
    config: ArrowWrite
    path: Path
    file: IO[bytes]
    folders: list[Path]
    written: Written = field(init=False)
    _committed: bool = False

    @classmethod
    def begin(cls, target: Path, config: ArrowWrite, marks: Marks) -> "Staged":
        """Begin a file beside its target, after clearing away what killed runs left there."""
        with writing(target):
            folders = beside.make(target.parent)
            beside.clear(target)
            path, file = beside.begin(target, marks)
        return cls(target, config, path, file, folders)

    def fill(self, rows: Stream) -> None:
        """Write the old rows where they are kept, then the new ones, and count what arrived."""
        kept = given = 0
        with writing(self.target), pa.ipc.new_file(cast("IOBase", self.file), rows.schema) as out:
            for batch in self._old(rows.schema):
                out.write_batch(batch)
                kept += batch.num_rows
            for batch in rows:
                out.write_batch(batch)
                given += batch.num_rows
        with writing(self.target):
            self.file.flush()
            os.fsync(self.file.fileno())
        with reading(self.path) as file:
            arrived = sum(batch.num_rows for batch in batches_of(file)) - kept
        if arrived != given:
            raise CheckFailed(f"{self.config.path!r} would hold {arrived} of {given} rows", hint="run it again")
        self.written = self._said(kept, given)

    def commit(self) -> Written:
        """Put the file in its target's place, all at once."""
        with writing(self.target):
            beside.put(self.path, self.file, self.target)
        self._committed = True
        self.file.close()
        return self.written

    def close(self) -> None:
        """Take the file away unless it was committed. Safe to call twice."""
        if not self._committed:
            with suppress(FileNotFoundError):
                self.path.unlink()
            beside.remove(self.folders)
        self.file.close()

    def _said(self, kept: int, given: int) -> Written:
        """Return what is in the file; by its digest a later run knows the file as its own."""
        name, mode = self.config.path, self.config.write_mode
        size, digest = self.path.stat().st_size, sha256_of(self.path)
        return Written(
            target=name,
            write_mode=mode,
            staged=given,
            rows_before=kept if mode == "append" else None,
            rows_after=kept + given,
            artifacts=(Artifact(path=name, sha256=digest, bytes=size, rows=kept + given),),
        )

    def _old(self, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        if self.config.write_mode != "append" or not self.target.exists():
            return
        with reading(self.target) as file:
            if not file.schema.equals(schema):
                raise TargetError(f"{self.config.path!r} has other columns", hint="write `write_mode: replace`")
            yield from batches_of(file)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Say what the system complains of in the user's words.

    Raises:
        TargetError: it does.
    """
    try:
        yield
    except OSError as exc:
        reason = exc.strerror or str(exc)
        raise TargetError(f"cannot write {path.name!r}: {reason}", hint="check `path` and the disk") from exc
