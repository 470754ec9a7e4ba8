"""How far a conversation has come: a function of what is there, which nobody can declare."""

from enum import StrEnum

from osiris.agent.drafts import Written


class Phase(StrEnum):
    """From a wish to the explanation of a run; each names what comes next."""

    INTENT = "intent"
    DISCOVERY = "discovery"
    PLAN = "plan"
    OML = "oml"
    VALIDATE = "validate"
    COMPILE = "compile"
    APPROVE = "approve"
    RUN = "run"
    EXPLAIN = "explain"


def phase_of(*, wished: bool, described: bool, outlined: bool, draft: Written | None) -> Phase:
    """Return what comes next; an edit is another draft, and falls back.

    Args:
        wished: The person said what they want.
        described: Some tables were looked at.
        outlined: The person was shown what is going to be built.
        draft: The newest one.
    """
    if draft is not None:
        return _of_a_draft(draft)
    if outlined:
        return Phase.OML
    if described:
        return Phase.PLAN
    return Phase.DISCOVERY if wished else Phase.INTENT


def _of_a_draft(draft: Written) -> Phase:
    if draft.ran:
        return Phase.EXPLAIN
    if draft.approved:
        return Phase.RUN
    if draft.planned:
        return Phase.APPROVE
    return Phase.COMPILE if draft.valid else Phase.VALIDATE
