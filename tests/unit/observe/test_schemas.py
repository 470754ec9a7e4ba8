"""What a run writes fits the schemas that are published."""

import json
from pathlib import Path

import jsonschema
import pytest
from tests.unit.observe.shop import completed, failed, interrupted, session

from osiris.model.events import EVENT, KINDS, Event, RunKilled, events_schema
from osiris.model.metrics import METRICS, metrics_schema
from osiris.observe.metrics import write_metrics

EVENTS = jsonschema.Draft202012Validator(events_schema())
NUMBERS = jsonschema.Draft202012Validator(metrics_schema())


@pytest.mark.parametrize("events", [completed(), failed(), interrupted(), [RunKilled()]])
def test_every_line_of_a_journal_and_of_its_metrics_fits(tmp_path: Path, events: list[Event]) -> None:
    kept = session(tmp_path, events)
    write_metrics(kept)
    for line in kept.events.read_text("utf-8").splitlines():
        EVENTS.validate(json.loads(line))
    for line in kept.metrics.read_text("utf-8").splitlines():
        NUMBERS.validate(json.loads(line))


@pytest.mark.parametrize(
    "line",
    [
        {"event": "unheard_of", "seq": 1, "ts": "x", "session": "y"},
        {"event": "cleanup_complete", "total_rows": 1},
        {"event": "cleanup_complete", "total_rows": 1, "seq": 1, "ts": "x", "session": "y", "more": 1},
    ],
)
def test_what_no_journal_writes_does_not_fit(line: dict[str, object]) -> None:
    assert list(EVENTS.iter_errors(line))


def test_both_schemas_are_schemas_and_name_everything() -> None:
    jsonschema.Draft202012Validator.check_schema(events_schema())
    jsonschema.Draft202012Validator.check_schema(metrics_schema())
    assert set(events_schema()["discriminator"]["mapping"]) == set(KINDS) == set(EVENT.core_schema["choices"])
    assert set(metrics_schema()["properties"]["metric"]["enum"]) == set(METRICS)
