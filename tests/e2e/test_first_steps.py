"""A newcomer starts a project, proves a pipeline and runs it."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.e2e.keyboard import started
from tests.unit.app.projects import CITIES, PIPELINE

FORBIDDEN = ("pydantic", "rich", "typer", "pyarrow", "duckdb", "osiris.app")


@pytest.mark.slow
def test_from_nothing_to_a_run(tmp_path: Path) -> None:
    made = started(tmp_path, "init", "shop", "--git")
    assert made.code == 0, made.err
    assert "osiris.yaml              made" in made.out
    shop = tmp_path / "shop"
    assert (shop / ".git").is_dir()
    (shop / "data").mkdir()
    (shop / "data" / "cities.csv").write_text(CITIES, "utf-8")
    (shop / "pipelines" / "cities.yaml").write_text(PIPELINE, "utf-8")

    compiled = started(shop / "pipelines", "compile", "cities.yaml")
    assert compiled.code == 0, compiled.err
    assert compiled.out.startswith("compiled cities: 3 steps\n")
    ran = started(shop, "run", "--last-compile")
    assert ran.code == 0, ran.err
    assert ran.out.startswith("completed  cities: 2 rows written in ")
    assert "large: 2 rows in " in ran.err
    assert (shop / "output" / "large.csv").read_text("utf-8") == "city\nBrno\nPraha\n"


def test_version_and_help_import_nothing_that_takes_time(tmp_path: Path) -> None:
    script = tmp_path / "quick.py"
    script.write_text(
        "import sys\nfrom osiris.cli.main import main\n"
        "main(['--version'])\nmain(['--help'])\nmain([])\n"
        f"print([name for name in {FORBIDDEN!r} if name in sys.modules], file=sys.stderr)\n",
        "utf-8",
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"
