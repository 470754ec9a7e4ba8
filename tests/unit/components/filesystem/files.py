"""A folder of files, and the family's components on it, as the runner would build them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from osiris.kit.component import Extractor, Place, Surveyor, Writer
from osiris.kit.registry import Registry
from osiris.model.catalogue import Known
from osiris.model.errors import OsirisError
from osiris.model.job import Marks
from osiris.model.receipt import Written
from osiris.testing.writer import stream_of

Table = pa.Table
MARKS = Marks(run_id="run-1", step_id="write")


@dataclass(frozen=True)
class Files:
    """A project folder of a test's own."""

    root: Path

    @property
    def place(self) -> Place:
        return Place(project=self.root, scratch=self.root)

    def put(self, name: str, content: str | bytes) -> str:
        """Make a file and return its name."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return name

    def get(self, name: str) -> str:
        return (self.root / name).read_bytes().decode()

    def extractor(self, kind: str, **config: Any) -> Surveyor:
        built = Registry.installed().build(f"filesystem.{kind}_extractor", config, self.place)
        assert isinstance(built, Surveyor)
        return built

    def writer(self, kind: str, **config: Any) -> Writer:
        built = Registry.installed().build(f"filesystem.{kind}_writer", config, self.place)
        assert isinstance(built, Writer)
        return built

    def planned(self, kind: str, **config: Any) -> dict[str, Any]:
        """Return the settings with what a plan fixes."""
        extractor = self.extractor(kind, **config)
        return config | dict(extractor.announce(Known(survey=extractor.survey())).fixed)

    def read(self, kind: str, **config: Any) -> Table:
        """Return the rows as a run reads them after a plan was made."""
        return drained(self.extractor(kind, **self.planned(kind, **config)))

    def write(self, kind: str, table: Table, **config: Any) -> Written:
        """Write a table as a run does, and commit it."""
        writer = self.writer(kind, **config)
        writer.announce(table.schema)
        staged = writer.write(stream_of(table), MARKS)
        try:
            return staged.commit()
        finally:
            staged.close()

    def refused(self, kind: str, **config: Any) -> OsirisError:
        """Return the error that reading ends with; it is one of ours, and says what to do."""
        with pytest.raises(OsirisError) as caught:
            self.read(kind, **config)
        return told(caught.value)

    def not_written(self, kind: str, table: Table, **config: Any) -> OsirisError:
        """Return the error that writing ends with; nothing in the folder is changed by it."""
        before = self.everything()
        with pytest.raises(OsirisError) as caught:
            self.write(kind, table, **config)
        assert self.everything() == before
        return told(caught.value)

    def everything(self) -> dict[str, bytes]:
        return {
            path.relative_to(self.root).as_posix(): path.read_bytes() if path.is_file() else b""
            for path in sorted(self.root.rglob("*"))
        }


def drained(extractor: Extractor) -> Table:
    """Return all rows of an extractor."""
    with extractor.extract() as stream:
        return pa.Table.from_batches(stream, stream.schema)


def told(error: OsirisError) -> OsirisError:
    """Return an error that is one sentence and says what to do."""
    assert error.message
    assert error.hint
    assert "\n" not in error.message
    return error


def types(table: Table) -> list[str]:
    return [str(kind) for kind in table.schema.types]


def values(table: Table, column: str | int = 0) -> list[Any]:
    found: list[Any] = table.column(column).to_pylist()
    return found
