"""What a statement's or a component's own error says about a step, as a finding in the right place."""

import re

from osiris.compiler.draft import Draft, Step
from osiris.model.diagnostics import Diagnostic
from osiris.model.errors import OsirisError
from osiris.model.place import Path

_SETTING = re.compile(r"`(\w+)[`:]")


def refusal(draft: Draft, step: Step, exc: OsirisError) -> Diagnostic:
    """Return the finding: at the place in the query that the error names, or at the setting, or at the step."""
    place = step.query.spot(exc.where) if step.query else None
    path = _path(step, exc, in_query=place is not None)
    return draft.say(exc.code, exc.message, path, place=place, why=exc.why, hint=exc.hint)


def _path(step: Step, exc: OsirisError, *, in_query: bool) -> Path:
    written = step.config_node.items
    named = ["query" if in_query else exc.where, *_SETTING.findall(f"{exc.message} {exc.hint}")]
    named += ["query", "table", "path"]
    setting = next((name for name in named if name in written), None)
    if setting is None:
        return (*step.path, "config") if "config" in step.node.items else step.path
    return (*step.path, "config", setting)
