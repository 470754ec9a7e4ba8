"""Files of arrow in."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pyarrow as pa
from osiris.kit.arrow import columns_of
from osiris.kit.component import Announced, Describe, LocalFile, Place
from osiris.kit.settled import announced, must_be_settled
from osiris.kit.sizing import sized
from osiris.kit.stream import Stream
from osiris.model.catalogue import Known, Table
from osiris.model.errors import OsirisError, SourceError
from osiris.model.spec import Example

from osiris_arrow.config import ArrowExtract


@dataclass(frozen=True)
class ArrowExtractor:
    """Read one file of any size, batch by batch."""

    about: ClassVar[Describe] = Describe(
        name="arrow.extractor",
        title="Read a file of arrow",
        mode="read",
        config=ArrowExtract,
        llm_hints=("Types are those of the file; convert in SQL.",),
        examples=(Example(title="A file", config={"path": "data/orders.arrow"}),),
    )

    config: ArrowExtract
    place: Place

    def announce(self, known: Known) -> Announced:
        """Return the columns that a look at the file found, and fix their types."""
        return announced(known)

    def survey(self) -> Table:
        """Look at the file and return its columns.

        Raises:
            SourceError: it is missing, or is no such file.
        """
        with reading(self._path()) as file:
            return Table(name=self.config.path, kind="file", columns=columns_of(file.schema))

    def extract(self) -> Stream:
        """Open the file; its rows are read when they are wanted.

        Raises:
            SourceError: it is missing, or is no such file. Also while the stream is read, where it is damaged.
            CheckFailed: its columns are not what they were when the pipeline was compiled.
        """
        with reading(self._path()) as file:
            schema = file.schema
        must_be_settled(self.config.settled, schema, self.config.path)
        return Stream(schema, self._batches())

    def files(self) -> tuple[LocalFile, ...]:
        """Return the file, which travels along where a pipeline runs elsewhere."""
        return (LocalFile(self._path()),)

    def _path(self) -> Path:
        return self.place.project / self.config.path

    def _batches(self) -> Generator[pa.RecordBatch]:
        with reading(self._path()) as file:
            yield from sized(batches_of(file))


@contextmanager
def reading(path: Path) -> Iterator[pa.RecordBatchFileReader]:
    """Open a file, and say what the system and Arrow complain of in the user's words.

    Raises:
        SourceError: they do.
    """
    try:
        with pa.OSFile(str(path), "rb") as source, pa.ipc.open_file(source) as file:
            yield file
    except OsirisError:
        raise
    except FileNotFoundError as exc:
        raise SourceError(f"there is no file {path.name!r}", hint="check `path`") from exc
    except (OSError, pa.ArrowInvalid) as exc:
        raise SourceError(f"cannot read {path.name!r}: {exc}", hint="check `path` and what the file holds") from exc


def batches_of(file: pa.RecordBatchFileReader) -> Iterator[pa.RecordBatch]:
    """Yield a file's batches one by one, so that no more than one is held."""
    return (file.get_batch(number) for number in range(file.num_record_batches))
