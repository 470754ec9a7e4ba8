"""A delimited file as batches of text: its names, its fields, and where it breaks the rules."""

import csv
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import IO, Literal, cast

import pyarrow as pa
from pyarrow import csv as arrow_csv

from osiris.components.filesystem.config import CsvExtract
from osiris.components.filesystem.source import MOST_IN_A_RECORD, Lines, Quotes, WholeRecords, blocks, dropping
from osiris.model.errors import SourceError

DELIMITERS = (",", ";", "\t", "|")
END = "\x1aosiris: end of the file"
csv.field_size_limit(MOST_IN_A_RECORD)  # the standard library's own limit is less than many a text
_WHOLE = 2**30  # more than a read ever gives, so that Arrow takes each read as one block


@dataclass
class _Watch:
    """What Arrow asks about each row with the wrong number of fields.

    Attributes:
        end: A row that is one field too long on purpose: where Arrow finds it, no quote is open.
    """

    end: str
    ended: bool = False
    broken: list[arrow_csv.InvalidRow] = field(default_factory=list)

    def __call__(self, row: arrow_csv.InvalidRow) -> Literal["skip", "error"]:
        if row.text.rstrip("\r\n") == self.end:
            self.ended = True
            return "skip"
        self.broken.append(row)
        return "error"


@dataclass(frozen=True)
class Delimited:
    """An open file: the header is read, the rows are not.

    Attributes:
        names: Of all columns, in file order.
    """

    path: Path
    config: CsvExtract
    names: tuple[str, ...]
    _lines: Lines = field(repr=False)

    def rows(self, columns: list[str]) -> Generator[pa.RecordBatch]:
        """Yield these columns, all of them text, NULL where a field says so; closing it closes the file.

        Raises:
            SourceError: a row has too few or too many fields, or a quote is opened and not closed.
        """
        watch, rows = _Watch(self.config.delimiter * len(self.names) + END), 0
        with closing(self._lines), self._explained(watch):
            first = next(filter(None, source := self._data()), None)
            if first is None:
                return
            file = WholeRecords(_chained(first, source), self.config.quotechar, watch.end + "\n")
            with closing(file), self._reader(file, columns, watch) as reader:
                for batch in reader:
                    rows += batch.num_rows
                    yield batch
        if not watch.ended:
            raise self._open_quote(f"row {rows}")

    def close(self) -> None:
        """Let go of the file."""
        self._lines.close()

    def _data(self) -> Generator[bytes]:
        keeps_blank = self.config.skip_blank_lines is False and len(self.names) > 1
        if not self.config.comment and not keeps_blank:
            return self._lines.blocks()
        return dropping(
            self._lines.blocks(),
            comment=self.config.comment,
            quotes=Quotes.of(self.config.quotechar, self.config.delimiter),
            blank=self.config.delimiter * (len(self.names) - 1) if keeps_blank else None,
        )

    def _reader(self, file: WholeRecords, columns: list[str], watch: "_Watch") -> arrow_csv.CSVStreamingReader:
        config = self.config
        return arrow_csv.open_csv(
            cast("IO[bytes]", file),
            read_options=arrow_csv.ReadOptions(column_names=list(self.names), use_threads=False, block_size=_WHOLE),
            parse_options=arrow_csv.ParseOptions(
                delimiter=config.delimiter,
                quote_char=config.quotechar,
                newlines_in_values=True,
                ignore_empty_lines=len(self.names) > 1 or config.skip_blank_lines is True,
                invalid_row_handler=watch,
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(self.names, pa.string()),
                include_columns=columns,
                null_values=[config.null_text, *config.na_values],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
                check_utf8=False,
            ),
        )

    @contextmanager
    def _explained(self, watch: "_Watch") -> Iterator[None]:
        try:
            yield
        except pa.ArrowInvalid as exc:
            if watch.broken:
                raise self._wrong_width(watch.broken[0]) from exc
            raise self._open_quote("a row") from exc

    def _open_quote(self, where: str) -> SourceError:
        return SourceError(
            f"{self.config.path!r}: {where} opens a quote that is never closed",
            hint="close it in the file, or check `quotechar`",
        )

    def _wrong_width(self, row: arrow_csv.InvalidRow) -> SourceError:
        line = _line_of_width(self.path, self.config, len(self.names))
        at = f"line {line}" if line else f"row {row.number}" if row.number else "one row"
        first = "the first row" if self.config.header is False else "the header"
        return SourceError(
            f"{self.config.path!r}: {at} has {_fields(row.actual_columns)}, {first} has {row.expected_columns}",
            hint="check `delimiter` and `quotechar`; a field that holds the delimiter must be quoted",
        )


