"""The same pipeline, parameters and data give the same bytes, whoever compiles them, wherever and whenever."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.app.projects import with_shop

OSIRIS = Path(sys.executable).with_name("osiris")
OML = """\
oml_version: "0.2.0"
name: everything
metadata: {intent: "Kolik jsme prodali?"}
params:
  since: {type: timestamp, default: "2025-01-01T00:00:00"}
  least: {type: number, default: 1.5}
  who: {type: string, default: "Žofie 🦉"}
steps:
  - id: cities
    component: filesystem.csv_extractor
    mode: read
    config: {path: data/cities.csv, columns: {people: bigint}}
  - id: orders
    component: duckdb.extractor
    mode: read
    config:
      connection: "@duckdb"
      query: SELECT customer_id, amount, ${params.who} AS who FROM orders WHERE amount < ${params.least}
  - id: people
    component: duckdb.extractor
    mode: read
    config: {connection: "@duckdb.shop", table: customers}
  - id: mix
    component: duckdb.processor
    mode: transform
    needs: [orders, people, cities]
    config:
      query: |
        SELECT p.name, o.who, sum(o.amount) AS sum, max(c.people) AS people, CAST(${params.since} AS TIMESTAMPTZ) AS at
        FROM orders o JOIN people p ON p.id = o.customer_id, cities c GROUP BY ALL ORDER BY p.name
  - {id: file, component: filesystem.parquet_writer, mode: write, needs: [mix], config: {path: output/a.parquet}}
  - id: table
    component: duckdb.writer
    mode: write
    needs: [mix]
    config: {connection: "@duckdb.shop", table: mixed, write_mode: merge, primary_key: name}
"""
HERE = {"LANG": "C.UTF-8", "TZ": "UTC", "PYTHONHASHSEED": "0", "USER": "one"}
THERE = {
    "LANG": "tr_TR.UTF-8", "LC_ALL": "C", "TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "4242", "USER": "another",
    "COLUMNS": "40", "OSIRIS_AGENT_ROUNDS": "7",
}  # fmt: skip


def built(folder: Path, surroundings: dict[str, str]) -> dict[str, bytes]:
    """Compile there and return what was built, by name."""
    home = folder / "home"
    home.mkdir()
    variables = {"PATH": os.environ["PATH"], "HOME": str(home), **surroundings}
    done = subprocess.run([OSIRIS, "compile", "all.yaml"], cwd=folder, env=variables, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    build = folder / "build"
    return {str(path.relative_to(build)): path.read_bytes() for path in sorted(build.rglob("*")) if path.is_file()}


@pytest.mark.slow
def test_a_manifest_is_the_same_in_other_surroundings(tmp_path: Path) -> None:
    first = with_shop(tmp_path / "here")
    (first / "all.yaml").write_text(OML, "utf-8")
    second = tmp_path / "a folder with another, longer näme"
    shutil.copytree(first, second)
    for file in second.rglob("*"):
        os.utime(file, (1_000_000_000, 1_000_000_000))
    here, there = built(first, HERE), built(second, THERE)
    assert here == there
    manifest = next(content for name, content in here.items() if name.endswith("manifest.yaml")).decode()
    assert str(tmp_path) not in manifest
    assert "Kolik jsme prodali?" in manifest
