"""Whatever happens to a sandbox, or on the way to it: a clear error, every target as it was, and no sandbox left."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.faults.elsewhere import COPY, ENDLESS, Attempt, in_sandbox
from tests.parity.places import HEAD, PIPELINES, READ, covered, loopback, sandboxed
from tests.services import mysql
from tests.services.e2b import KEY, Fault, Loopback, Shape

from osiris.model.errors import (
    CheckFailed,
    ConfigError,
    ConnectError,
    LimitReached,
    OsirisError,
    RemoteBusy,
    RemoteError,
    SecretMissing,
    TargetError,
)
from osiris.model.events import E2bOverhead, HostWarned
from osiris.remote.e2b import Access, Gone
from osiris.remote.sandbox import Sized
from osiris.runtime.stop import Stop

START, FILES, SAY = "process.Process/Start", "POST /files", "process.Process/SendInput"
HELLO = 1  # messages of a worker's stream before it is told its errand


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Loopback]:
    with loopback(tmp_path / "sandboxes") as server:
        yield server


@pytest.fixture
def attempt(tmp_path: Path) -> Attempt:
    return Attempt(tmp_path / "p")


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault("POST /v2/sandboxes", 500, "out of order"), (RemoteError, 1, "E2B refuses to start a sandbox")),
        (Fault("POST /v2/sandboxes", 429, "quota"), (RemoteBusy, 7, "E2B gives no more at present")),
        (Fault("POST /v2/sandboxes", 503, "no room"), (RemoteBusy, 7, "E2B has no room at present")),
        (Fault("POST /v2/sandboxes", 401, "who?"), (ConnectError, 5, "E2B refuses the key")),
        (Fault("POST /v2/sandboxes", 404, "no template"), (ConfigError, 2, "your account has no template")),
        (Fault(FILES, 507, "disk full"), (RemoteError, 1, "the sandbox's disk is full")),
        (Fault(FILES, 500, "broken"), (RemoteError, 1, "E2B refuses to send files into the sandbox")),
        (Fault(START, 500, "broken"), (RemoteError, 1, "E2B refuses to start the worker")),
        (Fault(SAY, 500, "broken"), (RemoteError, 1, "E2B refuses to talk to the worker")),
        (Fault("GET /files", 500, "broken"), (RemoteError, 1, "E2B refuses to fetch files from the sandbox")),
    ],
    ids=lambda value: f"{value.at} {value.status}" if isinstance(value, Fault) else None,
)
def test_what_the_provider_refuses_is_said_and_nothing_has_changed(
    attempt: Attempt, server: Loopback, fault: Fault, expected: tuple[type[OsirisError], int, str]
) -> None:
    kind, exit_code, says = expected
    server.faults = [fault]
    with in_sandbox(attempt, server) as result:
        assert isinstance(result.error, kind)
        assert result.exit_code == exit_code
        assert says in result.error.message
        assert result.error.hint
    assert attempt.unchanged()


@pytest.mark.slow
def test_a_provider_that_is_busy_for_a_moment_is_asked_again(attempt: Attempt, server: Loopback) -> None:
    server.faults = [Fault("POST /v2/sandboxes", 429, "wait", final=False)]
    with in_sandbox(attempt, server) as result:
        assert result.status == "completed"


@pytest.mark.parametrize(
    ("key", "kind", "exit_code"), [("", SecretMissing, 2), (f"{KEY}1", ConnectError, 5)], ids=["missing", "wrong"]
)
def test_without_the_right_key_there_is_no_sandbox(
    attempt: Attempt, server: Loopback, key: str, kind: type[OsirisError], exit_code: int
) -> None:
    with in_sandbox(attempt, server, access=Access(key, api_url=server.url)) as result:
        assert isinstance(result.error, kind)
        assert "E2B_API_KEY" in f"{result.error.message} {result.error.hint}"
        assert result.exit_code == exit_code
    assert attempt.unchanged()


def test_a_provider_that_can_t_be_reached_may_be_tried_again(attempt: Attempt, tmp_path: Path) -> None:
    with loopback(tmp_path / "sandboxes") as server:
        pass
    with in_sandbox(attempt, server) as result:
        assert isinstance(result.error, RemoteBusy)
        assert (result.exit_code, result.error.retriable) == (7, True)
    assert attempt.unchanged()


@pytest.mark.slow
@pytest.mark.parametrize("cut", [0, 1, 2, 4, 7])
def test_a_stream_that_is_cut_is_taken_up_again_without_a_gap(attempt: Attempt, server: Loopback, cut: int) -> None:
    server.faults = [Fault(START, cut=cut), Fault("process.Process/Connect", cut=1)]
    with in_sandbox(attempt, server) as result:
        assert (result.status, result.total_rows) == ("completed", 2_000)
    kinds = [kind for kind in attempt.kinds() if kind != "step_progress"]
    assert kinds == [
        "run_start",
        "adapter_selected",
        "sandbox_started",
        "step_start",
        "step_start",
        "step_complete",
        "step_complete",
        "write_committed",
        "artifact_created",
        "cleanup_complete",
        "e2b_overhead_ms",
        "run_end",
    ]


@pytest.mark.slow
def test_a_line_that_is_cut_again_and_again_is_given_up(attempt: Attempt, server: Loopback) -> None:
    server.faults = [Fault(START, cut=0), Fault("process.Process/Connect", 500, "no", times=9)]
    server.faults += [Fault("process.Process/Connect", cut=0, times=99)]
    with in_sandbox(attempt, server) as result:
        assert isinstance(result.error, RemoteError)
    assert attempt.unchanged()


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["sandbox_started", "step_start write", "step_complete write"])
def test_a_sandbox_that_dies_is_reported_and_nothing_has_changed(
    attempt: Attempt, server: Loopback, moment: str
) -> None:
    attempt.at[moment] = lambda: [server.end(name) for name in list(server.sandboxes)]
    with in_sandbox(attempt, server) as result:
        assert isinstance(result.error, Gone)
        assert result.error.message == "the sandbox is gone"
        assert (result.status, result.total_rows) == ("failed", 0)
    assert attempt.unchanged()


@pytest.mark.slow
def test_a_sandbox_that_dies_while_files_come_back_changes_nothing(attempt: Attempt, server: Loopback) -> None:
    server.faults = [Fault("GET /files", then=lambda sandbox: server.end(sandbox.sandbox_id))]
    with in_sandbox(attempt, server) as result:
        assert isinstance(result.error, OsirisError)
        assert result.status == "failed"
    assert attempt.unchanged()
    assert "write_committed" not in attempt.kinds()


@pytest.mark.slow
def test_a_sandbox_s_time_is_over(tmp_path: Path, server: Loopback) -> None:
    attempt = Attempt(tmp_path / "p", ENDLESS)
    with in_sandbox(attempt, server, sized=Sized(seconds=2)) as result:
        assert isinstance(result.error, LimitReached)
        assert "after its 2 s" in result.error.message
        assert result.error.hint == "raise --e2b-timeout"
    assert attempt.unchanged()


@pytest.mark.slow
def test_a_full_disk_in_the_sandbox_is_named(tmp_path: Path, server: Loopback) -> None:
    server.templates[Sized().template] = Shape(file_kib=512, env=covered())
    attempt = Attempt(tmp_path / "p", ENDLESS)
    with in_sandbox(attempt, server) as result:
        assert "there is no room for 'output/copy.csv'" in str(result.error)
    assert attempt.unchanged()


@pytest.mark.slow
def test_a_sandbox_with_no_room_for_the_bundle_s_files_is_named(attempt: Attempt, server: Loopback) -> None:
    server.templates[Sized().template] = Shape(file_kib=8, env=covered())
    with in_sandbox(attempt, server) as result:
        assert isinstance(result.error, ConfigError)
        assert "the worker can't begin" in result.error.message
    assert attempt.unchanged()


def test_a_template_without_osiris_is_named(attempt: Attempt, server: Loopback) -> None:
    server.templates[Sized().template] = Shape(path="/usr/bin")
    with in_sandbox(attempt, server) as result:
        assert isinstance(result.error, RemoteError)
        assert "the worker is gone: it ended with 1" in result.error.message
        assert "osiris" in result.error.message
    assert attempt.unchanged()


@pytest.mark.slow
def test_whoever_stops_a_run_ends_its_sandbox(tmp_path: Path, server: Loopback) -> None:
    stop = Stop()
    attempt = Attempt(tmp_path / "p", ENDLESS, {"step_progress": stop.set})
    with in_sandbox(attempt, server, stop=stop) as result:
        assert (result.status, result.exit_code) == ("interrupted", 130)
    assert {e.step_id for e in attempt.said if e.event == "step_failed"} == {"numbers", "write"}
    assert attempt.unchanged()


def test_a_sandbox_that_comes_after_the_run_was_stopped_is_ended_too(attempt: Attempt, server: Loopback) -> None:
    stop, ready = Stop(), threading.Event()
    hold = Fault("POST /v2/sandboxes", wait=ready)
    server.faults = [hold]

    def later() -> None:
        hold.reached.wait(60)
        stop.set()

    thread = threading.Thread(target=later)
    thread.start()
    result = attempt.run(sandboxed(server, stop=stop))
    thread.join()
    assert result.status == "interrupted"
    ended = threading.Event()
    server.faults = [Fault("DELETE /sandboxes", wait=ended)]
    ready.set()
    assert server.faults[0].reached.wait(60)
    ended.set()
    assert attempt.unchanged()


@pytest.mark.slow
def test_whoever_leaves_at_once_ends_the_sandbox_before(tmp_path: Path, server: Loopback) -> None:
    stop = Stop()
    attempt = Attempt(tmp_path / "p", ENDLESS, {"step_progress": stop.leave})
    with in_sandbox(attempt, server, stop=stop) as result:
        assert isinstance(result.error, Gone)
    assert attempt.unchanged()


@pytest.mark.slow
def test_a_sandbox_that_can_t_be_ended_is_told_and_the_run_counts(attempt: Attempt, server: Loopback) -> None:
    server.faults = [Fault("DELETE /sandboxes", 500, "not now", times=9)]
    result = attempt.run(sandboxed(server))
    assert result.status == "completed"
    (warning,) = [event for event in attempt.said if isinstance(event, HostWarned)]
    assert "osiris e2b sweep" in warning.message
    assert len(server.sandboxes) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sized", "fits"),
    [(Sized(cpu=4), False), (Sized(memory_gb=8), False), (Sized(cpu=2, memory_gb=1), True)],
    ids=["cpu", "memory", "both"],
)
def test_resources_are_had_or_refused(attempt: Attempt, server: Loopback, sized: Sized, fits: bool) -> None:
    server.templates[sized.template] = Shape(env=covered())
    with in_sandbox(attempt, server, sized=sized) as result:
        if fits:
            assert result.status == "completed"
        else:
            assert isinstance(result.error, ConfigError)
            assert "2 processors and 1 GB" in result.error.message
    assert fits or attempt.unchanged()


def test_a_template_of_that_size_has_to_be_built(attempt: Attempt, server: Loopback) -> None:
    with in_sandbox(attempt, server, sized=Sized(cpu=16)) as result:
        assert isinstance(result.error, ConfigError)
        assert "-16cpu'" in result.error.message
        assert "osiris e2b template build" in result.error.hint
    assert attempt.unchanged()


@pytest.mark.slow
def test_a_file_that_is_damaged_on_its_way_back_changes_nothing(attempt: Attempt, server: Loopback) -> None:
    def damage(sandbox: Any) -> None:
        (sandbox.root / "osiris-run" / "project" / "output" / "copy.csv").write_bytes(b"damaged")

    server.faults = [Fault("GET /files", then=damage)]
    with in_sandbox(attempt, server) as result:
        assert isinstance(result.error, RemoteError)
        assert "output/copy.csv did not arrive as it was sent" in result.error.message
    assert attempt.unchanged()


@pytest.mark.slow
def test_a_database_that_somebody_else_changed_meanwhile_is_left_alone(tmp_path: Path, server: Loopback) -> None:
    attempt = Attempt(tmp_path / "p", PIPELINES["join"])
    mart = attempt.folder / "data" / "mart.duckdb"
    attempt.at["step_complete duck"] = lambda: mart.write_bytes(mart.read_bytes() + b"\0")
    with in_sandbox(attempt, server) as result:
        assert isinstance(result.error, CheckFailed)
        assert "data/mart.duckdb was changed by somebody else" in result.error.message
        assert result.exit_code == 4
    attempt.before["data/mart.duckdb"] += b"\0"
    assert attempt.unchanged()


@pytest.mark.slow
def test_a_target_that_can_t_be_replaced_here_is_named(attempt: Attempt, server: Loopback) -> None:
    target = attempt.folder / "output" / "copy.csv"

    def block() -> None:
        target.unlink()
        (target / "inside").mkdir(parents=True)

    attempt.at["step_complete write"] = block
    with in_sandbox(attempt, server) as result:
        assert isinstance(result.error, TargetError)
        assert "output/copy.csv can't be put in its place" in result.error.message
        assert result.total_rows == 0


@pytest.mark.slow
def test_installing_osiris_first_is_told_with_its_cost(attempt: Attempt, server: Loopback, tmp_path: Path) -> None:
    server.templates["base"] = Shape(path=f"{with_pip(tmp_path, 0)}:{Shape().path}", env=covered())
    with in_sandbox(attempt, server, sized=Sized(install=True)) as result:
        assert result.status == "completed"
    (warning,) = [event for event in attempt.said if isinstance(event, HostWarned)]
    assert "installing Osiris in the sandbox took" in warning.message
    (cost,) = [event for event in attempt.said if isinstance(event, E2bOverhead)]
    assert cost.install_ms > 0
    (asked,) = (tmp_path / "pip").glob("asked")
    assert "--constraint constraints.txt ./osiris_etl-" in asked.read_text("utf-8")


def test_osiris_that_can_t_be_installed_is_told(attempt: Attempt, server: Loopback, tmp_path: Path) -> None:
    server.templates["base"] = Shape(path=f"{with_pip(tmp_path, 3)}:{Shape().path}")
    with in_sandbox(attempt, server, sized=Sized(install=True)) as result:
        assert isinstance(result.error, RemoteError)
        assert "pip ended with 3" in result.error.message
        assert result.error.why == "no such version"
    assert attempt.unchanged()


def with_pip(folder: Path, code: int) -> Path:
    """Return a folder with a Python whose pip only says that it was asked; sandboxes here reach no index."""
    programs = folder / "pip"
    programs.mkdir()
    script = f"""#!/bin/bash
