"""The same jobs straight in DuckDB, which is the fastest way known: what Osiris is held against.

Each is a process of its own: `python -m benchmarks.routes NAME ARGUMENT...`.
"""

import sys
import time
from collections.abc import Callable

import duckdb
import pyarrow as pa

MONEY = ("l_quantity", "l_extendedprice", "l_discount", "l_tax")
TYPES = f"{{{', '.join(f'{name!r}: {chr(39)}DECIMAL(15,2){chr(39)}' for name in MONEY)}}}"
REVENUE = "l_extendedprice * (1 - l_discount) AS revenue"


def csv_to_csv(source: str, target: str) -> None:
    """Read typed, write typed."""
    duckdb.sql(f"COPY (SELECT * FROM read_csv('{source}', types = {TYPES})) TO '{target}' (HEADER)")


def csv_to_parquet(source: str, target: str) -> None:
    """Read typed, add a column, write packed."""
    rows = f"SELECT *, {REVENUE} FROM read_csv('{source}', types = {TYPES})"
    duckdb.sql(f"COPY ({rows}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)")


def csv_to_duckdb(source: str, target: str) -> None:
    """Read typed, write a table."""
    with duckdb.connect(target) as db:
        db.execute(f"CREATE TABLE lineitem AS FROM read_csv('{source}', types = {TYPES})")


def chain(queries: str) -> None:
    """Take a few rows through so many queries, each in a session of its own, and print the seconds for one."""
    rows = pa.table({"id": range(100), "city": ["Brno"] * 100})
    start = time.perf_counter()
    for number in range(int(queries)):
        with duckdb.connect() as db:
            db.register("rows", rows)
            rows = db.sql(f"SELECT id + 1 AS id, city FROM rows WHERE id <> {number}").to_arrow_table()
    sys.stdout.write(f"{(time.perf_counter() - start) / int(queries)}\n")


ROUTES: dict[str, Callable[..., None]] = {
    route.__name__: route for route in (csv_to_csv, csv_to_parquet, csv_to_duckdb, chain)
}

if __name__ == "__main__":
    ROUTES[sys.argv[1]](*sys.argv[2:])
