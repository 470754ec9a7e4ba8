"""Numbers as a projection of events."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.observe.shop import RUN, completed, failed, session

from osiris.model.errors import UsageError
from osiris.model.events import E2bOverhead
from osiris.model.layout import Session
from osiris.observe.metrics import metrics_of, write_metrics


def lines(kept: Session) -> list[dict[str, Any]]:
    return [json.loads(line) for line in kept.metrics.read_text("utf-8").splitlines()]


def test_a_run_leaves_its_numbers_with_time_session_and_step(tmp_path: Path) -> None:
    kept = session(tmp_path, completed())
    write_metrics(kept)
    assert lines(kept)[1] == {
        "metric": "rows_read",
        "session": RUN,
        "step_id": "read-orders",
        "ts": "2026-01-02T03:04:05.635Z",
        "unit": "rows",
        "value": 2000,
    }
    assert [(m.get("step_id"), m["metric"], m["value"]) for m in lines(kept)] == [
        (None, "steps_total", 3),
        ("read-orders", "rows_read", 2000),
        ("read-orders", "step_bytes", 90_000),
        ("read-orders", "step_duration_ms", 250.0),
        ("top", "rows_out", 10),
        ("top", "step_bytes", 0),
        ("top", "step_duration_ms", 250.0),
        ("write-csv", "step_bytes", 0),
        ("write-csv", "step_duration_ms", 250.0),
        ("write-csv", "rows_written", 10),
        (None, "total_rows", 10),
        (None, "run_duration_ms", 512.0),
    ]


def test_a_failed_step_has_a_duration_and_no_rows(tmp_path: Path) -> None:
    kept = session(tmp_path, failed())
    write_metrics(kept)
    assert [(m["metric"], m["value"]) for m in lines(kept)] == [
        ("steps_total", 3),
        ("step_duration_ms", 100.0),
        ("total_rows", 0),
        ("run_duration_ms", 512.0),
    ]


def test_what_a_sandbox_cost_is_one_number() -> None:
    said = E2bOverhead(create_ms=120.5, upload_ms=4, first_event_ms=300.25, kill_ms=10).model_dump(mode="json")
    (number,) = metrics_of([said])
    assert (number["metric"], number["value"], number["unit"]) == ("e2b_overhead_ms", 434.75, "ms")


def test_written_twice_they_are_the_same_bytes(tmp_path: Path) -> None:
    kept = session(tmp_path, completed())
    write_metrics(kept)
    once = kept.metrics.read_bytes()
    write_metrics(kept)
    assert kept.metrics.read_bytes() == once


def test_an_event_without_numbers_gives_none() -> None:
    assert list(metrics_of([{"event": "warning", "message": "x"}, {"event": "of another version", "rows": 1}])) == []


def test_a_folder_that_is_gone_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"metrics\.jsonl") as caught:
        write_metrics(Session(tmp_path / "gone"))
    assert caught.value.hint
