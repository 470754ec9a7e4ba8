"""The pipelines that are measured."""

from pathlib import Path

MONEY = ("l_quantity", "l_extendedprice", "l_discount", "l_tax")

_READ = """oml_version: "0.1.0"
name: {name}
steps:
  - id: read
    component: filesystem.csv_extractor
    mode: read
    config:
      path: {source}
      columns: {{{columns}}}
"""
_SQL = """  - id: {step}
    component: duckdb.processor
    mode: transform
    inputs: {{rows: "${{{before}.df}}"}}
    config: {{query: "{query}"}}
"""
_WRITE = """  - id: write
    component: filesystem.{kind}_writer
    mode: write
    inputs: {{df: "${{{before}.df}}"}}
    config: {{path: {target}, write_mode: replace}}
"""
_LOAD = """  - id: write
    component: duckdb.writer
    mode: write
    inputs: {{df: "${{read.df}}"}}
    config: {{connection: "@duckdb.{target}", table: lineitem, write_mode: replace}}
"""


def csv_to_csv(source: str, target: str) -> str:
    """Return: read typed, write typed."""
    return _lines(source) + _WRITE.format(kind="csv", before="read", target=target)


def csv_to_parquet(source: str, target: str) -> str:
    """Return: read typed, add a column in DuckDB, write packed."""
    query = "SELECT *, l_extendedprice * (1 - l_discount) AS revenue FROM rows"
    sql = _SQL.format(step="shape", before="read", query=query)
    return _lines(source) + sql + _WRITE.format(kind="parquet", before="shape", target=target)


def csv_to_duckdb(source: str, target: str) -> str:
    """Return: read typed, write a table of a DuckDB file; its connection has the name of the file."""
    return _lines(source) + _LOAD.format(target=Path(target).stem)


def chain(steps: int, source: str, target: str) -> str:
    """Return: a few rows through so many steps, of which all but the first and the last are queries."""
    text = _READ.format(name=f"chain-{steps}", source=source, columns="")
    before = "read"
    for number in range(1, steps - 1):
        text += _SQL.format(
            step=f"step-{number}", before=before, query=f"SELECT id + 1 AS id, city FROM rows WHERE id <> {number}"
        )
        before = f"step-{number}"
    return text + _WRITE.format(kind="csv", before=before, target=target)


def write_chains(folder: Path, steps: int) -> None:
    """Write `chain-2.yaml` and the one of so many steps into a folder, with the file that they read."""
    (folder / "few.csv").write_text("id,city\n" + "".join(f"{number},Brno\n" for number in range(100)))
    for count in (2, steps):
        (folder / f"chain-{count}.yaml").write_text(chain(count, "few.csv", f"chain-{count}.csv"))


def _lines(source: str) -> str:
    columns = ", ".join(f"{name}: 'decimal(15, 2)'" for name in MONEY)
    return _READ.format(name="lines", source=source, columns=columns)
