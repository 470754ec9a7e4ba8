"""Commands that look and change nothing: discover, oml, export, and a plan as a page."""

import json
from pathlib import Path

import duckdb
import pytest
from tests.unit.app.projects import PIPELINE, make, with_shop

from osiris.cli.commands.discover import age
from osiris.cli.main import main
from osiris.compiler.schema import oml_schema
from osiris.kit.registry import Registry
from osiris.model.errors import EXIT_CONNECTION, EXIT_INVALID

Said = pytest.CaptureFixture[str]


def typed(folder: Path, *words: str) -> int:
    return main(["-C", str(folder), *words])


def test_discover_lists_tables_with_their_rows_and_since_when(tmp_path: Path, capsys: Said) -> None:
    assert typed(with_shop(tmp_path), "discover") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "@duckdb.shop  2 tables, seen just now",
        "table        rows  columns",
        "customers       2        2",
        "orders         30        3",
        "",
    ]


def test_discover_shows_columns_statistics_and_rows_of_a_table(tmp_path: Path, capsys: Said) -> None:
    words = ("discover", "@duckdb.shop", "--table", "customers", "--profile-rows", "10", "--sample", "1")
    assert typed(with_shop(tmp_path), *words) == 0
    out = capsys.readouterr().out
    for said in ("customers  2 rows, key id", "BIGINT   int64", "not null", "statistics of 2 rows", "Ada", "not kept"):
        assert said in out


def test_discover_cuts_a_long_list_unless_all_is_wanted(tmp_path: Path, capsys: Said) -> None:
    with duckdb.connect(make(tmp_path) / "data" / "shop.duckdb") as db:
        db.execute("; ".join(f"CREATE TABLE t{number:03} (id BIGINT)" for number in range(60)))
    assert typed(tmp_path, "discover") == 0
    assert "and 10 more; -v shows all" in capsys.readouterr().out
    assert typed(tmp_path, "discover", "-v") == 0
    assert "t059" in capsys.readouterr().out


def test_discover_says_what_is_wrong_with_one_of_several_and_ends_so(tmp_path: Path, capsys: Said) -> None:
    assert typed(make(tmp_path), "discover") == EXIT_CONNECTION
    assert "there is no DuckDB file" in capsys.readouterr().out


def test_discover_without_connections_says_where_they_stand(tmp_path: Path, capsys: Said) -> None:
    assert typed(tmp_path, "discover") == 0
    assert "osiris_connections.yaml" in capsys.readouterr().err


def test_discover_as_json_has_the_same(tmp_path: Path, capsys: Said) -> None:
    assert typed(with_shop(tmp_path), "discover", "--json") == 0
    (found,) = json.loads(capsys.readouterr().out)["connections"]
    assert [line["table"] for line in found["names"]] == ["customers", "orders"]
    assert found["age"] == 0


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "just now"), (59, "just now"), (60, "1 minute ago"), (7300, "2 hours ago"), (200_000, "2 days ago")],
)
def test_an_age_is_said_in_its_largest_unit(seconds: int, said: str) -> None:
    assert age(seconds) == said


def test_the_schema_is_printed_whole(tmp_path: Path, capsys: Said) -> None:
    schema = oml_schema(Registry.installed())
    for words in (("oml", "schema"), ("oml", "schema", "--json")):
        assert typed(tmp_path, *words) == 0
        assert json.loads(capsys.readouterr().out) == schema


def test_init_writes_the_schema_beside_the_pipelines(tmp_path: Path) -> None:
    assert typed(tmp_path, "init") == 0
    assert json.loads((tmp_path / "oml.schema.json").read_text("utf-8")) == oml_schema(Registry.installed())


def test_a_file_is_checked_and_nothing_is_written(tmp_path: Path, capsys: Said) -> None:
    before = {path.name for path in make(tmp_path).rglob("*")}
    assert typed(tmp_path, "oml", "validate", "pipelines/cities.yaml") == 0
    assert capsys.readouterr().out == "valid\n"
    (tmp_path / "wrong.yaml").write_text(PIPELINE.replace("people >=", "peple >="), "utf-8")
    assert typed(tmp_path, "oml", "validate", "wrong.yaml") == EXIT_INVALID
    out = capsys.readouterr().out
    assert "OSR-NAM-002" in out
    assert out.endswith("not valid\n")
    assert {path.name for path in tmp_path.rglob("*")} == before | {"wrong.yaml"}


def test_a_plan_becomes_a_page(tmp_path: Path, capsys: Said) -> None:
    assert typed(make(tmp_path), "plan", "pipelines/cities.yaml", "--html", "out/plan.html") == 0
    assert (tmp_path / "out" / "plan.html").read_text("utf-8").startswith("<!doctype html>")
    said = capsys.readouterr()
    assert "page in out/plan.html" in said.err
    assert "├" not in said.out
    assert "◆  write   replace output/large.csv" in said.out


def test_lineage_is_one_document(tmp_path: Path, capsys: Said) -> None:
    assert typed(make(tmp_path), "export", "openlineage", "pipelines/cities.yaml") == 0
    event = json.loads(capsys.readouterr().out)
    assert event["job"]["name"] == "cities"
