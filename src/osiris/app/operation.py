"""What an operation is: one thing that Osiris can be asked, with its effect."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from pydantic import BaseModel

from osiris.app.project import Project

AskT = TypeVar("AskT", bound=BaseModel)
AnswerT = TypeVar("AnswerT", bound=BaseModel)


class Effect(StrEnum):
    """What an operation may do to the world."""

    READS = "reads"
    SAVES_DRAFT = "saves_draft"
    MOVES_DATA = "moves_data"
    GRANTS = "grants"


@dataclass(frozen=True)
class Operation(Generic[AskT, AnswerT]):
    """One thing to ask for; its docstring is that of `do`.

    Attributes:
        name: `noun.verb`.
        effect: `MOVES_DATA` needs a person's yes; `GRANTS` is never offered to a model.
    """

    name: str
    ask: type[AskT]
    answer: type[AnswerT]
    do: Callable[[Project, AskT], AnswerT]
    effect: Effect = Effect.READS
