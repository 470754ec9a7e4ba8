"""The moment when rows become visible."""

from osiris.model.errors import CheckFailed, StepFailed
from osiris.model.events import ArtifactCreated, WriteCommitted
from osiris.model.events import StepFailed as SaidFailed
from osiris.model.receipt import Written
from osiris.runtime.course import Course
from osiris.runtime.faults import as_error


def commit_all(course: Course) -> None:
    """Commit what is staged, in the pipeline's order, up to the first refusal; a wish to stop is held back.

    Copies go first: nobody sees them before whoever sent the job has fetched them and permits the rest.

    Raises:
        OsirisError: the rest is not permitted.
    """
    waiting = [s.id for s in course.job.manifest.steps if s.id in course.staged and s.id not in course.committed]
    course.copied.update(course.job.copies.intersection(waiting))
    _commit(course, [step_id for step_id in waiting if step_id in course.copied])
    if course.failure is None:
        course.permit()
    _commit(course, [step_id for step_id in waiting if step_id not in course.copied])


def _commit(course: Course, step_ids: list[str]) -> None:
    with course.stop.hold():
        for step_id in step_ids:
            if course.failure is None:
                commit(course, step_id)


def commit(course: Course, step_id: str) -> None:
    """Commit what one writer staged; what goes wrong becomes the failure of the run."""
    try:
        written = course.as_planned(step_id, course.staged[step_id].commit())
    except BaseException as exc:  # noqa: BLE001 - whatever it is, what else is staged must be taken back
        failed = StepFailed(step_id, as_error(exc))
        course.say(SaidFailed(step_id=step_id, error=failed.to_dict(), seconds=course.seconds(step_id)))
        course.fail(failed)
        return
    course.committed[step_id] = written
    wrong = _wrong(written)
    receipt = course.receipts[step_id].model_copy(update={"written": written, "status": "mismatch" if wrong else "ok"})
    course.receipts[step_id] = receipt
    course.say(WriteCommitted(step_id=step_id, receipt=receipt))
    for artifact in written.artifacts:
        course.say(ArtifactCreated(step_id=step_id, artifact=artifact))
    if wrong:
        course.fail(StepFailed(step_id, wrong))


def _wrong(written: Written) -> CheckFailed | None:
    """Return what does not add up in what the target says, as far as it says something."""
    expected = _expected(written)
    if expected is None or written.rows_after in {None, expected}:
        return None
    return CheckFailed(
        f"{written.target} holds {written.rows_after} rows after the commit, not {expected}",
        why=f"{written.staged} rows were staged for {written.write_mode}, {written.rows_before} were there before",
        hint="look at the target: somebody else may have written to it meanwhile",
    )


def _expected(written: Written) -> int | None:
    match written.write_mode:
        case "replace":
            return written.staged
        case "append" if written.rows_before is not None:
            return written.rows_before + written.staged
        case _:
            return None
