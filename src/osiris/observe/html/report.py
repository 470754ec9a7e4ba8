"""Pages made from records, and kept beside them."""

from collections.abc import Sequence
from typing import Any

from osiris.model.errors import CheckFailed
from osiris.model.layout import Session
from osiris.model.settings import AiopSettings
from osiris.observe.aiop.package import make
from osiris.observe.html.course import HEARD, Course
from osiris.observe.html.run import MOST_STEPS, run_page
from osiris.observe.html.runs import runs_page
from osiris.observe.read import first_steps, read_events
from osiris.observe.redact import Redactor
from osiris.observe.runs import Run

MOST = 400  # entries of a kind, and half as many receipts: no part of a page shows more
ROOMY = AiopSettings(max_core_bytes=10_000_000)  # so many entries always fit


def report(session: Session, redact: Redactor) -> str:
    """Return the page of a run.

    Raises:
        UsageError: the session has no record.
        CheckFailed: a secret would be on it.
    """
    package = make(session, settings=ROOMY, redact=redact, most=MOST).package
    steps = redact(list(first_steps(session, MOST_STEPS)))
    course = Course.of(redact(_in_short(event)) for event in read_events(session.events))
    return _checked(run_page(package, steps, course), redact)


def list_of(runs: Sequence[Run], pages: frozenset[str], redact: Redactor) -> str:
    """Return the page that lists runs.

    Raises:
        CheckFailed: a secret would be on it.
    """
    return _checked(runs_page(runs, pages), redact)


def _in_short(event: dict[str, Any]) -> dict[str, Any]:
    """Return what a course needs of an event: looking for secrets in all of it takes time."""
    return {name: event[name] for name in HEARD if name in event}


def _checked(text: str, redact: Redactor) -> str:
    if redact.leaks(text):
        raise CheckFailed(
            "the page would hold a secret, so it was not written",
            hint="look for the secret in the pipeline's names and texts, and choose another one",
        )
    return text
