"""Settings: command line over environment over `osiris.yaml` over defaults, each value with its origin."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from osiris.app.documents import read_document
from osiris.app.environment import Environment
from osiris.model.errors import ConfigError, UsageError
from osiris.model.nearest import nearest
from osiris.model.settings import Configured, Origin, Settings

Layers = tuple[tuple[Origin, Mapping[str, Any]], ...]
_MAY_BE_A_KEY = "llm.api_key_env"  # so a wrong value is not repeated


def configure(file: Path, environment: Environment, overrides: Mapping[str, str]) -> Configured:
    """Return the settings in force.

    Args:
        file: `osiris.yaml`; it need not exist.
        environment: `OSIRIS_<SECTION>_<KEY>` sets one value; other variables are nobody's business here.
        overrides: `section.key` to text, from the command line.

    Raises:
        ConfigError: a key is unknown, or a value does not fit.
        UsageError: an override names no setting.
    """
    keys = _keys()
    written = _flat(read_document(file), file) if file.is_file() else {}
    if wrong := sorted(set(overrides) - set(keys)):
        raise UsageError(f"there is no setting {wrong[0]!r}", hint=_suggest(wrong[0], keys))
    exported = {key: value for key in keys if (value := environment.get(_variable(key)))}
    layers: Layers = (("osiris.yaml", written), ("environment", exported), ("command line", overrides))
    values: dict[str, dict[str, Any]] = {}
    origins: dict[str, Origin] = dict.fromkeys(keys, "default")
    for origin, layer in layers:
        for key, value in layer.items():
            section, name = key.split(".", 1)
            values.setdefault(section, {})[name] = value
            origins[key] = origin
    try:
        return Configured(settings=Settings.model_validate(values), origins=origins)
    except ValidationError as exc:
        first = exc.errors()[0]
        key = ".".join(map(str, first["loc"][:2]))
        place = {"environment": _variable(key), "osiris.yaml": file.name}.get(origins[key], origins[key])
        reason = first["msg"].removeprefix("Value error, ")
        reason = reason[:1].lower() + reason[1:]
        value = "what stands there" if key == _MAY_BE_A_KEY else repr(first["input"])
        raise ConfigError(f"{key} can't be {value}", where=place, why=reason, hint="mend the value") from None


def _keys() -> tuple[str, ...]:
    sections = {name: info.annotation for name, info in Settings.model_fields.items()}
    return tuple(f"{name}.{key}" for name, kind in sections.items() for key in getattr(kind, "model_fields", {}))


def _flat(document: Any, file: Path) -> dict[str, Any]:
    """Return `section.key` to value."""
    keys = _keys()
    if not isinstance(document, dict | None):
        hint = "`osiris init --stdout` shows one"
        raise ConfigError("the settings file must hold sections with keys", where=file.name, hint=hint)
    flat: dict[str, Any] = {}
    for section, body in (document or {}).items():
        hint = _suggest(section, keys)
        if section not in Settings.model_fields:
            raise ConfigError(f"there is no section {section!r}", where=file.name, hint=hint)
        if not isinstance(body, dict | None):
            raise ConfigError(f"{section!r} must hold keys, not one value", where=file.name, hint=hint)
        flat |= {f"{section}.{key}": value for key, value in (body or {}).items()}
    if wrong := sorted(set(flat) - set(keys)):
        raise ConfigError(f"there is no setting {wrong[0]!r}", where=file.name, hint=_suggest(wrong[0], keys))
    return flat


def _variable(key: str) -> str:
    return f"OSIRIS_{key.replace('.', '_').upper()}"


def _suggest(key: str, keys: tuple[str, ...]) -> str:
    near = nearest(key, keys)
    return f"did you mean {near[0]}?" if near else f"known: {', '.join(keys)}"
