"""`osiris components ...`: parse, ask, show."""

import json
import shlex
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from osiris.app.components import ListComponents, ShowComponent, list_components, show_component
from osiris.app.new_component import NewComponent, new_component
from osiris.app.package_check import CheckPackage, PackageFinding, check_package
from osiris.cli import show
from osiris.cli.command import example, new_app, terminal_of
from osiris.model.canonical import canonical_yaml
from osiris.model.diagnostics import Severity
from osiris.model.errors import EXIT_INVALID
from osiris.model.spec import ComponentSpec

app = new_app("See what can be read, transformed and written; make components of your own.")


@app.command("list", epilog=example("osiris components list duckdb"))
def list_(
    ctx: typer.Context,
    prefix: Annotated[str, typer.Argument(metavar="PREFIX", show_default=False, help="Only names that start so.")] = "",
) -> None:
    """List the installed components, one a line."""
    terminal = terminal_of(ctx)
    reply = list_components(terminal.project(), ListComponents(prefix=prefix))
    lines = ((line.name, line.mode, line.title) for line in reply.components)
    terminal.answer(reply, show.table(("component", "mode", "does"), lines))


@app.command("show", epilog=example("osiris components show duckdb.processor"))
def show_(ctx: typer.Context, name: Annotated[str, typer.Argument(metavar="NAME", help="As `list` shows it.")]) -> None:
    """Show one component: settings, connection, examples."""
    terminal = terminal_of(ctx)
    reply = show_component(terminal.project(), ShowComponent(name=name))
    terminal.answer(reply, _spec(reply))


@app.command("new", epilog=example("osiris components new crm", "osiris components new crm --dir packages"))
def new(
    ctx: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Of the family: the first word of its components' names.")
    ],
    *,
    folder: Annotated[str, typer.Option("--dir", metavar="DIR", help="Make the package in that folder.")] = ".",
) -> None:
    """Make a package of your own components. It works at once, its contract tests pass; change it step by step."""
    terminal = terminal_of(ctx)
    reply = new_component(terminal.project(), NewComponent(name=name, folder=folder))
    terminal.answer(reply, show.title(f"a package in {reply.folder}"), *reply.files)
    place, tested = shlex.quote(reply.folder), shlex.quote(f"{reply.folder}[test]")
    terminal.say(f"next: pip install -e {tested}, then pytest {place}, then osiris components list {reply.name}")


@app.command("validate", epilog=example("osiris components validate osiris-crm"))
def validate(
    ctx: typer.Context,
    path: Annotated[str, typer.Argument(metavar="PATH", help="A package's folder, which holds pyproject.toml.")],
) -> None:
    """Check a package of components: its families load, and each component says what it has to.

    The package's code is run. Whether the components keep their promises, its contract tests tell.
    """
    terminal = terminal_of(ctx)
    reply = check_package(terminal.project(), CheckPackage(path=path))
    verdict = Text("valid" if reply.valid else "not valid", style="green" if reply.valid else "red")
    names = show.facts({"components": ", ".join(reply.components)})
    findings = [show.table(("", "of", "found", "next"), map(_finding, reply.findings))] if reply.findings else []
    terminal.answer(reply, names, *findings, verdict)
    if not reply.valid:
        raise typer.Exit(EXIT_INVALID)


def _finding(finding: PackageFinding) -> tuple[show.Cell, ...]:
    colour = "red" if finding.severity is Severity.ERROR else "yellow"
    return Text(finding.severity.value, style=colour), finding.subject, finding.message, finding.hint


def _spec(spec: ComponentSpec) -> RenderableType:
    needs = f"@{spec.family}.ALIAS, {spec.connection}" if spec.connection != "none" else ""
    required = set(spec.config_schema.get("required", ()))
    settings = spec.config_schema.get("properties", {}).items()
    lines = (
        (name, _kind(about, spec.config_schema), _default(name, about, required), about.get("description", ""))
        for name, about in settings
        if not about.get("deprecated")
    )
    parts: list[RenderableType] = [
        show.title(f"{spec.name}: {spec.title}"),
        Text(show.plain(spec.description)),
        Text(),
        show.facts({"mode": spec.mode, "connection": needs, "version": spec.version}),
        Text(),
        show.table(("setting", "type", "default", "says"), lines),
    ]
    if spec.llm_hints:
        parts += [
            Text(),
            Text("good to know", style="dim"),
            *(Text(f"- {show.plain(hint)}") for hint in spec.llm_hints),
        ]
    if spec.types:
        types = (
            (line.comes, line.goes, "" if line.loss == "lossless" else line.loss, line.note) for line in spec.types
        )
        parts += [Text(), show.table(("type", "becomes", "", ""), types)]
    parts.append(Text())
    for shown in spec.examples:
        parts += show.block(f"example: {shown.title}", canonical_yaml(shown.config).decode("utf-8"))
    return Group(*parts)


def _kind(schema: dict[str, Any], whole: dict[str, Any]) -> str:
    """Return a JSON Schema's type as a person says it."""
    if reference := schema.get("$ref"):
        return _kind(whole.get("$defs", {}).get(reference.rpartition("/")[2], {}), whole)
    if choices := schema.get("anyOf"):
        return " or ".join(dict.fromkeys(_kind(c, whole) for c in choices if c.get("type") != "null"))
    if values := schema.get("enum") or ([schema["const"]] if "const" in schema else []):
        return " | ".join(map(str, values))
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}), whole)}"
    if schema.get("type") == "object" and isinstance(inner := schema.get("additionalProperties"), dict):
        return f"map to {_kind(inner, whole)}"
    return str(schema.get("type", "any"))


def _default(name: str, schema: dict[str, Any], required: set[str]) -> str:
    if name in required:
        return "required"
    value = schema.get("default")
    return "" if value in (None, {}, []) else json.dumps(value, ensure_ascii=False)
