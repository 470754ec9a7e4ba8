"""The plan in words: what is going to be built, before there is a pipeline."""

from pydantic import BaseModel, ConfigDict, Field


class Outline(BaseModel):
    """What the model intends, for the person to correct."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sources: tuple[str, ...] = Field(min_length=1, description="@family.alias/table, or files, each once")
    grain: str = Field(description="what one row of the result is")
    keys: tuple[str, ...] = Field(default=(), description="columns that tell two rows of the result apart")
    filters: tuple[str, ...] = Field(default=(), description="which rows are left out, and why")
    destination: str = Field(description="where the rows go")
    write_mode: str = Field(description="append, replace or merge")
    assumptions: tuple[str, ...] = Field(default=(), description="what you take for granted, each in one sentence")
