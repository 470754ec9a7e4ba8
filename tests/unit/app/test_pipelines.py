"""From a text to a manifest, its plan, and files that keep them."""

from pathlib import Path

import pytest
import yaml
from tests.unit.app.projects import CITIES, PIPELINE, make, opened, with_shop

from osiris.app.files import write_beside
from osiris.app.pipelines import (
    CheckPipeline,
    CompilePipeline,
    PlanPipeline,
    SavePipeline,
    check_pipeline,
    compile_file,
    plan_pipeline,
    save_pipeline,
)
from osiris.model.errors import OmlError, UsageError
from osiris.model.oml import slug

FILE = "pipelines/cities.yaml"
TO_SHOP = """\
oml_version: "0.1.0"
name: to-shop
steps:
  - {id: cities, component: filesystem.csv_extractor, mode: read, config: {path: data/cities.csv}}
  - id: write
    component: duckdb.writer
    mode: write
    config: {connection: "@duckdb", table: customers, write_mode: MODE}
"""


def test_a_right_pipeline_is_valid(tmp_path: Path) -> None:
    checked = check_pipeline(opened(make(tmp_path)), CheckPipeline(file=FILE))
    assert (checked.valid, checked.name, checked.diagnostics) == (True, "cities", ())


def test_the_text_itself_is_checked_too(tmp_path: Path) -> None:
    project = opened(make(tmp_path))
    by_file, by_text = CheckPipeline(file=FILE), CheckPipeline(text=PIPELINE)
    assert check_pipeline(project, by_text) == check_pipeline(project, by_file)


def test_a_wrong_pipeline_is_told_with_all_its_faults(tmp_path: Path) -> None:
    wrong = PIPELINE.replace("csv_writer", "csv_writter").replace("people >=", "peple >=")
    checked = check_pipeline(opened(make(tmp_path)), CheckPipeline(text=wrong))
    assert not checked.valid
    assert {finding.step_id for finding in checked.diagnostics} == {"large", "write"}
    assert all(finding.line for finding in checked.diagnostics)


def test_compiling_leaves_the_manifest_its_text_and_its_settings(tmp_path: Path) -> None:
    project = opened(make(tmp_path))
    reply = compile_file(project, CompilePipeline(file=FILE))
    folder = tmp_path / reply.folder
    files = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    assert files == [
        "cfg/cities.json", "cfg/large.json", "cfg/write.json", "manifest.yaml", "pipeline.yaml", "plan.json"
    ]  # fmt: skip
    assert (reply.name, reply.steps) == ("cities", 3)
    assert (folder / "pipeline.yaml").read_text("utf-8") == PIPELINE
    assert (tmp_path / "build" / "LATEST").read_text("utf-8") == f"{folder.relative_to(tmp_path / 'build')}\n"


def test_compiling_elsewhere_leaves_the_latest_alone(tmp_path: Path) -> None:
    reply = compile_file(opened(make(tmp_path)), CompilePipeline(file=FILE, out="out"))
    assert (tmp_path / "out" / "manifest.yaml").is_file()
    assert reply.manifest == "out/manifest.yaml"
    assert not (tmp_path / "build").exists()


def test_what_is_refused_carries_its_findings(tmp_path: Path) -> None:
    with pytest.raises(OmlError, match=r"the pipeline has 1 error$") as caught:
        compile_file(opened(make(tmp_path)), CompilePipeline(text=PIPELINE.replace("csv_writer", "csv_writter")))
    assert caught.value.diagnostics
    assert caught.value.where == "the text"
    assert not (tmp_path / "build").exists()


@pytest.mark.parametrize("name", ["", "manifest.yaml"])
def test_a_manifest_is_planned_as_it_is(tmp_path: Path, name: str) -> None:
    project = opened(make(tmp_path))
    folder = compile_file(project, CompilePipeline(file=FILE, params={"least": "1"})).folder
    plan = plan_pipeline(project, PlanPipeline(file=f"{folder}/{name}" if name else folder))
    assert plan.params == {"least": "1"}
    assert plan.token == plan_pipeline(project, PlanPipeline(last_compile=True)).token
    assert plan.token != plan_pipeline(project, PlanPipeline(file=FILE)).token


