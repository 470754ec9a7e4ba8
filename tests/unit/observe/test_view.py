"""A package in few tokens: the most telling part, with its evidence, never over the budget."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.observe.shop import completed, failed, manifest, session
from tests.unit.observe.test_aiop import ids, many, packed

from osiris.model.errors import SourceError
from osiris.model.oml import Metadata
from osiris.observe.aiop.view import LEAST_TOKENS, tokens, view


def test_a_view_begins_with_the_run_and_why_it_failed(tmp_path: Path) -> None:
    package = packed(session(tmp_path, failed()))
    lines = view(package, 1000).splitlines()
    assert lines[0].startswith("# run 20260102T030405-top-customers-abc123 of pipeline Top customers: failed")
    assert lines[2] == "## Why"
    assert package.evidence.errors[0].id in lines[3]


def test_a_view_with_room_for_all_leaves_nothing_out(tmp_path: Path) -> None:
    package = packed(session(tmp_path, completed()))
    told = view(package, 100_000)
    assert "Left out" not in told
    assert [one for one in ids(package) if one not in told and ".check." not in one] == []
    assert "## Settings" in told
    assert "- top: customer string, revenue decimal128(12, 2)" in told
    assert "- read-orders.customer from @duckdb.shop.orders.customer" in told


def test_what_is_left_out_is_named(tmp_path: Path) -> None:
    of, events = many(40)
    told = view(packed(session(tmp_path, events, of=of)), 900)
    assert "Left out: " in told
    assert "timeline (" in told or "more blocks" in told


@pytest.mark.parametrize("most", [LEAST_TOKENS, 300, 700, 2_000, 10_000])
def test_a_view_is_never_over_its_budget(tmp_path: Path, most: int) -> None:
    of, events = many(60)
    assert tokens(view(packed(session(tmp_path, events, of=of)), most)) <= most


@given(words=st.text(min_size=1, max_size=400), most=st.integers(LEAST_TOKENS, 3_000))
@settings(max_examples=25, deadline=None)
def test_whatever_a_run_says_a_view_of_it_keeps_to_its_lines_and_its_budget(
    tmp_path_factory: pytest.TempPathFactory, words: str, most: int
) -> None:
    of = manifest(name=words, metadata=Metadata(intent=words))
    events = failed(SourceError(words, why=words, hint=words))
    told = view(packed(session(tmp_path_factory.mktemp("view"), events, of=of, oml=words)), most)
    assert tokens(told) <= most
    known = ("# run ", "## ", "- ", "    ", "Left out: ", "More was left out.")
    assert [line for line in told.split("\n") if line and not line.startswith(known)] == []


@pytest.mark.parametrize(
    ("text", "count"),
    [("", 0), ("word", 1), ("wordwords", 3), ("1234567", 3), ("a.b", 3), ("č", 2), ("🐎", 4), ("a b\nc", 4)],
)
def test_tokens_are_counted_rather_too_high(text: str, count: int) -> None:
    assert tokens(text) == count
