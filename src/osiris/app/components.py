"""What can be read, transformed and written here."""

from pydantic import BaseModel

from osiris.app.operation import Operation
from osiris.app.project import Project
from osiris.kit.describe import describe
from osiris.model.oml import Mode
from osiris.model.spec import ComponentSpec


class ListComponents(BaseModel):
    """Ask for the components whose name starts with `prefix`."""

    prefix: str = ""


class ComponentLine(BaseModel):
    """One component in a list."""

    name: str
    mode: Mode
    title: str


class ComponentList(BaseModel):
    """The components found, by name."""

    components: tuple[ComponentLine, ...]


class ShowComponent(BaseModel):
    """Ask for one component's description."""

    name: str


def list_components(project: Project, ask: ListComponents) -> ComponentList:
    """List the installed components: what can be read, transformed and written."""
    kinds = (project.registry.kind(name).about for name in project.registry.names() if name.startswith(ask.prefix))
    return ComponentList(
        components=tuple(ComponentLine(name=about.name, mode=about.mode, title=about.title) for about in kinds)
    )


def show_component(project: Project, ask: ShowComponent) -> ComponentSpec:
    """Describe one component: its settings, connection, secrets and examples."""
    return describe(project.registry, ask.name)


COMPONENTS_LIST = Operation("components.list", ListComponents, ComponentList, list_components)
COMPONENTS_SHOW = Operation("components.show", ShowComponent, ComponentSpec, show_component)
