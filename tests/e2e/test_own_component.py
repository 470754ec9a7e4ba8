"""A component of somebody else's, installed as anything is, works like those that come with Osiris."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.docs.snippets import blocks
from tests.house.tree import ROOT, text
from tests.unit.app.projects import make

pytestmark = pytest.mark.slow
OSIRIS = str(Path(sys.executable).with_name("osiris"))
THERE_AND_BACK = """\
oml_version: "0.1.0"
name: there-and-back
steps:
  - {id: cities, component: filesystem.csv_extractor, mode: read, config: {path: data/cities.csv}}
  - {id: keep, component: arrow.writer, mode: write, needs: [cities], config: {path: output/cities.arrow}}
  - {id: kept, component: arrow.extractor, mode: read, needs: [keep], config: {path: output/cities.arrow}}
  - {id: write, component: filesystem.csv_writer, mode: write, needs: [kept], config: {path: output/again.csv}}
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the example package installed in it, without a network."""
    folder = tmp_path_factory.mktemp("installed")
    install(shutil.copytree(ROOT / "examples" / "osiris-arrow", folder / "package"), folder)
    return folder


def install(package: Path, folder: Path) -> None:
    words = ["--quiet", "--no-build-isolation", "--no-deps", "--no-index", "--target", str(folder / "site")]
    subprocess.run([sys.executable, "-m", "pip", "install", *words, str(package)], check=True)


def run(site: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(site / "site")}
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_its_contract_tests_pass_as_it_was_made(site: Path) -> None:
    done = run(site, site / "package", sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests")
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


def test_it_is_listed_described_and_run(site: Path, tmp_path: Path) -> None:
    make(tmp_path)
    listed = run(site, tmp_path, OSIRIS, "components", "list", "arrow", "--json")
    assert [one["name"] for one in json.loads(listed.stdout)["components"]] == ["arrow.extractor", "arrow.writer"]
    assert "Read a file of arrow" in run(site, tmp_path, OSIRIS, "components", "show", "arrow.extractor").stdout
    (tmp_path / "pipelines" / "there.yaml").write_text(THERE_AND_BACK, "utf-8")
    for place in ((), ("--isolated",)):
        done = run(site, tmp_path, OSIRIS, "run", "pipelines/there.yaml", *place)
        assert done.returncode == 0, done.stderr
        again = (tmp_path / "output" / "again.csv").read_text("utf-8")
        assert again == (tmp_path / "data" / "cities.csv").read_text("utf-8")


def test_the_component_of_the_tutorial_reads_what_the_tutorial_says(tmp_path: Path) -> None:
    assert run(tmp_path, tmp_path, OSIRIS, "components", "new", "weather").returncode == 0
    for block in blocks(text("docs/write-a-component.md")):
        if title := block.words.get("title"):
            (tmp_path / title).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / title).write_text(block.text, "utf-8")
    install(tmp_path / "osiris-weather", tmp_path)
    (tmp_path / "data").mkdir()
    days = ("01-01T12:00 Brno -3.5", "01-01T13:00 Brno -4", "01-02T12:00 Brno 1", "01-01T12:00 Praha -9")
    readings = [f"2024-{day}" for day in days]
    (tmp_path / "data" / "january.txt").write_text("\n".join(readings), "utf-8")
    done = run(tmp_path, tmp_path, OSIRIS, "run", "pipelines/cold-days.yaml", "--strict")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "output" / "cold_days.csv").read_text("utf-8") == "day,coldest\n2024-01-01,-4.0\n"
    (tmp_path / "data" / "january.txt").write_text(f"{readings[0]}\n2024-01-02 hush-hush\n", "utf-8")
    done = run(tmp_path, tmp_path, OSIRIS, "run", "pipelines/cold-days.yaml")
    assert done.returncode != 0
    assert "line 2 of 'data/january.txt' is no reading" in done.stderr
    assert "hush-hush" not in done.stderr
    contract = run(
        tmp_path, tmp_path / "osiris-weather", sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"
    )
    assert contract.returncode == 0, contract.stdout
