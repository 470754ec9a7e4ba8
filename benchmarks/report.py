"""The table, on the terminal and in a file."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version

from benchmarks.line import Line

TITLES = ("case", "ours", "reference route", "ratio", "peak memory (MiB)")
GIB = 1_073_741_824


def table(lines: Sequence[Line]) -> str:
    """Return the lines as a Markdown table with even columns."""
    cells = [TITLES, *((line.case, line.ours, line.reference, line.ratio, line.memory) for line in lines)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(TITLES))]
    rows = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in cells
    ]
    return "\n".join([rows[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *rows[1:]])


def machine() -> str:
    """Return what was measured on: nothing that says whose machine it is, or where."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB
    versions = ", ".join(f"{name} {version(name)}" for name in ("osiris-etl", "duckdb", "pyarrow"))
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GiB of memory; "
        f"Python {platform.python_version()}, {versions}"
    )


def document(lines: Sequence[Line]) -> str:
    """Return `RESULTS.md`."""
    return f"""# Results

Made by `make bench` on {datetime.now(UTC):%Y-%m-%d}: {machine()}.

{table(lines)}

Each line is a process of its own, from its start to its end: the command line, the compiler, which looks at every
value of a text file once to settle its types, the run, which reads it again, counts and digests every value, writes
it, reads back what it wrote, and the record of the run. The reference route does none of that. Between files it is
DuckDB copying the same file with the same types; from a database it is the database's own client that prints the rows
into a file, or pipes them into `COPY`. Rows are like TPC-H's `lineitem`, sixteen columns, about 130 bytes each.

*ratio* is ours divided by the reference, so less is better, except where it says *of its speed*; in brackets stands
what is promised. *peak memory* is the resident memory of the whole process at its peak. The starts are medians of runs
that take turns.
"""