if [ "$2" = pip ]; then echo "$@" > {programs}/asked; echo "no such version" >&2; exit {code}; fi
exec {Shape().path}/python3 "$@"
"""
    (programs / "python3").write_text(script, "utf-8")
    (programs / "python3").chmod(0o755)
    return programs


INTO_MYSQL = f"""{HEAD}name: both
steps:
{READ}
  - {{id: file, component: filesystem.csv_writer, mode: write, needs: [orders], config: {{path: output/copy.csv}}}}
  - {{id: table, component: mysql.writer, mode: write, needs: [orders],
      config: {{connection: "@mysql.shop", table: orders, write_mode: append}}}}
"""


class TestWithAServer:
    """A target that the sandbox writes itself: no row twice, and none where the file did not arrive."""

    @pytest.fixture
    def rows(self, tmp_path: Path) -> Iterator[Any]:
        with mysql.database() as at:
            self.attempt = Attempt(tmp_path / "p", COPY)
            mysql.ask(at, "CREATE TABLE orders (id BIGINT, customer_id BIGINT, amount DECIMAL(12, 2))")
            fields = f"host: {at.host}, port: {at.port}, user: {at.user}, database: {at.database}"
            with (self.attempt.folder / "osiris_connections.yaml").open("a", encoding="utf-8") as file:
                file.write(f'mysql:\n  shop: {{{fields}, password: "{at.password}"}}\n')
            self.attempt.text = INTO_MYSQL
            yield lambda: mysql.ask(at, "SELECT count(*) FROM orders")[0][0]

    @pytest.mark.slow
    def test_both_targets_are_written_once(self, rows: Any, server: Loopback) -> None:
        with in_sandbox(self.attempt, server) as result:
            assert (result.status, result.total_rows) == ("completed", 4_000)
        assert rows() == 2_000
        assert [e.step_id for e in self.attempt.said if e.event == "write_committed"] == ["table", "file"]

    @pytest.mark.slow
    def test_a_file_that_does_not_arrive_keeps_the_table_as_it_was(self, rows: Any, server: Loopback) -> None:
        server.faults = [Fault("GET /files", 500, "broken")]
        with in_sandbox(self.attempt, server) as result:
            assert result.status == "failed"
        assert rows() == 0

    @pytest.mark.slow
    def test_a_permission_that_never_arrives_keeps_the_table_as_it_was(self, rows: Any, server: Loopback) -> None:
        server.faults = [Fault(SAY, times=1), Fault(SAY, 500, "broken")]
        with in_sandbox(self.attempt, server) as result:
            assert isinstance(result.error, OsirisError)
            assert "look at @mysql.shop/orders before you run it again" in result.error.hint
        assert rows() == 0

    @pytest.mark.slow
    def test_a_line_that_is_cut_at_the_permission_doubles_no_row(self, rows: Any, server: Loopback) -> None:
        server.faults = [Fault(START, cut=9)]
        with in_sandbox(self.attempt, server) as result:
            assert result.status == "completed"
        assert rows() == 2_000
