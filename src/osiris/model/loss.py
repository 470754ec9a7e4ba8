"""What a column's type says less of, or can't keep, on its way to the next one."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

Loss = Literal["lossless", "widening", "lossy"]


class Mapped(BaseModel):
    """One column whose type does not travel as it is.

    Attributes:
        source: The type it comes with, as its owner writes it.
        target: The type it gets.
        loss: `widening`: every value stays the same, in a type that says less about it. `lossy`: not every value of
            the type can be kept; a run that meets one that can't fails.
        note: One sentence where it needs one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: str
    source: str
    target: str
    loss: Loss
    note: str = ""
