"""A process of its own: how long it takes and how much memory it needs at its peak.

This process stays small, because a child's peak begins with what its parent holds: no vendor is imported here.
"""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

MIB = 1_048_576
_RSS_UNIT = 1 if sys.platform == "darwin" else 1_024  # of `ru_maxrss`, in bytes

PYTHON = sys.executable
OSIRIS = str(Path(PYTHON).with_name("osiris"))


class Failed(Exception):
    """A process did not end well."""


@dataclass(frozen=True)
class Measured:
    """What one process took.

    Attributes:
        seconds: Wall time from before its start to after its end.
        mib: Its resident memory at its peak.
        output: What it printed.
    """

    seconds: float
    mib: float
    output: str


def measured(command: Sequence[str], folder: Path) -> Measured:
    """Run a command in a folder and measure it.

    Raises:
        Failed: it did not end with 0.
    """
    printed = folder / "printed.txt"
    with printed.open("wb") as out:
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=subprocess.STDOUT, env=_environment())
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    output = printed.read_text(encoding="utf-8", errors="replace")
    printed.unlink()
    if process.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))} ended with {process.returncode}:\n{output}")
    return Measured(seconds, usage.ru_maxrss * _RSS_UNIT / MIB, output)


def alternating(first: Sequence[str], second: Sequence[str], folder: Path, times: int) -> tuple[Measured, Measured]:
    """Return the medians of two commands that take turns, so that what else the machine does meets both."""
    pairs = [(measured(first, folder), measured(second, folder)) for _ in range(times)]
    return _middle([pair[0] for pair in pairs]), _middle([pair[1] for pair in pairs])


def _middle(runs: list[Measured]) -> Measured:
    return Measured(median(run.seconds for run in runs), median(run.mib for run in runs), runs[-1].output)


def _environment() -> dict[str, str]:
    here = str(Path(__file__).resolve().parent.parent)
    return {**os.environ, "PYTHONPATH": here, "PYTHONUNBUFFERED": "1"}
