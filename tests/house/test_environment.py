"""`scripts/environment` makes `.venv` from a lock; here with stand-ins for Python and uv, so nothing is fetched."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.house.tree import ROOT, text

# Whatever it is asked, it says how old it is.
OLD = "#!/bin/sh\necho 3.9.18\n"
# A Python as Debian has it without the package python3-venv.
BARE = f'#!/bin/sh\ncase "$*" in *ensurepip*) exit 1 ;; esac\nexec "{sys.executable}" "$@"\n'
PLAIN = f'#!/bin/sh\nexec "{sys.executable}" "$@"\n'
# Notes what it is asked; an environment is a folder with a Python in it.
UV = """#!/bin/sh
echo "$*" >>uv.calls
if [ "$1" = venv ]; then
    mkdir -p .venv/bin
    ln -s "$(command -v "$5")" .venv/bin/python
fi
"""
# A Python whose pip notes what it is asked instead; an environment is as above.
PIP = f"""#!/bin/sh
case "$*" in
    "-m venv .venv") mkdir -p .venv/bin && ln -s "$0" .venv/bin/python ;;
    "-m pip"*) echo "$*" >>pip.calls ;;
    *) exec "{sys.executable}" "$@" ;;
esac
"""


@dataclass
class House:
    """A house with its script, its locks and nothing else.

    Attributes:
        tools: The only programs beside the system's plainest ones.
    """

    root: Path
    tools: Path

    def tool(self, name: str, script: str) -> None:
        """Put a program on the path."""
        (self.tools / name).write_text(script, "utf-8")
        (self.tools / name).chmod(0o755)

    def make(self, kind: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Ask for an environment."""
        return subprocess.run(
            [self.root / "scripts" / "environment", kind],
            env={"PATH": str(self.tools)} | variables,
            capture_output=True,
            text=True,
            check=False,
        )

    def calls(self, tool: str = "uv") -> list[str]:
        """Return what uv or pip was asked, and forget it."""
        noted = self.root / f"{tool}.calls"
        lines = noted.read_text("utf-8").splitlines() if noted.is_file() else []
        noted.unlink(missing_ok=True)
        return lines


@pytest.fixture
def house(tmp_path: Path) -> House:
    root, tools = tmp_path / "a house", tmp_path / "tools"
    (root / "scripts").mkdir(parents=True)
    tools.mkdir()
    for name in ("scripts/environment", "pyproject.toml", "requirements.lock", "requirements-dev.lock"):
        shutil.copy(ROOT / name, root / name)
    for name in ("cat", "chmod", "cksum", "dirname", "grep", "ln", "mkdir", "rm", "sh", "tr"):
        (tools / name).symlink_to(str(shutil.which(name)))
    return House(root, tools)


@pytest.fixture
def with_uv(house: House) -> House:
    house.tool("python3", PLAIN)
    house.tool("uv", UV)
    return house


def test_an_old_python_is_refused_in_one_sentence(house: House) -> None:
    house.tool("python3", OLD)
    refused = house.make("run")
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert "needs Python 3.11 or newer, and python3 is 3.9.18" in refused.stderr


def test_no_python_is_refused_in_one_sentence(house: House) -> None:
    refused = house.make("run", PYTHON="python9")
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "python9 is not there" in refused.stderr


def test_a_newer_python_beside_an_old_one_is_found(with_uv: House) -> None:
    with_uv.tool("python3", OLD)
    with_uv.tool("python3.12", PLAIN)
    assert with_uv.make("run").returncode == 0
    assert f"--python {with_uv.tools / 'python3.12'} .venv" in with_uv.calls()[0]


def test_without_venv_the_package_to_install_is_named(house: House) -> None:
    house.tool("python3", BARE)
    refused = house.make("run")
    assert refused.returncode == 2
    assert "apt-get install python3-venv" in refused.stderr


@pytest.mark.parametrize(("kind", "lock"), [("run", "requirements.lock"), ("dev", "requirements-dev.lock")])
def test_an_environment_comes_from_its_lock_by_hash(with_uv: House, kind: str, lock: str) -> None:
    assert with_uv.make(kind).returncode == 0
    _, locked, itself = with_uv.calls()
    assert locked.endswith(f"--require-hashes --no-deps -r {lock}")
    assert itself.endswith("--no-deps --no-build-isolation -e .")


def test_without_uv_pip_does_the_same(house: House) -> None:
    house.tool("python3", PIP)
    assert house.make("run").returncode == 0
    locked, itself = (call for call in house.calls("pip") if "install" in call)
    assert locked.endswith("--require-hashes --no-deps -r requirements.lock")
    assert itself.endswith("--no-deps --no-build-isolation -e .")
    house.make("run")
    assert house.calls("pip") == []


def test_a_second_call_does_nothing(with_uv: House) -> None:
    with_uv.make("run")
    with_uv.calls()
    assert with_uv.make("run").stderr == ""
    assert with_uv.calls() == []


def test_who_has_the_tools_can_run_osiris(with_uv: House) -> None:
    with_uv.make("dev")
    with_uv.calls()
    with_uv.make("run")
    assert with_uv.calls() == []


def test_a_changed_lock_is_installed_into_what_is_there(with_uv: House) -> None:
    with_uv.make("dev")
    with_uv.calls()
    with (with_uv.root / "requirements-dev.lock").open("a", encoding="utf-8") as lock:
        lock.write("\n")
    with_uv.make("run")
    calls = with_uv.calls()
    assert [call.split()[:2] for call in calls] == [["pip", "install"], ["pip", "install"]]
    assert "requirements-dev.lock" in calls[0]


def test_a_failed_install_is_tried_again(with_uv: House) -> None:
    with_uv.tool("uv", UV + '[ "$1" = venv ]\n')
    assert with_uv.make("run").returncode != 0
    with_uv.tool("uv", UV)
    with_uv.calls()
    assert with_uv.make("run").returncode == 0
    assert len(with_uv.calls()) == 2


def test_an_environment_that_was_moved_is_made_anew(with_uv: House) -> None:
    with_uv.make("run")
    with_uv.calls()
    moved = House(with_uv.root.rename(with_uv.root.with_name("another house")), with_uv.tools)
    moved.make("run")
    assert [call.split()[0] for call in moved.calls()] == ["venv", "pip", "pip"]


def test_the_oldest_python_is_the_one_that_the_project_names() -> None:
    assert 'requires-python = ">=3.11"' in text("pyproject.toml")
    assert "OLDEST=11 " in text("scripts/environment")
