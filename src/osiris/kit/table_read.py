"""What a user may say about rows to read from a database that is one file."""

from typing import Self

from pydantic import Field, model_validator

from osiris.kit.component import Config


class TableRead(Config):
    """Settings that the extractors of such databases have."""

    query: str = Field(default="", description="One SELECT; or say `table`.")
    table: str = Field(default="", description="A table or view to read.")
    columns: list[str] = Field(default=[], description="With `table`: these columns, in this order; all where empty.")
    limit: int | None = Field(default=None, ge=0, description="Most rows to read.")
    offset: int = Field(default=0, ge=0, description="Rows to leave out at the start.")
    settled: dict[str, str] = Field(
        default={},
        description="Column to type as it was when the pipeline was compiled; written by the compiler, not by hand.",
    )

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if bool(self.query.strip()) == bool(self.table.strip()):
            raise ValueError("write either `query` or `table`")
        if self.query and self.columns:
            raise ValueError("`columns` goes with `table`; a `query` names its columns itself")
        if len(set(self.columns)) < len(self.columns):
            raise ValueError("a column is named twice")
        return self
