"""Parity, as a project asks for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.keyboard import left_in
from tests.parity.places import PIPELINES, covered, project
from tests.services.e2b import Loopback, Shape

from osiris.app.parity import CheckParity, ParityReport, check_parity
from osiris.app.project import Project
from osiris.model.errors import SecretMissing, UsageError
from osiris.remote.sandbox import Sized


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Loopback]:
    with Loopback(tmp_path / "sandboxes", {Sized().template: Shape(env=covered())}) as server:
        yield server


def compared(folder: Path, server: Loopback, text: str, *on: str) -> ParityReport:
    here = Project.open(folder, exported=server.environment())
    return check_parity(here, CheckParity.model_validate({"text": text, "on": on}))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["join", "doubled key"])
def test_a_pipeline_does_the_same_at_three_places_and_changes_nothing(
    tmp_path: Path, server: Loopback, name: str
) -> None:
    folder = project(tmp_path / "p")
    before = left_in(folder)
    report = compared(folder, server, PIPELINES[name], "here", "isolated", "e2b")
    assert (report.differences, report.exit_code) == ((), 0)
    assert len({outcome.events for outcome in report.outcomes}) == 1
    assert len({tuple(outcome.digests.items()) for outcome in report.outcomes}) == 1
    if name == "join":
        digests = report.outcomes[0].digests
        assert list(digests) == [
            "@duckdb.mart/joined",
            "@sqlite.out/joined",
            "output/joined.csv",
            "output/joined.parquet",
        ]
    assert left_in(folder) == before


@pytest.mark.slow
def test_a_place_that_does_something_else_is_named(tmp_path: Path, server: Loopback) -> None:
    server.templates[Sized().template] = Shape(path="/usr/bin")
    report = compared(project(tmp_path / "p"), server, PIPELINES["append"], "here", "e2b")
    assert report.exit_code == 4
    assert any(difference.startswith("e2b ends with") for difference in report.differences)
    assert any("output/grown.csv from e2b" in difference for difference in report.differences)
    assert any("says something else of 'more'" in difference for difference in report.differences)


def test_a_server_can_t_be_compared(tmp_path: Path, server: Loopback) -> None:
    folder = project(tmp_path / "p")
    with (folder / "osiris_connections.yaml").open("a", encoding="utf-8") as file:
        file.write("mysql:\n  shop: {host: 127.0.0.1, user: u, database: d}\n")
    text = PIPELINES["append"].replace("filesystem.csv_writer", "mysql.writer").replace(
        'path: grown.csv, connection: "@filesystem.kept"', 'table: t, connection: "@mysql.shop"'
    )  # fmt: skip
    here = Project.open(folder, exported={})
    with pytest.raises(UsageError, match=r"writes to @mysql\.shop/t, which every place would write"):
        check_parity(here, CheckParity(text=text))


def test_a_secret_that_is_missing_is_named_before_anything_runs(tmp_path: Path) -> None:
    folder = project(tmp_path / "p")
    (folder / "osiris_connections.yaml").write_text("duckdb:\n  mart: {path: '${NOWHERE}'}\n", "utf-8")
    text = (
        'oml_version: "0.1.0"\nname: x\nsteps:\n'
        "  - {id: a, component: duckdb.extractor, mode: read, config: {connection: '@duckdb.mart', table: old}}\n"
        "  - {id: b, component: filesystem.csv_writer, mode: write, needs: [a], config: {path: output/b.csv}}\n"
    )
    with pytest.raises(SecretMissing):
        check_parity(Project.open(folder, exported={}), CheckParity(text=text))
