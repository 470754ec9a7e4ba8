"""A project of every kind of local source and target, and its pipelines as jobs for one place after another."""

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from pyarrow import parquet
from tests.services.e2b import KEY, Loopback, Shape
from tests.unit.app.projects import opened

from osiris.app.pipelines import PlanPipeline, make_ready
from osiris.app.runs import job_of
from osiris.kit.registry import Registry
from osiris.model.events import Event, HostEvent
from osiris.model.job import Job, RunResult
from osiris.remote.e2b import Access
from osiris.remote.process import ChildProcess
from osiris.remote.sandbox import E2b, Sized
from osiris.runtime.target import Here, Target

ORDERS = "".join(f"{number},{number % 7},{number / 4:.2f}\n" for number in range(2_000))
CONNECTIONS = """\
sqlite:
  crm: {path: data/crm.sqlite, default: true}
  out: {path: output/out.sqlite}
duckdb:
  out: {path: output/out.duckdb, default: true}
  mart: {path: data/mart.duckdb}
  shop: {path: data/shop.duckdb}
  store: {path: data/store.duckdb}
filesystem:
  kept: {base_dir: output, default: true}
"""
GOLDEN = Path(__file__).parents[1] / "golden" / "manifests"
# What golden pipelines call toys is played by what every place has.
_PLAYED = {
    "component: toy.reader\n    mode: read\n    config: {path": (
        "component: filesystem.csv_extractor\n    mode: read\n    config: {path"
    ),
    "toy.filer": "filesystem.csv_writer",
    "toy.reader": "duckdb.extractor",
    "toy.": "duckdb.",
    '"@toy"': '"@duckdb.shop"',
}
READ = """\
  - {id: orders, component: filesystem.csv_extractor, mode: read,
     config: {path: data/orders.csv, columns: {amount: "decimal(12, 2)"}}}
"""
HEAD = 'oml_version: "0.1.0"\n'


def golden() -> dict[str, str]:
    """Return every golden pipeline."""
    found = {folder.name: (folder / "pipeline.yaml").read_text("utf-8") for folder in sorted(GOLDEN.iterdir())}
    for toy, real in _PLAYED.items():
        found = {name: text.replace(toy, real) for name, text in found.items()}
    return {f"golden {name}": text for name, text in found.items()}


