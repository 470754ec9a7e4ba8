"""Somebody runs a pipeline elsewhere from the command line."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.keyboard import OSIRIS, Done, left_in, started, typed, variables_of
from tests.e2e.test_interrupt import endless, token
from tests.parity.places import covered
from tests.services.e2b import Loopback, Shape
from tests.unit.app.projects import make

from osiris.remote.sandbox import Sized


def osiris(folder: Path, server: Loopback, *words: str) -> Done:
    """Type `osiris ...` with the variables that lead to a provider."""
    return started(folder, *words, privileged=True, **server.environment())


CITIES = "pipelines/cities.yaml"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Loopback]:
    with Loopback(tmp_path / "sandboxes", {Sized().template: Shape(env=covered())}) as server:
        yield server


@pytest.mark.slow
def test_a_run_in_a_sandbox_looks_like_any_other(tmp_path: Path, server: Loopback) -> None:
    folder = make(tmp_path / "p")
    done = osiris(folder, server, "run", CITIES, "--e2b")
    assert done.code == 0, done.err
    assert done.out.startswith("completed  cities: 2 rows written")
    assert (folder / "output" / "large.csv").read_text("utf-8") == "city\nBrno\nPraha\n"
    assert "large: 2 rows in" in done.err
    (run,) = typed(folder, "logs", "list", "--json").document["runs"]
    assert (run["status"], run["total_rows"]) == ("completed", 2)
    assert server.sandboxes == {}


@pytest.mark.slow
def test_a_run_in_a_child_process_looks_like_any_other(tmp_path: Path) -> None:
    done = started(make(tmp_path), "run", CITIES, "--isolated", "--max-memory", "2000", "--max-time", "300")
    assert done.code == 0, done.err
    assert (tmp_path / "output" / "large.csv").read_text("utf-8") == "city\nBrno\nPraha\n"


@pytest.mark.slow
@pytest.mark.parametrize("place", ["--isolated", "--e2b"])
def test_an_interrupt_ends_what_goes_on_elsewhere(tmp_path: Path, server: Loopback, place: str) -> None:
    folder = tmp_path / "p"
    folder.mkdir()
    before = left_in(endless(folder))
    process = subprocess.Popen(
        [OSIRIS, "run", "-v", "pipelines/endless.yaml", "--approve", token(folder), place],
        cwd=folder,
        env=variables_of(folder, **server.environment()),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    assert next(line for line in process.stderr if "step_progress" in line)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert process.returncode == 130, err
    assert out.startswith("interrupted  endless: 0 rows written")
    assert left_in(folder) == before
    assert server.sandboxes == {}


@pytest.mark.slow
def test_a_host_that_is_killed_leaves_an_orphan_that_sweep_ends(tmp_path: Path, server: Loopback) -> None:
    folder = tmp_path / "p"
    folder.mkdir()
    before = left_in(endless(folder))
    process = subprocess.Popen(
        [OSIRIS, "run", "-v", "pipelines/endless.yaml", "--approve", token(folder), "--e2b"],
        cwd=folder,
        env=variables_of(folder, **server.environment()),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    assert next(line for line in process.stderr if "step_progress" in line)
    process.kill()
    process.communicate()
    assert left_in(folder) == before
    assert len(server.sandboxes) == 1
    swept = osiris(folder, server, "e2b", "sweep")
    assert (swept.code, "ended" in swept.out) == (0, True), swept.err
    assert server.sandboxes == {}
    again = osiris(folder, server, "e2b", "sweep")
    assert "there is no sandbox of Osiris's" in again.err
    (run,) = typed(folder, "logs", "list", "--json").document["runs"]
    assert run["status"] == "killed"


@pytest.mark.slow
def test_somebody_builds_a_template_and_looks_at_it(tmp_path: Path, server: Loopback) -> None:
    folder = make(tmp_path / "p")
    built = osiris(folder, server, "e2b", "template", "build", "--cpu", "4")
    assert built.code == 0, built.err
    assert built.out == f"built {Sized(cpu=4).template}\n"
    assert "pip install" in built.err
    listed = osiris(folder, server, "e2b", "template", "list")
    assert [line.split()[:2] for line in listed.out.splitlines()] == [
        ["template", "cpu"],
        ["base", "2"],
        [Sized().template, "2"],
        [Sized(cpu=4).template, "4"],
    ]


@pytest.mark.slow
def test_somebody_compares_places(tmp_path: Path, server: Loopback) -> None:
    folder = make(tmp_path / "p")
    same = osiris(folder, server, "parity", CITIES, "--on", "local,isolated,e2b")
    assert same.code == 0, same.err
    assert same.out.splitlines()[-1] == "all of them did the same"
    server.templates[Sized().template] = Shape(path="/usr/bin")
    other = osiris(folder, server, "parity", CITIES, "--on", "local,e2b")
    assert other.code == 4
    assert "! e2b ends with" in other.out
    assert not (folder / "output").exists()
