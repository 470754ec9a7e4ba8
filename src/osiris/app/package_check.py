"""Whether a package of components is one: what can be told without a source, a target or the rows of either."""

import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from osiris.app.operation import Effect, Operation
from osiris.app.project import Project
from osiris.kit.component import Component, Extractor, Processor, Writer
from osiris.kit.describe import COMPILED, describe
from osiris.kit.family import Family
from osiris.kit.registry import GROUP, Registry
from osiris.model.diagnostics import Severity
from osiris.model.errors import OsirisError, UsageError

_VERBS: dict[str, tuple[type, str]] = {
    "read": (Extractor, "announce, extract"),
    "transform": (Processor, "announce, process"),
    "write": (Writer, "announce, target, look, write"),
}
_CONTRACTS = {"read": "ExtractorContract", "transform": "ProcessorContract", "write": "WriterContract"}


class CheckPackage(BaseModel):
    """Ask whether a package of components is in order."""

    path: str = Field(description="its folder, which holds pyproject.toml")


class PackageFinding(BaseModel):
    """One thing that is wrong, or could be better.

    Attributes:
        subject: The file, family or component that it is about.
    """

    severity: Severity
    subject: str
    message: str
    hint: str = ""


class PackageChecked(BaseModel):
    """What was found.

    Attributes:
        components: Those that the package brings, by name.
        findings: Everything that is wrong, at once.
    """

    families: tuple[str, ...]
    components: tuple[str, ...]
    findings: tuple[PackageFinding, ...]

    @property
    def valid(self) -> bool:
        """Return whether nothing is wrong; warnings may be there."""
        return all(finding.severity is not Severity.ERROR for finding in self.findings)


def check_package(project: Project, ask: CheckPackage) -> PackageChecked:
    """Check a package of components: its families load, and each component says what it has to. Its code is run."""
    folder = project.file(ask.path)
    points = _entry_points(folder, ask.path)
    findings: list[PackageFinding] = []
    families: dict[str, Family] = {}
    with _on_path(folder):
        for name, value in points.items():
            family, complaint = _loaded(name, value)
            if family:
                families[name] = family
            else:
                findings.append(_error(name, complaint, f'write {name} = "module:FAMILY" under {GROUP}'))
        for name, family in families.items():
            findings += _of_family(name, family)
    kinds = [kind for family in families.values() for kind in family.components]
    findings += _of_tests(folder, kinds)
    names = tuple(sorted(str(kind.about.name) for kind in kinds if hasattr(kind, "about")))
    return PackageChecked(families=tuple(sorted(families)), components=names, findings=tuple(findings))


def _entry_points(folder: Path, said: str) -> dict[str, str]:
    """Return the families that a package declares.

    Raises:
        UsageError: the folder holds no package, or the package declares no family.
    """
    file = folder / "pyproject.toml"
    try:
        document = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        hint = "name the folder that holds pyproject.toml; `osiris components new NAME` makes one"
        raise UsageError(f"{said!r} is no package: there is no pyproject.toml in it", hint=hint) from None
    except (OSError, ValueError) as exc:
        raise UsageError(f"cannot read {file.name}: {exc}", where=str(file), hint="mend it") from exc
    points = document.get("project", {}).get("entry-points", {}).get(GROUP, {})
    if not points:
        hint = f'add [project.entry-points."{GROUP}"] with a line such as crm = "osiris_crm:FAMILY"'
        raise UsageError(f"{said!r} declares no family of components", where=str(file), hint=hint)
    return {str(name): str(value) for name, value in points.items()}


@contextmanager
def _on_path(folder: Path) -> Iterator[None]:
    """Let a package's modules be imported; afterwards nothing of them is left."""
    before, modules = list(sys.path), set(sys.modules)
    sys.path[:0] = [str(place) for place in (folder / "src", folder) if place.is_dir()]
    try:
        yield
    finally:
        sys.path[:] = before
        for name in set(sys.modules) - modules:
            module = sys.modules[name]
            if Path(getattr(module, "__file__", None) or "/").is_relative_to(folder):
                del sys.modules[name]


