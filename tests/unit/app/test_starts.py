"""Pipelines that need no thought are right as they are made."""

from pathlib import Path

import pytest
from tests.unit.app.projects import opened, with_shop

from osiris.app.pipelines import CheckPipeline, check_pipeline
from osiris.app.project import Project
from osiris.app.starts import copy_of, export_of, query_of
from osiris.model.errors import OsirisError


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return opened(with_shop(tmp_path))


def test_each_of_them_is_valid(project: Project) -> None:
    made = (
        copy_of(project, "@duckdb.shop/orders", "@duckdb.shop/copies"),
        copy_of(project, "@duckdb.shop/orders", "@duckdb.shop/copies", mode="merge", key=("id", "customer_id")),
        copy_of(project, "data/cities.csv", "@duckdb.shop/cities", mode="append"),
        copy_of(project, "@filesystem.local/data/cities.csv", "cities.parquet"),
        export_of(project, "@duckdb/orders", "orders.parquet"),
        export_of(project, "@duckdb.shop/orders", "data/orders.json"),
        query_of(project, "@duckdb.shop", "paid.csv", "SELECT id FROM orders WHERE amount > 0"),
    )
    for text in made:
        checked = check_pipeline(project, CheckPipeline(text=text))
        assert (checked.valid, checked.diagnostics) == (True, ()), text
    assert "path: output/orders.parquet" in made[4].replace('"', "")
    assert "path: data/orders.json" in made[5].replace('"', "")


def test_a_table_in_a_schema_is_named_in_full(project: Project) -> None:
    assert 'schema: "main"' in (text := copy_of(project, "@duckdb.shop/main.orders", "@duckdb.shop/x")) or (
        "schema: main" in text
    )


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("@duckdb.shop", "@duckdb.shop/x"),
        ("@duckdb.nowhere/x", "@duckdb.shop/x"),
        ("orders", "@duckdb.shop/x"),
        ("@filesystem.local/orders", "@duckdb.shop/x"),
        ("mysql://ada:hush@db/shop", "@duckdb.shop/x"),  # pragma: allowlist secret
    ],
)
def test_what_names_no_table_is_refused(project: Project, source: str, target: str) -> None:
    with pytest.raises(OsirisError) as caught:
        copy_of(project, source, target)
    assert "hush" not in str(caught.value.to_dict())


def test_a_file_that_nothing_writes_is_refused(project: Project) -> None:
    with pytest.raises(OsirisError, match="no component knows a file like"):
        export_of(project, "@duckdb.shop/orders", "orders.xlsx")
    with pytest.raises(OsirisError, match="there is no query"):
        query_of(project, "@duckdb.shop", "x.csv", "")
