"""A shop: its tables as a catalogue and as databases, for all tests about SQL."""

import sqlite3
from pathlib import Path

import duckdb

from osiris.model.catalogue import Column, Table

BENIGN = Path(__file__).parents[2] / "security" / "benign"
DIALECTS = ("duckdb", "sqlite", "mysql", "postgres")

COLUMNS = {
    "customers": "id integer, name varchar, email varchar, city varchar, country varchar, created_at timestamp, "
    "vip boolean",
    "orders": "id integer, customer_id integer, status varchar, ordered_on date, amount decimal(12,2), "
    "currency varchar",
    "order_lines": "order_id integer, line integer, product_id integer, quantity integer, price decimal(12,2), "
    "discount decimal(12,2)",
    "products": "id integer, name varchar, category varchar, price decimal(12,2), tags varchar[], "
    "dims struct(width integer, height integer), props map(varchar, varchar)",
    "events": "id integer, user_id integer, kind varchar, seen_at timestamp, payload json",
    "employees": "id integer, name varchar, manager_id integer, salary decimal(12,2), department varchar",
}  # fmt: skip
NAMES = {
    table: [part.split()[0] for part in text.split(", ") if part.split()[0] not in {"height", "varchar)"}]
    for table, text in COLUMNS.items()
}
TABLES = tuple(
    Table(name=table, columns=tuple(Column(name=name, type="") for name in names)) for table, names in NAMES.items()
)


def benign(dialect: str) -> list[str]:
    """Return the queries of a dialect that every check must let through."""
    text = (BENIGN / f"{dialect}.sql").read_text(encoding="utf-8")
    return [query.strip() for query in text.split(";\n") if query.strip()]


def duckdb_shop() -> duckdb.DuckDBPyConnection:
    """Return the shop, empty, in DuckDB."""
    con = duckdb.connect()
    for table, columns in COLUMNS.items():
        con.execute(f"CREATE TABLE {table} ({columns})")
    return con


def sqlite_shop() -> sqlite3.Connection:
    """Return the shop, empty, in SQLite."""
    con = sqlite3.connect(":memory:")
    for table, names in NAMES.items():
        con.execute(f"CREATE TABLE {table} ({', '.join(names)})")
    con.execute("CREATE INDEX orders_by_customer ON orders (customer_id)")
    return con
