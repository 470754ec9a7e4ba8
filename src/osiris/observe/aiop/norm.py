"""This run against what was usual in the last ones."""

from collections.abc import Iterable, Iterator, Sequence
from statistics import median

from osiris.model.aiop import Baseline, Norm, Previous, StepBefore, StepUsual, Unusual, Usual
from osiris.observe.aiop.evidence import Story
from osiris.observe.aiop.words import few_rows, in_seconds, quoted

FEWEST = 3  # runs; two are no habit
MOST_STEPS = 200  # that are compared one by one
MOST_COLUMNS = 100  # of a step
MOST_FINDINGS = 20
ROWS_SLACK = 0.2  # of the median, beyond what was seen
NULLS_SLACK = 0.05  # five percent of the rows
SECONDS_SLACK = 1.0  # as long again as the median
LEAST_SECONDS = 1.0  # a second more or less is nobody's trouble


def baseline_of(earlier: Sequence[Previous]) -> Baseline | None:
    """Return what was usual in some completed runs, newest first; None where they are too few to say."""
    if len(earlier) < FEWEST:
        return None
    common = sorted(set.intersection(*(set(run.steps) for run in earlier)))[:MOST_STEPS]
    return Baseline(
        runs=len(earlier),
        total_rows=_usual(run.total_rows or 0 for run in earlier),
        seconds=_usual(run.seconds or 0 for run in earlier),
        steps={step_id: _step([run.steps[step_id] for run in earlier]) for step_id in common},
    )


def norm_of(story: Story, baseline: Baseline | None) -> Norm:
    """Return what is unusual about a run; a run that did not complete has no numbers that could be compared."""
    if baseline is None:
        return Norm()
    if story.status != "completed":
        return Norm(runs=baseline.runs)
    return Norm(runs=baseline.runs, compared=True, unusual=tuple(_findings(story, baseline))[:MOST_FINDINGS])


def _usual(numbers: Iterable[float]) -> Usual:
    known = sorted(numbers)
    return Usual(low=known[0], median=median(known), high=known[-1])


def _step(runs: Sequence[StepBefore]) -> StepUsual:
    columns = list(runs[0].nulls)[:MOST_COLUMNS]
    shares = {
        column: _usual(_share(run, column) for run in runs if column in run.nulls)
        for column in columns
        if any(run.rows for run in runs)
    }
    return StepUsual(rows=_usual(run.rows for run in runs), seconds=_usual(run.seconds for run in runs), nulls=shares)


def _share(run: StepBefore, column: str) -> float:
    return round(run.nulls[column] / run.rows, 6) if run.rows else 0.0


def _findings(story: Story, baseline: Baseline) -> Iterator[Unusual]:
    """Yield what is unusual, the run as a whole first."""
    last = f"the last {baseline.runs} runs"
    yield from _rows(story.total_rows, baseline.total_rows, "the run committed", last)
    yield from _seconds(story.ended.get("seconds", 0.0), baseline.seconds, "the run took", last)
    for step_id in sorted(set(baseline.steps) & set(story.moved)):
        now, usual = story.moved[step_id], baseline.steps[step_id]
        step = f"step {quoted(step_id)}"
        found = [
            *_rows(now.rows, usual.rows, f"{step} gave", last),
            *_columns(now, usual, step, last),
            *_nulls(now, usual, step, last),
            *_seconds(now.seconds, usual.seconds, f"{step} took", last),
        ]
        yield from (one.model_copy(update={"step_id": step_id}) for one in found)


def _rows(found: float, usual: Usual, said: str, last: str) -> Iterator[Unusual]:
    slack = ROWS_SLACK * usual.median
    if not usual.low - slack <= found <= usual.high + slack:
        says = f"{said} {few_rows(found)}; {last} {_between(few_rows(usual.low), few_rows(usual.high))}"
        yield Unusual(what="rows", found=found, usual=usual, says=says)


def _seconds(found: float, usual: Usual, said: str, last: str) -> Iterator[Unusual]:
    if found > usual.high + max(LEAST_SECONDS, SECONDS_SLACK * usual.median):
        says = f"{said} {in_seconds(found)}; {last} {_between(in_seconds(usual.low), in_seconds(usual.high))}"
        yield Unusual(what="duration", found=found, usual=usual, says=says)


def _columns(now: StepBefore, usual: StepUsual, step: str, last: str) -> Iterator[Unusual]:
    if not usual.nulls or len(usual.nulls) >= MOST_COLUMNS or not now.nulls:
        return
    came = [(column, "is new") for column in now.nulls if column not in usual.nulls]
    gone = [(column, "is gone") for column in usual.nulls if column not in now.nulls]
    for column, how in came + gone:
        says = f"column {quoted(column)} of {step} {how}, compared with {last}"
        yield Unusual(what="schema", column=column, says=says)


def _nulls(now: StepBefore, usual: StepUsual, step: str, last: str) -> Iterator[Unusual]:
    for column, shares in usual.nulls.items():
        if not now.rows or column not in now.nulls:
            continue
        found = _share(now, column)
        if not shares.low - NULLS_SLACK <= found <= shares.high + NULLS_SLACK:
            between = _between(f"{shares.low:.1%}", f"{shares.high:.1%}")
            says = f"{found:.1%} of column {quoted(column)} of {step} are NULL; {last} {between}"
            yield Unusual(what="nulls", column=column, found=found, usual=shares, says=says)


def _between(low: str, high: str) -> str:
    return f"had {low}" if low == high else f"had {low} to {high}"
