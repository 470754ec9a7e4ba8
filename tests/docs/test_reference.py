"""The reference says what the code says."""

from tests.docs.reference import PAGE, page


def test_the_reference_of_events_is_fresh() -> None:
    assert PAGE.read_text("utf-8") == page()
