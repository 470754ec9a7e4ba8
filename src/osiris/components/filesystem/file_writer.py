"""What writing a file is, whatever its format."""

from abc import ABC, abstractmethod
from collections import Counter
from pathlib import Path

import pyarrow as pa

from osiris.components.filesystem.config import FilesystemConnection, Write
from osiris.components.filesystem.paths import said, target_path
from osiris.components.filesystem.staging import StagedFile, state_of
from osiris.kit.cells import writable
from osiris.kit.component import Announced, LocalFile, Place
from osiris.kit.stream import Stream
from osiris.model.errors import AuthorError
from osiris.model.job import Marks
from osiris.model.plan import TargetState


class FileWriter(ABC):
    """Rows into one file: beside the target first, in its place at the commit."""

    config: Write
    place: Place
    connection: FilesystemConnection | None

    @abstractmethod
    def _must_hold(self, schema: pa.Schema) -> None:
        """Refuse columns that the format can't hold.

        Raises:
            AuthorError: there is one.
        """

    @abstractmethod
    def _fill(self, staged: StagedFile, rows: Stream) -> None:
        """Write the old rows where they are kept, then these, and finish the file."""

    def announce(self, rows: pa.Schema) -> Announced:
        """Return the columns taken.

        Raises:
            AuthorError: the format can't hold a column.
        """
        self._path()
        self._must_fit(rows)
        return Announced(schema=rows)

    def target(self) -> str:
        """Return the path, relative to the project where it lies inside."""
        return said(self._path(), self.place)

    def files(self) -> tuple[LocalFile, ...]:
        """Return the file to write; what it holds is needed where rows are appended."""
        return (LocalFile(self._path(), read=self.config.write_mode == "append", written=True),)

    def look(self) -> TargetState:
        """Return whether the file is there, and its digest."""
        return state_of(self._path(), self.config.path, self.place)

    def write(self, rows: Stream, marks: Marks) -> StagedFile:
        """Write all rows beside the target.

        Raises:
            TargetError: the system refuses, or rows can't be appended to what is there.
            CheckFailed: the file can't say a value, or not all rows arrived.
        """
        self._must_fit(rows.schema)
        staged = StagedFile.beside(
            self._path(), self.config.path, self.place, marks, create_dirs=self.config.create_dirs
        )
        try:
            self._fill(staged, rows)
        except BaseException:
            staged.close()
            raise
        return staged

    def _must_fit(self, schema: pa.Schema) -> None:
        must_be_named(schema)
        self._must_hold(schema)

    def _path(self) -> Path:
        return target_path(self.config.path, self.place, self.connection)


def must_be_named(schema: pa.Schema) -> None:
    """Refuse rows whose columns can't be told apart.

    Raises:
        AuthorError: two have one name, or there is none at all.
    """
    if not schema.names:
        raise AuthorError("there is no column to write", hint="select one in the step before")
    twice = sorted(name for name, times in Counter(schema.names).items() if times > 1)
    if twice:
        raise AuthorError(
            f"{', '.join(map(repr, twice))} names more than one column",
            hint="rename one with AS in the step before",
        )


def must_be_text(schema: pa.Schema) -> None:
    """Refuse columns whose values have no text.

    Raises:
        AuthorError: there is one.
    """
    for field in schema:
        if not writable(field.type):
            raise AuthorError(
                f"column {field.name!r} has the type {field.type}, which has no text",
                hint="cast it to a number or to text in SQL, or write Parquet",
            )
