"""JSON out: one object a line, or one array of objects."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pyarrow as pa

from osiris.components.filesystem.config import FilesystemConnection, JsonExtract, JsonWrite
from osiris.components.filesystem.file_writer import FileWriter, must_be_text
from osiris.components.filesystem.json_records import open_records
from osiris.components.filesystem.published import JSON
from osiris.components.filesystem.staging import CHUNK, StagedFile
from osiris.kit.cells import joined_bytes, json_objects, json_texts, texts_of
from osiris.kit.component import Describe, Place
from osiris.kit.sizing import sized
from osiris.kit.stream import Stream
from osiris.model.errors import TargetError
from osiris.model.spec import Example

_AFTER_THE_ARRAY = b"\n]\n"


@dataclass(frozen=True)
class JsonWriter(FileWriter):
    """Write one JSON file: beside the target, then in its place at once.

    Every row has all keys, in the order of the columns; NULL is null. Numbers have all their digits, those of
    decimals too; times are ISO 8601 and bytes hexadecimal texts; lists and structs are arrays and objects. NaN and
    infinity are refused: JSON has neither.
    """

    about: ClassVar[Describe] = Describe(
        name="filesystem.json_writer",
        title="Write a JSON file",
        mode="write",
        config=JsonWrite,
        connection="optional",
        llm_hints=(
            "Paths start in the project folder; folders are made.",
            "`format: lines` writes one object a line, `format: array` one array of them.",
            "Keys come in the order of the step before; rename them in SQL.",
        ),
        examples=(
            Example(title="One object a line", config={"path": "output/events.jsonl"}),
            Example(title="One array", config={"path": "output/top_customers.json", "format": "array"}),
        ),
        types=JSON,
    )

    config: JsonWrite
    place: Place
    connection: FilesystemConnection | None = None

    def _must_hold(self, schema: pa.Schema) -> None:
        must_be_text(schema)

    def _fill(self, staged: StagedFile, rows: Stream) -> None:
        is_array, rows_before = self.config.format == "array", 0
        if self.config.write_mode == "append" and staged.holds_something:
            rows_before = self._rows_before(staged)
            staged.copy_old(without=_after_the_last(staged) if is_array else 0)
        if is_array:
            taken, start = self._put_array(staged, rows, rows_before)
        else:
            taken, start = self._put_lines(staged, rows)
        others = _AFTER_THE_ARRAY.count(b"\n") if is_array else 0
        staged.finish(self.config.write_mode, taken, rows_before, lambda path: count_lines(path, start) - others)

    def _put_lines(self, staged: StagedFile, rows: Stream) -> tuple[int, int]:
        """Return how many rows were put, and where the first begins."""
        if staged.size and staged.tail(1) != b"\n":
            staged.put(b"\n")
        start, taken = staged.size, 0
        for batch in sized(iter(rows)):
            staged.put(objects(batch, before="", after="\n"))
            taken += batch.num_rows
        return taken, start

    def _put_array(self, staged: StagedFile, rows: Stream, rows_before: int) -> tuple[int, int]:
        """Return how many rows were put, and where the first begins."""
        if not staged.size:
            staged.put(b"[")
        start, taken = staged.size, 0
        for batch in sized(iter(rows)):
            text = objects(batch, before=",\n", after="")
            staged.put(text if rows_before or taken else text.slice(1))
            taken += batch.num_rows
        staged.put(_AFTER_THE_ARRAY)
        return taken, start

    def _rows_before(self, staged: StagedFile) -> int:
        """Return how many objects the target holds, all of which are JSON in this format.

        Raises:
            TargetError: it is in the other format.
            SourceError: it is not JSON.
        """
        old = open_records(staged.target, JsonExtract(path=self.config.path, compression="none"))
        with closing(old.batches()) as batches:
            if not old.empty and old.layout != self.config.format:
                raise TargetError(
                    f"{self.config.path!r} is not in `format: {self.config.format}`",
                    hint=f"write `format: {old.layout}`, or `write_mode: replace`",
                )
            return sum(map(len, batches))


def objects(batch: pa.RecordBatch, *, before: str, after: str) -> pa.Buffer:
    """Return each row as an object, between two texts.

    Raises:
        CheckFailed: a number is not finite.
    """
    return joined_bytes(json_objects(batch.schema.names, texts_of(batch, json_texts), before, after))


def _after_the_last(staged: StagedFile) -> int:
    """Return how many bytes stand after the last object of the target's array, the bracket included."""
    size = CHUNK
    while True:
        end = staged.tail(size)
        kept = end.rstrip().removesuffix(b"]").rstrip()
        if kept or len(end) < size:
            return len(end) - len(kept)
        size *= 2


def count_lines(path: Path, start: int) -> int:
    """Return how many lines end from a position in the file on."""
    with path.open("rb") as file:
        file.seek(start)
        return sum(block.count(b"\n") for block in iter(lambda: file.read(CHUNK), b""))
