"""The project that a newcomer's first minute takes place in."""

from pathlib import Path

from pydantic import BaseModel

from osiris.app.files import write_beside
from osiris.app.operation import Effect, Operation
from osiris.app.project import Project
from osiris.app.scaffold import InitProject, init_project
from osiris.app.shop import ShopTable, shop
from osiris.kit.component import Place, Writer
from osiris.kit.stream import of_batches
from osiris.model.errors import UsageError
from osiris.model.job import Marks
from osiris.model.layout import CONNECTIONS

DATABASE = "data/shop.duckdb"
CONNECTION = "@duckdb.shop"
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
    tables = shop()
    for table in tables:
        _fill(project, folder, table)
    rows = {table.name: table.rows.num_rows for table in tables}
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


def _fill(project: Project, folder: Path, table: ShopTable) -> None:
    """Write one table of the shop as a pipeline would, replacing what is there."""
    database = folder / DATABASE
    database.parent.mkdir(parents=True, exist_ok=True)
    config = {"table": table.name, "write_mode": "replace", "primary_key": list(table.primary_key)}
    place = Place(project=folder, scratch=folder)
    writer = project.registry.build("duckdb.writer", config, place, {"path": DATABASE})
    assert isinstance(writer, Writer)  # noqa: S101 - its name says so
    with of_batches(table.rows.schema, iter(table.rows.to_batches())) as rows:
        staged = writer.write(rows, Marks("demo", table.name))
        try:
            staged.commit()
        finally:
            staged.close()


PROJECT_DEMO = Operation("project.demo", MakeDemo, DemoMade, make_demo, Effect.SAVES_DRAFT)
