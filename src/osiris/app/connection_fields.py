"""What a family's connections have for fields, as a person is asked for them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import AliasChoices, BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from osiris.kit.describe import is_secret, model_within
from osiris.kit.family import Family
from osiris.observe.redact import FIELDS

# What leads to most sources, whatever the family calls the rest.
_USUAL = (
    "host", "port", "database", "path", "base_dir", "endpoint", "url", "project_id", "user", "password", "key",
    "auth_type", "auth_token",
)  # fmt: skip
_OURS = "default"  # which alias a family's bare name means: said about a connection, not to the source


@dataclass(frozen=True)
class Asked:
    """One field of a connection.

    Attributes:
        name: As `osiris_connections.yaml` has it; a field within another after a dot, such as `ssh_tunnel.host`.
        others: Further names that mean the same.
        default: As text; empty where there is none, or none worth saying.
        address: An example, where the field says everything in one line, such as `mysql://user:password@host/db`.
        model: Whose field it is.
    """

    name: str
    others: tuple[str, ...]
    about: str
    required: bool
    secret: bool
    usual: bool
    default: str
    address: str
    info: FieldInfo
    model: type[BaseModel]

    def value(self, text: str) -> Any:
        """Return a text as the value that it means here: a number for a number; a variable's name stays as it is."""
        if self.secret or "${" in text:
            return text
        try:
            found = TypeAdapter[Any](self.info.annotation or str).validate_python(text)
        except ValidationError:
            return text
        return found if isinstance(found, bool | int | float) else text

    def complaint(self, text: str) -> str:
        """Return why a text can't be the value of this field; empty where it can."""
        if "${" in text:
            return ""
        names = {name.rpartition(".")[2] for name in (self.name, *self.others)}
        try:
            self.model.model_validate({self.name.rpartition(".")[2]: self.value(text)})
        except ValidationError as exc:
            said = (fault["msg"] for fault in exc.errors() if names & set(map(str, fault["loc"][:1])))
            message = next(said, "").removeprefix("Value error, ")
            return f"{message[:1].lower()}{message[1:]}"
        return ""


def fields_of(family: Family) -> tuple[Asked, ...]:
    """Return the fields of a family's connections, in the order of its model."""
    return tuple(_fields(family.connection, ""))


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values with those within another field at their place.

    Example:
        >>> nested({"host": "db", "ssh_tunnel.host": "door"})
        {'host': 'db', 'ssh_tunnel': {'host': 'door'}}
    """
    whole: dict[str, Any] = {}
    for name, value in values.items():
        outer, dot, inner = name.partition(".")
        if dot:
            whole[outer] = whole.get(outer, {}) | nested({inner: value})
        else:
            whole[outer] = value
    return whole


def address_of(family: Family) -> Asked | None:
    """Return the field that holds a whole address with its password; None where there is none."""
    return next((field for field in fields_of(family) if field.address), None)


def field_named(family: Family, name: str) -> Asked | None:
    """Return the field of that name, or of one that means the same."""
    return next((field for field in fields_of(family) if name in (field.name, *field.others)), None)


def _fields(model: type[BaseModel], within: str) -> Iterator[Asked]:
    for name, info in model.model_fields.items():
        if name == _OURS:
            continue
        asked = _asked(model, name, within)
        if inner := model_within(info):
            yield from _fields(inner, f"{asked.name}.")
        else:
            yield asked


def _asked(model: type[BaseModel], name: str, within: str) -> Asked:
    info = model.model_fields[name]
    choices = info.validation_alias.choices if isinstance(info.validation_alias, AliasChoices) else [info.alias or name]
    first, *others = (str(choice) for choice in choices)
    secret = is_secret(info) or first.lower() in FIELDS
    example = str(info.examples[0]) if info.examples else ""
    default = "" if info.is_required() or secret or info.default in (None, "") else str(info.default)
    return Asked(
        name=f"{within}{first}",
        others=tuple(f"{within}{other}" for other in others),
        about=info.description or "",
        required=info.is_required(),
        secret=secret,
        usual=not within and (info.is_required() or first in _USUAL),
        default=default,
        address=example if secret and "://" in example else "",
        info=info,
        model=model,
    )
