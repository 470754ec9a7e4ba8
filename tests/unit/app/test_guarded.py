"""No pipeline touches the files that Osiris goes by."""

from pathlib import Path

import pytest
from tests.unit.app.projects import PIPELINE, make, opened

from osiris.app.pipelines import CheckPipeline, PlanPipeline, check_pipeline, plan_pipeline
from osiris.app.project import Door
from osiris.model.errors import Forbidden

READ, WRITE = "data/cities.csv", "output/large.csv"
CONFINED = Door(confined=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (make(tmp_path) / ".env").write_text("PASSWORD=x\n", "utf-8")
    (tmp_path / ".env.local").write_text("PASSWORD=x\n", "utf-8")
    (tmp_path / ".env.example").write_text("PASSWORD,y\n1,2\n", "utf-8")
    (tmp_path / "data" / "link").symlink_to(tmp_path / ".env")
    return tmp_path


@pytest.mark.parametrize(
    "path", [".env", "./data/../.env", ".env.local", "data/link", "osiris_connections.yaml", ".osiris_sessions/x"]
)
def test_what_holds_secrets_is_not_read(folder: Path, path: str) -> None:
    checked = check_pipeline(opened(folder), CheckPipeline(text=PIPELINE.replace(READ, path)))
    assert [finding.message for finding in checked.diagnostics] == [f"{path!r} is a file that Osiris goes by"]


def test_a_link_that_leads_round_in_a_circle_is_no_file(folder: Path) -> None:
    (folder / "data" / "loop").symlink_to("loop")
    checked = check_pipeline(opened(folder), CheckPipeline(text=PIPELINE.replace(READ, "data/loop")))
    assert "there is no file 'data/loop'" in [finding.why for finding in checked.diagnostics]


@pytest.mark.parametrize(
    "path",
    [
        ".env",
        "osiris.yaml",
        "OSIRIS.md",
        "pipelines/x.csv",
        "build/x.csv",
        "logs/x.csv",
        ".osiris_cache/x.csv",
        ".git/x",
    ],
)
def test_what_decides_is_not_written(folder: Path, path: str) -> None:
    with pytest.raises(Forbidden, match="goes by"):
        plan_pipeline(opened(folder), PlanPipeline(text=PIPELINE.replace(WRITE, path)))


def test_the_rest_of_the_project_is_free(folder: Path) -> None:
    text = (
        PIPELINE.replace(WRITE, "data/large.csv").replace(READ, ".env.example").replace("columns: {people: bigint}", "")
    )
    assert [
        f.message
        for f in check_pipeline(opened(folder), CheckPipeline(text=text)).diagnostics
        if "goes by" in f.message
    ] == []


def test_a_pipeline_that_a_model_wrote_stays_inside(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    text = PIPELINE.replace(WRITE, f"{outside}/large.csv")
    plan_pipeline(opened(folder), PlanPipeline(text=text))
    with pytest.raises(Forbidden, match="lies outside the project"):
        plan_pipeline(opened(folder, CONFINED), PlanPipeline(text=text))


def test_a_folder_that_a_connection_names_is_inside(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (folder / "osiris_connections.yaml").write_text(f"filesystem: {{far: {{base_dir: '{outside}'}}}}\n", "utf-8")
    text = PIPELINE.replace("{path: output/large.csv}", '{path: large.csv, connection: "@filesystem.far"}')
    assert plan_pipeline(opened(folder, CONFINED), PlanPipeline(text=text)).writes[0].target.endswith("large.csv")
