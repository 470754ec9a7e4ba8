"""Where a project's runs are on record, and what each of them leaves for the reader."""

from collections.abc import Mapping
from contextlib import suppress
from os import SEEK_END

from osiris.app.connections import secret_values
from osiris.app.project import Project
from osiris.model.errors import OsirisError
from osiris.model.events import RunKilled
from osiris.model.layout import Session
from osiris.model.settings import Origin
from osiris.observe.aiop.package import Made, export, make, settings_of
from osiris.observe.journal import Journal
from osiris.observe.metrics import write_metrics
from osiris.observe.read import read_events
from osiris.observe.redact import Redactor
from osiris.observe.runs import RunIndex


def index(project: Project) -> RunIndex:
    """Return the index of all runs of the project; it closes the record of each run that it finds killed."""
    return RunIndex(project.layout.run_index, bury=lambda run_id: _bury(project, project.layout.session(run_id)))


def redactor(project: Project) -> Redactor:
    """Return what masks everything that the project keeps secret."""
    return Redactor(secret_values(project))


def close_record(session: Session, redact: Redactor) -> bool:
    """Write what is derived from a session's events, and return whether a package is part of it.

    Raises:
        UsageError: the session's folder can't be written.
        CheckFailed: a secret would be in the package.
    """
    write_metrics(session)
    settings = settings_of(session)
    if settings.enabled:
        export(session, settings=settings, redact=redact)
    return settings.enabled


def packed(project: Project, session: Session, *, annex: bool = False) -> Made:
    """Return a session's package with the settings of its run, but for those that are given now.

    Args:
        project: Its environment and its command line give settings; its file does not.
        session: A run's.
        annex: Whether the annex is written beside the package, where the settings want one.

    Raises:
        UsageError: the session has no record.
        CheckFailed: a secret would be in it.
    """
    given = asked(project)
    now = project.configured.settings.aiop
    settings = settings_of(session).model_copy(update={name: getattr(now, name) for name in given})
    place = session.annex if annex else None
    return make(session, settings=settings, redact=redactor(project), origins=given, annex=place)


def asked(project: Project) -> Mapping[str, Origin]:
    """Return the settings of packages that the environment or the command line gives, with where from."""
    origins = project.configured.origins
    return {
        key.removeprefix("aiop."): origin
        for key, origin in origins.items()
        if key.startswith("aiop.") and origin in {"environment", "command line"}
    }


def _bury(project: Project, session: Session) -> None:
    """Close the record of a run whose process is gone; say in it that it was killed, unless it has an end."""
    last, open_ended = 0, True
    for record in read_events(session.events):
        last = max(last, record["seq"])
        open_ended = open_ended and record["event"] not in {"run_end", "run_killed"}
    # Whoever noticed wants something else; a record that can't be closed must not keep them from it.
    with suppress(OsirisError, OSError):
        redact = redactor(project)
        if open_ended:
            _end_line(session)
            Journal(session.events, session.folder.name, redact=redact, seq=last)(RunKilled())
        close_record(session, redact)


def _end_line(session: Session) -> None:
    """End a line that the killed process did not, so that the next record has one of its own."""
    with session.events.open("a+b") as journal:
        if journal.seek(0, SEEK_END):
            journal.seek(-1, SEEK_END)
            if journal.read() != b"\n":
                journal.write(b"\n")
