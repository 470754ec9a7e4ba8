"""What is measured between databases and files, beside the databases' own clients."""

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.line import Line, mib, rate, seconds, times
from benchmarks.measure import OSIRIS, PYTHON, Measured, measured

MOST_MIB = 300  # of one run, whatever it carries
LEAST_SPEED = 0.6  # of the reference route's
TITLES = {"mysql": "MySQL", "postgres": "PostgreSQL"}
CASES = {"csv": "CSV", "parquet": "Parquet", "postgres": "PostgreSQL", "aggregate": "aggregate → CSV"}


@dataclass(frozen=True)
class Servers:
    """Both servers.

    Attributes:
        folder: Holds their data.
        at: Port, user and password of each.
    """

    folder: Path
    at: dict[str, dict[str, str | int]]

    def __call__(self, verb: str, *arguments: str) -> Measured:
        """Have a process of its own do something with them."""
        return measured([PYTHON, "-m", "benchmarks.servers", verb, str(self.folder), *arguments], self.folder.parent)

    def client(self, family: str) -> str:
        """Return the command of a database's own client, for a shell."""
        at = self.at[family]
        password = shlex.quote(str(at["password"]))
        if family == "mysql":
            sign_on = f"--host=127.0.0.1 --port={at['port']} --user={at['user']}"
            return f"MYSQL_PWD={password} mariadb --no-defaults {sign_on} -BNr --quick benchmark"
        return f"PGPASSWORD={password} psql -X -q -h 127.0.0.1 -p {at['port']} -U {at['user']} benchmark"


def lines(folder: Path, few: int, many: int) -> Iterator[Line]:
    """Yield one line a case and size, and one a case for its memory."""
    servers = _started(folder)
    try:
        peaks: dict[tuple[str, str], list[float]] = {}
        for rows in (few, many):
            source = folder / "lines.csv"
            measured([PYTHON, "-m", "benchmarks.lineitem", str(source), str(rows)], folder)
            servers("load", str(source))
            source.unlink()
            for family in TITLES:
                for case in CASES:
                    line, peak = _line(folder, servers, family, case, rows)
                    peaks.setdefault((family, case), []).append(peak)
                    yield line
        yield from (_memory(*route, found) for route, found in peaks.items())
    finally:
        servers("stop")


def _started(folder: Path) -> Servers:
    data = folder / "servers"
    data.mkdir()
    folder.chmod(0o755)  # PostgreSQL runs as its own user
    data.chmod(0o755)
    found = Servers(data, {})("start")
    servers = Servers(data, json.loads(found.output))
    (folder / "osiris_connections.yaml").write_text(json.dumps({"connections": _connections(servers)}))
    return servers


def _connections(servers: Servers) -> dict[str, dict[str, dict[str, str | int]]]:
    here: dict[str, str | int] = {"host": "127.0.0.1", "database": "benchmark"}
    return {family: {"here": here | at} for family, at in servers.at.items()}


def _line(folder: Path, servers: Servers, family: str, case: str, rows: int) -> tuple[Line, float]:
    if case == "postgres":
        servers("empty")
    bare = measured(["sh", "-c", _reference(servers, family, case)], folder)
    if case == "postgres":
        servers("empty")
    for old in (*folder.glob("out.*"), folder / "reference.txt"):
        old.unlink(missing_ok=True)
    (folder / "pipeline.yaml").write_text(_pipeline(family, case))
    ours = measured([OSIRIS, "run", "pipeline.yaml", "--quiet"], folder)
    speed = bare.seconds / ours.seconds
    title = f"{TITLES[family]} → {CASES[case]}"
    line = Line(
        f"{title}, {rows:,} rows",
        f"{seconds(ours.seconds)}, {rate(rows, ours)}",
        f"{seconds(bare.seconds)}, {rate(rows, bare)}",
        f"{speed:.2f} of its speed (≥ {LEAST_SPEED})",
        mib(ours, bare),
    )
    return line, ours.mib


def _memory(family: str, case: str, peaks: list[float]) -> Line:
    most = max(peaks)
    title = f"{TITLES[family]} → {CASES[case]}"
    return Line(
        f"{title}, memory for ten times the rows",
        f"{peaks[1]:.0f} MiB (≤ {MOST_MIB})",
        f"{peaks[0]:.0f} MiB",
        times(peaks[1] / peaks[0], 1.3),
        f"{most:.0f}",
    )


def _reference(servers: Servers, family: str, case: str) -> str:
    """Return the fastest known route to move the rows: the clients alone."""
    client = servers.client(family)
    everything = "SELECT * FROM lineitem"
    out = f'{client} -e "{everything}"' if family == "mysql" else f'{client} -c "COPY ({everything}) TO STDOUT"'
    if case == "postgres":
        return f"{out} | {servers.client('postgres')} -c 'COPY copied FROM STDIN'"
    return f"{out} > reference.txt"


def _pipeline(family: str, case: str) -> str:
    read = f"""oml_version: "0.1.0"
name: {family}-{case}
steps:
  - id: read
    component: {family}.extractor
    mode: read
    config: {{connection: "@{family}.here", table: lineitem}}
"""
    match case:
        case "postgres":
            write = (
                'component: postgres.writer, config: {connection: "@postgres.here", table: copied, write_mode: append}'
            )
        case "parquet":
            write = "component: filesystem.parquet_writer, config: {path: out.parquet}"
        case _:
            write = "component: filesystem.csv_writer, config: {path: out.csv}"
    if case == "aggregate":
        query = (
            "SELECT l_returnflag, l_linestatus, sum(l_quantity) AS quantity, sum(l_extendedprice * (1 - l_discount)) "
            "AS revenue, count(*) AS lines FROM df GROUP BY ALL ORDER BY ALL"
        )
        read += f'  - {{id: sum, component: duckdb.processor, mode: transform, config: {{query: "{query}"}}}}\n'
    return read + f"  - {{id: write, mode: write, {write}}}\n"
