"""The reference says what the code says."""

import pytest
from tests.docs.generated.pages import FOLDER, PAGES, text


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_the_reference_is_fresh(name: str) -> None:
    assert (FOLDER / name).read_text("utf-8") == text(name), "renew it: python -m tests.docs.generated.pages"
