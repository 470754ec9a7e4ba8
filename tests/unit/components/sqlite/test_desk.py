"""What SQLite tells about a file, beyond what every family does."""

from pathlib import Path

import pytest
from tests.unit.components.sqlite.crm import FILE, at, execute

from osiris.components.sqlite.complaints import pulling
from osiris.components.sqlite.config import SqliteConnection
from osiris.components.sqlite.desk import DESK, MOST_COUNTED, in_time
from osiris.components.sqlite.session import reading
from osiris.model.errors import SourceError

CRM = SqliteConnection(path=FILE)


def test_knows_keys_of_several_columns_and_those_that_name_none(tmp_path: Path) -> None:
    execute(
        tmp_path,
        "CREATE TABLE b (x INT, y INT, PRIMARY KEY (y, x))",
        "CREATE TABLE a (p INT, q INT, FOREIGN KEY (p, q) REFERENCES b (y, x))",
        "CREATE TABLE c (i INTEGER PRIMARY KEY)",
        "CREATE TABLE d (j INT REFERENCES c, k INT REFERENCES gone)",
    )
    a, b, _, d = DESK.catalogue(CRM, at(tmp_path)).tables
    assert (a.references, b.primary_key) == ({}, ("y", "x"))
    assert d.references == {"j": "c.i", "k": "gone.rowid"}


def test_tells_the_types_that_columns_declare(tmp_path: Path) -> None:
    execute(tmp_path, "CREATE TABLE t (a INT, b DECIMAL(12, 2), c DATETIME, d, e VARCHAR(9), f BOOLEAN)")
    (table,) = DESK.catalogue(CRM, at(tmp_path)).tables
    assert [(column.type, column.source_type) for column in table.columns] == [
        ("int64", "INT"),
        ("decimal128(12, 2)", "DECIMAL(12, 2)"),
        ("timestamp[us]", "DATETIME"),
        ("string", ""),
        ("string", "VARCHAR(9)"),
        ("bool", "BOOLEAN"),
    ]


def test_counts_few_rows_and_asks_for_the_last_number_of_many(tmp_path: Path) -> None:
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) SELECT i FROM n"
    execute(
        tmp_path,
        f"CREATE TABLE few AS {numbers.format(7)}",
        "DELETE FROM few WHERE i = 3",
        f"CREATE TABLE many AS {numbers.format(MOST_COUNTED + 5)}",
        "DELETE FROM many WHERE i = 3",
        "CREATE TABLE numberless (i INT PRIMARY KEY) WITHOUT ROWID",
        f"INSERT INTO numberless {numbers.format(MOST_COUNTED + 5)}",
    )
    tables = DESK.catalogue(CRM, at(tmp_path)).tables
    assert [(table.name, table.rows) for table in tables] == [
        ("few", 6),
        ("many", MOST_COUNTED + 5),
        ("numberless", None),
    ]


def test_leaves_out_a_view_that_can_not_be_read_any_more(tmp_path: Path) -> None:
    execute(
        tmp_path, "CREATE TABLE t (i INT)", "CREATE VIEW v AS SELECT i FROM t", "DROP TABLE t", "CREATE TABLE u (i)"
    )
    assert [table.name for table in DESK.catalogue(CRM, at(tmp_path)).tables] == ["u"]


def test_lists_no_values_that_are_many_long_or_bytes(tmp_path: Path) -> None:
    execute(
        tmp_path,
        "CREATE TABLE t AS WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 59) "
        "SELECT i AS many, printf('%.100c', 'x') AS long, x'00' AS bytes FROM n",
    )
    profile = DESK.profile(CRM, at(tmp_path), "t", 1_000)
    assert [(column.distinct, column.values) for column in profile.columns] == [(60, ()), (1, ()), (1, ())]
    assert (profile.columns[0].minimum, profile.columns[0].maximum) == ("0", "59")


def test_a_query_looks_at_the_rows_that_it_gives_only(tmp_path: Path) -> None:
    execute(tmp_path, "CREATE TABLE t (x)", "INSERT INTO t VALUES (1), (2), (3), ('a')")
    table, more = DESK.query(CRM, at(tmp_path), "SELECT x FROM t", 2)
    assert (table.to_pydict(), more) == ({"x": [1, 2]}, True)


def test_a_question_that_takes_too_long_is_broken_off(tmp_path: Path) -> None:
    execute(tmp_path, "CREATE TABLE t (x)")
    endless = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    with (
        reading(CRM, at(tmp_path)) as db,
        pytest.raises(SourceError, match="took longer than") as caught,
        in_time(db, seconds=0.05),
        pulling("the query"),
    ):
        db.execute(endless).fetchall()
    assert "LIMIT" in caught.value.hint