def _fields(number: int) -> str:
    return "1 field" if number == 1 else f"{number} fields"


def open_delimited(path: Path, config: CsvExtract) -> Delimited:
    """Open a delimited file and read its header.

    Raises:
        SourceError: it can't be read, is empty, is not text, or its header is not one.
    """
    lines = Lines(blocks(path, config.path, config.encoding, config.compression), config.path)
    try:
        names = _names(lines, config)
    except BaseException:
        lines.close()
        raise
    return Delimited(path, config, names, lines)


def _names(lines: Lines, config: CsvExtract) -> tuple[str, ...]:
    for _ in range(config.skip_rows):
        if next(lines, None) is None:
            raise SourceError(
                f"{config.path!r} has no more than {lines.taken} lines", hint="lower `skip_rows`, or check `path`"
            )
    taken: list[str] = []
    records = _records(_kept(lines, config.comment, taken), config)
    for _ in range(_before_the_header(config)):
        next(records, None)
    first = next(records, None)
    if first is None:
        raise _nothing_there(lines, config)
    if config.header is not False:
        taken.clear()
    _must_be_split(first, records, config)
    lines.put_back(taken)
    if config.header is False:
        return tuple(str(number) for number in range(len(first)))
    _must_name(first, config)
    return tuple(first)


def _before_the_header(config: CsvExtract) -> int:
    """Return how many rows come before the header."""
    return 0 if isinstance(config.header, bool) else config.header


def _nothing_there(lines: Lines, config: CsvExtract) -> SourceError:
    if lines.taken == 0:
        return SourceError(f"{config.path!r} is empty, it has not even a header", hint="check what should have made it")
    return SourceError(f"{config.path!r} has no header", hint="check `skip_rows`, `header` and `comment`")


def _kept(lines: Lines, comment: str, taken: list[str]) -> Iterator[str]:
    for line in lines:
        taken.append(line)
        if not comment or not line.startswith(comment):
            yield line


def _records(lines: Iterator[str], config: CsvExtract) -> Iterator[list[str]]:
    """Yield the fields of each record that has any."""
    try:
        yield from filter(None, csv.reader(lines, delimiter=config.delimiter, quotechar=config.quotechar, strict=True))
    except csv.Error as exc:
        raise SourceError(
            f"the header of {config.path!r} can't be split into names: {exc}",
            hint="check `delimiter`, `quotechar` and `skip_rows`",
        ) from exc


def _must_be_split(first: list[str], records: Iterator[list[str]], config: CsvExtract) -> None:
    """Refuse a row of one field that, like the row after it, holds another delimiter."""
    other = next((d for d in DELIMITERS if d != config.delimiter and d in first[0]), None)
    if len(first) > 1 or other is None:
        return
    second = next(records, None)
    if second is None or (len(second) == 1 and second[0].count(other) == first[0].count(other)):
        raise SourceError(
            f"the first row of {config.path!r} is a single field with {other!r} in it",
            hint=f'set `delimiter: "{other}"`'.replace("\t", "\\t"),
        )


def _must_name(header: list[str], config: CsvExtract) -> None:
    for number, name in enumerate(header, start=1):
        if not name.strip():
            raise SourceError(
                f"column {number} of {config.path!r} has no name in the header",
                hint="name it in the file, or set `header: false` and `skip_rows: 1`",
            )
    twice = sorted(name for name, times in Counter(header).items() if times > 1)
    if twice:
        raise SourceError(
            f"the header of {config.path!r} has {', '.join(map(repr, twice))} more than once",
            hint="rename one in the file, or set `header: false` and `skip_rows: 1`",
        )


def _chained(first: bytes, rest: Generator[bytes]) -> Generator[bytes]:
    with closing(rest):
        yield from chain((first,), rest)


def _line_of_width(path: Path, config: CsvExtract, width: int) -> int:
    """Return the line in the file of the first record that has not this many fields; 0 where none is found."""
    lines = Lines(blocks(path, config.path, config.encoding, config.compression), config.path)
    with closing(lines):
        for _ in range(config.skip_rows):
            next(lines, None)
        records = filter(None, csv.reader(lines, delimiter=config.delimiter, quotechar=config.quotechar))
        try:
            for number, record in enumerate(records):
                is_comment = config.comment and record[0].startswith(config.comment)
                if len(record) != width and number >= _before_the_header(config) and not is_comment:
                    return lines.taken
        except csv.Error:  # a field that is too long for the standard library
            return 0
    return 0
