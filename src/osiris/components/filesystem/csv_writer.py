"""Delimited text out."""

import codecs
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pyarrow as pa

from osiris.components.filesystem.config import CsvExtract, CsvWrite, FilesystemConnection
from osiris.components.filesystem.csv_text import CsvText
from osiris.components.filesystem.delimited import open_delimited
from osiris.components.filesystem.file_writer import FileWriter, must_be_text
from osiris.components.filesystem.published import TEXT
from osiris.components.filesystem.staging import StagedFile
from osiris.kit.cells import raw, texts, texts_of
from osiris.kit.component import Describe, Place
from osiris.kit.sizing import sized
from osiris.kit.stream import Stream
from osiris.model.errors import CheckFailed, TargetError
from osiris.model.spec import Example

_BLOCK = 1_048_576


@dataclass(frozen=True)
class CsvWriter(FileWriter):
    """Write one delimited text file: beside the target, then in its place at once.

    Text is exact: numbers have all their digits, times are ISO 8601, bytes are hexadecimal, lists and structs are
    JSON. NULL is an empty field, an empty text is a quoted one, so that the two can be told apart.
    """

    about: ClassVar[Describe] = Describe(
        name="filesystem.csv_writer",
        title="Write a CSV file",
        mode="write",
        config=CsvWrite,
        connection="optional",
        llm_hints=(
            "Paths start in the project folder; folders are made.",
            "Columns come in the order of the step before; sort and rename in SQL.",
            "To add to a file write `write_mode: append`; its header must have the same names in the same order.",
        ),
        examples=(
            Example(title="A file", config={"path": "output/top_customers.csv"}),
            Example(
                title="For a spreadsheet that wants semicolons",
                config={"path": "output/prices.csv", "delimiter": ";", "encoding": "utf-16", "newline": "crlf"},
            ),
        ),
        types=TEXT,
    )

    config: CsvWrite
    place: Place
    connection: FilesystemConnection | None = None

    def _must_hold(self, schema: pa.Schema) -> None:
        must_be_text(schema)

    def _fill(self, staged: StagedFile, rows: Stream) -> None:
        text, rows_before = CsvText(self.config), 0
        if self.config.write_mode == "append" and staged.holds_something:
            rows_before = self._rows_before(staged, rows.schema)
            staged.copy_old()
            self._end_the_last_line(staged)
        start = staged.size
        codec = staged.codec(self.config.encoding)
        encode = _encoder(self.config, codec)
        has_header = self.config.header and start == 0
        if has_header:
            staged.put(encode(text.header(rows.schema.names), None))
        taken = 0
        for batch in sized(iter(rows)):
            staged.put(encode(text.lines(batch), batch))
            taken += batch.num_rows
        staged.finish(
            self.config.write_mode,
            taken,
            rows_before,
            lambda path: count_records(path, start, codec, self.config.quotechar) - int(has_header),
        )

    def _rows_before(self, staged: StagedFile, schema: pa.Schema) -> int:
        """Return how many rows the target holds, all of which have these columns.

        Raises:
            TargetError: its columns are others.
            SourceError: it is not delimited text of this kind.
        """
        config = self.config
        old = open_delimited(
            staged.target,
            CsvExtract(
                path=config.path,
                delimiter=config.delimiter,
                quotechar=config.quotechar,
                encoding=config.encoding,
                header=config.header,
                null_text=config.null_text,
                compression="none",
            ),
        )
        with closing(old):
            fits = list(old.names) == schema.names if config.header else len(old.names) == len(schema.names)
            if not fits:
                raise TargetError(
                    f"{config.path!r} has the columns {', '.join(old.names)}, the rows have {', '.join(schema.names)}",
                    hint="select the same columns in the same order, or write `write_mode: replace`",
                )
            return sum(batch.num_rows for batch in old.rows([old.names[0]]))

    def _end_the_last_line(self, staged: StagedFile) -> None:
        codec = staged.codec(self.config.encoding)
        if not staged.tail(len("\n".encode(codec))).decode(codec).endswith(("\n", "\r")):
            staged.put(CsvText(self.config).line_end.encode(codec))


Encode = Callable[["bytes | pa.Buffer", pa.RecordBatch | None], "bytes | pa.Buffer"]


def _encoder(config: CsvWrite, codec: str) -> Encode:
    """Return what turns UTF-8 lines into the file's encoding; it knows the batch only to name a culprit."""
    if codec == "utf-8":
        return lambda lines, _: lines
    encoder = codecs.getincrementalencoder(codec)()

    def encode(lines: bytes | pa.Buffer, batch: pa.RecordBatch | None) -> bytes:
        try:
            return encoder.encode(bytes(lines).decode())
        except UnicodeEncodeError as exc:
            char = exc.object[exc.start]
            raise CheckFailed(
                f"{_culprit(batch, codec)} holds {char!r}, which {config.encoding} does not have",
                hint="set `encoding: utf-8`",
            ) from exc

    return encode


def _culprit(batch: pa.RecordBatch | None, codec: str) -> str:
    if batch is None:
        return "the header"
    for name, cells in zip(batch.schema.names, texts_of(batch, texts), strict=True):
        try:
            raw(cells).decode().encode(codec)
        except UnicodeEncodeError:
            return f"column {name!r}"
    return "`null_text`"


def count_records(path: Path, start: int, codec: str, quote: str) -> int:
    """Return how many lines end outside quotes, from a position in the file on.

    Args:
        path: A file in which every record ends its line.
        start: Position in bytes at which no quote is open.
        codec: Python's name of the encoding.
        quote: What stands around a value.
    """
    decoder = codecs.getincrementaldecoder(codec)() if codec.startswith("utf-16") else None
    found, inside, mark = 0, False, quote.encode()
    with path.open("rb") as file:
        file.seek(start)
        while block := file.read(_BLOCK):
            parts = (decoder.decode(block).encode() if decoder else block).split(mark)
            found += sum(part.count(b"\n") for part in parts[int(inside) :: 2])
            inside ^= len(parts) % 2 == 0
    return found
