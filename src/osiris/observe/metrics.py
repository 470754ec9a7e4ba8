"""Numbers over time: a projection of the events, which add nothing of their own."""

from collections.abc import Iterable, Iterator
from typing import Any

from osiris.model.canonical import canonical_json
from osiris.model.layout import Session
from osiris.model.metrics import METRICS, Name
from osiris.observe.files import write_whole
from osiris.observe.read import read_events

MILLISECONDS = 1000
ROWS: dict[str, Name] = {"read": "rows_read", "transform": "rows_out", "write": "rows_written"}


def write_metrics(session: Session) -> None:
    """Write `metrics.jsonl` anew from the events: one JSON object a line.

    Raises:
        UsageError: the file can't be written.
    """
    lines = (canonical_json(metric) + b"\n" for metric in metrics_of(read_events(session.events)))
    write_whole(session.metrics, lines)


def metrics_of(events: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the numbers in some events, each as a line of `metrics.jsonl`."""
    for event in events:
        stamped = {"ts": event.get("ts", ""), "session": event.get("session", "")}
        if step_id := event.get("step_id"):
            stamped["step_id"] = step_id
        for name, value in _numbers(event):
            unit, _ = METRICS[name]
            yield stamped | {"metric": name, "value": value, "unit": unit}


def _numbers(event: dict[str, Any]) -> Iterator[tuple[Name, float]]:
    match event:
        case {"event": "run_start", "steps_total": total}:
            yield "steps_total", total
        case {"event": "step_complete", "rows": rows, "bytes": size, "seconds": seconds}:
            mode = event.get("receipt", {}).get("mode")
            if mode != "write":
                yield ROWS.get(mode, "rows_out"), rows
            yield "step_bytes", size
            yield "step_duration_ms", _milliseconds(seconds)
        case {"event": "step_failed", "seconds": seconds}:
            yield "step_duration_ms", _milliseconds(seconds)
        case {"event": "write_committed", "receipt": receipt}:
            yield ROWS["write"], receipt["rows_in"]
        case {"event": "cleanup_complete", "total_rows": total}:
            yield "total_rows", total
        case {"event": "run_end", "seconds": seconds}:
            yield "run_duration_ms", _milliseconds(seconds)
        case {"event": "e2b_overhead_ms"}:
            yield "e2b_overhead_ms", round(sum(value for name, value in event.items() if name.endswith("_ms")), 3)


def _milliseconds(seconds: float) -> float:
    return round(seconds * MILLISECONDS, 3)
