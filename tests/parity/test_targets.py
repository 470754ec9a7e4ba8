"""The same pipeline at three places: the same events, the same receipts, the same bytes."""

from pathlib import Path

import pytest
from tests.parity.places import FAILING, PIPELINES, loopback, places, tried, untimed

from osiris.model.events import AdapterSelected


@pytest.mark.slow
@pytest.mark.parametrize("name", PIPELINES)
def test_a_pipeline_does_the_same_everywhere(tmp_path: Path, name: str) -> None:
    with loopback(tmp_path / "sandboxes") as server:
        trials = {
            where: tried(target, tmp_path / where, PIPELINES[name])
            for where, target in places(tmp_path, server).items()
        }
        assert server.sandboxes == {}
    here = trials["here"]
    assert here.result.exit_code == FAILING.get(name, 0), here.result.error
    for where, trial in trials.items():
        assert [event.adapter for event in trial.events if isinstance(event, AdapterSelected)] == [where]
        assert trial.said == here.said
        assert trial.files == here.files
        assert trial.result.total_rows == here.result.total_rows
        assert trial.result.status == here.result.status
        assert [untimed(r.model_dump()) for r in trial.result.receipts] == [
            untimed(r.model_dump()) for r in here.result.receipts
        ]
        assert str(trial.result.error) == str(here.result.error)
        assert trial.result.exit_code == here.result.exit_code
