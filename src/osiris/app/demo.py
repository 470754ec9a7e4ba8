"""The project that a newcomer's first minute takes place in."""

from pathlib import Path

from pydantic import BaseModel

from osiris.app.files import write_beside
from osiris.app.operation import Effect, Operation
from osiris.app.project import Project
from osiris.app.scaffold import InitProject, init_project
from osiris.app.shop_file import CONNECTION, DATABASE, fill_shop
from osiris.model.errors import UsageError
from osiris.model.layout import CONNECTIONS

_MARK = "# The shop of `osiris demo`."
_CONNECTIONS = f"""\
{_MARK} A pipeline names it as "{CONNECTION}".
connections:
  duckdb:
    shop:
      path: {DATABASE}
"""


class MakeDemo(BaseModel):
    """Ask for the demo's project."""

    folder: str = "osiris-demo"


class DemoMade(BaseModel):
    """What was made.

    Attributes:
        folder: Absolute.
        database: Relative to the folder.
        rows: Table to its number of rows.
        again: True where the demo was there already; its shop is as new, its pipelines and runs are kept.
    """

    folder: str
    database: str
    connection: str
    rows: dict[str, int]
    again: bool


def make_demo(project: Project, ask: MakeDemo) -> DemoMade:
    """Make a project with a shop in DuckDB: customers, products, orders and their lines.

    Raises:
        UsageError: the folder holds something else.
    """
    folder = (project.cwd / ask.folder).resolve()
    again = _is_ours(folder, ask.folder)
    write_beside(folder / CONNECTIONS, _CONNECTIONS.encode())
    init_project(project, InitProject(folder=str(folder)))
    rows = fill_shop(project, folder)
    return DemoMade(folder=str(folder), database=DATABASE, connection=CONNECTION, rows=rows, again=again)


def _is_ours(folder: Path, name: str) -> bool:
    """Return whether the demo was made here before; False for a folder that is empty or not there.

    Raises:
        UsageError: something else is there.
    """
    if not folder.exists():
        return False
    if folder.is_dir():
        connections = folder / CONNECTIONS
        if connections.is_file() and connections.read_text("utf-8", "replace").startswith(_MARK):
            return True
        if not any(folder.iterdir()):
            return False
    what = "holds other files" if folder.is_dir() else "is a file"
    raise UsageError(f"{name!r} {what}", hint="name another folder: osiris demo DIR")


PROJECT_DEMO = Operation("project.demo", MakeDemo, DemoMade, make_demo, Effect.SAVES_DRAFT)
