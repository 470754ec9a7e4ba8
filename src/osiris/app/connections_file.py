"""`osiris_connections.yaml`: who is who outside, with secrets by name of a variable."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from osiris.app.documents import read_document
from osiris.app.environment import Environment
from osiris.model.connection import Reference
from osiris.model.errors import ConfigError, SecretMissing
from osiris.model.layout import CONNECTIONS
from osiris.model.nearest import nearest

VARIABLE = re.compile(r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>(?:(?!\$\{)[^}])*))?\}")

_FORM = "write family: {alias: {field: value}}"


@dataclass(frozen=True)
class Connections:
    """The file as written, variables not yet filled in.

    Attributes:
        families: Family to alias to fields.
    """

    families: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)

    def aliases(self) -> dict[str, tuple[str, ...]]:
        """Return the aliases of each family, in file order."""
        return {family: tuple(aliases) for family, aliases in self.families.items()}

    def defaults(self) -> dict[str, str]:
        """Return the alias that a family's bare name means: the one marked, or the only one."""
        marked = {
            family: alias
            for family, aliases in self.families.items()
            for alias, fields in aliases.items()
            if fields.get("default") is True
        }
        return {family: next(iter(found)) for family, found in self.families.items() if len(found) == 1} | marked

    def named(self, reference: Reference) -> Reference:
        """Return the reference with the default alias filled in.

        Raises:
            ConfigError: there is no such connection.
        """
        aliases = self.families.get(reference.family, {})
        alias = reference.alias or self.defaults().get(reference.family, "")
        if alias in aliases:
            return Reference(reference.family, alias)
        known = [str(Reference(f, a)) for f, names in self.families.items() for a in names]
        near = nearest(str(reference), known)
        hint = f"did you mean {near[0]}?" if near else f"configured: {', '.join(sorted(known)) or 'none'}"
        raise ConfigError(f"there is no connection {reference}", where=CONNECTIONS, hint=hint)

    def fields(self, reference: Reference, environment: Environment) -> dict[str, Any]:
        """Return the fields of one connection, variables filled in.

        Raises:
            ConfigError: there is no such connection, or a variable's name is no name.
            SecretMissing: a variable is not set; the error names it.
        """
        reference = self.named(reference)
        raw = self.families[reference.family][reference.alias]
        return {key: _filled(value, environment, f"{reference} {key}") for key, value in raw.items()}

    def variables(self, reference: Reference) -> tuple[str, ...]:
        """Return the names of the variables that a connection uses, sorted."""
        reference = self.named(reference)
        texts = (str(v) for v in self.families[reference.family][reference.alias].values())
        return tuple(sorted({found["name"] for text in texts for found in VARIABLE.finditer(text)}))


def read_connections(file: Path) -> Connections:
    """Return the connections of a file; none where the file does not exist.

    Both `connections: {mysql: {shop: …}}` and the same tree at the top level are understood.

    Raises:
        ConfigError: the file is not of that form.
    """
    document = read_document(file) if file.is_file() else {}
    tree = document.get("connections", document) if isinstance(document, dict) else document
    tree = {} if tree is None else tree
    if isinstance(document, dict) and "connections" in document:
        _must_stand_alone(document, file.name)
    if not isinstance(tree, dict):
        raise ConfigError("the connections file must hold families", where=file.name, hint=_FORM)
    families = {family: {} if aliases is None else aliases for family, aliases in tree.items() if family != "version"}
    for family, aliases in families.items():
        _look_at(family, aliases, file.name)
    return Connections(families)


def _must_stand_alone(document: dict[str, Any], file: str) -> None:
    if beside := sorted(document.keys() - {"connections", "version"}):
        raise ConfigError(
            f"{beside[0]!r} stands beside `connections`, where nobody looks",
            where=file,
            hint="put it below `connections`",
        )


def as_far_as_set(value: Any, environment: Environment) -> str:
    """Return a field as text, with those of its variables that are set; the others are empty."""
    return VARIABLE.sub(lambda found: environment.get(found["name"]) or found["default"] or "", str(value))


def _look_at(family: str, aliases: Any, file: str) -> None:
    if not isinstance(aliases, dict):
        raise ConfigError(f"{family!r} must hold named connections", where=file, hint=_FORM)
    if wrong := next((alias for alias, fields in aliases.items() if not isinstance(fields, dict)), None):
        raise ConfigError(f"{wrong!r} must hold named fields", where=f"{file}, {family}", hint=_FORM)
    marked = [alias for alias, fields in aliases.items() if fields.get("default") is True]
    if len(marked) > 1:
        raise ConfigError(
            f"{family} has {len(marked)} defaults: {', '.join(marked)}",
            where=f"{file}, {family}",
            hint="leave `default: true` at one of them",
        )


def _filled(value: Any, environment: Environment, where: str) -> Any:
    if isinstance(value, dict):
        return {key: _filled(inner, environment, f"{where}.{key}") for key, inner in value.items()}
    if not isinstance(value, str):
        return value
    if "${" in VARIABLE.sub("", value):
        raise ConfigError(
            "a variable is not written as one", where=where, hint="write ${NAME} or ${NAME:-default}, each with its `}`"
        )

    def variable(found: re.Match[str]) -> str:
        if text := environment.get(found["name"]) or found["default"]:
            return text
        if found["default"] is not None:
            return ""
        raise SecretMissing(
            f"the variable {found['name']} is not set",
            where=where,
            hint=f"write {found['name']}=… into .env, or export it",
        )

    return VARIABLE.sub(variable, value)
