"""The seam: what a target adds to what the runner says, and in which order copies and the rest are committed."""

from dataclasses import replace
from pathlib import Path

from tests.unit.runtime.toys import World, boom, job, read, toys, write

from osiris.model.errors import ConfigError, StepFailed, TargetError
from osiris.model.events import AdapterSelected
from osiris.runtime.faults import interrupted
from osiris.runtime.runner import run
from osiris.runtime.stop import Stop
from osiris.runtime.target import Here

FAN_OUT = (read(), write("one", "read"), write("two", "read"), write("three", "read"))


def committed(world: World) -> list[str]:
    return [noted.removesuffix(" commit") for noted in world.noted if noted.endswith(" commit")]


def test_this_process_says_that_it_is_the_place(tmp_path: Path) -> None:
    world = World()
    result = Here(toys(world)).execute(job(tmp_path, *FAN_OUT), world.hear)
    assert result.status == "completed"
    assert world.said[1] == AdapterSelected(adapter="here")
    assert world.kinds()[0] == "run_start"


def test_a_job_that_can_t_be_begun_is_over_at_once(tmp_path: Path) -> None:
    world = World()
    refusal = ConfigError("no")
    result = Here(toys(world)).execute(job(tmp_path, *FAN_OUT), world.hear, refusal=refusal)
    assert result.error is refusal
    assert world.kinds() == ["run_start", "adapter_selected", "cleanup_complete", "run_end"]


def test_copies_are_committed_before_the_rest_is_asked_for(tmp_path: Path) -> None:
    world = World()
    asked: list[list[str]] = []
    made = replace(job(tmp_path, *FAN_OUT), copies=frozenset({"two", "three"}))
    result = run(made, toys(world), world.hear, stop=Stop(), permit=lambda: asked.append(committed(world)))
    assert result.total_rows == 18
    assert asked == [["two", "three"]]
    assert committed(world) == ["two", "three", "one"]


def test_what_is_not_permitted_is_not_committed_and_copies_don_t_count(tmp_path: Path) -> None:
    world = World()
    made = replace(job(tmp_path, *FAN_OUT), copies=frozenset({"two"}))
    result = run(made, toys(world), world.hear, stop=Stop(), permit=boom(interrupted()))
    assert (result.status, result.total_rows) == ("interrupted", 0)
    assert committed(world) == ["two"]
    assert result.error
    assert result.error.why == ""


def test_a_copy_that_is_refused_asks_nobody(tmp_path: Path) -> None:
    world = World(does={"two commit": boom(TargetError("full"))})
    made = replace(job(tmp_path, *FAN_OUT), copies=frozenset({"two"}))
    result = run(made, toys(world), world.hear, stop=Stop(), permit=boom(AssertionError("nobody asks")))
    assert isinstance(result.error, StepFailed)
    assert committed(world) == ["two"]
    assert result.total_rows == 0
