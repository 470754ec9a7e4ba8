"""What a user may say about files."""

import os
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from osiris.kit.component import Config, Connection
from osiris.kit.text_types import column_type
from osiris.model.spec import WRITE_MODE_SYNONYMS

Encoding = Literal["utf-8", "utf-16", "ascii", "latin-1", "iso-8859-1"]
Compression = Literal["infer", "none", "gzip", "bz2", "zip", "xz", "zstd"]
ParquetCompression = Literal["zstd", "snappy", "gzip", "brotli", "lz4", "none"]
WriteMode = Literal["append", "replace"]

PACKED = (".gz", ".bz2", ".xz", ".zip", ".zst", ".zstd")
# Names that other tools use for a setting, each with the word for it here.
ELSEWHERE: dict[str, str] = {
    "create_if_missing": "a file is always made where it is missing; folders are with `create_dirs`",
    "date_format": "dates and times are written as ISO 8601; format them in SQL with strftime",
    "decimal": "numbers have a decimal point; read the column as text and mend it in SQL",
    "escapechar": "a quote inside a quoted value is doubled, as RFC 4180 says; nothing else is escaped",
    "file_path": "write `path`",
    "float_format": "numbers are written with all their digits; round them in SQL",
    "line_terminator": "write `newline: lf` or `newline: crlf`",
    "lineterminator": "write `newline: lf` or `newline: crlf`",
    "na_rep": "write `null_text`",
    "names": "write `header: false` and rename the columns in SQL",
    "on_bad_lines": "a row with too few or too many fields always stops the run",
    "sep": "write `delimiter`",
    "skiprows": "write `skip_rows`",
    "usecols": "write `columns`",
}


class FilesystemConnection(Connection):
    """A folder; `@filesystem.alias` in a step makes its path start there."""

    base_dir: str = Field(default=".", description="Folder that paths start from, relative to the project.")


class _FileConfig(Config):
    """Base of all: one path, and a word for those who come from other tools."""

    path: str = Field(min_length=1, description="The file, relative to the project or to the connection's folder.")

    @field_validator("path")
    @classmethod
    def _stays_inside(cls, path: str) -> str:
        if "\0" in path:
            raise ValueError("a path can't hold a NUL character")
        if Path(os.path.normpath(path)).parts[:1] == (os.pardir,):
            raise ValueError(
                f"{path!r} leads out of the folder that it starts in; name a file below it, or give an absolute path"
            )
        return path

    @model_validator(mode="before")
    @classmethod
    def _say_it_our_way(cls, values: Any) -> Any:
        if isinstance(values, dict):
            for name in sorted(ELSEWHERE.keys() & values.keys()):
                if name not in cls.model_fields and values[name] is not None:
                    raise ValueError(f"there is no setting {name!r}: {ELSEWHERE[name]}")
            return {n: v for n, v in values.items() if n in cls.model_fields or n not in ELSEWHERE}
        return values


class _Read(_FileConfig):
    """What all extractors have."""

    limit: int | None = Field(default=None, ge=0, description="Most rows to read.")
    settled: dict[str, str] = Field(
        default={},
        description="Column to type as it was when the pipeline was compiled; written by the compiler, not by hand.",
    )

    @field_validator("settled")
    @classmethod
    def _known_types(cls, settled: dict[str, str]) -> dict[str, str]:
        for kind in settled.values():
            column_type(kind)
        return settled


def _distinct(columns: Any) -> Any:
    if isinstance(columns, list) and len(set(columns)) < len(columns):
        raise ValueError("a column is named twice")
    return columns


