"""What a person is shown before they say yes: made by code, never by the model."""

from dataclasses import dataclass

from osiris.app.rehearsal import Rehearsed
from osiris.model.plan import Plan


@dataclass(frozen=True)
class Request:
    """One run that needs a yes.

    Attributes:
        oml: The pipeline, as it would run.
        assumptions: What was assumed where a question had no answer.
        before: The text that was approved last, or that the pipeline's file held; empty where there was none.
        rehearsed: The pipeline tried on a part of its rows; None where that was not possible.
        policy: Who allowed it beforehand, and until when; empty where nobody did.
    """

    plan: Plan
    oml: str
    assumptions: tuple[str, ...] = ()
    before: str = ""
    rehearsed: Rehearsed | None = None
    policy: str = ""
