"""What is known of each connection without opening it again: one file each in the project's cache."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from pydantic import ValidationError

from osiris.app.connections import connected, identity, named, secret_values
from osiris.app.files import write_beside
from osiris.app.project import Project
from osiris.app.record import redactor
from osiris.kit.family import Desk
from osiris.model.canonical import canonical_json, fingerprint
from osiris.model.catalogue import Kept, Table, TableProfile
from osiris.model.connection import Reference
from osiris.model.errors import UsageError
from osiris.model.manifest import ManifestStep
from osiris.observe.redact import Redactor

MOST_SURVEYS = 500  # of one connection; the oldest go
LONG = 20  # characters from which on a secret that is a word can't be the name of a table by chance
_TEXTS = frozenset({"comment", "source_type", "minimum", "maximum", "values"})  # what people wrote, and values


def now() -> datetime:
    """Return the time in UTC, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True)
class Cache:
    """The cache of one project: catalogues, statistics, columns of queries. No secret and no row is in it.

    What a source says may hold a secret of the project's. It is masked before anything is kept, or handed on. Names are
    what a pipeline has to say, so a short word that is also a password stays in them, and only there.

    Attributes:
        clock: Returns the time in UTC.
    """

    project: Project
    clock: Callable[[], datetime] = now

    def find(self, name: str) -> Kept | None:
        """Return what is kept of a connection; None where nothing is, or where it is about something else by now.

        Nothing is opened but a file that lies here, and no secret is needed. What is kept of a server has an age; what
        is kept of a file is as the file is.

        Raises:
            UsageError: the text is no connection's name.
            ConfigError: it is not configured.
        """
        reference = named(self.project, name)
        kept = self._read(reference)
        if kept is None or not _is_about(kept.connection, identity(self.project, reference)):
            return None
        desk = self.project.registry.family(reference.family).desk
        if desk is not None and desk.stamp is not None:
            _, connection, _ = connected(self.project, name)
            return kept if kept.stamp == desk.stamp(connection, self.project.place) else None
        return kept

    def look(self, name: str, *, keep: bool = True) -> Kept:
        """Look at the tables behind a connection, and keep what is found.

        Raises:
            OsirisError: the connection is not configured, has no tables, or does not answer; what was kept stays.
        """
        family, connection, reference = connected(self.project, name)
        desk = desk_of(family.desk, reference)
        place = self.project.place
        stamp = desk.stamp(connection, place) if desk.stamp else ""
        catalogue = desk.catalogue(connection, place).model_copy(update={"source": str(reference)})
        seen = Kept(connection=identity(self.project, reference), seen=self.clock(), stamp=stamp, catalogue=catalogue)
        found = Kept.model_validate(self._masked(seen)).renewed(self._read(reference))
        if keep:
            self._write(reference, found)
        return found

    def known(self, name: str) -> Kept:
        """Return what is kept of a connection, or look where nothing is.

        Raises:
            OsirisError: nothing is kept, and looking fails.
        """
        return self.find(name) or self.look(name)

    def survey(self, step: ManifestStep) -> Table | None:
        """Return the columns that a look found for exactly this step; None where nobody looked."""
        kept = self.find(step.connection) if step.connection else None
        found = kept.surveys.get(_identity(step)) if kept else None
        return found.table if found else None

    def keep_survey(self, step: ManifestStep, table: Table) -> None:
        """Keep the columns that a look found for exactly this step."""
        if step.connection and (kept := self.find(step.connection)):
            reference = named(self.project, step.connection)
            self._write(reference, kept.with_survey(_identity(step), table, self.clock(), MOST_SURVEYS))

    def keep_profile(self, name: str, profile: TableProfile) -> None:
        """Keep the statistics of one table."""
        self._write(named(self.project, name), self.known(name).with_profile(profile, self.clock()))

    def _masked(self, kept: Kept) -> dict[str, Any]:
        """Return what is kept as JSON values, without secrets."""
        masked: dict[str, Any] = self._in_names(kept.model_dump(mode="json", exclude_defaults=True))
        return {name: _without(value, self._in_texts) for name, value in masked.items()}

    @cached_property
    def _in_texts(self) -> Redactor:
        return redactor(self.project)

    @cached_property
    def _in_names(self) -> Redactor:
        hidden = secret_values(self.project)
        return Redactor(secret for secret in hidden if len(secret) >= LONG or not secret.isidentifier())

    def _read(self, reference: Reference) -> Kept | None:
        """Return the file's content; None where there is no file, or one that nobody can use."""
        try:
            content = self.project.layout.catalogue(reference.family, reference.alias).read_bytes()
            return Kept.model_validate_json(content)
        except (OSError, ValidationError):
            return None

    def _write(self, reference: Reference, kept: Kept) -> None:
        """Write the file; where that is not possible, the next one has to look again."""
        content = canonical_json(self._masked(kept))
        with suppress(UsageError):
            write_beside(self.project.layout.catalogue(reference.family, reference.alias), content + b"\n")


def desk_of(desk: Desk | None, reference: Reference) -> Desk:
    """Return what answers about a connection.

    Raises:
        UsageError: it leads to files, about which nobody answers.
    """
    if desk is None:
        raise UsageError(f"{reference} holds files, not tables", hint="read a file with a pipeline step")
    return desk


def _is_about(kept: str, now: str) -> bool:
    """Return whether what is kept is about this connection; an address that nobody has set now can't tell."""
    return kept == now or kept.startswith(f"{now}.")


def _without(value: Any, redact: Redactor) -> Any:
    match value:
        case dict():
            return {key: redact(inner) if key in _TEXTS else _without(inner, redact) for key, inner in value.items()}
        case list():
            return [_without(inner, redact) for inner in value]
    return value


def _identity(step: ManifestStep) -> str:
    """Return what identifies a step's rows: other settings may give other columns."""
    settings = {key: value for key, value in step.config.items() if key != "settled"}
    return fingerprint([step.component, settings])
