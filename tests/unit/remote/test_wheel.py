"""The wheel of the code that runs here."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from osiris import __version__
from osiris.remote.wheel import build_wheel, constraints, extras


def test_the_same_code_makes_the_same_wheel(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, second = (build_wheel(tmp_path / name) for name in "ab")
    assert first.name == f"osiris_etl-{__version__}-py3-none-any.whl"
    with zipfile.ZipFile(first) as wheel:
        names = wheel.namelist()
    assert {"osiris/remote/worker.py", f"osiris_etl-{__version__}.dist-info/entry_points.txt"} <= set(names)
    assert not [name for name in names if "__pycache__" in name]
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.slow
def test_pip_installs_the_wheel_and_finds_its_families(tmp_path: Path) -> None:
    wheel, into = build_wheel(tmp_path), tmp_path / "installed"
    pip = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--quiet", "--target", str(into)]
    subprocess.run([*pip, str(wheel)], check=True, capture_output=True)
    asks = (
        "from osiris.kit.registry import Registry; import osiris; print(osiris.__file__, Registry.installed().loaders)"
    )
    found = subprocess.run(
        [sys.executable, "-c", asks], env={"PYTHONPATH": str(into)}, capture_output=True, text=True, check=True
    )
    assert str(into) in found.stdout
    assert "'filesystem'" in found.stdout


def test_versions_are_those_that_are_installed_here() -> None:
    pins = constraints(("mysql",)).splitlines()
    assert any(pin.startswith("pyarrow==") for pin in pins)
    assert any(pin.lower().startswith("pymysql==") for pin in pins)
    assert not [pin for pin in pins if pin.startswith("prompt-toolkit")]
    assert {"mysql", "postgres"} <= set(extras())
