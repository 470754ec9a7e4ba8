"""Slips of the pen are put right by code; what could mean two things is left to its author."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from tests.unit.agent.shop import OML, shop

from osiris.agent.mend import assuming, mended
from osiris.app.pipelines import CheckPipeline, check_pipeline
from osiris.model.diagnostics import Diagnostic


@pytest.fixture
def check(tmp_path: Path) -> Callable[[str], Sequence[Diagnostic]]:
    project = shop(tmp_path)
    return lambda text: check_pipeline(project, CheckPipeline(text=text)).diagnostics


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("mode: write", "mode: load"),
        ("mode: read", "mode: extract"),
        ("mode: write", "mode: read"),
        ("mode: write", "mode: writes"),
        ("query:", "querry:"),
        ("needs:", "need:"),
        ("write_mode:", "write_mod:"),
    ],
)
def test_what_has_one_meaning_only_is_put_right(
    check: Callable[[str], Sequence[Diagnostic]], right: str, wrong: str
) -> None:
    slip = wrong.join(OML.rsplit(right, 1))
    assert slip != OML
    text, did = mended(slip, check)
    assert text == OML
    assert len(did) == 1


def test_several_slips_are_put_right_at_once(check: Callable[[str], Sequence[Diagnostic]]) -> None:
    slip = OML.replace("mode: write", "mode: load").replace("query:", "querry:")
    assert mended(f"```yaml\n{slip}```\n", check)[0] == OML


def test_names_of_columns_and_tables_are_their_authors_business(
    check: Callable[[str], Sequence[Diagnostic]],
) -> None:
    for wrong in (OML.replace("status, amount", "state, amount"), OML.replace("FROM orders", "FROM order")):
        assert mended(wrong, check) == (wrong, ())


def test_what_is_right_stays_as_it_is(check: Callable[[str], Sequence[Diagnostic]]) -> None:
    assert mended(OML, check) == (OML, ())


def test_what_does_not_help_is_not_done() -> None:
    found = Diagnostic(code="OSR-OML-017", message="?", path="steps[0].mode", line=1, nearest=("read",))
    assert mended("mode: red\n", lambda _: (found,)) == ("mode: red\n", ())


class TestAssumptions:
    def test_they_are_added_where_there_is_no_metadata(self) -> None:
        text = assuming(OML, ["Since when? ever"])
        assert 'name: by-status\nmetadata:\n  assumptions:\n    - "Since when? ever"\nsteps:' in text
        assert assuming(text, ["Since when? ever"]) == text

    def test_they_join_what_the_author_wrote(self) -> None:
        text = OML.replace("steps:", 'metadata:\n  intent: "orders"\nsteps:', 1)
        both = assuming(assuming(text, ["one"]), ["one", "two"])
        assert '  assumptions:\n    - "two"\n    - "one"\n  intent: "orders"' in both

    def test_a_text_that_has_no_room_for_them_stays_as_it_is(self) -> None:
        text = OML.replace("steps:", "metadata: {intent: orders}\nsteps:", 1)
        assert assuming(text, ["one"]) == text
        assert assuming("- a list\n", ["one"]) == "- a list\n"
        assert assuming(OML, []) == OML

    def test_they_change_nothing_of_what_the_pipeline_does(self, check: Callable[[str], Sequence[Diagnostic]]) -> None:
        assert check(assuming(OML, ['with "quotes" and: signs'])) == ()
