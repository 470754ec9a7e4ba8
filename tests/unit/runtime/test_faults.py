"""Whatever was raised, as one error of the tree."""

import pytest

from osiris.model.errors import Interrupted, OutsideError, SourceError, Unexpected
from osiris.runtime.faults import as_error


def test_an_error_of_ours_stays_itself() -> None:
    error = SourceError("no file")
    assert as_error(error) is error


def test_an_interrupt_is_a_wish_to_stop() -> None:
    assert isinstance(as_error(KeyboardInterrupt()), Interrupted)


def test_too_little_memory_is_not_a_bug() -> None:
    error = as_error(MemoryError())
    assert isinstance(error, OutsideError)
    assert error.hint


@pytest.mark.parametrize(
    ("raised", "message"),
    [
        (ValueError("no\\nmore"), "it broke with ValueError: no\\nmore"),
        (ValueError("first\nTraceback"), "it broke with ValueError: first"),
        (ZeroDivisionError(), "it broke with ZeroDivisionError"),
        (ValueError("x" * 1_000), f"it broke with ValueError: {'x' * 300}"),
    ],
)
def test_what_nobody_foresaw_is_one_line(raised: BaseException, message: str) -> None:
    error = as_error(raised)
    assert isinstance(error, Unexpected)
    assert (error.message, error.__cause__) == (message, raised)