PIPELINES = golden() | {
    "join": f"""{HEAD}name: join
params:
  least: {{type: number, default: 10}}
  whose: {{type: string, default: Eva, sensitive: true}}
steps:
{READ}
  - {{id: regions, component: filesystem.parquet_extractor, mode: read, config: {{path: data/regions.parquet}}}}
  - {{id: customers, component: sqlite.extractor, mode: read, config: {{connection: "@sqlite.crm", table: customers}}}}
  - id: joined
    component: duckdb.processor
    mode: transform
    needs: [orders, regions, customers]
    config:
      query: |
        SELECT c.name, r.region, count(*) AS orders, sum(o.amount)::DECIMAL(12, 2) AS revenue
        FROM orders o JOIN customers c ON c.id = o.customer_id JOIN regions r ON r.id = c.region_id
        WHERE o.amount >= ${{params.least}} AND c.name <> ${{params.whose}}
        GROUP BY ALL ORDER BY c.name
  - {{id: csv, component: filesystem.csv_writer, mode: write, needs: [joined], config: {{path: output/joined.csv}}}}
  - {{id: parquet, component: filesystem.parquet_writer, mode: write, needs: [joined],
      config: {{path: output/joined.parquet}}}}
  - {{id: lite, component: sqlite.writer, mode: write, needs: [small],
      config: {{connection: "@sqlite.out", table: joined, write_mode: replace}}}}
  - {{id: duck, component: duckdb.writer, mode: write, needs: [joined],
      config: {{connection: "@duckdb.mart", table: joined, write_mode: append}}}}
  - id: small
    component: duckdb.processor
    mode: transform
    needs: [joined]
    config: {{query: "SELECT name, orders FROM joined"}}
""",
    "append": f"""{HEAD}name: append
steps:
{READ}
  - {{id: more, component: filesystem.csv_writer, mode: write, needs: [orders],
      config: {{path: grown.csv, connection: "@filesystem.kept", write_mode: append}}}}
""",
    "again": f"""{HEAD}name: again
steps:
{READ}
  - {{id: store, component: duckdb.writer, mode: write, needs: [orders],
      config: {{connection: "@duckdb.out", table: orders, write_mode: replace}}}}
  - {{id: back, component: duckdb.extractor, mode: read, needs: [store],
      config: {{connection: "@duckdb.mart", query: "SELECT count(*) AS n FROM old"}}}}
  - {{id: last, component: filesystem.json_writer, mode: write, needs: [back], config: {{path: output/last.json}}}}
""",
    "doubled key": f"""{HEAD}name: doubled key
steps:
{READ}
  - {{id: first, component: filesystem.csv_writer, mode: write, needs: [orders], config: {{path: output/first.csv}}}}
  - {{id: merge, component: duckdb.writer, mode: write, needs: [orders],
      config: {{connection: "@duckdb.mart", table: keyed, write_mode: merge, primary_key: [customer_id]}}}}
""",
    "fails after a needed write": f"""{HEAD}name: fails after a needed write
steps:
{READ}
  - {{id: kept, component: filesystem.csv_writer, mode: write, needs: [orders], config: {{path: output/kept.csv}}}}
  - {{id: old, component: duckdb.extractor, mode: read, needs: [kept],
      config: {{connection: "@duckdb.mart", query: "SELECT * FROM old"}}}}
  - {{id: bad, component: duckdb.processor, mode: transform, needs: [old],
      config: {{query: "SELECT CASE WHEN n > 1 THEN error('no more') ELSE n END AS n FROM old"}}}}
  - {{id: lost, component: filesystem.csv_writer, mode: write, needs: [bad], config: {{path: output/lost.csv}}}}
""",
}
FAILING = {"golden unproved": 1, "doubled key": 4, "fails after a needed write": 1}


def project(folder: Path) -> Path:
    """Write the sources and return the folder."""
    for name in ("data", "output", "pipelines"):
        (folder / name).mkdir(parents=True)
    (folder / "osiris_connections.yaml").write_text(CONNECTIONS, "utf-8")
    (folder / "data" / "orders.csv").write_text(f"id,customer_id,amount\n{ORDERS}", "utf-8")
    (folder / "data" / "customers.csv").write_text("id,name\n1,Ada\n2,Eva\n3,\n", "utf-8")
    (folder / "output" / "grown.csv").write_text("id,customer_id,amount\n-1,0,0.00\n", "utf-8")
    regions = pa.table({"id": pa.array([1, 2], pa.int64()), "region": ["north", None]})
    parquet.write_table(regions, folder / "data" / "regions.parquet")
    with sqlite3.connect(folder / "data" / "crm.sqlite") as crm:
        crm.execute("CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, region_id INTEGER)")
        rows = [(number, f"name {number}", 1 + number % 2) for number in range(6)] + [(6, "Eva", 2)]
        crm.executemany("INSERT INTO customers VALUES (?, ?, ?)", rows)
    crm.close()
    with duckdb.connect(folder / "data" / "shop.duckdb") as shop:
        shop.execute(
            "CREATE TABLE customers AS SELECT i AS id, concat('c', i, '@example.com') AS email FROM range(7) r(i)"
        )
        shop.execute(
            "CREATE TABLE orders AS SELECT i AS id, i % 7 AS customer_id, (i / 4)::DECIMAL(12, 2) AS amount"
            " FROM range(200) r(i)"
        )
    with duckdb.connect(folder / "data" / "store.duckdb") as store:
        store.execute(
            "CREATE TABLE customers AS SELECT i AS id, concat('c', i, '@example.com') AS email FROM range(9) r(i)"
        )
        store.execute("CREATE SCHEMA mart")
    with duckdb.connect(folder / "data" / "mart.duckdb") as mart:
        mart.execute("CREATE TABLE old AS SELECT i AS n FROM range(3) r(i)")
    return folder


