"""Whether a run may begin: who said yes to exactly this, how, and until when."""

from collections.abc import Callable
from contextlib import suppress

from osiris.app.approvals import Approvals, allowed, line_to_add, user
from osiris.app.pipelines import Ready
from osiris.app.project import Project
from osiris.model.approval import Approval
from osiris.model.errors import ApprovalMissing, OsirisError
from osiris.model.events import Event, RunAllowed, RunStart
from osiris.model.plan import Plan
from osiris.model.settings import Policy


def let_begin(project: Project, ready: Ready, *, token: str, by_agent: bool) -> RunAllowed:
    """Return who lets a plan run, and use up their yes where it is one that is kept.

    Args:
        project: Whose records and policies count, and whose door can ask a person.
        ready: What would run, planned just now.
        token: Of the plan that somebody says yes to; empty where nobody gives one.
        by_agent: True where a model made it: only a kept yes of a person's, or a policy, will do.

    Raises:
        ApprovalMissing: nobody does.
    """
    plan, sensitive = ready.plan, ready.sensitive
    if token and token != plan.token:
        raise ApprovalMissing(
            "what would run is not what was approved",
            why=f"the token names {token}, the plan is {plan.token}",
            hint="look at `osiris plan` again and approve what it shows now",
        )
    if by_agent:
        if found := allowed(project, plan, sensitive):
            return _kept(plan, found)
        raise ApprovalMissing(
            "a model made this, and nobody said yes to it", hint=f"osiris approve {plan.token}, at a terminal"
        )
    if token or not plan.destructive:
        with suppress(OsirisError):  # the person is here: whatever is the matter with a kept yes, none is needed
            if used := Approvals(project).take(plan, sensitive):
                return _kept(plan, used)
        return RunAllowed(how="token" if token else "typed", who=user(), envelope=plan.envelope)
    if found := allowed(project, plan, sensitive):
        return _kept(plan, found)
    if project.door.confirm(plan):
        return RunAllowed(how="asked", who=user(), envelope=plan.envelope)
    raise ApprovalMissing(
        "this run needs a yes, and nobody gave one",
        why="; ".join(write.destructive for write in plan.writes if write.destructive),
        hint=f"look at `osiris plan`, then run again with --approve {plan.token}; "
        f"to let it run unattended, write into osiris.yaml: {line_to_add(plan)}",
    )


def with_consent(emit: Callable[[Event], None], consent: RunAllowed) -> Callable[[Event], None]:
    """Return what records the events of a run, and after the first one who let it begin."""

    def said(event: Event) -> None:
        emit(event)
        if isinstance(event, RunStart):
            emit(consent)

    return said


def _kept(plan: Plan, found: Approval | Policy) -> RunAllowed:
    if isinstance(found, Policy):
        return RunAllowed(how="policy", who=found.allowed_by, envelope=plan.envelope, until=found.until.isoformat())
    return RunAllowed(
        how=found.channel,
        who=found.principal,
        envelope=found.envelope,
        approval=found.id,
        given=found.granted.isoformat(),
        until=found.expires.isoformat(),
    )
