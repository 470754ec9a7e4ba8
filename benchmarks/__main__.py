"""`python -m benchmarks`: measure, print one table, keep it in `RESULTS.md`."""

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.cases import FULL, QUICK, lines
from benchmarks.report import document, machine, table

RESULTS = Path(__file__).with_name("RESULTS.md")


def main() -> int:
    """Return 0, or 1 where memory grows with the rows."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure Osiris beside the fastest route."
    )
    parser.add_argument("--quick", action="store_true", help="few rows and few turns; keeps no results")
    quick = parser.parse_args().quick
    found = []
    with TemporaryDirectory(prefix="osiris-benchmarks-") as folder:
        for line in lines(Path(folder), QUICK if quick else FULL):
            sys.stderr.write(f"{line.case}: {line.ours}; {line.reference}; {line.ratio}\n")
            found.append(line)
    sys.stdout.write(f"\n{machine()}\n\n{table(found)}\n")
    if not quick:
        RESULTS.write_text(document(found), encoding="utf-8")
    for line in found:
        if line.failed:
            sys.stderr.write(f"{line.failed}\n")
    return int(any(line.failed for line in found))


if __name__ == "__main__":
    sys.exit(main())
