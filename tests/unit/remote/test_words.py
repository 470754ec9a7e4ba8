"""What is known of why a worker is gone."""

import pytest

from osiris.remote.words import MOST, LastWords

SECRET = "line-one\nline-two-x"  # pragma: allowlist secret


@pytest.mark.parametrize(
    ("said", "last"),
    [
        ((), ""),
        (("", "  "), ""),
        (("first", " last \n", ""), "last"),
        (("it is line-one", "line-two-x, says the driver"), "it is ***, says the driver"),
        (("it is line-one", "line-two-x", "bye"), "bye"),
        (("li", "ne-oneline-tw", "o-x"), "***"),
    ],
)
def test_the_last_line_is_told_without_secrets_however_they_are_split(said: tuple[str, ...], last: str) -> None:
    words = LastWords.without([SECRET])
    for line in said:
        words.hear(line)
    assert words.last == last


def test_little_is_kept() -> None:
    words = LastWords.without([])
    for number in range(10 * MOST):
        words.hear(f"line {number}")
    assert words.last == f"line {10 * MOST - 1}"
    assert len(words._lines) == MOST