def test_a_manifest_that_was_changed_is_refused(tmp_path: Path) -> None:
    project = opened(make(tmp_path))
    manifest = tmp_path / compile_file(project, CompilePipeline(file=FILE)).manifest
    manifest.write_bytes(manifest.read_bytes().replace(b"200000", b"1"))
    with pytest.raises(UsageError, match="was changed by hand"):
        plan_pipeline(project, PlanPipeline(last_compile=True))


def test_a_manifest_whose_text_was_changed_is_refused(tmp_path: Path) -> None:
    project = opened(make(tmp_path))
    folder = tmp_path / compile_file(project, CompilePipeline(file=FILE)).folder
    (folder / "pipeline.yaml").write_text("other", "utf-8")
    with pytest.raises(UsageError, match="was changed by hand"):
        plan_pipeline(project, PlanPipeline(last_compile=True))


@pytest.mark.parametrize("content", ["", "just text", "name: [", "{name: x}"])
def test_what_is_no_manifest_is_refused(tmp_path: Path, content: str) -> None:
    project = opened(make(tmp_path))
    manifest = tmp_path / compile_file(project, CompilePipeline(file=FILE)).manifest
    manifest.write_text(content, "utf-8")
    with pytest.raises(UsageError, match="cannot read the manifest"):
        plan_pipeline(project, PlanPipeline(last_compile=True))


def test_nothing_compiled_yet_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing has been compiled here yet"):
        plan_pipeline(opened(make(tmp_path)), PlanPipeline(last_compile=True))


@pytest.mark.parametrize("latest", [b"cities/cities-0\n", b"", b"\xff"])
def test_a_compiled_folder_that_is_gone_is_said(tmp_path: Path, latest: bytes) -> None:
    (make(tmp_path) / "build").mkdir()
    (tmp_path / "build" / "LATEST").write_bytes(latest)
    with pytest.raises(UsageError, match="cannot read the manifest"):
        plan_pipeline(opened(tmp_path), PlanPipeline(last_compile=True))


def test_two_pipelines_at_once_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="name two pipelines"):
        plan_pipeline(opened(make(tmp_path)), PlanPipeline(file=FILE, last_compile=True))


@pytest.mark.parametrize(("params", "profile"), [({"least": "1"}, ""), ({}, "all")])
def test_a_manifest_takes_nothing_that_it_was_compiled_with(
    tmp_path: Path, params: dict[str, str], profile: str
) -> None:
    compile_file(opened(make(tmp_path)), CompilePipeline(file=FILE))
    with pytest.raises(UsageError, match="compiled with its own"):
        plan_pipeline(opened(tmp_path, profile=profile), PlanPipeline(last_compile=True, params=params))


def test_parameters_come_from_the_line_then_the_environment_then_the_profile(tmp_path: Path) -> None:
    make(tmp_path)
    ask, line = PlanPipeline(file=FILE), PlanPipeline(file=FILE, params={"least": "3"})
    used = [
        plan_pipeline(opened(tmp_path, profile="all", OSIRIS_PARAM_LEAST="2"), line).params["least"],
        plan_pipeline(opened(tmp_path, profile="all", OSIRIS_PARAM_LEAST="2"), ask).params["least"],
        plan_pipeline(opened(tmp_path, profile="all"), ask).params["least"],
        plan_pipeline(opened(tmp_path), ask).params["least"],
    ]
    assert used == ["3", "2", "0", "200000"]


def test_a_file_of_somebody_else_is_not_replaced_without_a_yes(tmp_path: Path) -> None:
    project = opened(make(tmp_path))
    assert not plan_pipeline(project, PlanPipeline(file=FILE)).destructive
    (tmp_path / "output").mkdir()
    (tmp_path / "output" / "large.csv").write_text("mine\n", "utf-8")
    plan = plan_pipeline(project, PlanPipeline(file=FILE))
    assert plan.writes[0].destructive == "output/large.csv exists, and this pipeline did not write what is in it"


def test_a_plan_without_a_look_opens_nothing(tmp_path: Path) -> None:
    (make(tmp_path) / "output").mkdir()
    (tmp_path / "output" / "large.csv").write_text("mine\n", "utf-8")
    plan = plan_pipeline(opened(tmp_path), PlanPipeline(file=FILE, look=False))
    assert plan.writes[0].state is None
    assert not plan.destructive


