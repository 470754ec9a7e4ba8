"""What a command line may say about where a run takes place."""

from pathlib import Path

import pytest
from tests.e2e.keyboard import typed
from tests.unit.app.projects import make

from osiris.app.elsewhere import Elsewhere
from osiris.cli.places import chosen, must_concern, places_of
from osiris.model.errors import UsageError
from osiris.remote.wire import Limits

LIMITED = Elsewhere(limits=Limits(seconds=1))
SIZED = Elsewhere(cpu=2)


def test_a_place_is_chosen() -> None:
    assert chosen(Elsewhere(), isolated=False, e2b=False).where == "here"
    assert chosen(LIMITED, isolated=True, e2b=False).where == "isolated"
    assert chosen(SIZED, isolated=False, e2b=True).where == "e2b"


@pytest.mark.parametrize(
    ("place", "isolated", "e2b", "hint"),
    [
        (Elsewhere(), True, True, "leave one of them out"),
        (LIMITED, False, False, "add --isolated"),
        (LIMITED, False, True, "add --isolated"),
        (SIZED, True, False, "add --e2b"),
        (SIZED, False, False, "add --e2b"),
    ],
)
def test_options_of_another_place_are_refused(place: Elsewhere, isolated: bool, e2b: bool, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        chosen(place, isolated=isolated, e2b=e2b)
    assert caught.value.hint == hint


def test_places_are_named() -> None:
    assert places_of("local, e2b,local") == ("here", "e2b")
    must_concern(SIZED, places_of("local,e2b"))


@pytest.mark.parametrize(("words", "says"), [("local,moon", "no place 'moon'"), ("local", "one place alone")])
def test_places_that_can_t_be_compared_are_refused(words: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        places_of(words)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["run", "pipelines/cities.yaml", "--e2b-cpu", "2"], "needs a sandbox"),
        (["run", "pipelines/cities.yaml", "--e2b", "--e2b-env", "A"], "'A' is not a variable"),
        (["run", "pipelines/cities.yaml", "--e2b", "--e2b-pass-env", "NOBODY"], "NOBODY is not set"),
        (["run", "pipelines/cities.yaml", "--isolated", "--max-memory", "0"], "greater than or equal to 1"),
        (["parity", "pipelines/cities.yaml", "--on", "local,moon"], "there is no place 'moon'"),
        (["parity", "pipelines/cities.yaml", "--max-time", "1", "--on", "local,e2b"], "needs a process of its own"),
    ],
)
def test_what_is_wrong_is_said_before_anything_runs(tmp_path: Path, words: list[str], says: str) -> None:
    done = typed(make(tmp_path), *words)
    assert done.code == 2
    assert says in done.err
    assert not (tmp_path / "logs").exists()
