"""Which steps run together."""

from pathlib import Path

import pytest
from tests.unit.runtime.toys import job, read, step, through, write

from osiris.model.errors import ConfigError
from osiris.model.manifest import ManifestStep
from osiris.runtime.chains import chains


def drawn(*steps: ManifestStep) -> list[str]:
    """Return the chains as text: `steps < those waited for`, with `!` for rest and `*` for an early commit."""
    made = job(Path(), *steps).manifest.steps
    return [
        f"{' '.join(one.id for one in chain.steps)}{'!' * chain.rests}{'*' * chain.commits}"
        + (f" < {' '.join(sorted(chain.after))}" if chain.after else "")
        for chain in chains(made)
    ]


def test_steps_with_one_reader_flow() -> None:
    assert drawn(read("a"), through("b", "a"), write("c", "b")) == ["a b c"]


def test_a_step_with_two_readers_rests() -> None:
    assert drawn(read("a"), write("b", "a"), write("c", "a")) == ["a!", "b < a", "c < a"]


def test_a_step_read_twice_by_one_step_rests() -> None:
    assert drawn(read("a"), through("b", "a", "a"), write("c", "b")) == ["a!", "b c < a"]


def test_a_step_that_joins_two_pulls_both() -> None:
    assert drawn(read("a"), read("b"), through("c", "a", "b"), write("d", "c")) == ["a b c d"]


def test_a_step_that_nobody_reads_is_a_chain_of_its_own() -> None:
    assert drawn(read("a"), read("b"), write("c", "a")) == ["b", "a c"]


def test_a_chain_waits_for_the_writer_that_any_of_its_steps_needs() -> None:
    steps = (read("a"), write("b", "a"), step("c", "read", needs=("b",)), write("d", "c"))
    assert drawn(*steps) == ["a b*", "c d < b"]


def test_a_step_marked_as_resting_rests_though_one_step_reads_it() -> None:
    first, second = job(Path(), read("a"), write("b", "a")).manifest.steps
    resting = first.model_copy(update={"output": "spool"})
    assert [(chain.last.id, chain.rests) for chain in chains((resting, second))] == [("a", True), ("b", False)]


@pytest.mark.parametrize("late", [step("a", "read", needs=("b",)), through("a", "b"), through("a", "a")])
def test_a_manifest_out_of_order_is_refused(late: ManifestStep) -> None:
    with pytest.raises(ConfigError, match="'a' waits for"):
        drawn(late, read("b"))