@pytest.mark.parametrize(
    ("mode", "reason"),
    [("append", ""), ("replace", "@duckdb.shop/customers holds 2 rows that will be replaced")],
)
def test_rows_of_a_table_are_not_replaced_without_a_yes(tmp_path: Path, mode: str, reason: str) -> None:
    plan = plan_pipeline(opened(with_shop(tmp_path)), PlanPipeline(text=TO_SHOP.replace("MODE", mode)))
    assert plan.writes[0].destructive == reason


def test_saving_keeps_the_text_byte_for_byte(tmp_path: Path) -> None:
    project = opened(make(tmp_path))
    text = PIPELINE.replace("name: cities", "name: large-ones")
    saved = save_pipeline(project, SavePipeline(text=text))
    assert (saved.file, saved.replaced, saved.checked.valid) == ("pipelines/large-ones.yaml", False, True)
    assert (tmp_path / saved.file).read_bytes() == text.encode()
    assert not save_pipeline(project, SavePipeline(text=text)).replaced
    assert save_pipeline(project, SavePipeline(text=f"{text}# more\n")).replaced


def test_a_draft_with_faults_is_kept_so_that_it_can_be_mended(tmp_path: Path) -> None:
    saved = save_pipeline(opened(make(tmp_path)), SavePipeline(text=PIPELINE.replace("csv_writer", "csv_writter")))
    assert not saved.checked.valid
    assert (tmp_path / saved.file).is_file()


def test_what_has_no_name_is_not_saved(tmp_path: Path) -> None:
    with pytest.raises(OmlError, match="not a pipeline"):
        save_pipeline(opened(make(tmp_path)), SavePipeline(text="- 1\n"))


@pytest.mark.parametrize(
    ("file", "message", "hint"),
    [
        ("", "no pipeline was named", "give a file"),
        ("pipelines", "'pipelines' is a folder", "name a pipeline file"),
        ("pipelines/citis.yaml", "there is no file 'pipelines/citis.yaml'", "here are: cities.yaml"),
        ("nowhere/at.yaml", "there is no file 'nowhere/at.yaml'", "check the path"),
        ("data/x.yaml", "there is no file 'data/x.yaml'", "check the path"),
    ],
)
def test_a_file_that_is_not_there_is_a_clear_error(tmp_path: Path, file: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        plan_pipeline(opened(make(tmp_path)), PlanPipeline(file=file))
    assert hint in caught.value.hint


def test_a_name_fits_a_path() -> None:
    assert [slug(name) for name in ("top-10", "Größte Städte!", "../x", "---")] == [
        "top-10",
        "gr--te-st-dte",
        "x",
        "pipeline",
    ]


def test_a_folder_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot write"):
        write_beside(tmp_path / "file" / "x", b"")


def test_nothing_is_left_of_a_write_that_failed(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    with pytest.raises(UsageError):
        write_beside(tmp_path / "x", b"new")
    assert [p.name for p in tmp_path.iterdir()] == ["x"]


def test_the_same_project_elsewhere_gives_the_same_bytes(tmp_path: Path) -> None:
    here, there = (opened(make(tmp_path / name)) for name in ("here", "there"))
    first, second = (compile_file(project, CompilePipeline(file=FILE)) for project in (here, there))
    assert first == second
    assert (here.root / first.manifest).read_bytes() == (there.root / first.manifest).read_bytes()
    assert yaml.safe_load((here.root / first.manifest).read_bytes())["name"] == "cities"
    assert CITIES


def test_a_file_that_is_none_is_a_clear_error(tmp_path: Path) -> None:
    (make(tmp_path) / "file").touch()
    with pytest.raises(UsageError, match=r"cannot read 'file/x\.yaml': Not a directory"):
        plan_pipeline(opened(tmp_path), PlanPipeline(file="file/x.yaml"))


def test_a_manifest_does_not_keep_what_is_sensitive_and_says_so(tmp_path: Path) -> None:
    text = PIPELINE.replace("default: 200000}", "default: 200000, sensitive: true}")
    project = opened(make(tmp_path))
    manifest = compile_file(project, CompilePipeline(text=text, params={"least": "777777"})).manifest
    assert b"777777" not in (tmp_path / manifest).read_bytes()
    with pytest.raises(UsageError, match="does not keep the value of the sensitive parameter 'least'"):
        plan_pipeline(project, PlanPipeline(last_compile=True))
