"""What a user may say about DuckDB."""

import re

from pydantic import AliasChoices, Field, field_validator

from osiris.kit.component import Config, Connection
from osiris.kit.table_read import TableRead
from osiris.kit.table_write import TableWrite

MEMORY = "1GB"  # of one step: what does not fit goes to the run's scratch folder
LITTLE = "96MB"  # of one that only moves rows: DuckDB keeps what it wrote for as long as there is room
ROOM = (LITTLE, "512MB", "2GB", "80%")  # for a transaction, one after the other until it fits; indexes can't spill
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


class DuckdbExtract(TableRead):
    """Configuration of `duckdb.extractor`."""

    query: str = Field(default="", description="One SELECT in DuckDB's SQL; or say `table`.")
    table: str = Field(default="", description="A table or view to read, such as `orders` or `sales.orders`.")


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


class DuckdbWrite(TableWrite):
    """Configuration of `duckdb.writer`."""

    table: str = Field(min_length=1, description="The table to write, such as `customers` or `sales.customers`.")
    table_schema: str = Field(
        default="", alias="schema", description="Schema that the table lies in; by default `main`."
    )
    create_if_missing: bool = Field(default=True, description="Make the file, the schema and the table where missing.")
