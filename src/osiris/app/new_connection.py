"""A new connection: its fields into `osiris_connections.yaml`, its secrets into `.env`, and whether it answers."""

import re
from typing import Any

from pydantic import BaseModel, Field, SecretStr

from osiris.app.connection_fields import Asked, field_named, fields_of, nested
from osiris.app.connections import ConnectionCheck, answer_of
from osiris.app.connections_file import VARIABLE, Connections
from osiris.app.connections_text import with_connection
from osiris.app.environment import Environment, keep_variables
from osiris.app.files import write_beside
from osiris.app.operation import Effect, Operation
from osiris.app.project import Project
from osiris.kit.family import Family
from osiris.kit.named_files import rooted
from osiris.model.connection import Reference, parse_reference
from osiris.model.errors import UsageError
from osiris.model.layout import CONNECTIONS
from osiris.model.nearest import nearest

SECRETS = ".env"
_WITH_PASSWORD = re.compile(r"://[^/\s:@]*:(?!\$\{)[^/\s@]+@")


class AddConnection(BaseModel):
    """Ask for a new connection.

    Attributes:
        name: `@family.alias`.
        fields: As the file should have them: texts, numbers, variables as `${NAME}`; no secret in clear.
        secrets: Field to secret; each goes to `.env`, under the name of a variable.
        default: Whether the family's bare name means this one from now on.
    """

    name: str
    fields: dict[str, Any] = Field(default_factory=dict)
    secrets: dict[str, SecretStr] = Field(default_factory=dict)
    default: bool = False


class AddedConnection(BaseModel):
    """What was written, or would be.

    Attributes:
        fields: As the file has them.
        variables: Those that `.env` holds from now on.
        written: False where it was only tried.
        ignored: False where git would take `.env` along.
    """

    name: str
    fields: dict[str, Any]
    variables: tuple[str, ...]
    check: ConnectionCheck
    written: bool
    ignored: bool
    file: str = CONNECTIONS


def try_connection(project: Project, ask: AddConnection) -> AddedConnection:
    """Say whether a connection would work, and write nothing.

    Raises:
        UsageError: a name is wrong or taken, a field is unknown, or a secret stands among the open fields.
        ConfigError: a field is missing, or a value does not fit.
        SecretMissing: a variable is not set.
    """
    reference = _new(project, ask.name)
    if ask.default:
        _must_be_the_only_default(project, reference)
    family = project.registry.family(reference.family)
    for name, value in ask.fields.items():
        _must_be_open(family, name, value)
    for name in ask.secrets:
        _asked(family, name)
    values = {_asked(family, name).name: secret.get_secret_value() for name, secret in ask.secrets.items()}
    variables = {name: _variable(project, reference, name, value) for name, value in values.items()}
    fields = {_asked(family, name).name: value for name, value in ask.fields.items()}
    fields |= {name: f"${{{variable}}}" for name, variable in variables.items()}
    fields = nested(fields) | ({"default": True} if ask.default else {})
    known = {variables[name]: value for name, value in values.items()}
    environment = Environment({**project.environment.variables, **known})
    alone = Connections({reference.family: {reference.alias: fields}})
    filled = rooted(family.connection, alone.fields(reference, environment), project.root)
    connection = project.registry.connect(family.name, filled)
    return AddedConnection(
        name=str(reference),
        fields=fields,
        variables=tuple(sorted(name for name, value in known.items() if project.environment.get(name) != value)),
        check=answer_of(project, family, connection, reference),
        written=False,
        ignored=_is_ignored(project),
    )


def add_connection(project: Project, ask: AddConnection) -> AddedConnection:
    """Write a connection into the project's file and its secrets into `.env`, whether it answers or not."""
    return keep_connection(project, ask, try_connection(project, ask))


def keep_connection(project: Project, ask: AddConnection, tried: AddedConnection) -> AddedConnection:
    """Write a connection that was tried just now, whatever came of it.

    Raises:
        ConfigError: the file has a form that nothing can be added to safely.
        UsageError: a file can't be written.
    """
    reference = parse_reference(tried.name)
    file = project.layout.connections
    text = file.read_bytes().decode("utf-8-sig") if file.is_file() else ""  # line ends stay as they are
    added = with_connection(text, reference, tried.fields)
    family = project.registry.family(reference.family)
    secrets = ((_asked(family, name).name, secret.get_secret_value()) for name, secret in ask.secrets.items())
    named = {_variable(project, reference, name, value): value for name, value in secrets}
    if tried.variables:
        keep_variables(project.root / SECRETS, {name: named[name] for name in tried.variables})
    write_beside(file, added.encode("utf-8"))
    return tried.model_copy(update={"written": True})


def _new(project: Project, name: str) -> Reference:
    try:
        reference = parse_reference(name if name.startswith("@") else f"@{name}")
    except ValueError as exc:
        raise UsageError(str(exc), hint="such as @mysql.shop") from None
    if not reference.alias:
        raise UsageError(f"{name!r} has no alias", hint=f"such as @{reference.family}.shop")
    project.registry.family(reference.family)
    if reference.alias in project.connections.families.get(reference.family, {}):
        raise UsageError(f"{reference} is there already", hint=f"take another alias, or edit {CONNECTIONS}")
    return reference


def _must_be_the_only_default(project: Project, reference: Reference) -> None:
    """Refuse a second default of one family: nobody could read the file any more.

    Raises:
        UsageError: there is one.
    """
    aliases = project.connections.families.get(reference.family, {})
    if marked := next((alias for alias, fields in aliases.items() if fields.get("default") is True), ""):
        hint = f"leave --default out, or take `default: true` out of it in {CONNECTIONS}"
        raise UsageError(f"@{reference.family}.{marked} is the default already", hint=hint)


def _asked(family: Family, name: str) -> Asked:
    if found := field_named(family, name):
        return found
    known = [field.name for field in fields_of(family)]
    near = nearest(name, known)
    hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(known)}"
    raise UsageError(f"connections of {family.name} have no field {name!r}", hint=hint)


def _must_be_open(family: Family, name: str, value: Any) -> None:
    """Refuse a secret that stands where everybody sees it; its value is not shown.

    Raises:
        UsageError: it is one.
    """
    named = VARIABLE.fullmatch(str(value))
    shown = not named or named["default"]
    if (_asked(family, name).secret and shown) or _WITH_PASSWORD.search(str(value)):
        raise UsageError(
            f"{name!r} holds a secret, and a command line is seen by others",
            hint=f"--secret {name} asks for it, or reads it from standard input; --env {name}=NAME takes a variable",
        )


def _variable(project: Project, reference: Reference, field: str, value: str) -> str:
    """Return the variable that is to hold a secret: one that is free, or that holds the same."""
    name = re.sub(r"\W", "_", f"{reference.family}_{reference.alias}_{field}").upper()
    free = name
    for number in range(2, 100):
        if project.environment.get(free) in ("", value):
            return free
        free = f"{name}_{number}"
    raise UsageError(f"every variable like {name} is taken", hint="name one yourself: --env FIELD=NAME")


def _is_ignored(project: Project) -> bool:
    file = project.root / ".gitignore"
    return file.is_file() and SECRETS in file.read_text("utf-8", "replace").split()


CONNECTIONS_ADD = Operation("connections.add", AddConnection, AddedConnection, add_connection, Effect.GRANTS)
