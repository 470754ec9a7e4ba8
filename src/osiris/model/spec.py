"""What a component says about itself; generated from its class, never written by hand."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from osiris.model.loss import Loss
from osiris.model.oml import Mode

WriteMode = Literal["append", "replace", "merge"]
WRITE_MODE_SYNONYMS: dict[str, WriteMode] = {
    "append": "append",
    "insert": "append",
    "replace": "replace",
    "overwrite": "replace",
    "full-refresh": "replace",
    "full_refresh": "replace",
    "truncate": "replace",
    "merge": "merge",
    "upsert": "merge",
}


class Example(BaseModel):
    """A configuration that works, with a sentence about it."""

    model_config = ConfigDict(frozen=True)

    title: str
    config: dict[str, Any]


class TypeLine(BaseModel):
    """What becomes of one type, or of a kind of them.

    Attributes:
        comes: The type as it comes: of the source, or of the rows.
        goes: The type that it gets: in the rows, or in the target.
    """

    model_config = ConfigDict(frozen=True)

    comes: str
    goes: str
    loss: Loss = "lossless"
    note: str = ""


class ComponentSpec(BaseModel):
    """One component, described for people, editors and models.

    Attributes:
        config_schema: JSON Schema of `config`, the `connection` included where there is one.
        secrets: JSON pointers of the settings that hold secrets.
        connection_fields: Fields of the family's connection, name to JSON Schema.
        types: What becomes of each type; empty where nobody has to know.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    title: str
    description: str
    version: str
    family: str
    mode: Mode
    connection: Literal["required", "optional", "none"]
    config_schema: dict[str, Any]
    secrets: tuple[str, ...] = ()
    connection_fields: dict[str, Any] = {}
    llm_hints: tuple[str, ...] = ()
    types: tuple[TypeLine, ...] = ()
    examples: tuple[Example, ...] = ()
