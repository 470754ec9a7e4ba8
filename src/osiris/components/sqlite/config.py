"""What a user may say about SQLite."""

from pydantic import AliasChoices, Field, field_validator

from osiris.kit.arrow import type_of
from osiris.kit.component import Connection
from osiris.kit.table_read import TableRead
from osiris.kit.table_write import TableWrite


class SqliteConnection(Connection):
    """An SQLite database file."""

    path: str = Field(
        min_length=1,
        validation_alias=AliasChoices("path", "database"),
        description="The database file, relative to the project; `database` means the same.",
    )

    @field_validator("path")
    @classmethod
    def _is_a_file(cls, path: str) -> str:
        if path.startswith((":memory:", "file:")):
            raise ValueError(f"{path!r} is not a file; write its path")
        return path


class SqliteExtract(TableRead):
    """Configuration of `sqlite.extractor`."""

    query: str = Field(default="", description="One SELECT in SQLite's SQL; or say `table`.")

    @field_validator("settled")
    @classmethod
    def _known_types(cls, settled: dict[str, str]) -> dict[str, str]:
        for kind in settled.values():
            type_of(kind)
        return settled


class SqliteWrite(TableWrite):
    """Configuration of `sqlite.writer`."""

    create_if_missing: bool = Field(default=True, description="Make the file and the table where they are missing.")
