"""One line copies a table or a file, and hides nothing of what it does."""

import json
from pathlib import Path

import duckdb
import pytest
from tests.unit.app.projects import with_shop

from osiris.cli.main import main
from osiris.model.errors import EXIT_APPROVAL, EXIT_FAILED, EXIT_INVALID, EXIT_USAGE

Said = pytest.CaptureFixture[str]
CITIES = "@duckdb.shop/cities"


def typed(folder: Path, *words: str) -> int:
    return main(["-C", str(folder), "copy", *words])


def rows(folder: Path, table: str) -> list[tuple[str, ...]]:
    with duckdb.connect(folder / "data" / "shop.duckdb", read_only=True) as shop:
        return shop.execute(f"SELECT * FROM {table} ORDER BY ALL").fetchall()


def test_a_table_is_copied_after_its_pipeline_and_plan_are_shown(tmp_path: Path, capsys: Said) -> None:
    assert typed(with_shop(tmp_path), "@duckdb.shop/customers", "people.csv", "--yes") == 0
    said = capsys.readouterr()
    assert "component: duckdb.extractor" in said.err
    assert "plan of copy-customers-to-people" in said.err
    assert "2 rows written" in said.out
    assert (tmp_path / "people.csv").read_text("utf-8").startswith("id,name\n1,Ada\n")


def test_a_file_is_copied_to_a_table_in_each_way(tmp_path: Path) -> None:
    with_shop(tmp_path)
    (tmp_path / "new.csv").write_text("city,people\nBrno,1\nAš,2\n", "utf-8")
    assert typed(tmp_path, "data/cities.csv", CITIES, "--yes") == 0
    assert typed(tmp_path, "new.csv", CITIES, "--mode", "merge", "--key", "city", "--yes") == 0
    assert [row[0] for row in rows(tmp_path, "cities")] == ["Aš", "Brno", "Plzeň", "Praha"]
    assert typed(tmp_path, "new.csv", CITIES, "--mode", "append", "--yes") == 0
    assert len(rows(tmp_path, "cities")) == 6
    assert typed(tmp_path, "new.csv", CITIES, "--yes") == 0
    assert len(rows(tmp_path, "cities")) == 2


def test_text_between_tabs_stays_so(tmp_path: Path) -> None:
    with_shop(tmp_path)
    assert typed(tmp_path, "data/cities.csv", "cities.tsv", "--yes") == 0
    assert (tmp_path / "cities.tsv").read_text("utf-8").startswith("city\tpeople\nBrno\t")
    assert typed(tmp_path, "cities.tsv", "again.parquet", "--yes") == 0
    assert duckdb.read_parquet(str(tmp_path / "again.parquet")).columns == ["city", "people"]


def test_nobody_to_say_yes_means_no(tmp_path: Path, capsys: Said) -> None:
    assert typed(with_shop(tmp_path), "@duckdb.shop/customers", "people.csv") == EXIT_APPROVAL
    assert "--yes" in capsys.readouterr().err
    assert not (tmp_path / "people.csv").exists()
    assert not (tmp_path / "logs").exists()


def test_a_look_shows_and_moves_nothing(tmp_path: Path, capsys: Said) -> None:
    assert typed(with_shop(tmp_path), "@duckdb.shop/customers", "people.csv", "--dry-run") == 0
    said = capsys.readouterr().out
    assert said.startswith("oml_version:")
    assert "plan of copy-customers-to-people" in said
    assert not (tmp_path / "people.csv").exists()


def test_the_pipeline_is_kept_where_that_is_wanted_and_runs_again(tmp_path: Path, capsys: Said) -> None:
    words = ("@duckdb.shop/customers", "people.csv", "--save", "pipelines/people.yaml")
    assert typed(with_shop(tmp_path), *words, "--yes", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["saved"] == "pipelines/people.yaml"
    assert (tmp_path / "pipelines/people.yaml").read_text("utf-8") == document["oml"]
    assert document["run"]["status"] == "completed"
    assert main(["-C", str(tmp_path), "run", "pipelines/people.yaml"]) == 0
    assert typed(tmp_path, *words, "--dry-run") == 0
    assert typed(tmp_path, "@duckdb.shop/orders", *words[1:], "--yes") == EXIT_USAGE
    assert "is there already and holds something else" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("@duckdb.shop/customers", "x.csv", "--mode", "merge"), EXIT_USAGE, "which rows are the same"),
        (("@duckdb.shop/customers", "x.csv", "--key", "id"), EXIT_USAGE, "a key means nothing to replace"),
        (("@duckdb.shop/customers", "x.xlsx"), EXIT_USAGE, "no component knows a file like 'x.xlsx'"),
        (("@duckdb.shop/custmers", "x.csv"), EXIT_INVALID, "customers"),
        (("mysql://ada:hush-hush@db/shop", "x.csv"), EXIT_USAGE, "osiris connections add"),  # pragma: allowlist secret
        (("nowhere.csv", "x.csv"), EXIT_FAILED, "nowhere.csv"),
    ],
)
def test_what_cannot_be_copied_is_one_clear_error(
    tmp_path: Path, capsys: Said, words: tuple[str, ...], code: int, said: str
) -> None:
    ended = typed(with_shop(tmp_path), *words, "--yes")
    shown = capsys.readouterr().err
    assert said in shown
    assert "hush-hush" not in shown
    assert ended == code
    assert not list(tmp_path.glob("x.*"))


def test_a_copy_that_fails_says_so_and_ends_so(tmp_path: Path, capsys: Said) -> None:
    with_shop(tmp_path)
    words = ("@duckdb.shop/customers", CITIES, "--mode", "merge", "--key", "name", "--yes")
    assert typed(tmp_path, *words) != 0
    assert "NULL" in capsys.readouterr().err