class CsvExtract(_Read):
    """Configuration of `filesystem.csv_extractor`."""

    delimiter: str = Field(default=",", description='What stands between two fields: one character, `"\\t"` for a tab.')
    quotechar: str = Field(default='"', description="What stands around a field that holds the delimiter.")
    encoding: Encoding = Field(default="utf-8", description="A byte order mark is taken off.")
    header: bool | int = Field(
        default=True,
        description="True: the first row has the names. False: there is none; columns are named 0, 1, 2. "
        "A number: that row, from 0, has the names, and rows before it are dropped.",
    )
    columns: list[str] | dict[str, str] = Field(
        default=[],
        description="A list: these columns, in this order. A mapping of name to type: all columns, these with "
        "their types, such as {price: 'decimal(12, 2)', code: string}.",
    )
    dtype: dict[str, str] = Field(default={}, description="Name to type; pandas' spellings too, such as Int64.")
    parse_dates: bool | list[str] = Field(
        default=True,
        description="True: a column whose every value is a date (2024-02-29) or a timestamp (2024-02-29 12:30:00) "
        "has that type. False: it is text. A list: these columns are timestamps; anything else in them is an error.",
    )
    skip_rows: int = Field(default=0, ge=0, description="Lines to drop at the start of the file.")
    skip_blank_lines: bool | None = Field(
        default=None,
        description="Whether blank lines are dropped; otherwise each is a row of NULLs. "
        "By default they are, except in a file of one column.",
    )
    comment: str = Field(default="", description="A line that begins with this character is dropped.")
    null_text: str = Field(default="", description="The text that stands for NULL where it is not quoted.")
    na_values: list[str] = Field(default=[], description="More texts that stand for NULL where they are not quoted.")
    compression: Compression = Field(default="infer", description="`infer` goes by the file's last extension.")
    chunk_size: int | None = Field(default=None, ge=1, description="Says nothing now: memory is flat by itself.")

    _columns_once = field_validator("columns")(_distinct)

    @field_validator("delimiter", "quotechar")
    @classmethod
    def _one_character(cls, char: str) -> str:
        return one_character(char)

    @field_validator("comment", mode="before")
    @classmethod
    def _none_is_no_comment(cls, char: Any) -> Any:
        return "" if char is None else char

    @field_validator("comment")
    @classmethod
    def _comment_character(cls, char: str) -> str:
        return one_character(char) if char else char

    @field_validator("header", mode="before")
    @classmethod
    def _a_number_is_a_row(cls, header: Any) -> Any:
        """Return a row's number that stands in quotes as one: `"0"` is the first row, never false."""
        return int(header) if isinstance(header, str) and header.isdecimal() else header

    @field_validator("header")
    @classmethod
    def _no_row_before_the_first(cls, header: bool | int) -> bool | int:  # noqa: FBT001 - pydantic calls it
        if header < 0:
            raise ValueError("rows are counted from 0")
        return header

    @model_validator(mode="after")
    def _types_are_known(self) -> "CsvExtract":
        if len({self.delimiter, self.quotechar, self.comment}) < 3:  # noqa: PLR2004 - the three named
            raise ValueError("`delimiter`, `quotechar` and `comment` must differ")
        for name, kind in self.dtype.items():
            if isinstance(self.columns, dict) and self.columns.get(name, kind) != kind:
                raise ValueError(f"`columns` and `dtype` give column {name!r} different types")
        for name, kind in self.declared().items():
            try:
                column_type(kind, text_file=True)
            except ValueError as exc:
                raise ValueError(f"column {name!r}: {exc}") from None
        return self

    def declared(self) -> dict[str, str]:
        """Return the types that the author gives, by column."""
        dates = dict.fromkeys(self.parse_dates, "timestamp[us]") if isinstance(self.parse_dates, list) else {}
        return dates | self.dtype | (self.columns if isinstance(self.columns, dict) else {})


class JsonExtract(_Read):
    """Configuration of `filesystem.json_extractor`."""

    format: Literal["auto", "lines", "array"] = Field(
        default="auto", description="One object a line, or one array of objects; `auto` looks at the first character."
    )
    columns: list[str] | dict[str, str] = Field(
        default=[],
        description="A list: these columns, in this order. A mapping of name to type: all columns, these with "
        "their types, such as {price: 'decimal(12, 2)'}; `string` gives a text as it is and all else as JSON.",
    )
    encoding: Encoding = Field(default="utf-8", description="A byte order mark is taken off.")
    compression: Compression = Field(default="infer", description="`infer` goes by the file's last extension.")

    _columns_once = field_validator("columns")(_distinct)

    @model_validator(mode="after")
    def _types_are_known(self) -> "JsonExtract":
        for name, kind in self.declared().items():
            try:
                column_type(kind, text_file=True)
            except ValueError as exc:
                raise ValueError(f"column {name!r}: {exc}") from None
        return self

    def declared(self) -> dict[str, str]:
        """Return the types that the author gives, by column."""
        return self.columns if isinstance(self.columns, dict) else {}


