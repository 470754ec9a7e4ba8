"""What a user may say about DuckDB."""

import re
from typing import Any, Literal

from pydantic import AliasChoices, Field, field_validator, model_validator

from osiris.kit.component import Config, Connection
from osiris.model.spec import WRITE_MODE_SYNONYMS

WriteMode = Literal["append", "replace", "merge"]
MEMORY = "1GB"  # of one step: what does not fit goes to the run's scratch folder
_SIZE = re.compile(r"\d+(\.\d+)? ?(KB|MB|GB|TB|KiB|MiB|GiB|TiB)\Z", re.IGNORECASE)


class DuckdbConnection(Connection):
    """A DuckDB database file."""

    path: str = Field(
        min_length=1,
        validation_alias=AliasChoices("path", "database"),
        description="The database file, relative to the project; `database` means the same.",
    )

    @field_validator("path")
    @classmethod
    def _is_a_file(cls, path: str) -> str:
        if path.startswith((":memory:", "md:")):
            raise ValueError(f"{path!r} is not a file; to compute without one use duckdb.processor")
        return path


class DuckdbExtract(Config):
    """Configuration of `duckdb.extractor`."""

    query: str = Field(default="", description="One SELECT in DuckDB's SQL; or say `table`.")
    table: str = Field(default="", description="A table or view to read, such as `orders` or `sales.orders`.")
    columns: list[str] = Field(default=[], description="With `table`: these columns, in this order; all where empty.")
    limit: int | None = Field(default=None, ge=0, description="Most rows to read.")
    offset: int = Field(default=0, ge=0, description="Rows to leave out at the start.")
    settled: dict[str, str] = Field(
        default={},
        description="Column to type as it was when the pipeline was compiled; written by the compiler, not by hand.",
    )

    @model_validator(mode="after")
    def _one_source(self) -> "DuckdbExtract":
        if bool(self.query.strip()) == bool(self.table.strip()):
            raise ValueError("write either `query` or `table`")
        if self.query and self.columns:
            raise ValueError("`columns` goes with `table`; a `query` names its columns itself")
        if len(set(self.columns)) < len(self.columns):
            raise ValueError("a column is named twice")
        return self


class DuckdbProcess(Config):
    """Configuration of `duckdb.processor`."""

    query: str = Field(min_length=1, description="One SELECT in DuckDB's SQL; each input is a table.")
    memory_limit: str = Field(
        default=MEMORY, description="Memory that the query may take before it uses the disk, such as `4GB`."
    )

    @field_validator("memory_limit")
    @classmethod
    def _is_a_size(cls, size: str) -> str:
        if not _SIZE.match(size):
            raise ValueError(f"{size!r} is not a size; write a number and a unit, such as 512MB or 4GB")
        return size


class DuckdbWrite(Config):
    """Configuration of `duckdb.writer`."""

    table: str = Field(min_length=1, description="The table to write, such as `customers` or `sales.customers`.")
    table_schema: str = Field(
        default="", alias="schema", description="Schema that the table lies in; by default `main`."
    )
    write_mode: WriteMode = Field(
        default="append",
        description="`append` (also insert): these rows beside those that are there. `replace` (also overwrite, "
        "full-refresh, truncate): the table afterwards holds exactly these rows. `merge` (also upsert): rows are "
        "updated by `primary_key`, the others added.",
    )
    primary_key: list[str] = Field(
        default=[], description="Columns that tell one row from another; `merge` needs them."
    )
    create_if_missing: bool = Field(default=True, description="Make the file, the schema and the table where missing.")

    @field_validator("write_mode", mode="before")
    @classmethod
    def _canonical(cls, mode: Any) -> Any:
        return WRITE_MODE_SYNONYMS.get(mode, mode) if isinstance(mode, str) else mode

    @field_validator("primary_key", mode="before")
    @classmethod
    def _one_or_more(cls, key: Any) -> Any:
        return [key] if isinstance(key, str) else key

    @model_validator(mode="after")
    def _can_be_merged(self) -> "DuckdbWrite":
        if self.write_mode == "merge" and not self.primary_key:
            raise ValueError("`write_mode: merge` needs `primary_key`")
        if len({name.lower() for name in self.primary_key}) < len(self.primary_key):
            raise ValueError("`primary_key` names a column twice")
        return self
