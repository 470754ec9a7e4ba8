"""Every number that a run's record gives over time: one closed list."""

from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict

Name = Literal[
    "steps_total",
    "rows_read",
    "rows_out",
    "rows_written",
    "step_bytes",
    "step_duration_ms",
    "total_rows",
    "run_duration_ms",
    "e2b_overhead_ms",
]
Unit = Literal["steps", "rows", "bytes", "ms"]

# Number to its unit, and what it counts.
METRICS: dict[Name, tuple[Unit, str]] = {
    "steps_total": ("steps", "Steps of the pipeline; said once, when the run begins."),
    "rows_read": ("rows", "Rows that an extractor gave."),
    "rows_out": ("rows", "Rows that a processor gave."),
    "rows_written": ("rows", "Rows that a writer committed; a write that failed has none."),
    "step_bytes": ("bytes", "Arrow buffer bytes of the rows that a step gave or, for a writer, took."),
    "step_duration_ms": ("ms", "Wall time of a step; neighbours overlap."),
    "total_rows": ("rows", "Rows that writers committed: the one truth for rows; said once."),
    "run_duration_ms": ("ms", "Wall time of the run; said once, when it is over."),
    "e2b_overhead_ms": ("ms", "What the sandbox cost in all, beyond the run itself; the event has the parts."),
}


class MetricLine(BaseModel):
    """One line of `metrics.jsonl`.

    Attributes:
        ts: Of the event that it comes from.
        session: Name of the run.
        step_id: None where the number is the whole run's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    ts: str
    session: str
    metric: Name
    value: float | int
    unit: Unit
    step_id: str | None = None


def metrics_schema() -> dict[str, Any]:
    """Return the JSON Schema of one line of `metrics.jsonl`."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | MetricLine.model_json_schema()


assert set(get_args(Name)) == set(METRICS)  # noqa: S101 - a number without its unit can't be written
