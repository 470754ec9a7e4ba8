"""Pages made from records, and kept beside them."""

from collections.abc import Sequence

from osiris.model.errors import CheckFailed
from osiris.model.layout import Session
from osiris.model.manifest import Manifest
from osiris.model.settings import AiopSettings
from osiris.observe.aiop.package import make
from osiris.observe.html.course import Course
from osiris.observe.html.run import run_page
from osiris.observe.html.runs import runs_page
from osiris.observe.read import read_events, read_manifest
from osiris.observe.redact import Redactor
from osiris.observe.runs import Run

WHOLE = AiopSettings(max_core_bytes=1_000_000)  # more than anybody reads on a page


def report(session: Session, redact: Redactor) -> str:
    """Return the page of a run.

    Raises:
        UsageError: the session has no record.
        CheckFailed: a secret would be on it.
    """
    package = make(session, settings=WHOLE, redact=redact).package
    manifest = Manifest.model_validate(redact(read_manifest(session).model_dump(mode="json")))
    return _checked(run_page(package, manifest, Course.of(map(redact, read_events(session.events)))), redact)


def list_of(runs: Sequence[Run], pages: frozenset[str], redact: Redactor) -> str:
    """Return the page that lists runs.

    Raises:
        CheckFailed: a secret would be on it.
    """
    return _checked(runs_page(runs, pages), redact)


def _checked(text: str, redact: Redactor) -> str:
    if redact.leaks(text):
        raise CheckFailed(
            "the page would hold a secret, so it was not written",
            hint="look for the secret in the pipeline's names and texts, and choose another one",
        )
    return text
