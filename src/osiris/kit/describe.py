"""From a component's class to its description."""

from collections.abc import Mapping
from typing import Any, get_args

from pydantic import AliasChoices, BaseModel, SecretStr
from pydantic.fields import FieldInfo

from osiris.kit.component import Component
from osiris.kit.mapping import Reads, Writes
from osiris.kit.registry import Registry
from osiris.model.spec import ComponentSpec, TypeLine

COMPILED = ("settled",)  # settings that the compiler adds


def describe(registry: Registry, name: str) -> ComponentSpec:
    """Return the description of one component.

    Raises:
        UsageError: there is no such component.
    """
    kind = registry.kind(name)
    family = registry.family(name.partition(".")[0])
    about = kind.about
    return ComponentSpec(
        name=about.name,
        title=about.title,
        description=_first_paragraph(kind),
        version=about.version,
        family=family.name,
        mode=about.mode,
        connection=about.connection,
        config_schema=config_schema(kind),
        secrets=(*_secrets(about.config), *(f"/connection{p}" for p in _secrets(family.connection))),
        connection_fields={} if about.connection == "none" else _fields(family.connection),
        llm_hints=about.llm_hints,
        types=tuple(map(_mapped, about.types)),
        examples=about.examples,
    )


def config_schema(kind: type[Component]) -> dict[str, Any]:
    """Return the JSON Schema of a component's `config`, as an author writes it: without what the compiler adds."""
    schema = _written(kind.about.config)
    if kind.about.connection == "none":
        return schema
    family = kind.about.name.partition(".")[0]
    connection = {"type": "string", "pattern": f"^@{family}(\\.[A-Za-z0-9_-]+)?$", "description": "`@family.alias`"}
    required = [*(["connection"] if kind.about.connection == "required" else []), *schema.get("required", [])]
    return schema | {"properties": {"connection": connection} | schema.get("properties", {}), "required": required}


def _written(model: type[BaseModel]) -> dict[str, Any]:
    """Return a model's schema with each setting under all of its names, and without those of the compiler."""
    schema = model.model_json_schema()
    properties = {name: body for name, body in schema.get("properties", {}).items() if name not in COMPILED}
    choices = [info.validation_alias for info in model.model_fields.values()]
    for names in (choice.choices for choice in choices if isinstance(choice, AliasChoices)):
        first = properties[str(names[0])]
        also = {"description": f"Means the same as `{names[0]}`.", "deprecated": True}
        properties |= {str(name): first | also for name in names[1:] if name not in properties}
    return schema | {"properties": properties}


def secret_fields(model: type[BaseModel]) -> tuple[str, ...]:
    """Return the names of a model's fields that hold secrets, as an author writes them, sorted.

    One within another field is `outer/inner`.
    """
    found: list[str] = []
    for name, info in model.model_fields.items():
        written = info.alias or name
        if is_secret(info):
            found.append(written)
        elif inner := model_within(info):
            found += [f"{written}/{field}" for field in secret_fields(inner)]
    return tuple(sorted(found))


def is_secret(field: FieldInfo) -> bool:
    """Return whether a field holds a secret."""
    return field.annotation is SecretStr or SecretStr in get_args(field.annotation)


def model_within(field: FieldInfo) -> type[BaseModel] | None:
    """Return the model of a field that has fields of its own; None for any other."""
    kinds = (field.annotation, *get_args(field.annotation))
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)


def _fields(model: type[BaseModel]) -> dict[str, Any]:
    """Return the schema of each field, the fields within it included."""
    schema = model.model_json_schema()
    whole: dict[str, Any] = _whole(schema.get("properties", {}), schema.get("$defs", {}))
    return whole


def _whole(schema: Any, models: Mapping[str, Any]) -> Any:
    match schema:
        case {"$ref": reference}:
            return _whole(models[reference.rpartition("/")[2]], models)
        case dict():
            return {name: _whole(body, models) for name, body in schema.items()}
        case list():
            return [_whole(body, models) for body in schema]
    return schema


def _mapped(line: Reads | Writes) -> TypeLine:
    if isinstance(line, Reads):
        return TypeLine(comes=line.source, goes=line.arrow, loss=line.loss, note=line.note)
    return TypeLine(comes=line.arrow, goes=line.target, loss=line.loss, note=line.note)


def _secrets(model: type[BaseModel]) -> tuple[str, ...]:
    return tuple(f"/{name}" for name in secret_fields(model))


def _first_paragraph(kind: type[Component]) -> str:
    return " ".join((kind.__doc__ or "").split("\n\n", 1)[0].split())
