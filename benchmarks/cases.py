"""What is measured, and beside what."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import databases, elsewhere, install, pipelines
from benchmarks.line import Line, mib, milliseconds, rate, seconds, times
from benchmarks.measure import OSIRIS, PYTHON, Measured, alternating, measured

KIB = 1_024


@dataclass(frozen=True)
class Sizes:
    """How much is measured.

    Attributes:
        few: Rows.
        many: Ten times as many.
        turns: Starts of each of two commands that take turns.
        steps: Of the long pipeline.
        growth: How much more memory ten times the rows may need; None where the rows are too few to tell.
    """

    few: int
    many: int
    turns: int
    steps: int
    growth: float | None


FULL = Sizes(few=1_000_000, many=10_000_000, turns=15, steps=100, growth=1.3)
QUICK = Sizes(few=20_000, many=200_000, turns=3, steps=20, growth=None)


def lines(folder: Path, sizes: Sizes) -> Iterator[Line]:
    """Yield one line after another; all files lie in a folder that is gone afterwards."""
    yield from install.lines()
    yield from _starts(folder, sizes)
    yield from _rows(folder, sizes, "CSV → CSV", "csv_to_csv", "csv")
    yield from _rows(folder, sizes, "CSV → DuckDB → Parquet", "csv_to_parquet", "parquet")
    (folder / "osiris_connections.yaml").write_text("connections: {duckdb: {out: {path: out.duckdb}}}\n")
    yield from _rows(folder, sizes, "CSV → DuckDB file", "csv_to_duckdb", "duckdb")
    yield from _long(folder, sizes)
    yield from elsewhere.lines(folder, sizes.steps)
    yield from databases.lines(folder, sizes.few, sizes.many)


def _starts(folder: Path, sizes: Sizes) -> Iterator[Line]:
    for option, most in (("--version", 2), ("--help", 5)):
        ours, bare = alternating([OSIRIS, option], [PYTHON, "-c", "pass"], folder, sizes.turns)
        yield Line(
            f"osiris {option}",
            milliseconds(ours.seconds),
            f"python -c pass: {milliseconds(bare.seconds)}",
            times(ours.seconds / bare.seconds, most),
            mib(ours, bare),
        )


def _rows(folder: Path, sizes: Sizes, case: str, route: str, kind: str) -> Iterator[Line]:
    peaks = []
    for rows in (sizes.few, sizes.many):
        source, target = folder / "lines.csv", folder / f"out.{kind}"
        measured([PYTHON, "-m", "benchmarks.lineitem", str(source), str(rows)], folder)
        ours = _run(folder, getattr(pipelines, route)(source.name, target.name))
        target.unlink()
        bare = measured([PYTHON, "-m", "benchmarks.routes", route, str(source), str(target)], folder)
        target.unlink()
        peaks.append(ours)
        yield Line(
            f"{case}, {rows:,} rows",
            f"{seconds(ours.seconds)}, {rate(rows, ours)}",
            f"DuckDB alone: {seconds(bare.seconds)}, {rate(rows, bare)}",
            times(ours.seconds / bare.seconds),
            mib(ours, bare),
        )
    growth = peaks[1].mib / peaks[0].mib
    yield Line(
        f"{case}, memory for ten times the rows",
        f"{peaks[1].mib:.0f} MiB",
        f"{peaks[0].mib:.0f} MiB",
        times(growth, sizes.growth),
        f"{peaks[1].mib:.0f}",
        f"{case} needs {growth:.2f} times the memory for ten times the rows"
        if growth > (sizes.growth or growth)
        else "",
    )


def _long(folder: Path, sizes: Sizes) -> Iterator[Line]:
    pipelines.write_chains(folder, sizes.steps)
    compile_ = [[OSIRIS, "compile", f"chain-{steps}.yaml"] for steps in (sizes.steps, 2)]
    long, short = alternating(*compile_, folder, 3)
    yield Line(
        f"compile {sizes.steps} steps",
        seconds(long.seconds),
        f"compile 2 steps: {seconds(short.seconds)}",
        f"{times(long.seconds / short.seconds)} (≤ 1 s)",
        mib(long, short),
    )
    yield from _steps(folder, sizes)


def _steps(folder: Path, sizes: Sizes) -> Iterator[Line]:
    queries = sizes.steps - 2
    report = json.loads(measured([OSIRIS, "run", f"chain-{sizes.steps}.yaml", "--json", "--quiet"], folder).output)
    short = json.loads(measured([OSIRIS, "run", "chain-2.yaml", "--json", "--quiet"], folder).output)
    bare = measured([PYTHON, "-m", "benchmarks.routes", "chain", str(queries)], folder)
    ours = (report["seconds"] - short["seconds"]) / queries
    yield Line(
        "one step more: a query over 100 rows",
        milliseconds(ours),
        f"DuckDB alone: {milliseconds(float(bare.output))}",
        f"{milliseconds(ours - float(bare.output))} more (≤ 10 ms)",
        "",
    )
    packed = measured([PYTHON, "-m", "benchmarks.packing", str(folder), report["session"]], folder)
    found = json.loads(packed.output)
    yield Line(
        f"AIOP of a run of {sizes.steps} steps",
        f"{seconds(found['seconds'])}, {found['bytes'] / KIB:.0f} KiB",
        "2 s, 300 KiB allowed",
        times(found["seconds"] / 2, 1),
        f"{packed.mib:.0f}, {found['kib'] / KIB:.0f} of them for it",
    )


def _run(folder: Path, oml: str) -> Measured:
    (folder / "pipeline.yaml").write_text(oml)
    return measured([OSIRIS, "run", "pipeline.yaml", "--quiet"], folder)
