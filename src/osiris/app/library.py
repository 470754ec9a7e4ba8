"""Pipelines to begin with: each runs on the demo's shop as it stands, and is a file to change afterwards."""

from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

import yaml
from pydantic import BaseModel, Field

from osiris.app.operation import Operation
from osiris.app.project import Project
from osiris.model.errors import UsageError
from osiris.model.nearest import nearest


class ListTemplates(BaseModel):
    """Ask for all templates."""


class TemplateLine(BaseModel):
    """One template.

    Attributes:
        intent: What it does, in a person's words.
    """

    name: str
    intent: str


class TemplateList(BaseModel):
    """The templates, by name."""

    templates: tuple[TemplateLine, ...]


class ShowTemplate(BaseModel):
    """Ask for one template."""

    name: str = Field(description="as the list has it")


class Template(BaseModel):
    """One template, whole.

    Attributes:
        oml: The pipeline.
        connections: Those that it names.
        files: Those that it reads and that come with it, by name in the project.
    """

    name: str
    intent: str
    description: str
    oml: str
    connections: tuple[str, ...] = ()
    files: dict[str, str] = {}


def list_templates(project: Project, ask: ListTemplates) -> TemplateList:  # noqa: ARG001 - every operation asks
    """List the templates: pipelines to begin with."""
    found = (template_named(name) for name in template_names())
    return TemplateList(templates=tuple(TemplateLine(name=one.name, intent=one.intent) for one in found))


def show_template(project: Project, ask: ShowTemplate) -> Template:  # noqa: ARG001 - every operation asks
    """Show one template: the pipeline, what it does, and what it needs."""
    return template_named(ask.name)


@cache
def template_named(name: str) -> Template:
    """Return one template.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in template_names():
        near = [one for one in template_names() if name and name in one] or nearest(name, template_names())
        hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(template_names())}"
        raise UsageError(f"there is no template {name!r}", hint=hint)
    text = _folder().joinpath(f"{name}.yaml").read_text("utf-8")
    document = yaml.safe_load(text)
    configs = [step["config"] for step in document["steps"]]
    return Template(
        name=name,
        intent=document["metadata"]["intent"],
        description=document["metadata"]["description"],
        oml=text,
        connections=tuple(sorted({config["connection"] for config in configs if "connection" in config})),
        files=dict(_files([*(config["path"] for config in configs if "path" in config), *_served(name)])),
    )


@cache
def template_names() -> tuple[str, ...]:
    """Return the names of all templates, sorted."""
    here = (file.name for file in _folder().iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in here if name.endswith(".yaml")))


def _folder() -> Traversable:
    return files("osiris.app").joinpath("library")


def _served(name: str) -> Iterator[str]:
    """Yield what comes with a template for a server to answer: no step names it as a file."""
    folder = _folder().joinpath("data", name)
    yield from (f"data/{name}/{file.name}" for file in (folder.iterdir() if folder.is_dir() else ()))


def _files(paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield those of some paths that come with the library, each with its text."""
    for path in paths:
        if (file := _folder().joinpath(*path.split("/"))).is_file():
            yield path, file.read_text("utf-8")


TEMPLATES_LIST = Operation("templates.list", ListTemplates, TemplateList, list_templates)
TEMPLATES_SHOW = Operation("templates.show", ShowTemplate, Template, show_template)
