"""What is installed from the wheel alone: no checkout, no extra, and the demo runs."""

import os
import re
import subprocess
import sys
import tarfile
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from tests.house.tree import ROOT, text

ENTRY = "import sys; from osiris.cli.main import main; sys.exit(main())"  # what the installed `osiris` does


def built(folder: Path, target: str) -> Path:
    """Return what a release would publish."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (made,) = folder.iterdir()
    return made


def core(folder: Path) -> Path:
    """Return a folder with the packages of the lock without extras, and no other."""
    folder.mkdir()
    for name in re.findall(r"(?m)^([a-z0-9-]+)==", text("requirements.lock")):
        try:
            package = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # one for other systems
        for part in {file.parts[0] for file in package.files or () if file.parts[0] not in ("..", "__pycache__")}:
            if not (folder / part).exists():
                (folder / part).symlink_to(Path(str(package.locate_file(part))))
    return folder


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the interpreter of an environment that holds the wheel and what it requires."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder / "venv", symlinks=True)
    (packages,) = (folder / "venv").glob("lib/python*/site-packages")
    with zipfile.ZipFile(built(folder / "dist", "wheel")) as wheel:
        wheel.extractall(packages)  # noqa: S202 - our own
    (packages / "required.pth").write_text(str(core(folder / "required")))
    return folder / "venv" / "bin" / "python"


def osiris(python: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, "-c", ENTRY, *words],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "NO_COLOR": "1", "COLUMNS": "200", "LANG": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_the_demo_runs_from_the_wheel_alone(python: Path, tmp_path: Path) -> None:
    where = subprocess.run(
        [python, "-c", "import osiris; print(osiris.__file__)"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(where.stdout).is_relative_to(python.parents[1])
    done = osiris(python, tmp_path, "demo", "shop", "--yes")
    assert done.returncode == 0, done.stderr
    assert len((tmp_path / "shop/output/top_customers.csv").read_text("utf-8").splitlines()) == 11


@pytest.mark.slow
def test_without_extras_every_command_explains_itself_and_a_family_names_its_extra(
    python: Path, tmp_path: Path
) -> None:
    listed = osiris(python, tmp_path, "components", "list")
    assert (listed.returncode, "mysql.extractor" in listed.stdout) == (0, True), listed.stderr
    assert osiris(python, tmp_path, "init", "shop").returncode == 0
    (tmp_path / "shop/osiris_connections.yaml").write_text(
        "connections:\n  mysql:\n    far: {host: 127.0.0.1, port: 9, database: shop}\n"
    )
    told = osiris(python, tmp_path / "shop", "connections", "doctor")
    assert told.returncode == 5
    assert "pip install 'osiris-etl[mysql]'" in told.stdout + told.stderr
    talk = osiris(python, tmp_path / "shop", "chat", "--once", "hello")
    assert talk.returncode == 2
    assert "osiris-etl[chat]" in talk.stderr or "API_KEY" in talk.stderr


@pytest.mark.slow
def test_the_source_archive_holds_what_the_wheel_is_made_of_and_nothing_private(tmp_path: Path) -> None:
    with tarfile.open(built(tmp_path / "dist", "sdist")) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"README.md", "LICENSE", "pyproject.toml", "src/osiris/cli/main.py", "PKG-INFO"} <= names
    assert {name for name in names if name.startswith(("testing_env", ".venv", "site/")) or name == ".env"} == set()