class ParquetExtract(_Read):
    """Configuration of `filesystem.parquet_extractor`."""

    columns: list[str] = Field(default=[], description="These columns, in this order; all where it is empty.")

    _columns_once = field_validator("columns")(_distinct)


class Write(_FileConfig):
    """What all writers have."""

    write_mode: WriteMode = Field(
        default="replace",
        description="`replace` (also overwrite, full-refresh, truncate): the file afterwards holds exactly these rows. "
        "`append` (also insert): these rows after those that are there.",
    )
    create_dirs: bool = Field(default=True, description="Make the folder where it is missing.")

    @field_validator("path")
    @classmethod
    def _is_not_packed(cls, path: str) -> str:
        if path.lower().endswith(PACKED):
            raise ValueError("files are not packed when they are written; leave the last extension off")
        return path

    @field_validator("write_mode", mode="before")
    @classmethod
    def _canonical(cls, mode: Any) -> Any:
        canonical = WRITE_MODE_SYNONYMS.get(mode, mode) if isinstance(mode, str) else mode
        if canonical == "merge":
            raise ValueError("a file has no keys to merge by; write `replace`, or merge into a database table")
        return canonical


class CsvWrite(Write):
    """Configuration of `filesystem.csv_writer`."""

    delimiter: str = Field(default=",", description='What stands between two fields: one character, `"\\t"` for a tab.')
    header: bool = Field(default=True, description="Whether the first line has the names.")
    encoding: Encoding = Field(default="utf-8", description="utf-16 has a byte order mark, the others have none.")
    newline: Literal["lf", "crlf"] = Field(default="lf", description="What ends a line.")
    quoting: Literal["minimal", "all", "nonnumeric"] = Field(
        default="minimal",
        description="`minimal`: only a value that needs it. `all`: every value. `nonnumeric`: all but numbers and "
        "booleans. NULL is never quoted, so that it can be told from an empty text.",
    )
    quotechar: str = Field(default='"', description="What stands around a value; inside a value it is doubled.")
    null_text: str = Field(default="", description="What stands for NULL, never quoted; by default nothing.")
    chunk_size: int | None = Field(default=None, ge=1, description="Says nothing now: memory is flat by itself.")

    @field_validator("delimiter", "quotechar")
    @classmethod
    def _one_character(cls, char: str) -> str:
        return one_character(char)

    @model_validator(mode="after")
    def _null_is_plain(self) -> "CsvWrite":
        if self.delimiter == self.quotechar:
            raise ValueError("`delimiter` and `quotechar` must differ")
        if set(self.null_text) & {self.delimiter, self.quotechar, "\r", "\n"}:
            raise ValueError("`null_text` can't hold the delimiter, the quote or a line end")
        return self


class JsonWrite(Write):
    """Configuration of `filesystem.json_writer`."""

    format: Literal["lines", "array"] = Field(default="lines", description="One object a line, or one array.")


class ParquetWrite(Write):
    """Configuration of `filesystem.parquet_writer`."""

    compression: ParquetCompression = Field(default="zstd", description="How the pages are packed.")


def one_character(char: str) -> str:
    """Return the character.

    Raises:
        ValueError: it is none, or several, or ends a line, or is not ASCII.
    """
    if char == "\\t":
        raise ValueError('write a tab in double quotes: "\\t"')
    if len(char) != 1 or not char.isascii() or char in "\r\n\0":
        raise ValueError(f"{char!r} is not one ASCII character")
    return char
