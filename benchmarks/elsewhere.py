"""Runs elsewhere, beside the same runs here."""

import json
from collections.abc import Iterator
from pathlib import Path

from benchmarks.line import Line, mib, milliseconds, seconds
from benchmarks.measure import OSIRIS, PYTHON, measured
from benchmarks.pipelines import write_chains

MOST_STEP = 0.010  # seconds on this side for one step more
MOST_FIXED = 1.0  # seconds on this side for a whole run, without the start of the sandbox and of its worker
TURNS = 5
_PARTS = (
    ("import", "E2B: import of the client, once a command"),
    ("create_ms", "E2B: create"),
    ("upload_ms", "E2B: upload"),
    ("first_event_ms", "E2B: start of the worker to its first event"),
    ("collect_ms", "E2B: collect"),
    ("kill_ms", "E2B: kill"),
)


def lines(folder: Path, steps: int) -> Iterator[Line]:
    """Yield the lines for chains of 2 and of so many steps."""
    write_chains(folder, steps)
    here = measured([OSIRIS, "run", "chain-2.yaml", "--quiet"], folder)
    child = measured([OSIRIS, "run", "chain-2.yaml", "--quiet", "--isolated"], folder)
    yield Line("run --isolated, 2 steps", seconds(child.seconds), f"run: {seconds(here.seconds)}", "", mib(child, here))
    command = [PYTHON, "-m", "benchmarks.sandbox", str(folder), str(steps), str(TURNS)]
    found = json.loads(measured(command, folder).output)
    for name, title in _PARTS:
        yield Line(title, milliseconds(found[name]), "", "", "")
    fixed = sum(found[name] for name, _ in _PARTS if name != "first_event_ms")
    yield Line(
        "E2B: fixed, on this side",
        milliseconds(fixed),
        f"a run here: {milliseconds(found['run_here'])}",
        f"≤ {MOST_FIXED:.0f} s",
        "",
        f"a run in a sandbox costs {fixed:.2f} s on this side" if fixed > MOST_FIXED else "",
    )
    yield Line(
        "E2B: one step more, on this side",
        milliseconds(found["step"]),
        "",
        f"≤ {milliseconds(MOST_STEP)}",
        "",
        f"a step in a sandbox costs {milliseconds(found['step'])} on this side" if found["step"] > MOST_STEP else "",
    )
