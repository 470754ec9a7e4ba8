"""Something goes wrong at each boundary of each step: no target changes, and one error says what it was."""

import threading
from pathlib import Path

import pytest
from tests.unit.runtime.toys import World, boom, read, step, through, write

from osiris.model.errors import Interrupted, OutsideError, SourceError, StepFailed, Unexpected

# Two chains side by side, one of them with rows at rest for two writers.
STEPS = (
    read("orders"),
    through("clean", "orders"),
    write("orders-csv", "clean"),
    write("orders-db", "clean"),
    read("stock"),
    write("stock-csv", "stock"),
)
ROWS = list(range(6))
BEFORE_COMMIT = [
    *(f"orders {moment}" for moment in ("open", "row 0", "row 3", "row 5", "end", "close")),
    *(f"clean {moment}" for moment in ("open", "row 0", "row 3", "row 5", "end", "close")),
    *(f"orders-csv {moment}" for moment in ("open", "row 0", "row 3", "row 5", "stage")),
    *(f"orders-db {moment}" for moment in ("open", "row 0", "stage")),
    *(f"stock {moment}" for moment in ("open", "row 0", "row 3", "end", "close")),
    *(f"stock-csv {moment}" for moment in ("open", "row 3", "stage")),
]


@pytest.mark.parametrize("moment", BEFORE_COMMIT)
def test_whatever_goes_wrong_before_the_commits_changes_no_target(tmp_path: Path, moment: str) -> None:
    world = World(does={moment: boom(SourceError("it is gone", hint="look for it"))})
    result = world.run(tmp_path, *STEPS)
    assert (result.status, result.exit_code, result.total_rows, world.targets) == ("failed", 1, 0, {})
    assert isinstance(result.error, StepFailed)
    assert result.error.step_id == moment.partition(" ")[0]
    assert (result.error.to_dict()["code"], result.error.hint) == (SourceError.code, "look for it")
    assert not world.unclosed()
    assert world.kinds()[-2:] == ["cleanup_complete", "run_end"]
    assert world.heard("run_end")[0].error == result.error.to_dict()
    assert not (tmp_path / "logs" / "run-1" / "scratch").exists()


@pytest.mark.parametrize("moment", BEFORE_COMMIT)
def test_all_that_was_opened_is_closed_and_all_that_was_staged_is_let_go(tmp_path: Path, moment: str) -> None:
    world = World(does={moment: boom(SourceError("it is gone"))})
    world.run(tmp_path, *STEPS)
    staged = {noted.partition(" ")[0] for noted in world.noted if noted.endswith("stage") and noted != moment}
    assert {noted.partition(" ")[0] for noted in world.noted if noted.endswith("let go")} == staged
    # A generator that was never started has nothing to close.
    started = {noted.partition(" ")[0] for noted in world.noted if noted.endswith("row 0") and "-" not in noted}
    assert {noted.partition(" ")[0] for noted in world.noted if noted.endswith("close")} >= started


@pytest.mark.parametrize(
    ("moment", "new"),
    [
        ("orders-csv commit", []),
        ("orders-db commit", ["orders-csv"]),
        ("stock-csv commit", ["orders-csv", "orders-db"]),
    ],
)
def test_a_refused_commit_takes_the_later_ones_back_and_tells_which_were_done(
    tmp_path: Path, moment: str, new: list[str]
) -> None:
    world = World(does={moment: boom(OutsideError("the server went away", why="it restarted"))})
    result = world.run(tmp_path, *STEPS)
    assert (result.status, result.total_rows, list(world.targets)) == ("failed", 6 * len(new), new)
    assert isinstance(result.error, StepFailed)
    assert result.error.step_id == moment.partition(" ")[0]
    stays = [f"already committed, and stays so: {', '.join(new)}"] if new else []
    assert result.error.why == result.error.to_dict()["why"] == "; ".join(["it restarted", *stays])
    assert [event.step_id for event in world.heard("write_committed")] == new
    assert [event.step_id for event in world.heard("step_failed")] == [result.error.step_id]
    assert sum(noted.endswith("let go") for noted in world.noted) == 3


def test_an_error_while_letting_go_does_not_hide_the_first_one(tmp_path: Path) -> None:
    first, second = SourceError("first"), SourceError("second")
    world = World(does={"stock row 3": boom(first), "stock close": boom(second), "orders-csv let go": boom(second)})
    result = world.run(tmp_path, read("stock"), through("head", "stock"), write("stock-csv", "head"))
    assert isinstance(result.error, StepFailed)
    assert result.error.step_id == "stock"
    assert not world.unclosed()


