"""Where a new connection may come from: addresses in the environment, and the profiles of dbt."""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from osiris.app.connection_fields import address_of, field_named
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
    """Return every source of connections that is found here, by name; nothing of them is kept.

    Profiles that can't be read offer none.
    """
    found = list(_addresses(project))
    with suppress(ConfigError):
        found += _profiles(project)
    return tuple(sorted(found, key=lambda source: source.name))


def source_named(project: Project, name: str) -> Source:
    """Return one source by its name.

    Raises:
        UsageError: there is none.
        ConfigError: it is to be one of dbt, and the profiles can't be read.
    """
    if name.startswith("dbt:"):
        list(_profiles(project))  # says what is wrong with them
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
            if isinstance(output, dict) and str(output.get("type")) in project.registry.loaders:
                family = project.registry.family(str(output["type"]))
                yield _of_dbt(project, family, f"dbt:{profile}.{target}", output)


def _profiles_file(project: Project) -> Path | None:
    get = project.environment.get
    home = get("HOME") or get("USERPROFILE")
    folders = [get("DBT_PROFILES_DIR"), str(project.cwd), str(project.root), str(Path(home) / ".dbt") if home else ""]
    candidates = (Path(folder) / PROFILES for folder in folders if folder)
    return next((file for file in candidates if file.is_file()), None)


def _of_dbt(project: Project, family: Family, name: str, output: Mapping[str, Any]) -> Source:
    said = {_FROM_DBT.get(key, key): value for key, value in output.items() if key != "type"}
    if "database" not in said and "dbname" not in said and field_named(family, "schema") is None and "schema" in said:
        said["database"] = said.pop("schema")  # where a schema is what is called a database here
    plain = {key: str(value) for key, value in said.items() if isinstance(value, str | int | float)}
    fields: dict[str, Any] = {}
    secrets: dict[str, str] = {}
    for key, text in plain.items():
        if not (asked := field_named(family, key)):
            continue
        variable = _ENV_VAR.fullmatch(text)
        if not asked.secret or (variable and variable["default"] is None):
            fields[asked.name] = asked.value(_with_variables(text))
        elif secret := _filled(text, project):
            secrets[asked.name] = secret
    left_out = tuple(sorted(key for key in said if field_named(family, key) is None))
    return Source(name=name, family=family.name, fields=fields, secrets=secrets, left_out=left_out)


def _with_variables(text: str) -> str:
    """Return a text with dbt's way to name a variable turned into ours."""
    return _ENV_VAR.sub(
        lambda found: f"${{{found['name']}{':-' + found['default'] if found['default'] is not None else ''}}}", text
    )


def _filled(text: str, project: Project) -> str:
    """Return a text with the values of the variables that dbt would put there."""
    return _ENV_VAR.sub(lambda found: project.environment.get(found["name"], found["default"] or ""), text)
