"""Rows into a DuckDB file: all or none, nothing altered, nothing lost that is there."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from pydantic import ValidationError
from tests.unit.components.duckdb.shop import FILE, MARKS, execute, extractor, processor, put, rows, writer

from osiris.components.duckdb.fitting import holds
from osiris.model.errors import AuthorError, CheckFailed, ConnectError, OsirisError, TargetError
from osiris.testing.writer import stream_of

PEOPLE = pa.table({"id": [1, 2, 3], "name": ["Ada", "Bob", None]})
TABLE = "CREATE TABLE t (id BIGINT PRIMARY KEY, name VARCHAR, n INTEGER DEFAULT 7)"


def changed(folder: Path, given: pa.Table, **config: Any) -> tuple[str, ...]:
    return put(folder, given, **config).changes


def test_makes_the_file_its_folder_the_schema_and_the_table(tmp_path: Path) -> None:
    written = put(tmp_path, PEOPLE, path="new/folder/x.duckdb", table="sales.people", primary_key="id")
    assert written.changes == ("creates schema sales", "creates table sales.people")
    assert (written.target, written.staged, written.rows_before, written.rows_after) == (
        "@duckdb/sales.people",
        3,
        None,
        3,
    )
    (tmp_path / "new/folder/x.duckdb").rename(tmp_path / FILE)
    assert rows(tmp_path, "FROM sales.people ORDER BY id") == [(1, "Ada"), (2, "Bob"), (3, None)]


def test_the_statement_announced_is_the_one_that_makes_the_table(tmp_path: Path) -> None:
    announced = writer(tmp_path, schema="main", primary_key=["id"]).announce(PEOPLE.schema)
    execute(tmp_path, announced.ddl)
    assert changed(tmp_path, PEOPLE) == ()
    assert rows(tmp_path, "SELECT constraint_type FROM duckdb_constraints() ORDER BY 1")[-1] == ("PRIMARY KEY",)


def test_makes_nothing_where_it_is_told_not_to(tmp_path: Path) -> None:
    with pytest.raises(ConnectError):
        put(tmp_path, PEOPLE, create_if_missing=False)
    execute(tmp_path, "CREATE TABLE other (i INT)")
    with pytest.raises(TargetError, match="no table 't'"):
        put(tmp_path, PEOPLE, create_if_missing=False)
    assert rows(tmp_path, "SELECT table_name FROM duckdb_tables()") == [("other",)]


def test_merge_updates_by_key_and_adds_the_rest(tmp_path: Path) -> None:
    execute(tmp_path, TABLE, "INSERT INTO t VALUES (1, 'old', 1), (9, 'stays', 9)")
    written = put(tmp_path, PEOPLE, write_mode="upsert", primary_key="ID")
    assert (written.write_mode, written.rows_before, written.rows_after) == ("merge", 2, 4)
    assert rows(tmp_path, "FROM t ORDER BY id") == [(1, "Ada", 1), (2, "Bob", 7), (3, None, 7), (9, "stays", 9)]


def test_merge_needs_no_key_in_the_table_and_takes_several_columns(tmp_path: Path) -> None:
    execute(tmp_path, "CREATE TABLE t AS FROM (VALUES (1::BIGINT, 'a', 'x'), (1, 'b', 'y')) v(id, name, note)")
    put(
        tmp_path,
        pa.table({"id": [1, 2], "name": ["a", "a"], "note": ["new", "z"]}),
        write_mode="merge",
        primary_key=["id", "name"],
    )
    assert rows(tmp_path, "FROM t ORDER BY ALL") == [(1, "a", "new"), (1, "b", "y"), (2, "a", "z")]


def test_merge_of_keys_alone_adds_what_is_missing(tmp_path: Path) -> None:
    execute(tmp_path, "CREATE TABLE t AS SELECT 1::BIGINT AS id")
    put(tmp_path, PEOPLE.select(["id"]), write_mode="merge", primary_key="id")
    assert rows(tmp_path, "FROM t ORDER BY id") == [(1,), (2,), (3,)]


def test_merge_twice_is_merge_once(tmp_path: Path) -> None:
    for _ in range(2):
        put(tmp_path, PEOPLE, write_mode="merge", primary_key="id")
    assert rows(tmp_path, "FROM t ORDER BY id") == [(1, "Ada"), (2, "Bob"), (3, None)]


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


def test_replace_keeps_types_keys_defaults_comments_and_views(tmp_path: Path) -> None:
    execute(
        tmp_path,
        TABLE,
        "COMMENT ON TABLE t IS 'people'",
        "CREATE VIEW names AS SELECT name FROM t",
        "INSERT INTO t VALUES (1, 'old', 1), (9, 'goes', 9)",
    )
    written = put(tmp_path, PEOPLE, write_mode="overwrite")
    assert (written.rows_before, written.rows_after, written.changes) == (2, 3, ())
    assert rows(tmp_path, "FROM t ORDER BY id") == [(1, "Ada", 7), (2, "Bob", 7), (3, None, 7)]
    assert rows(tmp_path, "SELECT comment, has_primary_key FROM duckdb_tables()") == [("people", True)]
    assert rows(tmp_path, "FROM names ORDER BY ALL NULLS LAST") == [("Ada",), ("Bob",), (None,)]


def test_rows_stay_in_order(tmp_path: Path) -> None:
    backwards = pa.table({"i": list(range(50_000, 0, -1))})
    put(tmp_path, backwards)
    put(tmp_path, backwards, write_mode="replace")
    assert rows(tmp_path, "FROM t") == [(i,) for i in range(50_000, 0, -1)]


def test_a_column_that_the_table_lacks_is_added(tmp_path: Path) -> None:
    execute(tmp_path, TABLE, "INSERT INTO t VALUES (9, 'old', 9)")
    table = PEOPLE.append_column("Born", pa.array([1815, None, 3], pa.int16()))
    assert changed(tmp_path, table) == ("adds column Born SMALLINT",)
    assert rows(tmp_path, 'SELECT id, "Born" FROM t ORDER BY id') == [(1, 1815), (2, None), (3, 3), (9, None)]


def test_columns_go_by_name_in_any_case_and_order(tmp_path: Path) -> None:
    execute(tmp_path, TABLE)
    assert changed(tmp_path, pa.table({"NAME": ["Ada"], "Id": [1]}), write_mode="merge", primary_key="iD") == ()
    assert rows(tmp_path, "FROM t") == [(1, "Ada", 7)]


def test_a_column_that_the_rows_lack_may_not_be_needed(tmp_path: Path) -> None:
    execute(tmp_path, "CREATE TABLE t (id BIGINT, needed INTEGER NOT NULL, given INTEGER NOT NULL DEFAULT 1)")
    with pytest.raises(TargetError, match="'needed' of table 't' may not be NULL") as caught:
        put(tmp_path, PEOPLE.select(["id"]))
    assert "AS needed" in caught.value.hint
    execute(tmp_path, "ALTER TABLE t DROP needed")
    put(tmp_path, PEOPLE.select(["id"]))
    assert rows(tmp_path, "FROM t ORDER BY id") == [(1, 1), (2, 1), (3, 1)]


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("INTEGER", pa.array([1], pa.int64())),
        ("BIGINT", pa.array([1], pa.uint64())),
        ("DOUBLE", pa.array([1], pa.int64())),
        ("FLOAT", pa.array([1.5], pa.float64())),
        ("DECIMAL(9, 2)", pa.array([Decimal("1.5")], pa.decimal128(12, 2))),
        ("DECIMAL(18, 1)", pa.array([Decimal("1.5")], pa.decimal128(12, 2))),
        ("DATE", pa.array([datetime(2024, 1, 1)], pa.timestamp("us"))),
        ("TIMESTAMP_S", pa.array([datetime(2024, 1, 1)], pa.timestamp("us"))),
        ("INTEGER", pa.array(["1"])),
        ("VARCHAR", pa.array([1])),
        ("BOOLEAN", pa.array([1])),
        ("BLOB", pa.array(["x"])),
        ("TIMESTAMP", pa.array([datetime(2024, 1, 1)], pa.timestamp("us", tz="UTC"))),
    ],
)
@pytest.mark.parametrize("write_mode", ["append", "replace"])
def test_a_narrower_type_is_refused_before_a_row_is_moved(
    tmp_path: Path, write_mode: str, kind: str, values: Any
) -> None:
    execute(tmp_path, f"CREATE TABLE t (x {kind})")
    with pytest.raises(TargetError, match="column 'x' of table 't'") as caught:
        writer(tmp_path, write_mode=write_mode).write(stream_of(pa.table({"x": values})), MARKS)
    assert "CAST" in caught.value.hint


@pytest.mark.parametrize(
    ("target", "source", "held"),
    [
        ("BIGINT", "INTEGER", True),
        ("HUGEINT", "UBIGINT", True),
        ("UBIGINT", "UINTEGER", True),
        ("UBIGINT", "INTEGER", False),
        ("BIGINT", "UINTEGER", True),
        ("DOUBLE", "INTEGER", True),
        ("DOUBLE", "BIGINT", False),
        ("FLOAT", "SMALLINT", True),
        ("FLOAT", "INTEGER", False),
        ("DOUBLE", "FLOAT", True),
        ("DECIMAL(21,2)", "BIGINT", True),
        ("DECIMAL(20,2)", "BIGINT", False),
        ("DECIMAL(14,3)", "DECIMAL(12,2)", True),
        ("BIGINT", "DECIMAL(18,0)", True),
        ("BIGINT", "DECIMAL(19,0)", False),
        ("BIGINT", "DECIMAL(10,2)", False),
        ("HUGEINT", "DECIMAL(38,0)", True),
        ("TIMESTAMP", "TIMESTAMP_S", True),
        ("TIMESTAMP_MS", "TIMESTAMP", False),
        ("TIMESTAMP", "DATE", False),
        ("VARCHAR", "JSON", True),
        ("DATE", "DATE", True),
        ("INTEGER[]", "INTEGER[]", True),
        ("BIGINT[]", "INTEGER[]", False),
        ("VARCHAR", "DATE", False),
    ],
)
def test_a_type_holds_another_only_where_it_holds_every_value(target: str, source: str, held: bool) -> None:
    with duckdb.connect() as db:
        kinds = db.sql(f"SELECT NULL::{target}, NULL::{source}").types
    assert holds(kinds[0], kinds[1]) is held


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("UUID", "f47ac10b-58cc-4372-a567-0e02b2c3d479", "F47AC10B-58CC-4372-A567-0E02B2C3D479"),
        ("ENUM('a', 'b')", "a", "c"),
        ("BIT", "0101", "12"),
        ("INTERVAL", "1 month 2 days 00:00:03", "one month"),
        ("TIMETZ", "12:00:00+02", "12:00:00"),
        ("INTEGER[2]", [1, 2], [1, 2, 3]),
    ],
)
def test_text_goes_into_a_column_of_another_type_only_where_it_comes_back_the_same(
    tmp_path: Path, kind: str, good: Any, bad: Any
) -> None:
    execute(tmp_path, f"CREATE TABLE t (x {kind})")
    small = pa.list_(pa.int32()) if isinstance(good, list) else pa.string()
    put(tmp_path, pa.table({"x": pa.array([good, None], small)}))
    with extractor(tmp_path, table="t").extract() as stream:
        assert pa.Table.from_batches(stream).column("x").to_pylist() == [good, None]
    with pytest.raises(CheckFailed, match="1 values of column 'x'"):
        writer(tmp_path).write(stream_of(pa.table({"x": pa.array([bad], small)})), MARKS)
    assert rows(tmp_path, "SELECT count(*) FROM t") == [(2,)]


@pytest.mark.parametrize(
    ("table", "statement", "message"),
    [
        (PEOPLE, "CREATE VIEW t AS SELECT 1 AS id", "is a view"),
        (PEOPLE, "CREATE TABLE t (id BIGINT, name VARCHAR GENERATED ALWAYS AS ('x'))", "is computed by DuckDB"),
    ],
)
def test_what_can_not_be_written_is_refused_before_a_row_is_moved(
    tmp_path: Path, table: pa.Table, statement: str, message: str
) -> None:
    execute(tmp_path, statement)
    with pytest.raises(TargetError, match=message) as caught:
        writer(tmp_path).write(stream_of(table), MARKS)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("CREATE TABLE t (id BIGINT PRIMARY KEY, name VARCHAR)", "Duplicate key"),
        ("CREATE TABLE t (id BIGINT, name VARCHAR NOT NULL)", "NOT NULL"),
        ("CREATE TABLE t (id BIGINT CHECK (id < 3), name VARCHAR)", "CHECK"),
    ],
)
def test_a_promise_of_the_table_stops_the_commit_and_nothing_changes(
    tmp_path: Path, statement: str, message: str
) -> None:
    execute(tmp_path, statement, "INSERT INTO t VALUES (1, 'old')")
    with pytest.raises(CheckFailed, match=message) as caught:
        put(tmp_path, PEOPLE.append_column("more", PEOPLE.column("name")))
    assert caught.value.hint
    assert rows(tmp_path, "FROM t") == [(1, "old")]
    assert list((tmp_path / "scratch").iterdir()) == []


def test_rows_that_others_point_to_stay(tmp_path: Path) -> None:
    execute(tmp_path, TABLE, "CREATE TABLE o (t_id BIGINT REFERENCES t (id))")
    execute(tmp_path, "INSERT INTO t VALUES (8, 'x', 1)", "INSERT INTO o VALUES (8)")
    with pytest.raises(CheckFailed, match="foreign key"):
        put(tmp_path, PEOPLE, write_mode="replace")
    assert rows(tmp_path, "SELECT id FROM t") == [(8,)]


def test_a_table_that_changed_since_the_rows_were_staged_is_looked_at_again(tmp_path: Path) -> None:
    execute(tmp_path, TABLE)
    staged = writer(tmp_path).write(stream_of(PEOPLE), MARKS)
    execute(tmp_path, "DROP TABLE t", "CREATE TABLE t (id INTEGER)")
    with pytest.raises(TargetError, match="does not hold every BIGINT"):
        staged.commit()
    staged.close()
    assert rows(tmp_path, "FROM t") == []


def test_a_file_that_was_not_there_is_gone_again_when_the_commit_fails(tmp_path: Path) -> None:
    staged = writer(tmp_path).write(stream_of(PEOPLE), MARKS)
    staged.path.write_bytes(b"not a database" * 1_000)
    with pytest.raises(OsirisError):
        staged.commit()
    staged.close()
    assert not (tmp_path / FILE).exists()


@pytest.mark.parametrize(
    ("table", "config", "message"),
    [
        (pa.table({"id": [1], "ID": [2]}), {}, "two columns are called"),
        (pa.table({}), {}, "no column to write"),
        (pa.table({"x": pa.nulls(1)}), {}, "'x' has no type"),
        (pa.table({"x": pa.array([Decimal(1)], pa.decimal256(60, 0))}), {}, "'x' has the type decimal256"),
        (PEOPLE, {"primary_key": "nmae"}, "key 'nmae'"),
        (PEOPLE, {"primary_key": ["zzz"]}, "key 'zzz'"),
    ],
)
def test_rows_that_no_table_can_hold_are_an_authors_error(
    tmp_path: Path, table: pa.Table, config: dict[str, Any], message: str
) -> None:
    target = writer(tmp_path, **config)
    attempts: tuple[Callable[[], object], ...] = (
        lambda: target.announce(table.schema),
        lambda: target.write(stream_of(table), MARKS),
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
    assert (state.exists, state.rows, state.target) == (False, None, "@duckdb/t")


def test_one_pipeline_may_read_and_write_the_same_file(tmp_path: Path) -> None:
    execute(tmp_path, "CREATE TABLE t AS SELECT range AS id, 'x' AS name FROM range(100000)")
    source = extractor(tmp_path, table="t").extract()
    doubled = processor(tmp_path, "SELECT id * 2 AS id, name FROM t WHERE id < 10").process({"t": source})
    staged = writer(tmp_path, write_mode="replace").write(doubled, MARKS)
    doubled.close()
    source.close()
    assert staged.commit().rows_after == 10
    assert rows(tmp_path, "SELECT max(id) FROM t") == [(18,)]


def test_two_writers_of_one_file_commit_one_after_the_other(tmp_path: Path) -> None:
    first = writer(tmp_path, table="a").write(stream_of(PEOPLE), MARKS)
    second = writer(tmp_path, table="b").write(stream_of(PEOPLE), MARKS)
    assert (first.commit().rows_after, second.commit().rows_after) == (3, 3)
    assert rows(tmp_path, "SELECT table_name FROM duckdb_tables() ORDER BY 1") == [("a",), ("b",)]


def test_leaves_one_file_and_no_log_beside_it(tmp_path: Path) -> None:
    put(tmp_path, PEOPLE)
    put(tmp_path, PEOPLE, write_mode="replace")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scratch", FILE]
    assert list((tmp_path / "scratch").iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["append", "replace"])
def test_an_index_may_be_larger_than_the_memory_that_rows_alone_need(tmp_path: Path, mode: str) -> None:
    keys = [f"{number:06}" * 40 for number in range(150_000)]
    staged = writer(tmp_path, write_mode=mode, primary_key="id").write(stream_of(pa.table({"id": keys})), MARKS)
    assert staged.commit().rows_after == len(keys)


@pytest.mark.slow
def test_rows_of_very_many_truth_values_have_room(tmp_path: Path) -> None:
    flags = pa.array([number % 3 == 0 for number in range(70_000)])
    table = pa.table({f"is_{number}": flags for number in range(1_000)})
    staged = writer(tmp_path).write(stream_of(table), MARKS)
    staged.close()
    assert staged.written.staged == table.num_rows


def test_rows_may_become_wide_on_their_way(tmp_path: Path) -> None:
    table = pa.table({"id": range(200), "text": ["x"] * 100 + ["y" * 100_000] * 100})
    staged = writer(tmp_path).write(stream_of(table, rows=50), MARKS)
    assert staged.commit().rows_after == table.num_rows
    assert rows(tmp_path, "SELECT sum(length(text)) FROM t") == [(100 + 100 * 100_000,)]
