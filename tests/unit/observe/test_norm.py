"""What the last completed runs did not show is told; what they showed is not."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.observe.shop import RUN, SETTINGS, completed, failed, receipts, session
from tests.unit.observe.test_aiop import before, packed, texts

from osiris.model.aiop import Aiop, Previous, StepBefore
from osiris.model.events import Event
from osiris.observe.aiop.evidence import Story
from osiris.observe.aiop.evidence import moved as in_short
from osiris.observe.aiop.norm import baseline_of, norm_of
from osiris.observe.aiop.package import freeze
from osiris.observe.redact import Redactor


def earlier(count: int = 4, **top: Any) -> tuple[Previous, ...]:
    """Return some runs before the shop's, whose step `top` was different."""
    steps = {receipt.step_id: in_short(receipt.model_dump()) for receipt in receipts()}
    steps["top"] = steps["top"].model_copy(update=top)
    return tuple(before(run_id=f"r{number}", steps=steps, seconds=0.5) for number in range(count))


def held_against(folder: Path, runs: tuple[Previous, ...], events: list[Event] | None = None) -> Aiop:
    kept = session(folder, completed() if events is None else events)
    baseline = baseline_of(runs)
    freeze(kept, run_id=RUN, config_effective=SETTINGS, previous=None, baseline=baseline, redact=Redactor())
    return packed(kept)


def test_a_run_like_the_last_ones_is_not_unusual(tmp_path: Path) -> None:
    norm = held_against(tmp_path, earlier()).metadata.norm
    assert (norm.runs, norm.compared, norm.unusual) == (4, True, ())


@pytest.mark.parametrize(
    ("top", "says"),
    [
        (
            {"rows": 40, "nulls": {"customer": 4, "revenue": 0}},
            "step 'top' gave 10 rows; the last 4 runs had 40 rows",
        ),
        ({"rows": 7}, "step 'top' gave 10 rows; the last 4 runs had 7 rows"),
        (
            {"nulls": {"customer": 9, "revenue": 0}},
            "10.0% of column 'customer' of step 'top' are NULL; the last 4 runs had 90.0%",
        ),
        ({"nulls": {"customer": 1}}, "column 'revenue' of step 'top' is new, compared with the last 4 runs"),
        (
            {"nulls": {"customer": 1, "revenue": 0, "old": 0}},
            "column 'old' of step 'top' is gone, compared with the last 4 runs",
        ),
    ],
)
def test_what_is_unusual_is_said_once_with_its_evidence(tmp_path: Path, top: dict[str, Any], says: str) -> None:
    package = held_against(tmp_path, earlier(**top))
    (finding,) = package.metadata.norm.unusual
    assert (finding.says, finding.step_id) == (says, "top")
    sentence = package.narrative.changed[-1]
    assert sentence.text == f"Unusual: {says}."
    proof = next(proof for proof in package.evidence.receipts if proof.step_id == "top")
    assert sentence.cites == (proof.id,)


def test_a_run_that_takes_far_longer_is_unusual_and_a_quicker_one_is_not(tmp_path: Path) -> None:
    slow = [*completed()[:-1], completed()[-1].model_copy(update={"seconds": 9.0})]
    package = held_against(tmp_path / "slow", earlier(), slow)
    assert [one.says for one in package.metadata.norm.unusual] == ["the run took 9.00 s; the last 4 runs had 0.50 s"]
    quick = [*completed()[:-1], completed()[-1].model_copy(update={"seconds": 0.001})]
    assert held_against(tmp_path / "quick", earlier(), quick).metadata.norm.unusual == ()


def test_the_whole_runs_rows_count_too(tmp_path: Path) -> None:
    runs = tuple(run.model_copy(update={"total_rows": 1000 + 100 * place}) for place, run in enumerate(earlier()))
    package = held_against(tmp_path, runs)
    assert "Unusual: the run committed 10 rows; the last 4 runs had 1,000 rows to 1,300 rows." in texts(
        package.narrative.changed
    )


def test_two_runs_are_no_habit(tmp_path: Path) -> None:
    assert baseline_of(earlier(2)) is None
    norm = held_against(tmp_path, earlier(2, rows=9)).metadata.norm
    assert (norm.runs, norm.compared, norm.unusual) == (0, False, ())


def test_a_run_that_failed_is_not_compared(tmp_path: Path) -> None:
    norm = held_against(tmp_path, earlier(rows=99), failed()).metadata.norm
    assert (norm.runs, norm.compared, norm.unusual) == (4, False, ())


def test_a_step_that_not_all_runs_had_is_not_compared() -> None:
    runs = earlier()
    lacking = runs[0].model_copy(update={"steps": {"top": StepBefore(rows=1, seconds=1)}})
    baseline = baseline_of((*runs, lacking))
    assert baseline is not None
    assert set(baseline.steps) == {"top"}


def test_steps_without_rows_have_no_share_of_nulls() -> None:
    baseline = baseline_of(earlier(rows=0))
    assert baseline is not None
    assert baseline.steps["top"].nulls == {}


@given(st.lists(st.integers(0, 10**9), min_size=3, max_size=12))
@settings(max_examples=30, deadline=None)
def test_no_number_that_was_seen_is_ever_unusual(rows: list[int]) -> None:
    runs = [earlier(1)[0].model_copy(update={"total_rows": count}) for count in rows]
    for count in rows:
        said = [event.model_dump(mode="json") for event in completed()]
        stamped = [one | {"seq": n, "ts": "2026-01-02T03:04:05.600Z"} for n, one in enumerate(said, 1)]
        story = Story.told(stamped, most=100, compare=True)
        story.total_rows = count
        assert norm_of(story, baseline_of(runs)).unusual == ()
