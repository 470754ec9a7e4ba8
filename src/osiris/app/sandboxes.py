"""Sandboxes of E2B's: the templates that they are made from, and those that nobody ended."""

from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import BaseModel, Field

from osiris.app.elsewhere import access
from osiris.app.operation import Effect, Operation
from osiris.app.project import Project
from osiris.app.record import index
from osiris.model.errors import UsageError
from osiris.remote.e2b import Cloud, Listed, Recipe
from osiris.remote.sandbox import GIB, PROJECT_OF, RUN, template_name, whose
from osiris.remote.wheel import build_wheel, constraints, extras


class BuildTemplate(BaseModel):
    """Ask for a template that holds this Osiris; None leaves a resource to the provider."""

    cpu: int | None = Field(default=None, gt=0)
    memory_gb: int | None = Field(default=None, gt=0)


class BuiltTemplate(BaseModel):
    """What `osiris run --e2b` takes from now on, where it is asked for the same resources."""

    name: str
    template_id: str


class ListTemplates(BaseModel):
    """Ask for the account's templates."""


class TemplateLine(BaseModel):
    """One template.

    Attributes:
        ours: True where it holds exactly this version of Osiris.
    """

    name: str
    cpu: int
    memory_mb: int
    status: str
    built_at: str
    ours: bool


class TemplateList(BaseModel):
    """The templates, by name."""

    templates: tuple[TemplateLine, ...]


class SweepSandboxes(BaseModel):
    """Ask to end the sandboxes that no run uses any more.

    Attributes:
        all: Those of other projects and machines, too: nobody here knows whether they are used.
    """

    all: bool = False


class SandboxLine(BaseModel):
    """One sandbox of ours.

    Attributes:
        run: Name of the run that started it.
        state: What became of it here.
    """

    sandbox_id: str
    run: str
    started_at: str
    state: str


class Swept(BaseModel):
    """The sandboxes that there were."""

    sandboxes: tuple[SandboxLine, ...]
    ended: int


def build_template(project: Project, ask: BuildTemplate) -> BuiltTemplate:
    """Build the template that runs in a sandbox are made from, with the very code that runs here."""
    families = set(project.registry.loaders)
    wanted = tuple(name for name in extras() if name in families)
    with TemporaryDirectory(prefix="osiris-template-") as name:
        folder = Path(name)
        wheel = build_wheel(folder)
        pins = folder / "constraints.txt"
        pins.write_text(constraints(wanted), "utf-8")
        recipe = Recipe(
            name=template_name(ask.cpu, ask.memory_gb),
            folder=folder,
            wheel=wheel.name,
            constraints=pins.name,
            extras=wanted,
            cpu=ask.cpu,
            memory_mb=ask.memory_gb * GIB if ask.memory_gb else None,
        )
        made = Cloud(access(project)).build(recipe, lambda said: project.door.listen({"event": "build", "said": said}))
    return BuiltTemplate(name=recipe.name, template_id=made)


def list_templates(project: Project, ask: ListTemplates) -> TemplateList:  # noqa: ARG001 - every operation asks
    """List the account's templates, and say which of them hold this Osiris."""
    ours = template_name(None, None)
    lines = (
        TemplateLine(
            name=template.name,
            cpu=template.cpu,
            memory_mb=template.memory_mb,
            status=template.status,
            built_at=template.built_at,
            ours=template.name == ours or template.name.startswith(f"{ours}-"),
        )
        for template in Cloud(access(project)).templates()
    )
    return TemplateList(templates=tuple(lines))


def sweep_sandboxes(project: Project, ask: SweepSandboxes) -> Swept:
    """End the sandboxes that a run of this project started and that no run uses any more."""
    cloud = Cloud(access(project))
    lines = [(listed, _state(project, listed, everything=ask.all)) for listed in cloud.sandboxes()]
    for listed, state in lines:
        if state == "ended":
            cloud.kill(listed.sandbox_id)
    return Swept(
        sandboxes=tuple(
            SandboxLine(
                sandbox_id=listed.sandbox_id,
                run=listed.metadata.get(RUN, ""),
                started_at=listed.started_at,
                state=state,
            )
            for listed, state in lines
        ),
        ended=sum(state == "ended" for _, state in lines),
    )


def _state(project: Project, listed: Listed, *, everything: bool) -> str:
    """Return what becomes of a sandbox: `ended`, or why it is left alone."""
    if listed.metadata.get(PROJECT_OF) != whose(project.root):
        return "ended" if everything else "of another project or machine"
    try:
        status = index(project).get(listed.metadata.get(RUN, "")).status
    except UsageError:
        status = "unknown"
    return "its run goes on" if status == "running" else "ended"


E2B_TEMPLATE_BUILD = Operation("e2b.template_build", BuildTemplate, BuiltTemplate, build_template, Effect.GRANTS)
E2B_TEMPLATE_LIST = Operation("e2b.template_list", ListTemplates, TemplateList, list_templates)
E2B_SWEEP = Operation("e2b.sweep", SweepSandboxes, Swept, sweep_sandboxes, Effect.GRANTS)
