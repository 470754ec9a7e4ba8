"""Who is who outside, and whether they answer."""

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import AliasChoices, BaseModel
from pydantic.fields import FieldInfo

from osiris.app.connections_file import VARIABLE, as_far_as_set
from osiris.app.operation import Operation
from osiris.app.project import Project
from osiris.kit.component import Connection
from osiris.kit.family import Family
from osiris.model.canonical import fingerprint
from osiris.model.connection import Reference, parse_reference
from osiris.model.errors import OsirisError, UsageError
from osiris.model.providers import KEYS
from osiris.observe.redact import FIELDS, Redactor
from osiris.remote.e2b import KEY as SANDBOX_KEY

MASKED = "***"


class ListConnections(BaseModel):
    """Ask for all configured connections."""


class ConnectionLine(BaseModel):
    """One connection.

    Attributes:
        fields: As written in the file, secrets masked.
        missing: Variables that it names and nobody sets.
    """

    name: str
    family: str
    default: bool
    fields: dict[str, Any]
    missing: tuple[str, ...] = ()


class ConnectionList(BaseModel):
    """The connections, by name."""

    connections: tuple[ConnectionLine, ...]


class CheckConnections(BaseModel):
    """Ask whether connections work; an empty name means all."""

    name: str = ""


class ConnectionCheck(BaseModel):
    """Whether one connection works, and what to do where it does not."""

    name: str
    status: Literal["ok", "failed", "nothing to check"]
    detail: str
    hint: str = ""


class ConnectionChecks(BaseModel):
    """One finding a connection, by name."""

    checks: tuple[ConnectionCheck, ...]

    @property
    def healthy(self) -> bool:
        """Return whether none failed."""
        return all(check.status != "failed" for check in self.checks)


def list_connections(project: Project, ask: ListConnections) -> ConnectionList:  # noqa: ARG001 - every operation asks
    """List the configured connections, secrets masked."""
    defaults = project.connections.defaults()
    lines = (
        ConnectionLine(
            name=str(reference),
            family=reference.family,
            default=defaults.get(reference.family) == reference.alias,
            fields=_masked(project, reference),
            missing=tuple(
                name for name in project.connections.variables(reference) if not project.environment.get(name)
            ),
        )
        for reference in references(project)
    )
    return ConnectionList(connections=tuple(lines))


def check_connections(project: Project, ask: CheckConnections) -> ConnectionChecks:
    """Really connect, and say what is wrong and what to do."""
    wanted = (named(project, ask.name),) if ask.name else references(project)
    return ConnectionChecks(checks=tuple(_check(project, reference) for reference in wanted))


def references(project: Project) -> tuple[Reference, ...]:
    """Return every configured connection, by name."""
    aliases = project.connections.aliases()
    return tuple(sorted((Reference(f, a) for f, names in aliases.items() for a in names), key=str))


def connected(project: Project, name: str) -> tuple[Family, Connection, Reference]:
    """Return a connection with its secrets, its family, and its full name.

    Raises:
        UsageError: the text is not a connection's name, or its family is not installed.
        ConfigError: it is not configured, or its fields do not fit.
        SecretMissing: a variable is not set.
    """
    reference = named(project, name)
    fields = project.connections.fields(reference, project.environment)
    family = project.registry.family(reference.family)
    return family, project.registry.connect(reference.family, fields), reference


def named(project: Project, name: str) -> Reference:
    """Return a connection's full name; nothing of it is needed but its entry in the file.

    Raises:
        UsageError: the text is not a connection's name.
        ConfigError: it is not configured.
    """
    return project.connections.named(_reference(name))


def identity(project: Project, reference: Reference) -> str:
    """Return a hash of a connection's fields, as far as their variables are set; its secrets don't count."""
    return fingerprint(open_fields(project, reference))


def open_fields(project: Project, reference: Reference) -> dict[str, str]:
    """Return a connection's fields without its secrets, as far as their variables are set."""
    secret = _secret_fields(project, reference)
    raw = project.connections.families[reference.family][reference.alias]
    return {name: as_far_as_set(value, project.environment) for name, value in raw.items() if name not in secret}


def secret_values(project: Project) -> tuple[str, ...]:
    """Return every value that must never be shown, sorted.

    These are the secret fields of connections, their variables filled in, and the keys of language models and of
    sandboxes.
    """
    names = (project.configured.settings.llm.api_key_env, *KEYS, SANDBOX_KEY)
    found = {project.environment.get(name) for name in names if name}
    return tuple(sorted({*found, *secrets_of(project, references(project))} - {""}))


def secrets_of(project: Project, wanted: Iterable[Reference]) -> tuple[str, ...]:
    """Return the values of these connections that must never be shown, sorted."""
    found: set[str] = set()
    for reference in wanted:
        secret = _secret_fields(project, reference)
        raw = project.connections.families[reference.family][reference.alias]
        found |= {as_far_as_set(raw[name], project.environment) for name in secret}
    return tuple(sorted(found - {""}))


def _reference(name: str) -> Reference:
    try:
        return parse_reference(name if name.startswith("@") else f"@{name}")
    except ValueError as exc:
        raise UsageError(str(exc), hint="`osiris connections list` shows what is configured") from None


def _check(project: Project, reference: Reference) -> ConnectionCheck:
    try:
        family, connection, _ = connected(project, str(reference))
    except OsirisError as exc:
        return ConnectionCheck(name=str(reference), status="failed", detail=exc.message, hint=exc.hint)
    if family.desk is None:
        return ConnectionCheck(name=str(reference), status="nothing to check", detail=f"{family.title} need no sign-on")
    checked = family.desk.check(connection, project.place)
    return ConnectionCheck(name=str(reference), status=checked.status, detail=checked.detail, hint=checked.hint)


def _masked(project: Project, reference: Reference) -> dict[str, Any]:
    secret = _secret_fields(project, reference)
    raw = project.connections.families[reference.family][reference.alias]
    shown = {name: _by_name(value) if name in secret else value for name, value in raw.items()}
    return Redactor()(shown)


def _by_name(value: Any) -> str:
    """Return a secret as the name of its variable, without a default, or as a mask."""
    return f"${{{found['name']}}}" if (found := VARIABLE.fullmatch(str(value))) else MASKED


def _secret_fields(project: Project, reference: Reference) -> frozenset[str]:
    """Return the fields that hold secrets, as written: those of the model, and those called so.

    All fields of a family that is not installed may be.
    """
    written = project.connections.families[reference.family][reference.alias].keys()
    if reference.family not in project.registry.loaders:
        return frozenset(written)
    fields = project.registry.family(reference.family).connection.model_fields.items()
    secret = {name for field, info in fields if "SecretStr" in str(info.annotation) for name in _names(field, info)}
    return frozenset(name for name in written if name in secret or name.lower() in FIELDS)


def _names(field: str, info: FieldInfo) -> frozenset[object]:
    """Return every name under which a field may be written."""
    other = info.validation_alias
    return frozenset({field, info.alias, *(other.choices if isinstance(other, AliasChoices) else [other])})


CONNECTIONS_LIST = Operation("connections.list", ListConnections, ConnectionList, list_connections)
CONNECTIONS_DOCTOR = Operation("connections.doctor", CheckConnections, ConnectionChecks, check_connections)
