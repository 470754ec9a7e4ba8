"""One line of the table, and how its figures are written."""

from dataclasses import dataclass

from benchmarks.measure import Measured


@dataclass(frozen=True)
class Line:
    """One line of the table.

    Attributes:
        failed: Why it breaks a promise that is held here; empty where it keeps it.
    """

    case: str
    ours: str
    reference: str
    ratio: str
    memory: str
    failed: str = ""


def mib(ours: Measured, bare: Measured) -> str:
    """Return both peaks."""
    return f"{ours.mib:.0f} (reference {bare.mib:.0f})"


def times(ratio: float, most: float | None = None) -> str:
    """Return a ratio, and what is promised."""
    return f"{ratio:.2f} x" + (f" (≤ {most})" if most else "")


def seconds(taken: float) -> str:
    """Return seconds."""
    return f"{taken:.2f} s"


def milliseconds(taken: float) -> str:
    """Return seconds as milliseconds."""
    return f"{taken * 1_000:.1f} ms"


def rate(rows: int, run: Measured) -> str:
    """Return thousands of rows a second."""
    return f"{rows / run.seconds / 1_000:,.0f} k rows/s"
