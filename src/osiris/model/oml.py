"""A pipeline as its author wrote it, once its shape is known to be right."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

Mode = Literal["read", "transform", "write"]
ParamType = Literal["string", "integer", "number", "boolean", "date", "timestamp"]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Metadata(_Value):
    """What a person says about the pipeline; it changes nothing that the pipeline does.

    Attributes:
        intent: What was wanted, in the person's words; AIOP cites it.
    """

    model_config = ConfigDict(frozen=True, extra="allow")

    intent: str = ""
    description: str = ""
    owner: str = ""
    tags: tuple[str, ...] = ()


class Param(_Value):
    """A typed value that the author leaves open.

    Attributes:
        default: Used where nobody gives a value; None means that one must be given.
        minimum: Smallest value allowed, for numbers, dates and timestamps.
        maximum: Largest value allowed, likewise.
        values: The only values allowed; empty means any.
        sensitive: True hides the value wherever it would be shown.
    """

    type: ParamType = "string"
    default: str | int | float | bool | None = None
    description: str = ""
    minimum: str | int | float | None = None
    maximum: str | int | float | None = None
    values: tuple[str | int | float, ...] = ()
    sensitive: bool = False


class Profile(_Value):
    """Values that belong together, chosen by `--profile`."""

    params: dict[str, str | int | float | bool] = {}


class Step(_Value):
    """One step as written.

    Attributes:
        needs: Steps that come first, as written; None where the author said nothing.
        inputs: Name in SQL to step id, from `${step.df}`; None where the author said nothing.
        config: The component's settings, as written.
        allow_lossy: Columns of which not every value need be kept.
    """

    id: str
    component: str
    mode: Mode
    config: dict[str, Any] = {}
    needs: tuple[str, ...] | None = None
    inputs: dict[str, str] | None = None
    allow_lossy: tuple[str, ...] = ()


class Pipeline(_Value):
    """One OML document."""

    oml_version: Literal["0.1.0", "0.2.0"]
    name: str
    steps: tuple[Step, ...]
    metadata: Metadata = Metadata()
    params: dict[str, Param] = {}
    profiles: dict[str, Profile] = {}


def slug(name: str) -> str:
    """Return a pipeline's name, fit for a path."""
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "_-") else "-" for c in name.lower()).strip("-")
    return kept or "pipeline"