def _loaded(name: str, value: str) -> tuple[Family | None, str]:
    """Return the family that an entry point names, or why there is none."""
    module, _, attribute = value.partition(":")
    try:
        family = getattr(import_module(module), attribute)
    except (Exception, SystemExit) as exc:  # noqa: BLE001 - whatever their code raises is what has to be said
        return None, f"{value!r} can't be loaded: {type(exc).__name__}: {exc}"
    return (family, "") if isinstance(family, Family) else (None, f"{value!r} of {name} is not a Family")


def _of_family(name: str, family: Family) -> Iterator[PackageFinding]:
    if family.name != name:
        yield _error(name, f"the family calls itself {family.name!r}", "let both have one name")
    if not family.components:
        yield _error(name, "the family has no component", "list its classes in `components`")
    described = replace(family, components=[kind for kind in family.components if hasattr(kind, "about")])
    registry = Registry({name: lambda: described})
    for kind in family.components:
        if not hasattr(kind, "about"):
            yield _error(kind.__name__, "it has no `about`", "write about: ClassVar[Describe] = Describe(…)")
            continue
        yield from _of_component(registry, name, kind)


def _of_component(registry: Registry, family: str, kind: type[Component]) -> Iterator[PackageFinding]:
    about = kind.about
    if not about.name.startswith(f"{family}."):
        yield _error(about.name, f"its name does not begin with {family!r}", f"call it {family}.something")
        return
    protocol, verbs = _VERBS[about.mode]
    if missing := [verb for verb in verbs.split(", ") if not hasattr(kind, verb)]:
        yield _error(
            about.name, f"a component of mode {about.mode} has to {' and '.join(missing)}", str(protocol.__doc__)
        )
    if not kind.__doc__ or kind.__doc__.startswith(f"{kind.__name__}("):
        yield _warning(about.name, "it has no docstring", "its first sentence is what people read of it")
    if not about.examples:
        yield _warning(about.name, "it has no example", "a configuration that works helps people and models alike")
    for example in about.examples:
        yield from _of_example(about.name, about.config, example.title, example.config)
    for field, info in about.config.model_fields.items():
        if not info.description and field not in COMPILED:
            yield _warning(about.name, f"the setting {field!r} has no description", "say it in Field(description=…)")
    try:
        describe(registry, about.name)
    except (OsirisError, ValueError, TypeError) as exc:
        yield _error(about.name, f"it can't be described: {exc}", "`osiris components show` needs it")


def _of_example(name: str, config: type[BaseModel], title: str, example: dict[str, Any]) -> Iterator[PackageFinding]:
    try:
        config.model_validate({key: value for key, value in example.items() if key != "connection"})
    except ValidationError as exc:
        first = exc.errors()[0]
        where = ".".join(map(str, first["loc"])) or "it"
        yield _error(name, f"the example {title!r} does not work: {where}: {first['msg']}", "mend the example")


def _of_tests(folder: Path, kinds: list[type[Component]]) -> Iterator[PackageFinding]:
    """Yield the components whose promises no test of the package holds them to."""
    texts = [file.read_text("utf-8", "replace") for file in sorted((folder / "tests").rglob("*.py"))]
    for kind in kinds:
        about = getattr(kind, "about", None)
        if about and not any(_CONTRACTS[about.mode] in text and f'"{about.name}"' in text for text in texts):
            hint = f"inherit osiris.testing's {_CONTRACTS[about.mode]} in a test"
            yield _warning(about.name, "no contract test names it", hint)


def _error(subject: str, message: str, hint: str) -> PackageFinding:
    return PackageFinding(severity=Severity.ERROR, subject=subject, message=message, hint=hint)


def _warning(subject: str, message: str, hint: str) -> PackageFinding:
    return PackageFinding(severity=Severity.WARNING, subject=subject, message=message, hint=hint)


# It runs the code of others, so no model may ask for it.
COMPONENTS_VALIDATE = Operation("components.validate", CheckPackage, PackageChecked, check_package, Effect.GRANTS)