@dataclass(frozen=True)
class Trial:
    """What one place did with one job.

    Attributes:
        said: Events but those of the host, without times, by step.
        files: Target to a digest: of a file its bytes, of a database its rows.
    """

    result: RunResult
    events: list[Event]
    said: dict[str, list[dict[str, Any]]]
    files: dict[str, Any]


def ordered(folder: Path, text: str) -> Job:
    """Return a pipeline's job, compiled in its project; that of files has sources of its own."""
    if text == PIPELINES["golden files"]:
        orders = "customer_id,ordered_on,amount\n1,2025-02-01,10\n2,2024-01-01,3\n1,2025-03-01,1\n"
        (folder / "data" / "orders.csv").write_text(orders, "utf-8")
    here = opened(folder)
    ready = make_ready(here, PlanPipeline(text=text))
    job, refusal = job_of(here, ready, here.layout.session("run-1"))
    assert refusal is None
    return job


def tried(target: Target, folder: Path, text: str) -> Trial:
    """Carry a pipeline out in a fresh project."""
    job = ordered(project(folder), text)
    job.session.mkdir(parents=True)
    events: list[Event] = []
    result = target.execute(job, events.append)
    assert list(job.session.glob("*/*")) == []
    left = [path.name for path in folder.rglob(".osiris-*.part")]
    assert left == []
    return Trial(result, events, by_step(events), dict(contents(folder)))


def by_step(events: list[Event]) -> dict[str, list[dict[str, Any]]]:
    """Return what was said of each step, without the host's own and without times."""
    said: dict[str, list[dict[str, Any]]] = {}
    for event in events:
        if not isinstance(event, HostEvent) and event.event != "step_progress":
            of = getattr(event, "step_id", "") or getattr(event, "connection", "")
            said.setdefault(of, []).append(untimed(event.model_dump(mode="json")))
    return said


def untimed(value: Any) -> Any:
    match value:
        case dict():
            return {key: untimed(inner) for key, inner in value.items() if key != "seconds"}
        case list() | tuple():
            return [untimed(inner) for inner in value]
    return value


def contents(folder: Path) -> Iterator[tuple[str, Any]]:
    for path in sorted([*(folder / "data").iterdir(), *(folder / "output").iterdir()]):
        match path.suffix:
            case ".duckdb":
                with duckdb.connect(path, read_only=True) as db:
                    found = db.execute("SELECT concat_ws('.', schema_name, table_name) FROM duckdb_tables ORDER BY ALL")
                    names = [row[0] for row in found.fetchall()]
                    yield path.name, {name: sorted(db.table(name).fetchall(), key=repr) for name in names}
            case ".sqlite":
                lite = sqlite3.connect(path)
                yield path.name, list(lite.iterdump())
                lite.close()
            case _:
                yield path.name, hashlib.sha256(path.read_bytes()).hexdigest()


def places(folder: Path, server: Loopback) -> dict[str, Target]:
    """Return the three places, with a sandbox of a loopback server's."""
    return {
        "here": Here(Registry.installed()),
        "isolated": ChildProcess(dict(os.environ)),
        "e2b": sandboxed(server),
    }


def sandboxed(server: Loopback, **changed: Any) -> E2b:
    """Return a place in a sandbox of a loopback server's."""
    made = E2b(Registry.installed(), Access(KEY, api_url=server.url, sandbox_url=server.url))
    return replace(made, **changed)


def loopback(folder: Path) -> Loopback:
    """Return a provider with our template."""
    shutil.rmtree(folder, ignore_errors=True)
    return Loopback(folder, {Sized().template: Shape(env=covered())})


def covered() -> tuple[tuple[str, str], ...]:
    """Return the variables by which a worker counts what is covered."""
    return tuple((name, value) for name, value in os.environ.items() if name.startswith("COVERAGE_"))
