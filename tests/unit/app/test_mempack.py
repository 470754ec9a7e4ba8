"""One bundle of a project for a model to read: what is wanted, in one text, without secrets."""

from pathlib import Path

import pytest
from tests.unit.app.projects import PIPELINE, make, opened, with_shop

from osiris.app.discover import Discover, discover
from osiris.app.mempack import HEAD, Packed, PackProject, pack_project
from osiris.app.runs import RunPipeline, run_pipeline
from osiris.model.errors import CheckFailed, ConfigError, UsageError

RUN = RunPipeline(file="pipelines/cities.yaml")


def bundle(folder: Path, text: str = "", **exported: str) -> tuple[Packed, str]:
    """Return the reply and the text of a bundle."""
    file = ""
    if text:
        file = "mempack.yaml"
        (folder / file).write_text(text, "utf-8")
    packed = pack_project(opened(folder, None, "", **exported), PackProject(file=file))
    return packed, (folder / packed.path).read_text("utf-8")


def test_the_usual_bundle_holds_pipelines_and_the_latest_run_of_each(tmp_path: Path) -> None:
    make(tmp_path)
    for _ in range(2):
        report = run_pipeline(opened(tmp_path), RUN)
    packed, text = bundle(tmp_path)
    assert packed.path == "build/mempack.md"
    assert packed.parts == ("pipelines/cities.yaml", f"run {report.run_id}")
    assert packed.bytes == len(text.encode())
    assert text.startswith(HEAD)
    assert f"```yaml\n{PIPELINE.rstrip()}\n```" in text
    assert f"# run {report.run_id} of pipeline cities: completed" in text


def test_what_is_known_of_sources_is_in_it_and_nothing_is_opened(tmp_path: Path) -> None:
    discover(opened(with_shop(tmp_path)), Discover(connection="@duckdb.shop"))
    packed, text = bundle(tmp_path)
    assert "tables of @duckdb.shop" in packed.parts
    assert "customers (2 rows), key id\n  id BIGINT not null\n  name VARCHAR\n" in text
    assert bundle(tmp_path, "catalogue: false")[0].parts == ("pipelines/cities.yaml",)


def test_a_file_says_what_else_goes_in_and_what_stays_out(tmp_path: Path) -> None:
    make(tmp_path)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("text ```` with ticks\n", "utf-8")
    (tmp_path / "docs" / "b.md").write_text("no", "utf-8")
    packed, text = bundle(
        tmp_path, "output: out/pack.md\npipelines: false\ninclude: [docs/*.md, '**/*.csv']\nexclude: [docs/b.md]\n"
    )
    assert (packed.path, packed.parts) == ("out/pack.md", ("data/cities.csv", "docs/a.md"))
    assert "`````markdown\ntext ```` with ticks\n`````" in text


def test_files_that_hold_secrets_and_links_out_of_the_project_never_go_in(tmp_path: Path) -> None:
    folder = make(tmp_path / "project")
    (tmp_path / "outside.md").write_text("outside", "utf-8")
    (folder / "link.md").symlink_to(tmp_path / "outside.md")
    for name in (".env", ".env.local", "key.pem", "shop.duckdb"):
        (folder / name).write_text("X=1", "utf-8")
    packed, _ = bundle(folder, "pipelines: false\ninclude: ['*', '.*']\n")
    assert packed.parts == ("mempack.yaml",)


@pytest.mark.parametrize("pattern", ["../*", "/etc/passwd", "a/../../b"])
def test_a_pattern_that_leads_out_of_the_project_is_refused(tmp_path: Path, pattern: str) -> None:
    with pytest.raises(UsageError, match="out of the project"):
        bundle(make(tmp_path), f"include: ['{pattern}']")


def test_a_bundle_cannot_be_sent_out_of_the_project(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="outside the project"):
        bundle(make(tmp_path), "output: ../stolen.md")


@pytest.mark.parametrize("text", ["colour: red", "runs: many", "[1]"])
def test_a_file_that_does_not_fit_is_refused_with_what_there_is(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        bundle(make(tmp_path), text)
    assert "max_bytes" in caught.value.hint


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nothing\.yaml"):
        pack_project(opened(make(tmp_path)), PackProject(file="nothing.yaml"))


def test_what_has_no_room_is_named(tmp_path: Path) -> None:
    (make(tmp_path) / "big.txt").write_text("x" * 5000, "utf-8")
    packed, text = bundle(tmp_path, "max_bytes: 2000\ninclude: [big.txt]\n")
    assert (packed.parts, packed.left_out) == (("pipelines/cities.yaml",), ("big.txt",))
    assert len(text.encode()) <= 2000


def test_secrets_are_masked_wherever_they_stand(tmp_path: Path) -> None:
    make(tmp_path)
    (tmp_path / "osiris_connections.yaml").write_text(
        "mysql:\n  crm: {host: h, user: u, password: '${PW}', database: d}\n", "utf-8"
    )
    (tmp_path / "notes.md").write_text("the password is canary-hunter2", "utf-8")
    packed, text = bundle(tmp_path, "include: [notes.md]", PW="canary-hunter2")
    assert "notes.md" in packed.parts
    assert "canary" not in text
    with pytest.raises(CheckFailed) as caught:
        bundle(tmp_path, PW="A project of Osiris")
    assert caught.value.hint


def test_what_a_pipeline_gives_a_sensitive_parameter_is_masked(tmp_path: Path) -> None:
    text = (make(tmp_path) / "pipelines" / "cities.yaml").read_text("utf-8")
    who = "params:\n  open: {default: shown-to-all}\n  who: {default: canary-hunter2, sensitive: true}\n"
    (tmp_path / "pipelines" / "hidden.yaml").write_text(text.replace("params:\n", who), "utf-8")
    (tmp_path / "pipelines" / "odd.yaml").write_text("params: [1]\n", "utf-8")
    (tmp_path / "pipelines" / "broken.yaml").write_text("params: {a: {sensitive: true\n", "utf-8")
    packed, shown = bundle(tmp_path)
    assert "pipelines/hidden.yaml" in packed.parts
    assert ("shown-to-all" in shown, "canary" in shown) == (True, False)


def test_a_bundle_is_the_same_bytes_each_time(tmp_path: Path) -> None:
    run_pipeline(opened(make(tmp_path)), RUN)
    assert bundle(tmp_path) == bundle(tmp_path)


def test_a_run_builds_the_bundle_that_a_file_describes(tmp_path: Path) -> None:
    (make(tmp_path) / "mempack.yaml").write_text("output: build/m.md\n", "utf-8")
    report = run_pipeline(opened(tmp_path), RunPipeline(file=RUN.file, mempack="mempack.yaml"))
    assert (report.mempack, report.mempack_error) == ("build/m.md", None)
    assert report.run_id in (tmp_path / "build" / "m.md").read_text("utf-8")


def test_a_bundle_that_cannot_be_built_is_said_before_the_run_where_that_is_known(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.yaml"):
        run_pipeline(opened(make(tmp_path)), RunPipeline(file=RUN.file, mempack="none.yaml"))
    assert not (tmp_path / "output").exists()


def test_a_run_stands_whatever_becomes_of_its_bundle(tmp_path: Path) -> None:
    (make(tmp_path) / "mempack.yaml").write_text("output: data/cities.csv/m.md\n", "utf-8")
    report = run_pipeline(opened(tmp_path), RunPipeline(file=RUN.file, mempack="mempack.yaml"))
    assert (report.status, report.mempack) == ("completed", "")
    assert report.mempack_error
