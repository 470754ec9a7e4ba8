"""The reference of components and of connections, from their own models."""

from collections.abc import Iterator
from typing import Any

import yaml
from tests.docs.generated.table import kind, shown, table

from osiris.kit.describe import describe, secret_fields
from osiris.kit.registry import Registry
from osiris.model.spec import ComponentSpec


def components() -> Iterator[str]:
    """Yield the page of components."""
    registry = Registry.installed()
    yield from (
        "# Components",
        "",
        "`osiris components show NAME` prints the same. What becomes of each type: [types.md](types.md).",
    )
    for name in registry.names():
        yield from _component(describe(registry, name))


def connections() -> Iterator[str]:
    """Yield the page of connections."""
    registry = Registry.installed()
    yield from (
        "# Connections",
        "",
        "They stand in `osiris_connections.yaml` as `connections: {FAMILY: {ALIAS: {…}}}`; a pipeline names one as",
        "`@FAMILY.ALIAS`. A value may be `${VARIABLE}` from the environment or from `.env`; a secret must be.",
    )
    for name in sorted({component.partition(".")[0] for component in registry.names()}):
        family = registry.family(name)
        schema = family.connection.model_json_schema(by_alias=True)
        if not schema.get("properties"):
            continue
        secrets = secret_fields(family.connection)
        required = schema.get("required", ())
        yield from ("", f"## `{name}`: {family.title}", "")
        yield from table(
            ("field", "value", "default", "what it is"),
            (
                (
                    f"`{field}`",
                    "secret" if field in secrets else kind(body),
                    "required" if field in required else shown(body.get("default")),
                    body.get("description", ""),
                )
                for field, body in schema["properties"].items()
            ),
        )


def _component(spec: ComponentSpec) -> Iterator[str]:
    yield from ("", f"## `{spec.name}`", "", f"{spec.title}. {spec.description}", "")
    connection = {"none": "none", "required": f"`@{spec.family}.ALIAS`, required", "optional": "optional"}
    yield f"`mode: {spec.mode}`; connection: {connection[spec.connection]}."
    properties: dict[str, Any] = spec.config_schema.get("properties", {})
    required = spec.config_schema.get("required", ())
    if properties:
        yield ""
        yield from table(
            ("setting", "value", "default", "what it is"),
            (
                (
                    f"`{name}`",
                    kind(body),
                    "required" if name in required else shown(body.get("default")),
                    body.get("description", ""),
                )
                for name, body in properties.items()
            ),
        )
    if spec.llm_hints:
        yield from ("", *(f"- {hint}" for hint in spec.llm_hints))
    for example in spec.examples:
        step = {"component": spec.name, "mode": spec.mode, "config": example.config}
        text = yaml.safe_dump(step, sort_keys=False, allow_unicode=True, width=110)
        yield from ("", f"{example.title}:", "", "```yaml", *text.splitlines(), "```")
