"""A secret that must not be seen."""

from typing import Any, get_args

from pydantic import BaseModel, SecretStr

from osiris.kit.component import Component, Place
from osiris.kit.registry import Registry

PLANTED = "plainly-visible-if-you-see-this"  # pragma: allowlist secret


def plant_secrets(
    name: str, config: dict[str, Any], place: Place, connection: dict[str, Any] | None
) -> tuple[Component, str]:
    """Build a component with every secret of its settings and its connection set to one text.

    Returns:
        The component, and the text that must not be seen; empty where there is no secret to set.
    """
    registry = Registry.installed()
    in_config = _secrets(registry.kind(name).about.config)
    in_connection = _secrets(registry.family(name.partition(".")[0]).connection) if connection is not None else {}
    component = registry.build(
        name, config | in_config, place, None if connection is None else connection | in_connection
    )
    return component, PLANTED if in_config or in_connection else ""


def _secrets(model: type[BaseModel]) -> dict[str, str]:
    """Return a text for each secret; one that has an example, such as an address with a password, is made like it."""
    return {
        name: str(info.examples[0]).replace("password", PLANTED) if info.examples else PLANTED
        for name, info in model.model_fields.items()
        if info.annotation is SecretStr or SecretStr in get_args(info.annotation)
    }
