"""What DuckDB tells about a file, beyond what every family does."""

from pathlib import Path

import pytest
from tests.unit.components.duckdb.shop import FILE, execute

from osiris.components.duckdb.config import DuckdbConnection
from osiris.components.duckdb.desk import DESK, in_time
from osiris.components.duckdb.session import alone
from osiris.kit.component import Place
from osiris.model.errors import CheckFailed, SourceError

SHOP = DuckdbConnection(path=FILE)


def at(folder: Path) -> Place:
    return Place(project=folder, scratch=folder)


def test_knows_schemas_comments_and_keys_of_several_columns(tmp_path: Path) -> None:
    execute(
        tmp_path,
        "CREATE SCHEMA sales",
        "CREATE TABLE sales.lines (a INT, b INT, PRIMARY KEY (b, a))",
        "CREATE TABLE sales.parts (a INT, b INT, FOREIGN KEY (a, b) REFERENCES sales.lines (b, a))",
        "CREATE TABLE first (i INT)",
        "COMMENT ON TABLE sales.lines IS 'order lines'",
        "COMMENT ON COLUMN sales.lines.a IS 'the first'",
    )
    first, lines, parts = DESK.catalogue(SHOP, at(tmp_path)).tables
    assert (lines.namespace, lines.name, lines.comment, lines.primary_key) == (
        "sales",
        "lines",
        "order lines",
        ("b", "a"),
    )
    assert [column.comment for column in lines.columns] == ["the first", ""]
    assert (parts.namespace, parts.references) == ("sales", {})
    assert (first.namespace, first.primary_key) == ("", ())


def test_tells_the_types_that_the_extractor_delivers(tmp_path: Path) -> None:
    execute(tmp_path, "CREATE TABLE t (h HUGEINT, u UUID, m MAP(INT, INT), o UNION(a INT), d DECIMAL(12, 2))")
    (table,) = DESK.catalogue(SHOP, at(tmp_path)).tables
    assert [(column.type, column.source_type) for column in table.columns] == [
        ("decimal128(38, 0)", "HUGEINT"),
        ("string", "UUID"),
        ("list<l: struct<key: int32, value: int32>>", "MAP(INTEGER, INTEGER)"),
        ("string", "UNION(a INTEGER)"),
        ("decimal128(12, 2)", "DECIMAL(12,2)"),
    ]


def test_tells_text_where_the_extractor_would_refuse(tmp_path: Path) -> None:
    execute(tmp_path, "CREATE TABLE t AS SELECT {'a, b': 1} AS s")
    (table,) = DESK.catalogue(SHOP, at(tmp_path)).tables
    assert table.columns[0].type == "string"


def test_leaves_out_a_view_that_can_not_be_read_any_more(tmp_path: Path) -> None:
    execute(tmp_path, "CREATE TABLE t (i INT)", "CREATE VIEW v AS FROM t", "DROP TABLE t", "CREATE TABLE u (i INT)")
    assert [table.name for table in DESK.catalogue(SHOP, at(tmp_path)).tables] == ["u"]


def test_lists_no_values_that_are_many_or_long(tmp_path: Path) -> None:
    execute(tmp_path, "CREATE TABLE t AS SELECT range AS many, repeat('x', 100) AS long FROM range(60)")
    profile = DESK.profile(SHOP, at(tmp_path), "t", 1_000)
    assert [(column.distinct, column.values) for column in profile.columns] == [(60, ()), (1, ())]
    assert (profile.columns[0].minimum, profile.columns[0].maximum) == ("0", "59")


def test_profiles_columns_of_every_kind(tmp_path: Path) -> None:
    execute(tmp_path, "CREATE TABLE t AS SELECT 1::HUGEINT AS h, uuid() AS u, [1] AS l, {'a': 1} AS s, 'x'::BLOB AS b")
    columns = DESK.profile(SHOP, at(tmp_path), "t", 1_000).columns
    assert {column.distinct for column in columns} == {1}
    assert [column.minimum for column in columns] == ["1", None, None, None, None]


def test_a_value_that_can_not_travel_is_an_error(tmp_path: Path) -> None:
    execute(tmp_path, "CREATE TABLE t AS SELECT DATE 'infinity' AS day")
    with pytest.raises(CheckFailed, match="column 'day'"):
        DESK.query(SHOP, at(tmp_path), "SELECT day FROM t", 10)


def test_a_question_that_takes_too_long_is_broken_off() -> None:
    with alone() as db, pytest.raises(SourceError, match="took longer than") as caught, in_time(db, seconds=0.05):
        db.execute("SELECT count(*) FROM range(100000000000) WHERE hash(range) % 7 = 1").fetchall()
    assert "LIMIT" in caught.value.hint
