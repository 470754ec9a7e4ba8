"""The language as JSON Schema, so that editors complete and check a pipeline while it is written."""

from collections.abc import Iterator
from typing import Any

from osiris.compiler.passes.parse import (
    FORBIDDEN,
    LATER_STEP,
    LATER_TOP,
    MODE_SYNONYMS,
    MODES,
    MOST_CHARACTERS,
    MOST_NAMES,
    MOST_STEPS,
    STEP,
    STEP_2,
    TOP,
    VERSIONS,
)
from osiris.kit.component import Component
from osiris.kit.describe import config_schema
from osiris.kit.registry import Registry
from osiris.model.oml import Metadata, Param, Profile
from osiris.model.spec import WRITE_MODE_SYNONYMS

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_PLAIN = "^[a-z0-9][a-z0-9_-]*$"
_FIT_FOR_A_FILE = r"^[^\W\s.-][\w .-]*$"
_PARAMETER = {"$ref": "#/$defs/parameter"}
_TEXTS = {"type": ["array", "null"], "items": {"type": "string"}}

Schema = dict[str, Any]


def oml_schema(registry: Registry) -> Schema:
    """Return the JSON Schema (2020-12) of a pipeline, with the settings of every installed component under its name.

    What it refuses, the compiler refuses; the compiler knows more: names, types, what steps are there.
    """
    kinds = {name: registry.kind(name) for name in registry.names()}
    definitions = {name: _settings(kind) for name, kind in kinds.items()}
    return {
        "$schema": DIALECT,
        "title": "OML",
        "description": "A data pipeline of Osiris.",
        "type": "object",
        "required": ["oml_version", "name", "steps"],
        "properties": _top() | dict.fromkeys((*FORBIDDEN, *LATER_TOP), False),
        "if": {"properties": {"oml_version": {"const": VERSIONS[-1]}}},
        "then": {
            "properties": dict.fromkeys(TOP, True) | {"name": {"pattern": _PLAIN}, "steps": {"items": _strict_step()}},
            "additionalProperties": False,
        },
        "else": {"properties": {"steps": {"items": {"properties": dict.fromkeys(STEP_2, False)}}}},
        "$defs": {
            "parameter": {"type": "string", "pattern": r"\$\{\s*params\.[^{}]+\}", "description": "`${params.name}`"},
            "step": _step(kinds),
            **{f"{name}": body for name, body in _lifted(definitions)},
        },
    }


def _top() -> Schema:
    return {
        "oml_version": {"enum": list(VERSIONS), "description": "The language's version, in quotes."},
        "name": {"type": "string", "minLength": 1, "maxLength": MOST_CHARACTERS},
        "metadata": _model(Metadata),
        "params": _named(_model(Param)),
        "profiles": _named(_model(Profile)),
        "steps": {"type": "array", "minItems": 1, "maxItems": MOST_STEPS, "items": {"$ref": "#/$defs/step"}},
    }


def _named(body: Schema) -> Schema:
    body = body | {"type": ["object", "null"]}
    return {"type": ["object", "null"], "maxProperties": MOST_NAMES, "additionalProperties": body}


def _model(model: type[Metadata | Param | Profile]) -> Schema:
    schema = model.model_json_schema()
    schema.pop("title", None)
    if schema.get("additionalProperties") is False:
        schema.pop("additionalProperties")  # an unknown key is a warning in 0.1.0
    return schema | {"type": ["object", "null"]}


def _step(kinds: dict[str, type[Component]]) -> Schema:
    return {
        "type": "object",
        "required": ["id", "component", "mode"],
        "properties": {
            "id": {"type": "string", "maxLength": MOST_CHARACTERS, "pattern": _FIT_FOR_A_FILE},
            "component": {"enum": list(kinds), "description": "What the step does: family.verb."},
            "mode": {"enum": [*MODES, *MODE_SYNONYMS]},
            "config": {"type": ["object", "null"]},
            "needs": _TEXTS | {"description": "Steps that come first; without `inputs` they give their rows too."},
            "inputs": {
                "type": ["object", "null"],
                "minProperties": 1,
                "additionalProperties": {"type": "string", "pattern": r"^\$\{\s*[^{}]+?\.df\s*\}$"},
                "description": 'Name in SQL to "${step-id.df}".',
            },
            "allow_lossy": _TEXTS | {"description": "Columns of which not every value need be kept (0.2.0)."},
            **dict.fromkeys(LATER_STEP, False),
        },
        "allOf": [_of_component(name, kind) for name, kind in kinds.items()],
    }


