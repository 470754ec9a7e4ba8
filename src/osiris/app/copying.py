"""One thing copied to another place: the pipeline that does it, shown, planned and, if wanted, kept."""

from pydantic import BaseModel, Field

from osiris.app.files import write_beside
from osiris.app.oml import pointed
from osiris.app.operation import Effect, Operation
from osiris.app.pipelines import PlanPipeline, plan_pipeline
from osiris.app.project import Project
from osiris.app.starts import copy_of
from osiris.model.errors import UsageError
from osiris.model.plan import Plan
from osiris.model.spec import WriteMode


class PlanCopy(BaseModel):
    """Ask for the pipeline that copies a table or a file to another."""

    source: str = Field(description="@family.alias/table, or the path of a file")
    target: str = Field(description="likewise")
    mode: WriteMode = Field(default="replace", description="how the target is written")
    key: tuple[str, ...] = Field(default=(), description="columns that tell rows apart; for merge")
    save: str = Field(default="", description="file that keeps the pipeline; empty keeps none")


class PlannedCopy(BaseModel):
    """What would be done.

    Attributes:
        oml: The whole pipeline.
        plan: What a run of exactly it would do.
        saved: File that holds it; empty where none was wanted.
    """

    oml: str
    plan: Plan
    saved: str = ""


def plan_copy(project: Project, ask: PlanCopy) -> PlannedCopy:
    """Write the pipeline that copies a table or a file, plan it, and keep it where that is wanted. Nothing is run."""
    if ask.mode == "merge" and not ask.key:
        raise UsageError("a merge needs to know which rows are the same", hint="name the key: --key id")
    if ask.key and ask.mode != "merge":
        raise UsageError(f"a key means nothing to {ask.mode}", hint="write --mode merge, or leave --key out")
    text = copy_of(project, ask.source, ask.target, mode=ask.mode, key=ask.key)
    plan = plan_pipeline(project, PlanPipeline(text=text))
    return PlannedCopy(oml=text, plan=plan, saved=_save(project, ask.save, text) if ask.save else "")


def _save(project: Project, name: str, text: str) -> str:
    """Keep a pipeline in a file, and return that file's name.

    Raises:
        UsageError: something else is there, or it can't be written.
    """
    file = project.cwd / name
    content = pointed(text, project.root, file).encode("utf-8")
    if file.exists() and (not file.is_file() or file.read_bytes() != content):
        raise UsageError(f"{name!r} is there already and holds something else", hint="take another name")
    write_beside(file, content)
    return project.shown(file)


PIPELINES_COPY = Operation("pipelines.copy", PlanCopy, PlannedCopy, plan_copy, Effect.SAVES_DRAFT)
