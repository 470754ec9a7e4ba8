"""Where a new connection may come from: addresses in the environment, and the profiles of dbt."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from osiris.app.connection_fields import address_of, field_named, known_only
from osiris.app.documents import read_document
from osiris.app.project import Project
from osiris.kit.family import Family
from osiris.model.errors import ConfigError, UsageError
from osiris.model.nearest import nearest

PROFILES = "profiles.yml"
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_FROM_DBT = {"pass": "password", "server": "host"}  # their word to ours
_ENV_VAR = re.compile(
    r"""\{\{\s*env_var\(\s*(['"])(?P<name>\w+)\1\s*(?:,\s*(['"])(?P<default>[^'"]*)\3\s*)?\)\s*(?:\|[^}]*)?\}\}"""
)


@dataclass(frozen=True)
class Source:
    """A connection that is described elsewhere.

    Attributes:
        name: Such as `env:DATABASE_URL` or `dbt:shop.dev`.
        fields: What it says; a secret only by the name of its variable.
        secrets: Secrets that stand there in clear; they are never shown.
        left_out: Names that have no field here.
    """

    name: str
    family: str
    fields: Mapping[str, Any]
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    left_out: tuple[str, ...] = ()


def sources(project: Project) -> tuple[Source, ...]:
    """Return every source of connections that is found here, by name; nothing of them is kept."""
    return tuple(sorted((*_addresses(project), *_profiles(project)), key=lambda source: source.name))


def source_named(project: Project, name: str) -> Source:
    """Return one source by its name.

    Raises:
        UsageError: there is none.
    """
    found = {source.name: source for source in sources(project)}
    if name not in found:
        near = nearest(name, found) or sorted(found)
        hint = f"found here: {', '.join(near)}" if near else "none was found: no *_URL is set, there is no profiles.yml"
        raise UsageError(f"there is no source {name!r}", hint=hint)
    return found[name]


def _addresses(project: Project) -> Iterator[Source]:
    """Yield the variables that hold an address which some family understands."""
    for name, value in sorted(project.environment.variables.items()):
        if not name.endswith("_URL") or not _ADDRESS.match(value):
            continue
        if found := _understood(project, value):
            family, field_name = found
            yield Source(f"env:{name}", family.name, {field_name: f"${{{name}}}"})


def _understood(project: Project, address: str) -> tuple[Family, str] | None:
    """Return the family that an address belongs to, and the field that takes it whole."""
    scheme = address.partition("://")[0].lower()
    families = sorted(project.registry.families(), key=lambda family: not scheme.startswith(family.name))
    for family in families:
        asked = address_of(family)
        if asked is None:
            continue
        try:
            project.registry.connect(family.name, {asked.name: address})
        except ConfigError:
            continue
        return family, asked.name
    return None


def _profiles(project: Project) -> Iterator[Source]:
    """Yield the outputs of dbt's profiles whose type is a family that is installed."""
    file = _profiles_file(project)
    document = read_document(file) if file else None
    for profile, body in (document if isinstance(document, dict) else {}).items():
        outputs = body.get("outputs") if isinstance(body, dict) else None
        for target, output in (outputs if isinstance(outputs, dict) else {}).items():
            if isinstance(output, dict) and output.get("type") in project.registry.loaders:
                yield _of_dbt(project.registry.family(str(output["type"])), f"dbt:{profile}.{target}", output)


def _profiles_file(project: Project) -> Path | None:
    get = project.environment.get
    home = get("HOME") or get("USERPROFILE")
    folders = [get("DBT_PROFILES_DIR"), str(project.cwd), str(project.root), str(Path(home) / ".dbt") if home else ""]
    candidates = (Path(folder) / PROFILES for folder in folders if folder)
    return next((file for file in candidates if file.is_file()), None)


def _of_dbt(family: Family, name: str, output: Mapping[str, Any]) -> Source:
    said = {_FROM_DBT.get(key, key): _variables(value) for key, value in output.items() if key != "type"}
    if "database" not in said and "dbname" not in said and field_named(family, "schema") is None and "schema" in said:
        said["database"] = said.pop("schema")  # where a schema is what is called a database here
    known = known_only(family, {key: value for key, value in said.items() if isinstance(value, str | int | float)})
    secrets = {
        key: str(value)
        for key, value in known.items()
        if (asked := field_named(family, key)) and asked.secret and "${" not in str(value)
    }
    return Source(
        name=name,
        family=family.name,
        fields={key: value for key, value in known.items() if key not in secrets},
        secrets=secrets,
        left_out=tuple(sorted(key for key in said if field_named(family, key) is None)),
    )


def _variables(value: Any) -> Any:
    """Return a value with dbt's way to name a variable turned into ours."""
    if not isinstance(value, str):
        return value
    whole = _ENV_VAR.sub(
        lambda found: f"${{{found['name']}{':-' + found['default'] if found['default'] is not None else ''}}}", value
    )
    number = re.fullmatch(r"\d+", whole)
    return int(whole) if number else whole