def test_a_source_that_can_not_be_closed_after_a_failure_is_a_warning(tmp_path: Path) -> None:
    world = World(does={"write row 3": boom(SourceError("first")), "read close": boom(SourceError("second"))})
    result = world.run(tmp_path, read(), write("write", "read"))
    assert isinstance(result.error, StepFailed)
    assert (result.error.step_id, result.error.cause.message) == ("write", "first")
    assert [(event.step_id, event.message) for event in world.heard("warning")] == [("read", "not closed: second")]
    assert not world.unclosed()


def test_a_source_read_in_part_that_can_not_be_closed_fails_the_run(tmp_path: Path) -> None:
    world = World(does={"read close": boom(SourceError("it hangs on"))})
    result = world.run(tmp_path, read(), through("head", "read", most=1), write("write", "head"))
    assert isinstance(result.error, StepFailed)
    assert (result.error.step_id, world.targets) == ("read", {})
    assert not world.unclosed()


@pytest.mark.parametrize(
    ("raised", "expected", "exit_code"),
    [
        (ValueError("a bug"), Unexpected, 1),
        (MemoryError(), OutsideError, 1),
        (SystemExit(7), Unexpected, 1),
        (OSError(28, "No space left on device"), Unexpected, 1),
    ],
)
@pytest.mark.parametrize("moment", ["orders row 3", "clean open", "orders-csv stage", "orders-csv commit"])
def test_what_nobody_foresaw_is_the_error_of_its_step(
    tmp_path: Path, moment: str, raised: BaseException, expected: type, exit_code: int
) -> None:
    world = World(does={moment: boom(raised)})
    result = world.run(tmp_path, *STEPS)
    assert isinstance(result.error, StepFailed)
    assert isinstance(result.error.cause, expected)
    assert (result.error.step_id, result.exit_code, world.targets) == (moment.partition(" ")[0], exit_code, {})


@pytest.mark.parametrize("moment", ["orders open", "orders row 3", "orders-csv row 3"])
def test_an_interrupt_from_inside_a_component_stops_the_run(tmp_path: Path, moment: str) -> None:
    world = World(does={moment: boom(KeyboardInterrupt())})
    result = world.run(tmp_path, *STEPS)
    assert isinstance(result.error, Interrupted)
    assert (result.exit_code, world.targets) == (130, {})
    assert not world.unclosed()


def test_a_chain_without_an_end_stops_when_another_one_fails(tmp_path: Path) -> None:
    world = World()
    endless = (read("endless", rows=10**12), write("heap", "endless"))
    world.does = {"b row 3": boom(SourceError("it is gone"))}
    result = world.run(tmp_path, *endless, read("b"), write("wb", "b"))
    assert isinstance(result.error, StepFailed)
    assert result.error.step_id == "b"
    failed = {event.step_id: event.error for event in world.heard("step_failed")}
    assert failed["b"]["message"] == "step 'b' failed: it is gone"
    assert failed["endless"]["message"] == failed["heap"]["message"] == "given up, because step 'b' failed"
    assert not world.unclosed()


def test_all_chains_failing_at_once_give_one_error(tmp_path: Path) -> None:
    names = ("a", "b", "c", "d", "e", "f")
    world = World(does={f"{name} row 2": boom(SourceError(f"{name} is gone")) for name in names})
    steps = [one for name in names for one in (read(name), write(f"w{name}", name))]
    result = world.run(tmp_path, *steps)
    assert isinstance(result.error, StepFailed)
    assert result.error.step_id in names
    assert not world.unclosed()
    assert len(world.heard("run_end")) == 1


def test_a_failed_chain_keeps_those_that_wait_for_it_from_beginning(tmp_path: Path) -> None:
    world = World(does={"wa stage": boom(SourceError("it is gone"))})
    steps = (read("a"), write("wa", "a"), step("b", "read", needs=("wa",)), write("wb", "b"))
    world.run(tmp_path, *steps)
    assert [event.step_id for event in world.heard("step_start")] == ["a", "wa"]


def test_a_failure_elsewhere_holds_back_a_commit_that_others_wait_for(tmp_path: Path) -> None:
    failed = threading.Event()
    world = World(does={"wa stage": lambda: failed.wait(60), "step_failed wc": failed.set})
    steps = (read("a"), write("wa", "a"), step("b", "read", needs=("wa",)), read("c"), write("wc", "c", lie=1))
    world.run(tmp_path, *steps)
    assert failed.is_set()
    assert world.targets == {}
    assert "b open" not in world.noted