def _strict_step() -> Schema:
    known = dict.fromkeys((*STEP, *STEP_2), True)
    return {"properties": known | {"id": {"pattern": _PLAIN}}, "additionalProperties": False}


def _of_component(name: str, kind: type[Component]) -> Schema:
    modes = [kind.about.mode, *(word for word, mode in MODE_SYNONYMS.items() if mode == kind.about.mode)]
    then: Schema = {"properties": {"mode": {"enum": modes}, "config": {"$ref": f"#/$defs/{name}"}}}
    if config_schema(kind).get("required"):
        then["required"] = ["config"]
    return {"if": {"properties": {"component": {"const": name}}, "required": ["component"]}, "then": then}


def _settings(kind: type[Component]) -> Schema:
    """Return the schema of a component's settings as OML has them: a parameter may stand for any value."""
    schema = config_schema(kind)
    schema["properties"] = {name: _setting(name, body) for name, body in schema["properties"].items()}
    return schema if schema.get("required") else schema | {"type": ["object", "null"]}


def _setting(name: str, body: Schema) -> Schema:
    values = set(body.get("enum", ()))
    if values and values <= set(WRITE_MODE_SYNONYMS.values()):
        body = body | {"enum": [word for word, mode in WRITE_MODE_SYNONYMS.items() if mode in values]}
    if name in ("primary_key", "upsert_keys"):
        body = _either(body, {"type": "string"})
    return _parametrized(body)


def _parametrized(body: Schema) -> Schema:
    """Return a schema that takes a parameter wherever it takes a single value."""
    body = dict(body)
    for key in ("items", "additionalProperties"):
        if isinstance(body.get(key), dict):
            body[key] = _parametrized(body[key])
    if "properties" in body:
        body["properties"] = {name: _parametrized(inner) for name, inner in body["properties"].items()}
    if "anyOf" in body:
        return body | {"anyOf": [*(_parametrized(inner) for inner in body["anyOf"]), _PARAMETER]}
    is_single = body.get("type") in ("integer", "number", "boolean", "string") or "enum" in body or "const" in body
    is_free = body.get("type") == "string" and not {"enum", "const", "pattern", "format", "maxLength"} & body.keys()
    return _either(body, _PARAMETER) if is_single and not is_free else body


def _either(body: Schema, other: Schema) -> Schema:
    """Return a schema that takes what either of two takes; what people read stays outside."""
    outside = {key: body[key] for key in ("title", "description", "default", "deprecated") if key in body}
    inside = {key: value for key, value in body.items() if key not in outside}
    return outside | {"anyOf": [inside, other]}


def _lifted(definitions: dict[str, Schema]) -> Iterator[tuple[str, Schema]]:
    """Yield all definitions; those inside a component's settings stand beside it, under its name and theirs."""
    for name, schema in definitions.items():
        inner = schema.pop("$defs", {})
        yield name, _renamed(schema, name)
        for part, body in inner.items():
            yield f"{name}.{part}", _renamed(_parametrized(body), name)


def _renamed(value: Any, owner: str) -> Any:
    if isinstance(value, list):
        return [_renamed(inner, owner) for inner in value]
    if not isinstance(value, dict):
        return value
    own = "#/$defs/"
    return {
        key: f"{own}{owner}.{inner.removeprefix(own)}"
        if key == "$ref" and inner.startswith(own) and inner != _PARAMETER["$ref"]
        else _renamed(inner, owner)
        for key, inner in value.items()
    }
