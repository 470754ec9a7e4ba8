"""Whatever was raised, as one error of the tree."""

from osiris.model.errors import Interrupted, OsirisError, OutsideError, Unexpected

_MOST_SHOWN = 300  # characters of a message that was not written for people


def as_error(raised: BaseException) -> OsirisError:
    """Return the error itself where Osiris raised it on purpose, otherwise one that says what it was."""
    match raised:
        case OsirisError():
            return raised
        case KeyboardInterrupt():
            return interrupted()
        case MemoryError():
            return OutsideError("there is not enough memory", hint="end other programs, or select fewer columns")
    lines = str(raised).strip().splitlines()
    said = f": {lines[0][:_MOST_SHOWN]}" if lines else ""
    error = Unexpected(
        f"it broke with {type(raised).__name__}{said}",
        why="this is a fault in Osiris or in a component, not in the pipeline",
        hint="please report it with the run's events.jsonl",
    )
    error.__cause__ = raised
    return error


def interrupted() -> Interrupted:
    """Return the error of a run that somebody stopped."""
    return Interrupted("the run was stopped before its end", hint="run it again; it starts from the beginning")
