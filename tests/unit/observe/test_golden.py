"""Packages and run cards, as readers see them. `python -m tests.unit.observe.test_golden` writes them anew."""

import json
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.unit.observe.shop import completed, failed, interrupted, manifest, receipts, session

from osiris.model.aiop import Previous
from osiris.model.events import Event, RunKilled
from osiris.model.settings import AiopSettings
from osiris.observe.aiop.evidence import moved
from osiris.observe.aiop.package import export
from osiris.observe.redact import Redactor

DIGEST = re.compile(r'"([0-9a-f]{8})[0-9a-f]{56}"')  # the rest is of no interest to a reader
GOLDEN = Path(__file__).parents[2] / "golden" / "aiop"
EARLIER = (receipts()[0], *(receipt.model_copy(update={"rows_out": 8}) for receipt in receipts()[1:]))
BEFORE = Previous(
    run_id="20260101T000000-top-customers-ffffff",
    manifest_hash=manifest().hash(),
    status="completed",
    started_at="2026-01-01T00:00:00.000Z",
    seconds=0.4,
    total_rows=8,
    steps={receipt.step_id: moved(receipt.model_dump()) for receipt in EARLIER},
)
CASES: Mapping[str, tuple[list[Event], Previous | None]] = {
    "completed": (completed(), None),
    "completed-again": (completed(), BEFORE),
    "failed": (failed(), BEFORE),
    "interrupted": (interrupted(), None),
    "killed": ([*completed()[:6], RunKilled()], None),
    "unfinished": (completed()[:6], None),
}


def told(name: str, folder: Path) -> dict[str, str]:
    """Return the files of one case, by name."""
    events, previous = CASES[name]
    kept = session(folder, events, previous=previous)
    export(kept, settings=AiopSettings(), redact=Redactor())
    package = json.dumps(json.loads(kept.aiop.read_bytes()), indent=1, ensure_ascii=False)
    return {
        f"{name}.json": DIGEST.sub(r'"\1…"', package) + "\n",
        f"{name}.md": kept.run_card.read_text("utf-8"),
    }


@pytest.mark.parametrize("name", CASES)
def test_a_package_and_its_card_read_as_they_did(tmp_path: Path, name: str) -> None:
    for file, text in told(name, tmp_path).items():
        assert text == (GOLDEN / file).read_text("utf-8")


def test_every_golden_file_is_compared() -> None:
    assert {file.stem for file in GOLDEN.iterdir()} == set(CASES)


if __name__ == "__main__":
    for case in CASES:
        for file, text in told(case, Path(tempfile.mkdtemp())).items():
            (GOLDEN / file).write_text(text, "utf-8")
