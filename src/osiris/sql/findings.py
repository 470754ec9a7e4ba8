"""What is wrong with the names of a query, one finding a name."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Unresolved:
    """A name that means nothing, or more than one thing.

    Attributes:
        name: As the query writes it, without quotes.
        line: Where it stands in the statement, from 1.
        column: Likewise, from 1.
        message: One sentence: what is.
        hint: What to do.
        nearest: Names that exist and look alike, best first.
    """

    kind: Literal["table", "column", "function", "ambiguous"]
    name: str
    line: int
    column: int
    message: str
    hint: str = ""
    nearest: tuple[str, ...] = ()


def did_you_mean(names: tuple[str, ...], otherwise: str) -> str:
    """Return a hint that offers names, or another where there are none."""
    return f"did you mean {' or '.join(names)}?" if names else otherwise
