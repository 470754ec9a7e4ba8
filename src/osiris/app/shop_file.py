"""The shop of the demo as a DuckDB file of a project."""

from pathlib import Path

from osiris.app.project import Project
from osiris.app.shop import ShopTable, shop
from osiris.kit.component import Place, Writer
from osiris.kit.stream import of_batches
from osiris.model.job import Marks

DATABASE = "data/shop.duckdb"
CONNECTION = "@duckdb.shop"


def fill_shop(project: Project, folder: Path) -> dict[str, int]:
    """Write the shop's tables below a folder, replacing what is there; return how many rows each has."""
    (folder / DATABASE).parent.mkdir(parents=True, exist_ok=True)
    tables = shop()
    for table in tables:
        _fill(project, folder, table)
    return {table.name: table.rows.num_rows for table in tables}


def _fill(project: Project, folder: Path, table: ShopTable) -> None:
    """Write one table as a pipeline would."""
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
