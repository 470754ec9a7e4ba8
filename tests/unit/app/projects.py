"""A small project to ask things of: two CSV files, a DuckDB file, a pipeline."""

from pathlib import Path

import duckdb

from osiris.app.project import Door, Project

CITIES = "city,people\nBrno,402739\nPraha,1397880\nPlzeň,187928\n"
PIPELINE = """\
oml_version: "0.1.0"
name: cities
metadata: {intent: "Which cities are large?"}
params:
  least: {type: integer, default: 200000}
profiles:
  all: {params: {least: 0}}
steps:
  - id: cities
    component: filesystem.csv_extractor
    mode: read
    config: {path: data/cities.csv, columns: {people: bigint}}
  - id: large
    component: duckdb.processor
    mode: transform
    needs: [cities]
    config:
      query: SELECT city FROM cities WHERE people >= ${params.least} ORDER BY city
  - id: write
    component: filesystem.csv_writer
    mode: write
    needs: [large]
    config: {path: output/large.csv}
"""
CONNECTIONS = """\
connections:
  duckdb:
    shop: {path: "${SHOP_FILE:-data/shop.duckdb}"}
  filesystem:
    local: {base_dir: .}
"""


def make(folder: Path) -> Path:
    """Write the project's files and return its folder."""
    for name, text in {
        "data/cities.csv": CITIES,
        "pipelines/cities.yaml": PIPELINE,
        "osiris_connections.yaml": CONNECTIONS,
    }.items():
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_text(text, "utf-8")
    return folder


def with_shop(folder: Path) -> Path:
    """Write the project's DuckDB file, too."""
    with duckdb.connect(make(folder) / "data" / "shop.duckdb") as shop:
        shop.execute("CREATE TABLE customers (id BIGINT PRIMARY KEY, name VARCHAR)")
        shop.execute("INSERT INTO customers VALUES (1, 'Ada'), (2, NULL)")
        shop.execute("CREATE TABLE orders (id BIGINT, customer_id BIGINT, amount DECIMAL(10, 2))")
        shop.execute("INSERT INTO orders SELECT range, 1, 0.5 FROM range(30)")
    return folder


def opened(folder: Path, door: Door | None = None, profile: str = "", **exported: str) -> Project:
    """Open the project as a door would, without this process's variables."""
    return Project.open(folder, door=door, profile=profile, exported=exported)
