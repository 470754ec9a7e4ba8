"""Whether each query only reads."""

from osiris.compiler.draft import Draft
from osiris.compiler.refusal import refusal
from osiris.model.diagnostics import Diagnostic
from osiris.model.errors import StatementError
from osiris.sql.guard import read_only


def safety(draft: Draft) -> Draft:
    """Refuse every query that is more than one SELECT, in the dialect of its component.

    Example:
        query: DELETE FROM orders         refused
        query: SELECT 1; DROP TABLE x     refused
    """
    found: list[Diagnostic] = []
    for step in draft.steps:
        if step.query is None:
            continue
        try:
            read_only(step.query.sql, step.query.dialect)
        except StatementError as exc:
            found.append(refusal(draft, step, exc))
    return draft.but(found)
