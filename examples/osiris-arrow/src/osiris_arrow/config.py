"""What a user may say about files of arrow."""

from typing import Annotated, Literal

from osiris.kit.component import Config
from osiris.model.spec import WRITE_MODE_SYNONYMS
from pydantic import BeforeValidator, Field


def _in_our_words(mode: object) -> object:
    """Return the one word for a way to write; what is none stays as it is, to be refused."""
    return WRITE_MODE_SYNONYMS.get(mode, mode) if isinstance(mode, str) else mode


class ArrowExtract(Config):
    """Configuration of `arrow.extractor`."""

    path: str = Field(min_length=1, description="The file to read; it starts in the project folder.")
    settled: dict[str, str] = Field(
        default={},
        description="Column to type as it was when the pipeline was compiled; written by the compiler, not by hand.",
    )


class ArrowWrite(Config):
    """Configuration of `arrow.writer`."""

    path: str = Field(min_length=1, description="The file to write; its folder is made.")
    write_mode: Annotated[Literal["append", "replace"], BeforeValidator(_in_our_words)] = Field(
        default="replace", description="`replace`: the file holds exactly these rows. `append`: the old ones, too."
    )
