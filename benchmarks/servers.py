"""The database servers of the measurements, as a process of its own: `python -m benchmarks.servers VERB ARGUMENT...`.

They are those of the tests, started privately and thrown away afterwards.
"""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from tests.services import mysql, postgres, shared

TABLE = "lineitem"
COLUMNS = """
    l_orderkey BIGINT NOT NULL, l_partkey BIGINT, l_suppkey BIGINT, l_linenumber BIGINT,
    l_quantity DECIMAL(15,2), l_extendedprice DECIMAL(15,2), l_discount DECIMAL(15,2), l_tax DECIMAL(15,2),
    l_returnflag VARCHAR(1), l_linestatus VARCHAR(1), l_shipdate DATE, l_commitdate DATE, l_receiptdate DATE,
    l_shipinstruct VARCHAR(25), l_shipmode VARCHAR(10), l_comment VARCHAR(80)
"""
DATABASE = "benchmark"
_BLOCK = 1_048_576


def start(folder: str) -> None:
    """Start both servers with their data below a folder, and print where they are."""
    _in(folder)
    found = {"mysql": mysql.server(), "postgres": postgres.server()}
    mysql.ask(found["mysql"], f"CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4")
    postgres.ask(found["postgres"], f"CREATE DATABASE {DATABASE}")
    said = {name: {"port": at.port, "user": at.user, "password": at.password} for name, at in found.items()}
    sys.stdout.write(json.dumps(said))


def load(folder: str, source: str) -> None:
    """Replace the table on both servers by the rows of a CSV file with a header."""
    _in(folder)
    my, pg = _at(mysql.server()), _at(postgres.server())
    mysql.ask(
        my,
        f"DROP TABLE IF EXISTS {TABLE}",
        f"CREATE TABLE {TABLE} ({COLUMNS})",
        f"LOAD DATA LOCAL INFILE '{source}' INTO TABLE {TABLE} FIELDS TERMINATED BY ',' IGNORE 1 LINES",
    )
    postgres.ask(pg, f"DROP TABLE IF EXISTS {TABLE}", f"CREATE TABLE {TABLE} ({COLUMNS})")
    copy = f"COPY {TABLE} FROM STDIN (FORMAT csv, HEADER)"
    with postgres.connect(pg) as db, db.cursor().copy(copy) as rows, Path(source).open("rb") as file:
        while block := file.read(_BLOCK):
            rows.write(block)
    postgres.ask(pg, f"VACUUM ANALYZE {TABLE}")


def empty(folder: str) -> None:
    """Make an empty table to write to, on PostgreSQL."""
    _in(folder)
    postgres.ask(_at(postgres.server()), "DROP TABLE IF EXISTS copied", f"CREATE TABLE copied ({COLUMNS})")


def stop(folder: str) -> None:
    """Stop both servers and remove their data."""
    _in(folder)
    shared.close_folder()


def _at(server: shared.Server) -> shared.Server:
    return shared.Server(server.host, server.port, server.user, server.password, DATABASE)


def _in(folder: str) -> None:
    os.environ[shared.FOLDER] = folder


VERBS: dict[str, Callable[..., None]] = {verb.__name__: verb for verb in (start, load, empty, stop)}

if __name__ == "__main__":
    VERBS[sys.argv[1]](*sys.argv[2:])
