"""A run of a small shop's pipeline, as its session keeps it."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from osiris.model.aiop import Previous
from osiris.model.catalogue import Column
from osiris.model.errors import Interrupted, OsirisError, SourceError, StepFailed
from osiris.model.events import (
    AdapterSelected,
    ArtifactCreated,
    CleanupComplete,
    Event,
    RunEnd,
    RunStart,
    RunStatus,
    StepComplete,
    StepProgress,
    StepStart,
    Warned,
    WriteCommitted,
)
from osiris.model.events import StepFailed as SaidFailed
from osiris.model.layout import Session
from osiris.model.manifest import Fingerprints, Manifest, ManifestStep, WriteEntry
from osiris.model.oml import Metadata
from osiris.model.receipt import Artifact, Receipt, Written
from osiris.observe.aiop.package import freeze
from osiris.observe.journal import Journal
from osiris.observe.redact import Redactor

RUN = "20260102T030405-top-customers-abc123"
BEGAN = datetime(2026, 1, 2, 3, 4, 5, 600_000, tzinfo=UTC)
OML = 'oml_version: "0.1.0"\nname: Top customers\nsteps: []\n'
COLUMNS = (Column(name="customer", type="string"), Column(name="revenue", type="decimal128(12, 2)"))
COUNTED: Mapping[str, Any] = {
    "nulls": {"customer": 1, "revenue": 0},
    "digests": {"customer": "00ff" * 4, "revenue": "11ee" * 4},
    "seconds": 0.25,
}
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "aiop.enabled": {"value": True, "origin": "default"},
    "paths.logs": {"value": "logs", "origin": "default"},
}
FILE = Artifact(path="output/top.csv", sha256="ab" * 32, bytes=312, rows=10)
WRITTEN = Written(target="output/top.csv", write_mode="replace", staged=10, rows_after=10, artifacts=(FILE,))


def ticking(step: timedelta = timedelta(milliseconds=7)) -> Callable[[], datetime]:
    """Return a clock that goes on by a step each time it is asked."""
    moment = BEGAN - step

    def tick() -> datetime:
        nonlocal moment
        moment += step
        return moment

    return tick


def manifest(**changes: Any) -> Manifest:
    """Return a manifest of three steps: read, transform, write."""
    steps = (
        ManifestStep(
            id="read-orders",
            component="duckdb.extractor",
            mode="read",
            connection="@duckdb.shop",
            config={"table": "orders"},
            output="stream",
            columns=COLUMNS,
            lineage={"customer": ("@duckdb.shop.orders.customer",)},
        ),
        ManifestStep(
            id="top",
            component="duckdb.processor",
            mode="transform",
            inputs={"orders": "read-orders"},
            config={"query": "SELECT customer, sum(revenue) AS revenue FROM orders GROUP BY 1"},
            output="stream",
            columns=COLUMNS,
        ),
        ManifestStep(
            id="write-csv",
            component="filesystem.csv_writer",
            mode="write",
            inputs={"df": "top"},
            config={"path": "output/top.csv"},
        ),
    )
    prints = Fingerprints(oml="a", params="b", profile="c", components="d", catalogue="e", compiler="f")
    entry = WriteEntry(step_id="write-csv", target="output/top.csv", write_mode="replace")
    whole = Manifest(
        name="Top customers",
        slug="top-customers",
        oml_version="0.1.0",
        metadata=Metadata(intent="Show me top customers by revenue"),
        steps=steps,
        writes=(entry,),
        fingerprints=prints,
    )
    return whole.model_copy(update=changes)


def receipts() -> tuple[Receipt, ...]:
    """Return the receipts of a run in which all went well, before the commit."""
    read: dict[str, Any] = {"step_id": "read-orders", "component": "duckdb.extractor", "mode": "read"}
    top: dict[str, Any] = {"step_id": "top", "component": "duckdb.processor", "mode": "transform"}
    write: dict[str, Any] = {"step_id": "write-csv", "component": "filesystem.csv_writer", "mode": "write"}
    staged = WRITTEN.model_copy(update={"rows_after": None})
    return (
        Receipt(**read, rows_out=2000, bytes=90_000, **COUNTED),
        Receipt(**top, rows_in=2000, rows_out=10, **COUNTED),
        Receipt(**write, rows_in=10, rows_out=10, written=staged, **COUNTED),
    )


def beginning(of: Manifest) -> list[Event]:
    """Return what every run says first."""
    start = RunStart(
        run_id=RUN, pipeline=of.name, manifest_hash=of.hash(), steps_total=len(of.steps), osiris_version="0.6.0"
    )
    return [start, AdapterSelected(adapter="here")]


def moved(receipt: Receipt) -> list[Event]:
    """Return what a step says that gets to its last row."""
    return [
        StepStart(step_id=receipt.step_id, component=receipt.component, mode=receipt.mode),
        StepProgress(step_id=receipt.step_id, rows=1, bytes=9),
        StepComplete(
            step_id=receipt.step_id, rows=receipt.rows_out, bytes=receipt.bytes, seconds=0.25, receipt=receipt
        ),
    ]


def ended(error: OsirisError | None = None, rows: int = 0) -> list[Event]:
    """Return what every run says last."""
    status: RunStatus = "failed" if error else "completed"
    if isinstance(error, Interrupted):
        status = "interrupted"
    told = error.to_dict() if error else None
    end = RunEnd(status=status, exit_code=error.exit_code if error else 0, seconds=0.512, error=told)
    return [CleanupComplete(total_rows=rows), end]


def completed(of: Manifest | None = None) -> list[Event]:
    """Return what a run says in which all goes well."""
    told = [event for receipt in receipts() for event in moved(receipt)]
    warned = Warned(step_id="top", message="2 customers have no name")
    return [*beginning(of or manifest()), warned, *told, *committed(), *ended(rows=10)]


def committed() -> list[Event]:
    """Return what the writer says when its rows are visible."""
    receipt = receipts()[-1].model_copy(update={"written": WRITTEN})
    return [WriteCommitted(step_id="write-csv", receipt=receipt), ArtifactCreated(step_id="write-csv", artifact=FILE)]


def failed(cause: OsirisError | None = None) -> list[Event]:
    """Return what a run says whose first step fails."""
    gone = SourceError("there is no table 'orders'", why="it was dropped", hint="discover the tables again")
    error = StepFailed("read-orders", cause or gone)
    start = StepStart(step_id="read-orders", component="duckdb.extractor", mode="read")
    told = SaidFailed(step_id="read-orders", error=error.to_dict(), seconds=0.1)
    return [*beginning(manifest()), start, told, *ended(error)]


def interrupted() -> list[Event]:
    """Return what a run says that a person stops at its second step."""
    read, top, _ = receipts()
    error = Interrupted("the run was stopped", hint="run it again")
    begun = StepStart(step_id=top.step_id, component=top.component, mode=top.mode)
    told = SaidFailed(step_id=top.step_id, error=error.to_dict(), seconds=0.1)
    return [*beginning(manifest()), *moved(read), begun, told, *ended(error)]


def session(
    folder: Path,
    events: Iterable[Event],
    *,
    of: Manifest | None = None,
    oml: str = OML,
    previous: Previous | None = None,
    redact: Redactor | None = None,
) -> Session:
    """Return a session in which this was said."""
    kept = Session(folder / RUN)
    kept.folder.mkdir(parents=True)
    of = of or manifest()
    kept.manifest.write_bytes(of.to_bytes())
    kept.oml.write_text(oml, "utf-8")
    redact = redact or Redactor()
    freeze(kept, run_id=RUN, config_effective=SETTINGS, previous=previous, redact=redact, manifest=of)
    journal = Journal(kept.events, RUN, redact=redact, clock=ticking())
    for event in events:
        journal(event)
    return kept
