"""`.ci/run` brings what Debian lacks and hands on what the tests say; here with stand-ins, so nothing is installed."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.house.tree import ROOT, text

NOTING = '#!/bin/sh\necho "${0##*/} $*" >>"$NOTES"\n'


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """Return a folder with all the programs that the script will find."""
    folder = tmp_path / "tools"
    folder.mkdir()
    (folder / "dirname").symlink_to(str(shutil.which("dirname")))
    for name in ("apt-get", "git", "python3", "uv"):
        put(folder, name, NOTING)
    put(folder, "id", "#!/bin/sh\necho 0\n")
    return folder


def put(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(script, "utf-8")
    (folder / name).chmod(0o755)


def checks(tools: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / ".ci" / "run"],
        env={"PATH": str(tools), "NOTES": str(tools / "notes")},
        capture_output=True,
        text=True,
        check=False,
    )


def notes(tools: Path) -> list[str]:
    return (tools / "notes").read_text("utf-8").splitlines() if (tools / "notes").is_file() else []


def test_it_runs_the_readmes_test_command_and_passes_its_end_on(tools: Path) -> None:
    put(tools, "make", NOTING + "exit 7\n")
    assert checks(tools).returncode == 7
    assert notes(tools) == ["make test"]
    assert "\nmake test\n" in text("README.md")


def test_what_is_missing_is_installed(tools: Path) -> None:
    done = checks(tools)
    assert notes(tools) == ["apt-get update -q", "apt-get install -q -y --no-install-recommends make"]
    assert done.returncode == 127


def test_without_uv_the_package_that_makes_environments_is_needed(tools: Path) -> None:
    (tools / "uv").unlink()
    put(tools, "make", NOTING)
    put(tools, "python3", "#!/bin/sh\nexit 1\n")
    assert checks(tools).returncode == 0
    assert notes(tools)[1:] == ["apt-get install -q -y --no-install-recommends python3-venv", "make test"]


def test_who_may_not_install_is_told_what_to_install(tools: Path) -> None:
    put(tools, "id", "#!/bin/sh\necho 1000\n")
    refused = checks(tools)
    assert (refused.returncode, notes(tools)) == (2, [])
    assert "lacks make" in refused.stderr


def test_it_can_be_run() -> None:
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
