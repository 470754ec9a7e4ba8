"""Rows into an SQLite file: all or none, nothing altered, nothing lost that is there."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pydantic import ValidationError
from tests.unit.components.sqlite.crm import FILE, MARKS, at, execute, extractor, put, read, rows, writer

from osiris.components.sqlite.session import writing
from osiris.components.sqlite.values import keeps
from osiris.model.errors import AuthorError, CheckFailed, ConnectError, OsirisError, TargetError
from osiris.testing.writer import stream_of

PEOPLE = pa.table({"id": [1, 2, 3], "name": ["Ada", "Bob", None]})
TABLE = "CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, n INTEGER DEFAULT 7)"


def changed(folder: Path, given: pa.Table, **config: Any) -> tuple[str, ...]:
    return put(folder, given, **config).changes


def test_makes_the_file_its_folder_and_the_table(tmp_path: Path) -> None:
    written = put(tmp_path, PEOPLE, path="new/folder/x.db", table="people", primary_key="id")
    assert written.changes == ("creates table people",)
    assert (written.target, written.staged, written.rows_before, written.rows_after) == ("@sqlite/people", 3, None, 3)
    (tmp_path / "new/folder/x.db").rename(tmp_path / FILE)
    assert rows(tmp_path, "SELECT * FROM people ORDER BY id") == [(1, "Ada"), (2, "Bob"), (3, None)]


def test_the_statement_announced_is_the_one_that_makes_the_table(tmp_path: Path) -> None:
    announced = writer(tmp_path, primary_key=["id"]).announce(PEOPLE.schema)
    execute(tmp_path, announced.ddl)
    assert changed(tmp_path, PEOPLE) == ()
    with pytest.raises(CheckFailed, match="UNIQUE"):
        put(tmp_path, PEOPLE)


def test_makes_nothing_where_it_is_told_not_to(tmp_path: Path) -> None:
    with pytest.raises(ConnectError):
        put(tmp_path, PEOPLE, create_if_missing=False)
    execute(tmp_path, "CREATE TABLE other (i INT)")
    with pytest.raises(TargetError, match="no table 't'"):
        put(tmp_path, PEOPLE, create_if_missing=False)
    assert rows(tmp_path, "SELECT name FROM sqlite_master") == [("other",)]


@pytest.mark.parametrize(
    ("values", "declared", "kept"),
    [
        (pa.array([True, False, None]), "BOOLEAN", [1, 0, None]),
        (pa.array([1, None], pa.int8()), "INTEGER", [1, None]),
        (pa.array([2**63 - 1], pa.uint64()), "INTEGER", [2**63 - 1]),
        (pa.array([1.5, 2.0, float("inf")], pa.float32()), "REAL", [1.5, 2.0, float("inf")]),
        (pa.array([Decimal("1234567890123.45")], pa.decimal128(38, 2)), "DECIMAL(38, 2)", [1234567890123.45]),
        (pa.array([Decimal("7.00")], pa.decimal128(9, 2)), "DECIMAL(9, 2)", [7]),
        (pa.array([Decimal(2**63 - 1)], pa.decimal128(38, 0)), "DECIMAL(38, 0)", [2**63 - 1]),
        (pa.array([date(2024, 2, 29)]), "DATE", ["2024-02-29"]),
        (pa.array([date(2024, 2, 29)], pa.date64()), "DATE", ["2024-02-29"]),
        (pa.array([datetime(2024, 2, 29, 12)]), "TIMESTAMP", ["2024-02-29 12:00:00"]),
        (pa.array([datetime(2024, 2, 29, 12, 0, 0, 1)]), "TIMESTAMP", ["2024-02-29 12:00:00.000001"]),
        (pa.array([0], pa.timestamp("s", tz="Europe/Prague")), "TIMESTAMPTZ", ["1970-01-01 00:00:00+00:00"]),
        (pa.array([1_000], pa.timestamp("ns")), "TIMESTAMP", ["1970-01-01 00:00:00.000001"]),
        (pa.array([time(12, 30)], pa.time32("s")), "TIME", ["12:30:00"]),
        (pa.array(["a\0b"], pa.large_string()), "TEXT", ["a\0b"]),
        (pa.array([b"ab"], pa.binary(2)), "BLOB", [b"ab"]),
    ],
)  # fmt: skip
def test_a_value_is_kept_as_sqlite_says_it(tmp_path: Path, values: Any, declared: str, kept: list[Any]) -> None:
    put(tmp_path, pa.table({"x": values}))
    assert [row[2] for row in rows(tmp_path, "PRAGMA table_info(t)")] == [declared]
    assert rows(tmp_path, "SELECT x FROM t") == [(value,) for value in kept]


def test_decimals_come_back_as_they_went(tmp_path: Path) -> None:
    given = pa.table({"x": pa.array([Decimal("0.10"), Decimal("-999999999999.99"), None], pa.decimal128(38, 2))})
    put(tmp_path, given)
    assert read(tmp_path, table="t").equals(given)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (pa.array([float("nan")]), "NaN"),
        (pa.array([0.0, -0.0]), "-0.0"),
        (pa.array([2**63], pa.uint64()), "63 bits"),
        (pa.array([Decimal(2**63)], pa.decimal128(38, 0)), "63 bits"),
        (pa.array([Decimal("12345678901234567.89")], pa.decimal128(38, 2)), "15 digits"),
        (pa.array([1], pa.timestamp("ns")), "finer than microseconds"),
        (pa.array([1], pa.time64("ns")), "finer than microseconds"),
    ],
)
def test_a_value_that_sqlite_would_alter_is_an_error_that_names_the_column(
    tmp_path: Path, values: Any, message: str
) -> None:
    with pytest.raises(CheckFailed, match=f"column 'x' holds .*{message}") as caught:
        writer(tmp_path).write(stream_of(pa.table({"x": values})), MARKS)
    assert "CAST" in caught.value.hint
    assert list((tmp_path / "scratch").iterdir()) == []


def test_merge_updates_by_key_and_adds_the_rest(tmp_path: Path) -> None:
    execute(tmp_path, TABLE, "INSERT INTO t VALUES (1, 'old', 1), (9, 'stays', 9)")
    written = put(tmp_path, PEOPLE, write_mode="upsert", primary_key="ID")
    assert (written.write_mode, written.rows_before, written.rows_after) == ("merge", 2, 4)
    assert rows(tmp_path, "SELECT * FROM t ORDER BY id") == [
        (1, "Ada", 1),
        (2, "Bob", 7),
        (3, None, 7),
        (9, "stays", 9),
    ]


def test_merge_needs_no_key_in_the_table_and_takes_several_columns(tmp_path: Path) -> None:
    execute(tmp_path, "CREATE TABLE t (id INT, name TEXT, note TEXT)")
    execute(tmp_path, "INSERT INTO t VALUES (1, 'a', 'x'), (1, 'b', 'y'), (NULL, 'a', 'z')")
    given = pa.table({"id": [1, 2], "name": ["a", "a"], "note": ["new", "w"]})
    put(tmp_path, given, write_mode="merge", primary_key=["id", "name"])
    assert rows(tmp_path, "SELECT * FROM t ORDER BY id, name") == [
        (None, "a", "z"),
        (1, "a", "new"),
        (1, "b", "y"),
        (2, "a", "w"),
    ]


def test_merge_of_keys_alone_adds_what_is_missing(tmp_path: Path) -> None:
    execute(tmp_path, "CREATE TABLE t (id INT)", "INSERT INTO t VALUES (1)")
    put(tmp_path, PEOPLE.select(["id"]), write_mode="merge", primary_key="id")
    assert rows(tmp_path, "SELECT id FROM t ORDER BY id") == [(1,), (2,), (3,)]


def test_merge_works_with_names_that_need_quotes(tmp_path: Path) -> None:
    given = pa.table({'main."t".': [1, 2], "or der": ["a", "b"]})
    for _ in range(2):
        put(tmp_path, given, table='ta"ble', write_mode="merge", primary_key='main."t".')
    assert rows(tmp_path, 'SELECT * FROM "ta""ble"') == [(1, "a"), (2, "b")]


@pytest.mark.parametrize(
    ("ids", "message"),
    [([1, None, None], "'id' is NULL in 2 rows"), ([1, 1, 2], "2 rows share 1 values of the key id")],
)
@pytest.mark.parametrize("write_mode", ["append", "replace", "merge"])
def test_a_key_that_does_not_tell_rows_apart_is_refused_before_the_commit(
    tmp_path: Path, write_mode: str, ids: list[Any], message: str
) -> None:
    target = writer(tmp_path, write_mode=write_mode, primary_key="id")
    with pytest.raises(CheckFailed, match=message) as caught:
        target.write(stream_of(pa.table({"id": ids})), MARKS)
    assert caught.value.hint
    assert not (tmp_path / FILE).exists()
    assert list((tmp_path / "scratch").iterdir()) == []


def test_replace_keeps_types_keys_defaults_and_views(tmp_path: Path) -> None:
    execute(
        tmp_path, TABLE, "CREATE VIEW names AS SELECT name FROM t", "INSERT INTO t VALUES (1, 'old', 1), (9, 'x', 9)"
    )
    before = rows(tmp_path, "SELECT sql FROM sqlite_master")
    written = put(tmp_path, PEOPLE, write_mode="overwrite")
    assert (written.rows_before, written.rows_after, written.changes) == (2, 3, ())
    assert rows(tmp_path, "SELECT * FROM t ORDER BY id") == [(1, "Ada", 7), (2, "Bob", 7), (3, None, 7)]
    assert rows(tmp_path, "SELECT sql FROM sqlite_master") == before


def test_rows_stay_in_order(tmp_path: Path) -> None:
    put(tmp_path, pa.table({"i": list(range(20_000, 0, -1))}))
    assert rows(tmp_path, "SELECT i FROM t") == [(i,) for i in range(20_000, 0, -1)]


def test_a_column_that_the_table_lacks_is_added(tmp_path: Path) -> None:
    execute(tmp_path, TABLE, "INSERT INTO t VALUES (9, 'old', 9)")
    given = PEOPLE.append_column("Born", pa.array([1815, None, 3], pa.int16()))
    assert changed(tmp_path, given) == ("adds column Born INTEGER",)
    assert rows(tmp_path, 'SELECT id, "Born" FROM t ORDER BY id') == [(1, 1815), (2, None), (3, 3), (9, None)]


def test_columns_go_by_name_in_any_case_and_order(tmp_path: Path) -> None:
    execute(tmp_path, TABLE)
    given = pa.table({"NAME": ["Ada"], "Id": [1]})
    assert changed(tmp_path, given, table="T", write_mode="merge", primary_key="iD") == ()
    assert rows(tmp_path, "SELECT * FROM t") == [(1, "Ada", 7)]


def test_a_column_that_the_rows_lack_may_not_be_needed(tmp_path: Path) -> None:
    execute(
        tmp_path, "CREATE TABLE t (k INTEGER PRIMARY KEY, id INT, needed INT NOT NULL, given INT NOT NULL DEFAULT 1)"
    )
    with pytest.raises(TargetError, match="'needed' of table 't' may not be NULL") as caught:
        put(tmp_path, PEOPLE.select(["id"]))
    assert "AS needed" in caught.value.hint
    execute(tmp_path, "ALTER TABLE t DROP needed")
    put(tmp_path, PEOPLE.select(["id"]))
    assert rows(tmp_path, "SELECT * FROM t") == [(1, 1, 1), (2, 2, 1), (3, 3, 1)]


@pytest.mark.parametrize(
    ("declared", "ours", "kept"),
    [
        ("INTEGER", "INTEGER", True),
        ("NUMERIC", "INTEGER", True),
        ("", "INTEGER", True),
        ("REAL", "INTEGER", False),
        ("TEXT", "INTEGER", False),
        ("DOUBLE PRECISION", "REAL", True),
        ("NUMERIC", "REAL", True),
        ("INTEGER", "REAL", False),
        ("VARCHAR(20)", "TEXT", True),
        ("INTEGER", "TEXT", False),
        ("NUMERIC", "TEXT", False),
        ("DATE", "TEXT", False),
        ("TEXT", "DATE", True),
        ("DATETIME", "TIMESTAMP", True),
        ("INTEGER", "TIMESTAMP", False),
        ("BLOB", "BLOB", True),
        ("TEXT", "BLOB", False),
        ("INTEGER", "DECIMAL(38, 0)", True),
        ("INTEGER", "DECIMAL(12, 2)", False),
        ("DECIMAL(9,2)", "DECIMAL(12, 2)", True),
        ("REAL", "DECIMAL(12, 2)", True),
        ("TEXT", "DECIMAL(12, 2)", False),
        ("INTEGER", "BOOLEAN", True),
        ("TEXT", "BOOLEAN", False),
    ],
)
def test_a_column_keeps_values_only_where_it_alters_none(declared: str, ours: str, kept: bool) -> None:
    assert keeps(declared, ours) is kept


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("CREATE TABLE t (id INTEGER, name INTEGER)", "'name' of table 't' is INTEGER, which does not keep every TEXT"),
        ("CREATE VIEW t AS SELECT 1 AS id", "is a view"),
        ("CREATE TABLE t (id INTEGER, name TEXT AS ('x'))", "is computed by SQLite"),
    ],
)
@pytest.mark.parametrize("write_mode", ["append", "replace"])
def test_what_can_not_be_written_is_refused_before_a_row_is_moved(
    tmp_path: Path, write_mode: str, statement: str, message: str
) -> None:
    execute(tmp_path, statement)
    with pytest.raises(TargetError, match=message) as caught:
        writer(tmp_path, write_mode=write_mode).write(stream_of(PEOPLE), MARKS)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)", "UNIQUE"),
        ("CREATE TABLE t (id INTEGER, name TEXT NOT NULL)", "NOT NULL"),
        ("CREATE TABLE t (id INTEGER CHECK (id < 3), name TEXT)", "CHECK"),
        ("CREATE TABLE t (id INTEGER, name TEXT) STRICT", ""),
    ],
)
def test_a_promise_of_the_table_stops_the_commit_and_nothing_changes(
    tmp_path: Path, statement: str, message: str
) -> None:
    execute(tmp_path, statement, "INSERT INTO t VALUES (1, 'old')")
    given = PEOPLE.append_column("more", PEOPLE.column("name"))
    if not message:
        assert changed(tmp_path, given) == ("adds column more TEXT",)
        return
    with pytest.raises(CheckFailed, match=message) as caught:
        put(tmp_path, given)
    assert caught.value.hint
    assert rows(tmp_path, "SELECT * FROM t") == [(1, "old")]
    assert list((tmp_path / "scratch").iterdir()) == []


def test_rows_that_others_point_to_stay(tmp_path: Path) -> None:
    execute(tmp_path, TABLE, "CREATE TABLE o (t_id INT REFERENCES t (id))")
    execute(tmp_path, "INSERT INTO t VALUES (8, 'x', 1)", "INSERT INTO o VALUES (8)")
    with pytest.raises(CheckFailed, match="FOREIGN KEY"):
        put(tmp_path, PEOPLE, write_mode="replace")
    assert rows(tmp_path, "SELECT id FROM t") == [(8,)]


def test_replacing_rows_deletes_none_that_point_to_them(tmp_path: Path) -> None:
    execute(tmp_path, TABLE, "CREATE TABLE o (t_id INT REFERENCES t (id) ON DELETE CASCADE)")
    execute(tmp_path, "INSERT INTO t VALUES (2, 'x', 1)", "INSERT INTO o VALUES (2), (99)")
    put(tmp_path, PEOPLE, write_mode="replace")
    assert rows(tmp_path, "SELECT t_id FROM o") == [(2,), (99,)]


def test_a_row_that_points_to_nothing_stops_the_commit(tmp_path: Path) -> None:
    execute(tmp_path, "CREATE TABLE p (id INTEGER PRIMARY KEY)", "CREATE TABLE t (id INT REFERENCES p (id), name TEXT)")
    with pytest.raises(CheckFailed, match="FOREIGN KEY") as caught:
        put(tmp_path, PEOPLE)
    assert caught.value.hint
    assert rows(tmp_path, "SELECT * FROM t") == []


def test_a_trigger_that_drops_rows_is_found_out(tmp_path: Path) -> None:
    execute(tmp_path, TABLE, "CREATE TRIGGER d AFTER INSERT ON t WHEN new.id = 2 BEGIN DELETE FROM t WHERE id = 2; END")
    with pytest.raises(CheckFailed, match="would hold 2 rows and not 3") as caught:
        put(tmp_path, PEOPLE)
    assert "triggers" in caught.value.hint
    assert rows(tmp_path, "SELECT id FROM t") == []


def test_a_table_that_changed_since_the_rows_were_staged_is_looked_at_again(tmp_path: Path) -> None:
    execute(tmp_path, TABLE)
    staged = writer(tmp_path).write(stream_of(PEOPLE), MARKS)
    execute(tmp_path, "DROP TABLE t", "CREATE TABLE t (id TEXT)")
    with pytest.raises(TargetError, match="does not keep every INTEGER"):
        staged.commit()
    staged.close()
    assert rows(tmp_path, "SELECT * FROM t") == []


def test_a_file_that_was_not_there_is_gone_again_when_the_commit_fails(tmp_path: Path) -> None:
    staged = writer(tmp_path).write(stream_of(PEOPLE), MARKS)
    staged.path.write_bytes(b"not a database" * 1_000)
    with pytest.raises(OsirisError) as caught:
        staged.commit()
    staged.close()
    assert caught.value.hint
    assert not (tmp_path / FILE).exists()


def test_a_file_that_another_keeps_locked_is_an_error_in_words(tmp_path: Path) -> None:
    execute(tmp_path, TABLE)
    staged = writer(tmp_path).write(stream_of(PEOPLE), MARKS)
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        target = staged.target
        with (
            pytest.raises(ConnectError, match="another process keeps") as caught,
            writing(target.connection, at(tmp_path), staged.path, patience=0),
        ):
            pass
    staged.close()
    assert caught.value.hint


@pytest.mark.parametrize(
    ("given", "config", "message"),
    [
        (pa.table({"id": [1], "ID": [2]}), {}, "two columns are called"),
        (pa.table({}), {}, "no column to write"),
        (pa.table({"x": pa.nulls(1)}), {}, "'x' has no type"),
        (pa.table({"x": [[1]]}), {}, "'x' has the type list"),
        (pa.table({"x": pa.array([1], pa.duration("s"))}), {}, "'x' has the type duration"),
        (PEOPLE, {"primary_key": "nmae"}, "key 'nmae'"),
        (PEOPLE, {"primary_key": ["zzz"]}, "key 'zzz'"),
    ],
)
def test_rows_that_no_table_can_hold_are_an_authors_error(
    tmp_path: Path, given: pa.Table, config: dict[str, Any], message: str
) -> None:
    target = writer(tmp_path, **config)
    attempts: tuple[Callable[[], object], ...] = (
        lambda: target.announce(given.schema),
        lambda: target.write(stream_of(given), MARKS),
    )
    for attempt in attempts:
        with pytest.raises(AuthorError, match=message) as caught:
            attempt()
        assert caught.value.hint


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"write_mode": "merge"}, "needs `primary_key`"),
        ({"primary_key": ["a", "A"]}, "twice"),
        ({"write_mode": 1}, "write_mode"),
        ({"table": ""}, "table"),
    ],
)
def test_refuses_settings_that_say_nothing(tmp_path: Path, config: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        writer(tmp_path, **config)


def test_looks_at_a_file_without_the_table(tmp_path: Path) -> None:
    execute(tmp_path, "CREATE TABLE other (i INT)")
    state = writer(tmp_path).look()
    assert (state.exists, state.rows, state.target) == (False, None, "@sqlite/t")


def test_one_pipeline_may_read_and_write_the_same_file(tmp_path: Path) -> None:
    execute(tmp_path, TABLE, "INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 2)")
    source = extractor(tmp_path, query="SELECT id + 1 AS id, name, n FROM t").extract()
    staged = writer(tmp_path, write_mode="replace").write(source, MARKS)
    source.close()
    assert staged.commit().rows_after == 2
    assert rows(tmp_path, "SELECT id FROM t") == [(2,), (3,)]


def test_two_writers_of_one_file_commit_one_after_the_other(tmp_path: Path) -> None:
    first = writer(tmp_path, table="a").write(stream_of(PEOPLE), MARKS)
    second = writer(tmp_path, table="b").write(stream_of(PEOPLE), MARKS)
    assert (first.commit().rows_after, second.commit().rows_after) == (3, 3)
    assert rows(tmp_path, "SELECT name FROM sqlite_master ORDER BY 1") == [("a",), ("b",)]


def test_a_file_that_keeps_a_log_of_writes_is_written_like_any_other(tmp_path: Path) -> None:
    execute(tmp_path, "PRAGMA journal_mode = WAL", TABLE)
    put(tmp_path, PEOPLE)
    assert rows(tmp_path, "SELECT count(*) FROM t") == [(3,)]
