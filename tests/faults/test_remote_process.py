"""A child process that is stopped, killed, starved or alone leaves every target as it was, and nobody behind."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.faults.elsewhere import COPY, ENDLESS, Attempt, child

from osiris.model.errors import ConfigError, LimitReached, OutsideError, RemoteError, StepFailed
from osiris.remote.wire import Done, Exceeded, Hello, Limits, Ready, build, line
from osiris.runtime.stop import Stop

SAYS = "import sys; sys.stdout.write({!r} + chr(10)); sys.stdout.flush(); sys.stdin.readline()"


def saying(text: str) -> tuple[str, ...]:
    """Return a worker that says one line and waits."""
    return (sys.executable, "-c", SAYS.format(text))


def workers(host: int) -> list[int]:
    """Return the workers of a host that live."""
    found = subprocess.run(["ps", "-eo", "pid,ppid,args"], capture_output=True, text=True, check=True).stdout
    lines = [line.split(maxsplit=2) for line in found.splitlines()[1:]]
    return [int(pid) for pid, parent, args in lines if int(parent) == host and "osiris.remote.worker" in args]


def test_what_a_child_writes_is_there(tmp_path: Path) -> None:
    attempt = Attempt(tmp_path / "p")
    result = attempt.run(child())
    assert (result.status, result.total_rows) == ("completed", 2_000)
    assert attempt.kinds()[-3:] == ["artifact_created", "cleanup_complete", "run_end"]
    assert len((tmp_path / "p" / "output" / "copy.csv").read_bytes().splitlines()) == 2_001
    assert workers(os.getpid()) == []


@pytest.mark.slow
def test_a_child_that_is_asked_to_stop_takes_back_what_it_staged(tmp_path: Path) -> None:
    stop = Stop()
    attempt = Attempt(tmp_path / "p", ENDLESS, {"step_progress": stop.set})
    result = attempt.run(child(stop))
    assert (result.status, result.exit_code) == ("interrupted", 130)
    assert {e.step_id for e in attempt.said if e.event == "step_failed"} == {"numbers", "write"}
    assert attempt.unchanged()
    assert workers(os.getpid()) == []


@pytest.mark.slow
def test_a_child_that_hears_nothing_any_more_is_killed(tmp_path: Path) -> None:
    stop = Stop()
    attempt = Attempt(tmp_path / "p")
    attempt.at["adapter_selected"] = stop.set
    result = attempt.run(child(stop, command=(sys.executable, "-c", "while True: pass"), patience=0.2))
    assert result.status == "interrupted"
    assert attempt.unchanged()


@pytest.mark.slow
def test_a_child_that_is_killed_is_reported_with_its_signal(tmp_path: Path) -> None:
    attempt = Attempt(tmp_path / "p", ENDLESS)

    def kill() -> None:
        os.kill(workers(os.getpid())[0], signal.SIGKILL)

    attempt.at["step_progress"] = kill
    result = attempt.run(child())
    assert isinstance(result.error, RemoteError)
    assert "SIGKILL" in result.error.message
    assert (tmp_path / "p" / "output" / "copy.csv").read_bytes() == b"before\n"
    again = Attempt.run(Attempt(tmp_path / "q"), child())
    assert again.status == "completed"


@pytest.mark.slow
def test_a_child_whose_host_is_killed_ends_by_itself(tmp_path: Path) -> None:
    attempt = Attempt(tmp_path / "p", ENDLESS)
    script = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from tests.faults.elsewhere import ENDLESS, child\n"
        "from tests.parity.places import ordered\n"
        "job = ordered(Path(sys.argv[1]), ENDLESS)\n"
        "job.session.mkdir(parents=True, exist_ok=True)\n"
        "def hear(event):\n"
        "    if event.event == 'step_progress':\n"
        "        print('rows move', flush=True)\n"
        "child().execute(job, hear)\n"
    )
    root = Path(__file__).parents[2]
    host = subprocess.Popen(
        [sys.executable, "-c", script, str(attempt.folder)],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
    )
    assert host.stdout
    assert host.stdout.readline() == b"rows move\n"
    orphan = os.pidfd_open(workers(host.pid)[0])
    host.send_signal(signal.SIGKILL)
    host.wait()
    host.stdout.close()
    assert select.select([orphan], [], [], 60)[0] == [orphan]
    os.close(orphan)
    assert attempt.unchanged()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("limits", "says"),
    [(Limits(memory_mb=20), "MiB of memory, and may use 20"), (Limits(seconds=0.5), "longer than 0.5 s")],
    ids=["memory", "time"],
)
def test_a_limit_ends_the_run_and_is_named(tmp_path: Path, limits: Limits, says: str) -> None:
    attempt = Attempt(tmp_path / "p", ENDLESS)
    result = attempt.run(child(limits=limits))
    assert isinstance(result.error, LimitReached)
    assert says in result.error.message
    assert (result.status, result.exit_code) == ("failed", 1)
    assert attempt.unchanged()


@pytest.mark.slow
def test_a_file_that_grows_too_large_ends_the_run(tmp_path: Path) -> None:
    attempt = Attempt(tmp_path / "p", ENDLESS)
    result = attempt.run(child(limits=Limits(file_mb=1)))
    assert isinstance(result.error, StepFailed)
    assert "there is no room for 'output/copy.csv'" in str(result.error)
    assert attempt.unchanged()


@pytest.mark.parametrize(
    ("command", "kind", "says"),
    [
        (("/nowhere/python",), RemoteError, "no child process can be started"),
        ((sys.executable, "-c", "raise SystemExit('no room')"), RemoteError, "no room"),
        (saying('{"seq":1,"kind":"hello","version":"0.0.1","build":"x"}'), ConfigError, "the worker has Osiris 0.0.1"),
        (saying('{"seq":1,"kind":"nonsense"}'), RemoteError, "can't be understood"),
    ],
    ids=["not there", "dies", "other version", "nonsense"],
)
def test_a_worker_that_is_none_is_refused(
    tmp_path: Path, command: tuple[str, ...], kind: type[Exception], says: str
) -> None:
    attempt = Attempt(tmp_path / "p")
    result = attempt.run(child(command=command))
    assert isinstance(result.error, kind)
    assert says in result.error.message
    assert result.error.hint
    assert result.status == "failed"
    assert attempt.unchanged()


def test_a_limit_that_is_reached_while_rows_become_visible_comes_too_late(tmp_path: Path) -> None:
    from osiris import __version__

    lines = [
        Hello(seq=1, version=__version__, build=build()),
        Ready(seq=2),
        Exceeded(seq=3, message="too much"),
        Done(seq=4, status="completed", receipts=(), total_rows=0, seconds=0.1),
    ]
    hears = "sys.stdin.readline()"  # the errand, then the permission
    says = [f"print({line(said.model_dump(mode='json')).decode().strip()!r}, flush=True)" for said in lines]
    script = "; ".join(["import sys", says[0], hears, says[1], hears, *says[2:]])
    result = Attempt(tmp_path / "p").run(child(command=(sys.executable, "-c", script)))
    assert (result.status, result.error) == ("completed", None)


def test_another_build_of_the_same_version_is_refused(tmp_path: Path) -> None:
    from osiris import __version__

    hello = f'{{"seq":1,"kind":"hello","version":"{__version__}","build":"other"}}'
    result = Attempt(tmp_path / "p").run(child(command=saying(hello)))
    assert isinstance(result.error, ConfigError)
    assert "not the same files" in result.error.why


def test_a_refusal_starts_no_child(tmp_path: Path) -> None:
    attempt = Attempt(tmp_path / "p")
    refusal = ConfigError("nothing of the kind")
    result = child(command=("/nowhere/python",)).execute(attempt.job(), attempt.hear, refusal=refusal)
    assert result.error is refusal
    assert attempt.kinds() == ["run_start", "adapter_selected", "cleanup_complete", "run_end"]


@pytest.mark.parametrize("moment", ["adapter_selected", "step_start orders"])
def test_a_record_that_can_t_be_kept_ends_the_run(tmp_path: Path, moment: str) -> None:
    attempt = Attempt(tmp_path / "p", COPY)

    def full() -> None:
        raise OSError(28, "no space left on device")

    attempt.at[moment] = full
    result = attempt.run(child())
    assert isinstance(result.error, OutsideError)
    assert "the record of the run can't be kept" in result.error.message
    assert attempt.unchanged()


def test_a_door_that_leaves_at_once_kills_the_child(tmp_path: Path) -> None:
    stop = Stop()
    attempt = Attempt(tmp_path / "p", ENDLESS)
    attempt.at["step_start write"] = stop.leave
    result = attempt.run(child(stop))
    assert isinstance(result.error, RemoteError)
    assert "SIGKILL" in result.error.message
    assert workers(os.getpid()) == []
