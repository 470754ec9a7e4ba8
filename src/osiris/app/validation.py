"""Whether a whole project is in order: settings, connections, environment, pipelines."""

from typing import Any, Literal

from pydantic import BaseModel

from osiris.app.connections import ListConnections, connected, list_connections
from osiris.app.operation import Operation
from osiris.app.pipelines import Checked, CheckPipeline, check_pipeline
from osiris.app.project import Project
from osiris.model.errors import EXIT_INVALID, EXIT_USAGE, OsirisError

ValidationMode = Literal["strict", "warn", "off"]


class ValidateProject(BaseModel):
    """Ask whether the project is in order.

    Attributes:
        mode: `strict` counts warnings as faults, `warn` shows them, `off` checks nothing but the files' form.
    """

    mode: ValidationMode = "warn"


class Fault(BaseModel):
    """One thing that is wrong outside the pipelines."""

    subject: str
    code: str
    message: str
    why: str = ""
    hint: str = ""


class ProjectState(BaseModel):
    """What was found.

    Attributes:
        settings: `section.key` to value and origin.
        pipelines: File to findings.
        exit_code: 0 in order, 2 where connections or files are not, 3 where pipelines are not.
    """

    settings: dict[str, dict[str, Any]]
    connections: tuple[str, ...]
    faults: tuple[Fault, ...]
    pipelines: dict[str, Checked]
    exit_code: int


def validate_project(project: Project, ask: ValidateProject) -> ProjectState:
    """Check settings, connections, environment and pipelines; nothing is opened but local files."""
    off = ask.mode == "off"
    strict = ask.mode == "strict"
    names = tuple(line.name for line in list_connections(project, ListConnections()).connections)
    faults = [] if off else [fault for name in names if (fault := _fault(project, name))]
    pipelines: dict[str, Checked] = {}
    for file in () if off else sorted(project.layout.pipelines.glob("*.y*ml")):
        try:
            pipelines[project.shown(file)] = check_pipeline(project, CheckPipeline(file=str(file), strict=strict))
        except OsirisError as exc:
            faults.append(_said(project.shown(file), exc))
    wrong = any(not checked.valid or (strict and checked.diagnostics) for checked in pipelines.values())
    return ProjectState(
        settings=project.configured.effective(),
        connections=names,
        faults=tuple(faults),
        pipelines=pipelines,
        exit_code=EXIT_USAGE if faults else EXIT_INVALID if wrong else 0,
    )


def _fault(project: Project, name: str) -> Fault | None:
    try:
        connected(project, name)
    except OsirisError as exc:
        return _said(name, exc)
    return None


def _said(subject: str, exc: OsirisError) -> Fault:
    return Fault(subject=subject, code=exc.code, message=exc.message, why=exc.why, hint=exc.hint)


PROJECT_VALIDATE = Operation("project.validate", ValidateProject, ProjectState, validate_project)
