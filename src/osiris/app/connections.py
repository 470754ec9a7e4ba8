"""Who is who outside, and whether they answer."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from pydantic import AliasChoices, BaseModel
from pydantic.fields import FieldInfo

from osiris.app.connections_file import VARIABLE, as_far_as_set
from osiris.app.operation import Operation
from osiris.app.project import Project
from osiris.kit.component import Connection
from osiris.kit.describe import is_secret, model_within
from osiris.kit.family import Family
from osiris.kit.named_files import rooted
from osiris.kit.url import place_of
from osiris.model.canonical import fingerprint
from osiris.model.connection import Reference, parse_reference
from osiris.model.errors import OsirisError, UsageError
from osiris.model.providers import KEYS
from osiris.observe.forms import SHORTEST
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
    fields = fields_at(project, reference)
    return project.registry.family(reference.family), project.registry.connect(reference.family, fields), reference


def fields_at(project: Project, reference: Reference) -> dict[str, Any]:
    """Return a connection's fields, variables filled in; files that it names are found from the project's folder.

    Raises:
        UsageError: its family is not installed.
        ConfigError: it is not configured.
        SecretMissing: a variable is not set.
    """
    fields = project.connections.fields(reference, project.environment)
    return rooted(project.registry.family(reference.family).connection, fields, project.root)


def named(project: Project, name: str) -> Reference:
    """Return a connection's full name; nothing of it is needed but its entry in the file.

    Raises:
        UsageError: the text is not a connection's name.
        ConfigError: it is not configured.
    """
    return project.connections.named(_reference(name))


def identity(project: Project, reference: Reference) -> str:
    """Return what tells where a connection leads: a hash of its fields, as far as their variables are set.

    Its secrets don't count. Where one of them is a whole address, a hash of that without its password follows after a
    point, as far as somebody has set it.
    """
    places = list(filter(None, map(place_of, secrets_of(project, [reference]))))
    whole = fingerprint(open_fields(project, reference))
    return f"{whole}.{fingerprint(places)}" if places else whole


def open_fields(project: Project, reference: Reference) -> dict[str, str]:
    """Return a connection's fields without its secrets, as far as their variables are set."""
    fields = _without_secrets(project, reference, lambda _: None)
    return {name: as_far_as_set(value, project.environment) for name, value in fields.items() if value is not None}


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
        _without_secrets(project, reference, lambda secret: found.add(as_far_as_set(secret, project.environment)))
    return tuple(sorted(found - {""}))


def answer_of(project: Project, family: Family, connection: Connection, reference: Reference) -> ConnectionCheck:
    """Really connect, and return what came of it."""
    if family.desk is None:
        return ConnectionCheck(name=str(reference), status="nothing to check", detail=f"{family.title} need no sign-on")
    checked = family.desk.check(connection, project.place)
    return ConnectionCheck(name=str(reference), status=checked.status, detail=checked.detail, hint=checked.hint)


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
    checked = answer_of(project, family, connection, reference)
    hint = "; ".join(filter(None, (checked.hint, _too_short(project, reference))))
    return checked.model_copy(update={"hint": hint})


def _too_short(project: Project, reference: Reference) -> str:
    """Return what to do about a secret that is in half of all texts; empty where there is none."""
    short = any(len(secret.strip()) < SHORTEST for secret in secrets_of(project, [reference]))
    advice = f"choose a secret of {SHORTEST} characters or more: a shorter one is masked only where a secret stands"
    return advice if short else ""


def _masked(project: Project, reference: Reference) -> dict[str, Any]:
    return Redactor()(_without_secrets(project, reference, _by_name))


def _by_name(value: Any) -> str:
    """Return a secret as the name of its variable, without a default, or as a mask."""
    return f"${{{found['name']}}}" if (found := VARIABLE.fullmatch(str(value))) else MASKED


def _without_secrets(project: Project, reference: Reference, instead: Callable[[Any], Any]) -> dict[str, Any]:
    """Return a connection's fields as written, with what `instead` makes of each that holds a secret.

    All fields of a family that is not installed may be secrets.
    """
    written = project.connections.families[reference.family][reference.alias]
    if reference.family not in project.registry.loaders:
        return {name: instead(value) for name, value in written.items()}
    return _open(written, project.registry.family(reference.family).connection, instead)


def _open(written: Mapping[str, Any], model: type[BaseModel] | None, instead: Callable[[Any], Any]) -> dict[str, Any]:
    """Return fields without secrets: those of the model, those called so, and those within one that is none.

    A name that the model does not know may be that of a secret, written wrong.
    """
    fields = model.model_fields.items() if model else ()
    known = {name: info for field, info in fields for name in _names(field, info)}
    found: dict[str, Any] = {}
    for name, value in written.items():
        info = known.get(name)
        if name.lower() in FIELDS or (is_secret(info) if info else model is not None):
            found[name] = instead(value)
        elif isinstance(value, dict):
            found[name] = _open(value, model_within(info) if info else None, instead)
        else:
            found[name] = value
    return found


def _names(field: str, info: FieldInfo) -> frozenset[object]:
    """Return every name under which a field may be written."""
    other = info.validation_alias
    return frozenset({field, info.alias, *(other.choices if isinstance(other, AliasChoices) else [other])})


CONNECTIONS_LIST = Operation("connections.list", ListConnections, ConnectionList, list_connections)
CONNECTIONS_DOCTOR = Operation("connections.doctor", CheckConnections, ConnectionChecks, check_connections)
