"""The AI Operation Packages of several runs."""

import json

from pydantic import BaseModel

from osiris.app.keeping import size_of
from osiris.app.logs import ListRuns, list_runs
from osiris.app.operation import Operation
from osiris.app.project import Project


class ListPackages(ListRuns):
    """Ask for the packages of the newest runs."""


class PackageLine(BaseModel):
    """One package in a list.

    Attributes:
        status: Of the run, as the index knows it.
        bytes: Of `aiop.json`; 0 where there is none, which can be made all the same.
        truncated: Whether something had to be left out.
        annex_bytes: Of the files beside it.
    """

    run_id: str
    pipeline: str
    status: str
    started_at: str
    path: str = ""
    bytes: int = 0
    truncated: bool = False
    annex_bytes: int = 0


class PackageList(BaseModel):
    """The packages, newest first."""

    packages: tuple[PackageLine, ...]


def list_packages(project: Project, ask: ListPackages) -> PackageList:
    """List the packages of the newest runs, newest first."""
    lines = []
    for run in list_runs(project, ask).runs:
        session = project.layout.session(run.run_id)
        line = PackageLine.model_validate(run.model_dump(include=set(PackageLine.model_fields)))
        if session.aiop.is_file():
            document = json.loads(session.aiop.read_bytes())
            found = {
                "path": project.shown(session.aiop),
                "bytes": size_of(session.aiop),
                "truncated": document["metadata"]["truncation"]["truncated"],
                "annex_bytes": size_of(session.annex),
            }
            line = line.model_copy(update=found)
        lines.append(line)
    return PackageList(packages=tuple(lines))


AIOP_LIST = Operation("aiop.list", ListPackages, PackageList, list_packages)
