"""A CSV, a Parquet and a SQLite table are joined in DuckDB and written as CSV, Parquet and SQLite."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from tests.e2e.keyboard import typed

OML = """\
oml_version: "0.1.0"
name: join
metadata: {intent: "What did each customer buy, and where do they live?"}
steps:
  - id: orders
    component: filesystem.csv_extractor
    mode: read
    config:
      path: data/orders.csv
      columns: {id: bigint, customer_id: bigint, product_id: bigint, amount: "decimal(10, 2)"}
  - id: products
    component: filesystem.parquet_extractor
    mode: read
    config: {path: data/products.parquet}
  - id: customers
    component: sqlite.extractor
    mode: read
    config: {connection: "@sqlite.crm", query: "SELECT id, name, city FROM customers"}
  - id: joined
    component: duckdb.processor
    mode: transform
    inputs: {orders: "${orders.df}", products: "${products.df}", customers: "${customers.df}"}
    config:
      query: |
        SELECT c.name, c.city, p.title, sum(o.amount) AS amount
        FROM orders AS o
        JOIN customers AS c ON c.id = o.customer_id
        JOIN products AS p ON p.id = o.product_id
        GROUP BY c.name, c.city, p.title
        ORDER BY c.name, p.title
  - id: as-csv
    component: filesystem.csv_writer
    mode: write
    inputs: {df: "${joined.df}"}
    config: {path: output/joined.csv}
  - id: as-parquet
    component: filesystem.parquet_writer
    mode: write
    inputs: {df: "${joined.df}"}
    config: {path: output/joined.parquet}
  - id: as-table
    component: sqlite.writer
    mode: write
    inputs: {df: "${joined.df}"}
    config: {connection: "@sqlite.out", table: joined, write_mode: replace}
"""
CONNECTIONS = "sqlite: {crm: {path: data/crm.sqlite}, out: {path: output/out.sqlite}}\n"
ROWS = [("Ada", "Brno", "pen", "2.75"), ("Ada", "Brno", "tea", "10.00"), ("Ben", None, "tea", "5.50")]


def project(folder: Path) -> Path:
    """Make the three sources, the connections and the pipeline."""
    for name in ("data", "output", "pipelines"):
        (folder / name).mkdir(parents=True)
    (folder / "data" / "orders.csv").write_text(
        "id,customer_id,product_id,amount\n1,1,1,1.25\n2,1,1,1.50\n3,1,2,10.00\n4,2,2,5.50\n5,9,2,99.00\n", "utf-8"
    )
    pq.write_table(pa.table({"id": [1, 2], "title": ["pen", "tea"]}), folder / "data" / "products.parquet")
    with closing(sqlite3.connect(folder / "data" / "crm.sqlite")) as crm, crm:
        crm.execute("CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, city TEXT)")
        crm.executemany("INSERT INTO customers VALUES (?, ?, ?)", [(1, "Ada", "Brno"), (2, "Ben", None)])
    (folder / "osiris_connections.yaml").write_text(CONNECTIONS, "utf-8")
    (folder / "pipelines" / "join.yaml").write_text(OML, "utf-8")
    return folder


def test_three_kinds_are_joined_and_written_as_three_kinds(tmp_path: Path) -> None:
    done = typed(project(tmp_path), "run", "pipelines/join.yaml", "--json")
    assert done.code == 0, done.err
    report = done.document
    assert (report["status"], report["total_rows"]) == ("completed", 9)
    digests = {r["step_id"]: r["digests"] for r in report["receipts"]}
    assert digests["joined"] == digests["as-csv"] == digests["as-parquet"] == digests["as-table"]

    assert (tmp_path / "output" / "joined.csv").read_text("utf-8").splitlines() == [
        "name,city,title,amount", "Ada,Brno,pen,2.75", "Ada,Brno,tea,10.00", "Ben,,tea,5.50"
    ]  # fmt: skip
    table = pq.read_table(tmp_path / "output" / "joined.parquet")
    assert [tuple(None if v is None else str(v) for v in row.values()) for row in table.to_pylist()] == ROWS
    with closing(sqlite3.connect(tmp_path / "output" / "out.sqlite")) as out:
        found = out.execute("SELECT name, city, title, amount FROM joined ORDER BY name, title").fetchall()
    assert [(*row[:3], f"{float(row[3]):.2f}") for row in found] == ROWS


def test_the_same_file_gives_the_same_bytes_again_and_elsewhere(tmp_path: Path) -> None:
    manifests = []
    here, there = project(tmp_path / "here"), project(tmp_path / "somewhere" / "else")
    for folder in (here, here, there):
        done = typed(folder, "compile", "pipelines/join.yaml", "--json")
        assert done.code == 0, done.err
        manifests.append(done.document | {"bytes": (folder / done.document["manifest"]).read_bytes()})
    assert manifests[0] == manifests[1] == manifests[2]
    assert str(tmp_path).encode() not in manifests[0]["bytes"]
