"""Rows into MySQL: all or none, nothing altered, nothing lost that is there."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from threading import Barrier, Thread
from typing import Any

import pyarrow as pa
import pytest
from pydantic import ValidationError
from tests.services.mysql import ask, connect
from tests.services.shared import Server
from tests.unit.components.mysql.told import extractor, fields, read, stage, write, writer

from osiris.components.mysql import session
from osiris.components.mysql.config import MysqlConnection
from osiris.components.mysql.ddl import WRITES, made_for
from osiris.components.mysql.lease import hold, staging_name
from osiris.components.mysql.moving import counted
from osiris.components.mysql.tables import Named
from osiris.kit.arrow import type_of
from osiris.kit.registry import Registry
from osiris.kit.stream import of_batches
from osiris.model.errors import AuthorError, CheckFailed, ConnectError, OsirisError, TargetError
from osiris.model.job import Marks
from osiris.testing.writer import plain

PEOPLE = pa.table({"id": pa.array([1, 2, 3]), "name": ["Ada", "Bob", None]})
TABLE = "CREATE TABLE t (id BIGINT PRIMARY KEY, name VARCHAR(50), n INT DEFAULT 7)"
ROWS = "SELECT * FROM t ORDER BY 1"


def everything(at: Server) -> dict[str, Any]:
    """Return every table with its definition and its rows."""
    tables = [str(name) for (name,) in ask(at, "SHOW TABLES")]
    return {n: (ask(at, f"SHOW CREATE TABLE `{n}`"), ask(at, f"SELECT * FROM `{n}` ORDER BY 1")) for n in tables}


def refused(at: Server, rows: pa.Table, kind: type[OsirisError], match: str, **config: Any) -> OsirisError:
    """Write what can't be written, and see that nothing has changed."""
    before = everything(at)
    with pytest.raises(kind, match=match) as caught:
        write(at, rows, **({"table": "t"} | config))
    assert everything(at) == before
    assert caught.value.hint
    return caught.value


def test_makes_the_table(at: Server) -> None:
    written = write(at, PEOPLE, table="t", primary_key="id")
    assert (written.target, written.changes) == ("@mysql/t", ("creates table t",))
    assert (written.staged, written.rows_before, written.rows_after) == (3, None, 3)
    assert ask(at, ROWS) == [(1, "Ada"), (2, "Bob"), (3, None)]
    assert ask(at, "SELECT COLUMN_NAME FROM information_schema.KEY_COLUMN_USAGE WHERE TABLE_SCHEMA = DATABASE()") == [
        ("id",)
    ]


def test_the_statement_announced_is_the_one_that_makes_the_table(at: Server) -> None:
    kinds = {"a": pa.string(), "b": pa.binary(), "c": pa.decimal128(12, 2), "d": pa.timestamp("us")}
    schema = pa.schema([pa.field(name, kind) for name, kind in kinds.items()])
    announced = writer(at, table="t", primary_key=["a", "b"]).announce(schema)
    assert announced.schema == schema
    ask(at, announced.ddl)
    announced_table = ask(at, "SHOW CREATE TABLE t")
    ask(at, "DROP TABLE t")
    write(at, schema.empty_table(), table="t", primary_key=["a", "b"])
    assert ask(at, "SHOW CREATE TABLE t") == announced_table


@pytest.mark.parametrize("line", WRITES, ids=lambda line: line.arrow)
def test_the_published_table_is_what_the_code_does(line: Any) -> None:
    nested = pa.list_(pa.struct([("a", pa.int64())]))
    odd = {"list, struct": nested, "fixed_size_binary[n]": pa.binary(7)}
    named = line.arrow.replace("(p, s)", "(20, 4)").replace("…", "Europe/Prague")
    kind = odd[line.arrow] if line.arrow in odd else type_of(named)
    assert made_for(pa.field("x", kind)) == line.target.replace("(p, s)", "(20, 4)")


NEVER = datetime(2038, 1, 19, 3, 14, 7, 999_999, UTC)
EVERY_TYPE = pa.table(
    {
        "half": pa.array([1.5, None], pa.float16()),
        "single": pa.array([0.1, None], pa.float32()),
        "decimal": pa.array([Decimal("-123.45"), None], pa.decimal256(60, 2)),
        "rounded": pa.array([Decimal(12300), None], pa.decimal128(3, -2)),
        "day": pa.array([date(1, 1, 1), None], pa.date64()),
        "second": pa.array([time(23, 59, 59), None], pa.time32("s")),
        "nano": pa.array([time(23, 59, 59, 999_999), None], pa.time64("ns")),
        "at_s": pa.array([datetime(9999, 12, 31), None], pa.timestamp("s")),
        "at_ms": pa.array([datetime(2024, 2, 29, 1, 2, 3, 4000), None], pa.timestamp("ms")),
        "at_ns": pa.array([datetime(2024, 2, 29, 1, 2, 3, 4), None], pa.timestamp("ns")),
        "instant": pa.array([NEVER, None], pa.timestamp("us", "Europe/Prague")),
        "first": pa.array([datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC), None], pa.timestamp("s", "UTC")),
        "large": pa.array(["a", None], pa.large_string()),
        "view": pa.array(["a", None], pa.string_view()),
        "words": pa.array(["a", None]).dictionary_encode(),
        "large_bytes": pa.array([b"\0", None], pa.large_binary()),
        "fixed": pa.array([b"ab", None], pa.binary(2)),
        "bytes_view": pa.array([b"\xff", None], pa.binary_view()),
        "list": pa.array([[1, None], None], pa.list_(pa.int64())),
        "struct": pa.array([{"a": 'say "yes"\n', "b": 0.1}, None]),
    }
)
WRITTEN = {
    "half": 1.5,
    "single": 0.1,
    "decimal": Decimal("-123.45"),
    "rounded": Decimal(12300),
    "day": date(1, 1, 1),
    "at_s": datetime(9999, 12, 31),
    "at_ms": datetime(2024, 2, 29, 1, 2, 3, 4000),
    "at_ns": datetime(2024, 2, 29, 1, 2, 3, 4),
    "instant": NEVER,
    "first": datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC),
    "second": "23:59:59",
    "nano": "23:59:59.999999",
    "large": "a",
    "view": "a",
    "words": "a",
    "large_bytes": b"\0",
    "fixed": b"ab",
    "bytes_view": b"\xff",
    "list": "[1,null]",
    "struct": '{"a":"say \\"yes\\"\\n","b":0.1}',
}


@pytest.mark.parametrize("local_infile", [True, False])
def test_every_type_is_written_exactly(at: Server, local_infile: bool) -> None:
    for _ in range(2):  # into a table that is made, then into one that is there
        write(at, EVERY_TYPE, fields(at, local_infile=local_infile), table="t", write_mode="append")
    found = read(at, table="t")
    assert found.num_rows == 4
    for row in (0, 2):
        cells = found.slice(row, 1).to_pylist()[0]
        assert {name: pytest.approx(v) if name == "single" else v for name, v in cells.items()} == WRITTEN
    assert set(found.slice(1, 1).to_pylist()[0].values()) == {None}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (pa.duration("us"), None),
        (pa.decimal256(76, 2), None),
        (pa.decimal256(60, 31), None),
        (pa.month_day_nano_interval(), None),
        (pa.struct([]), None),
    ],
)
def test_a_type_that_mysql_has_none_for_is_refused_before_anything_is_opened(kind: Any, value: Any) -> None:
    nobody = Server("127.0.0.1", 1, "", "")
    with pytest.raises(AuthorError, match="column 'x'") as caught:
        writer(nobody, table="t").announce(pa.schema([("x", kind)]))
    assert "cast" in caught.value.hint


def test_a_moment_after_2038_is_refused_and_not_another_one(at: Server) -> None:
    late = pa.table({"at": pa.array([datetime(2039, 1, 1, tzinfo=UTC)], pa.timestamp("us", "UTC"))})
    refused(at, late, CheckFailed, "'at'")


def test_texts_that_differ_in_capitals_are_two_keys(at: Server) -> None:
    rows = pa.table({"k": ["a", "A", "á"], "v": [1, 2, 3]})
    write(at, rows, table="t", write_mode="merge", primary_key="k")
    assert write(at, rows, table="t", write_mode="merge", primary_key="k").rows_after == 3


def test_a_key_that_is_too_long_is_refused(at: Server) -> None:
    refused(at, pa.table({"k": ["x" * 256]}), CheckFailed, "'k'", primary_key="k")


# What is there, and what the rows would do to it.


def test_replace_keeps_views_triggers_and_numbers(at: Server) -> None:
    ask(
        at,
        "CREATE TABLE t (id BIGINT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(50), KEY by_name (name))",
        "CREATE TABLE log (what TEXT)",
        "CREATE TRIGGER said BEFORE INSERT ON t FOR EACH ROW INSERT INTO log VALUES (NEW.name)",
        "CREATE VIEW seen AS SELECT name FROM t",
        "INSERT INTO t VALUES (5, 'old')",
    )
    definition = ask(at, "SHOW CREATE TABLE t")
    written = write(at, PEOPLE.select(["name"]), table="t", write_mode="replace")
    assert (written.rows_before, written.rows_after, written.changes) == (1, 3, ())
    assert sorted(ask(at, "SELECT * FROM seen"), key=str) == [("Ada",), ("Bob",), (None,)]
    assert len(ask(at, "SELECT * FROM log")) == 4
    assert [row[0] for row in definition] == [row[0] for row in ask(at, "SHOW CREATE TABLE t")]


def test_a_zero_stays_a_zero_where_the_table_numbers_rows(at: Server) -> None:
    ask(at, "CREATE TABLE t (id BIGINT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(50))")
    write(at, pa.table({"id": [0, 7], "name": ["zero", "seven"]}), table="t")
    assert ask(at, ROWS) == [(0, "zero"), (7, "seven")]


def test_append_says_how_many_there_were(at: Server) -> None:
    ask(at, TABLE, "INSERT INTO t VALUES (9, 'old', 9)")
    written = write(at, PEOPLE, table="t")
    assert (written.rows_before, written.rows_after) == (1, 4)
    assert ask(at, ROWS) == [(1, "Ada", 7), (2, "Bob", 7), (3, None, 7), (9, "old", 9)]


@pytest.mark.parametrize("key", ["PRIMARY KEY (id)", "KEY (id)", "KEY (name)"])
def test_merge_updates_by_key_and_adds_the_rest(at: Server, key: str) -> None:
    ask(at, f"CREATE TABLE t (id BIGINT, name VARCHAR(50), n INT DEFAULT 7, {key})")
    ask(at, "INSERT INTO t VALUES (1, 'old', 1), (9, 'stays', 9)")
    written = write(at, PEOPLE, table="t", write_mode="upsert", primary_key="ID")
    assert (written.write_mode, written.rows_before, written.rows_after) == ("merge", 2, 4)
    assert ask(at, ROWS) == [(1, "Ada", 1), (2, "Bob", 7), (3, None, 7), (9, "stays", 9)]


def test_merge_by_several_columns_leaves_rows_without_a_key_alone(at: Server) -> None:
    ask(
        at,
        "CREATE TABLE t (a INT, b VARCHAR(9), v INT)",
        "INSERT INTO t VALUES (1, 'x', 1), (1, 'y', 2), (NULL, 'x', 3)",
    )
    rows = pa.table({"a": pa.array([1, 2], pa.int32()), "b": ["x", "x"], "v": pa.array([10, 20], pa.int32())})
    assert write(at, rows, table="t", write_mode="merge", primary_key=["a", "b"]).rows_after == 4
    assert sorted(ask(at, "SELECT * FROM t"), key=str) == [(1, "x", 10), (1, "y", 2), (2, "x", 20), (None, "x", 3)]


def test_merge_of_keys_alone_adds_those_that_are_new(at: Server) -> None:
    ask(at, "CREATE TABLE t (id BIGINT PRIMARY KEY)", "INSERT INTO t VALUES (1)")
    assert write(at, PEOPLE.select(["id"]), table="t", write_mode="merge", primary_key="id").rows_after == 3


def test_merge_by_a_text_that_no_index_holds(at: Server) -> None:
    ask(at, "CREATE TABLE t (k TEXT, v INT)", "INSERT INTO t VALUES ('a', 1)")
    rows = pa.table({"k": ["a", "b"], "v": pa.array([10, 20], pa.int32())})
    write(at, rows, table="t", write_mode="merge", primary_key="k")
    assert ask(at, ROWS) == [("a", 10), ("b", 20)]
    refused(
        at,
        pa.table({"k": ["c", "c"], "v": pa.array([1, 2], pa.int32())}),
        CheckFailed,
        "2 rows share 1 values of the key k",
        write_mode="merge",
        primary_key="k",
    )


def test_merge_by_a_text_that_is_too_long_for_an_index(at: Server) -> None:
    ask(at, "CREATE TABLE t (k VARCHAR(2000) CHARACTER SET utf8mb4, v INT)")
    rows = pa.table({"k": ["a", "b"], "v": pa.array([10, 20], pa.int32())})
    for _ in range(2):
        assert write(at, rows, table="t", write_mode="merge", primary_key="k").rows_after == 2


@pytest.mark.parametrize("local_infile", [True, False])
@pytest.mark.parametrize("there", [True, False])
def test_keys_that_tell_no_rows_apart_are_refused(at: Server, there: bool, local_infile: bool) -> None:
    if there:
        ask(at, TABLE, "INSERT INTO t VALUES (1, 'old', 1)")
    config = {"write_mode": "merge", "primary_key": ["id"], "connection": fields(at, local_infile=local_infile)}
    doubled = pa.table({"id": [1, 1], "name": ["x", "y"]})
    refused(at, doubled, CheckFailed, "share .* of the key id", **config)
    nothing = pa.table({"id": pa.array([1, None], pa.int64()), "name": ["x", "y"]})
    refused(at, nothing, CheckFailed, "the key 'id' is NULL in 1 rows", **config)


def test_adds_the_columns_that_the_table_lacks(at: Server) -> None:
    ask(at, TABLE, "INSERT INTO t VALUES (9, 'old', 9)")
    rows = PEOPLE.append_column("at", pa.array([datetime(2024, 1, 1)] * 3, pa.timestamp("us"))).append_column(
        "Note", pa.array(["a", "b", None])
    )
    written = write(at, rows, table="t", write_mode="merge", primary_key="id")
    assert written.changes == ("adds column at DATETIME(6)", "adds column Note LONGTEXT")
    assert ask(at, "SELECT id, Note FROM t ORDER BY id") == [(1, "a"), (2, "b"), (3, None), (9, None)]


def test_columns_that_were_added_for_nothing_are_removed_again(at: Server) -> None:
    ask(at, TABLE, "INSERT INTO t VALUES (2, 'old', 9)")
    rows = PEOPLE.append_column("note", pa.array(["a", "b", None]))
    refused(at, rows, CheckFailed, "Duplicate entry", write_mode="append")


def test_a_key_that_is_there_already_is_refused(at: Server) -> None:
    ask(at, TABLE, "INSERT INTO t VALUES (2, 'old', 9)")
    assert "merge" in refused(at, PEOPLE, CheckFailed, "Duplicate entry").hint


def test_rows_that_others_refer_to_are_not_replaced(at: Server) -> None:
    ask(
        at,
        TABLE,
        "INSERT INTO t VALUES (9, 'old', 9)",
        "CREATE TABLE child (t_id BIGINT, FOREIGN KEY (t_id) REFERENCES t (id))",
        "INSERT INTO child VALUES (9)",
    )
    refused(at, PEOPLE, CheckFailed, "foreign key", write_mode="replace")


def test_a_check_of_the_table_s_is_kept(at: Server) -> None:
    ask(at, "CREATE TABLE t (id BIGINT, name VARCHAR(50), CHECK (id < 3))")
    refused(at, PEOPLE, CheckFailed, "CONSTRAINT")


@pytest.mark.parametrize(
    ("made", "match"),
    [
        (
            "CREATE TABLE t (id INT, name TEXT)",
            r"column 'id' of table 't' is int\(11\), which does not hold every int64",
        ),
        ("CREATE TABLE t (id BIGINT UNSIGNED, name TEXT)", "unsigned, which does not hold every int64"),
        ("CREATE TABLE t (id FLOAT, name TEXT)", "float, which does not hold every int64"),
        ("CREATE TABLE t (id DECIMAL(20, 2), name TEXT)", "which does not hold every int64"),
        ("CREATE TABLE t (id BIGINT, name BLOB)", "blob, which does not hold every string"),
        ("CREATE TABLE t (id BIGINT, name DATE)", "date, which does not hold every string"),
        ("CREATE TABLE t (id BIGINT, name INT)", r"int\(11\), which does not hold every string"),
        ("CREATE TABLE t (id DATETIME, name TEXT)", "datetime, which does not hold every int64"),
        ("CREATE TABLE t (id BIT(64), name TEXT)", "which does not hold every int64"),
        ("CREATE TABLE t (id BIGINT, name TEXT, n INT NOT NULL)", "column 'n' of table 't' may not be NULL"),
        ("CREATE TABLE t (id BIGINT, name TEXT AS ('x'))", "column 'name' of table 't' is computed"),
        ("CREATE TABLE t (id BIGINT, name TEXT) ENGINE = MyISAM", "engine MyISAM"),
        ("CREATE VIEW t AS SELECT 1 AS id", "'t' is a view"),
        ("CREATE TABLE other (id BIGINT)", "there is no table 't'"),
    ],
)
def test_a_table_that_can_not_take_the_rows_is_an_error_before_the_first_row(at: Server, made: str, match: str) -> None:
    ask(at, made)

    def rows() -> Any:
        raise AssertionError("a row was wanted")
        yield

    before = everything(at)
    with pytest.raises(TargetError, match=match) as caught:
        writer(at, table="t", create_if_missing=False).write(of_batches(PEOPLE.schema, rows()), Marks("r", "s"))
    assert caught.value.hint
    assert everything(at) == before


@pytest.mark.parametrize(
    ("declared", "kind"),
    [
        ("BIGINT", pa.uint64()),
        ("DECIMAL(10, 2)", pa.decimal128(11, 2)),
        ("DECIMAL(10, 2)", pa.decimal128(10, 3)),
        ("BIGINT", pa.decimal128(20, 0)),
        ("FLOAT", pa.float64()),
        ("DOUBLE", pa.int64()),
        ("DATE", pa.timestamp("us")),
        ("DATETIME", pa.timestamp("us", "UTC")),
        ("TIMESTAMP", pa.timestamp("us")),
        ("TIME", pa.timestamp("us")),
        ("VARCHAR(20)", pa.int64()),
        ("VARCHAR(20)", pa.bool_()),
        ("VARBINARY(20)", pa.string()),
        ("INT", pa.list_(pa.int64())),
        ("INET6", pa.string()),
    ],
)
def test_a_column_that_does_not_hold_every_value_is_an_error(at: Server, declared: str, kind: Any) -> None:
    ask(at, f"CREATE TABLE t (x {declared} NULL)")
    refused(
        at, pa.schema([("x", kind)]).empty_table(), TargetError, "column 'x' of table 't' is .* does not hold every"
    )


@pytest.mark.parametrize(
    ("declared", "value", "kind"),
    [
        ("DECIMAL(19, 0)", 2**63 - 1, pa.int64()),
        ("DECIMAL(3, 0)", True, pa.bool_()),
        ("BIGINT", Decimal(10**18 - 1), pa.decimal128(18, 0)),
        ("DOUBLE", 2**32 - 1, pa.uint32()),
        ("FLOAT", 65535, pa.uint16()),
        ("BIGINT UNSIGNED", 2**32 - 1, pa.uint32()),
        ("DATETIME", date(2024, 2, 29), pa.date32()),
        ("DATETIME", datetime(2024, 2, 29, 1, 2, 3), pa.timestamp("us")),
        ("TIMESTAMP NULL", datetime(2024, 2, 29, 1, 2, 3, tzinfo=UTC), pa.timestamp("ns", "Asia/Tokyo")),
        ("TIME", time(1, 2, 3), pa.time64("us")),
        ("YEAR", 1999, pa.int64()),
        ("YEAR", 0, pa.uint8()),
        ("BIT(8)", 255, pa.uint64()),
        ("VARCHAR(3) CHARACTER SET latin1", "žŠ€", pa.string()),
        ("UUID", "123e4567-e89b-12d3-a456-426655440000", pa.string()),
        ("LONGTEXT", [1], pa.list_(pa.int64())),
        ("BINARY(2)", b"\0\1", pa.binary()),
    ],
)
def test_a_column_that_holds_the_value_takes_it(at: Server, declared: str, value: Any, kind: Any) -> None:
    ask(at, f"CREATE TABLE t (x {declared})")
    write(at, pa.table({"x": pa.array([value, None], kind)}), table="t")
    said = {time: "01:02:03", list: "[1]"}.get(type(value), value)
    found = [row["x"] for row in read(at, table="t").to_pylist()]
    expected = datetime(2024, 2, 29) if type(value) is date else said
    assert found == [expected, None]


@pytest.mark.parametrize("local_infile", [True, False])
@pytest.mark.parametrize(
    ("declared", "value", "kind"),
    [
        ("MEDIUMINT", 2**23, pa.int32()),
        ("BIT(8)", 256, pa.uint64()),
        ("YEAR", 5, pa.int64()),
        ("YEAR", 2156, pa.int64()),
        ("DECIMAL(5, 2) UNSIGNED", Decimal(-1), pa.decimal128(5, 2)),
        ("DOUBLE", float("nan"), pa.float64()),
        ("FLOAT", float("-inf"), pa.float32()),
        ("DOUBLE(10, 2)", 0.125, pa.float64()),
        ("VARCHAR(3)", "abcd", pa.string()),
        ("VARCHAR(3)", "abc ", pa.string()),
        ("CHAR(3)", "a ", pa.string()),
        ("VARCHAR(9) CHARACTER SET latin1", "日本", pa.string()),
        ("ENUM('a', 'b')", "A", pa.string()),
        ("ENUM('a', 'b')", "", pa.string()),
        ("SET('a', 'b')", "b,a", pa.string()),
        ("SET('a', 'b')", "c", pa.string()),
        ("TIME", "25:61:00", pa.string()),
        ("TIME", "1:02:03", pa.string()),
        ("TIME(3)", "01:02:03.0001", pa.string()),
        ("UUID", "123E4567-E89B-12D3-A456-426655440000", pa.string()),
        ("DATETIME(2)", datetime(2024, 1, 1, 0, 0, 0, 1000), pa.timestamp("us")),
        ("DATETIME(6)", 1, pa.timestamp("ns")),
        ("TIMESTAMP(6) NULL", datetime(1969, 1, 1, tzinfo=UTC), pa.timestamp("us", "UTC")),
        ("TIME", time(1, 2, 3, 4), pa.time64("us")),
        ("BINARY(3)", b"ab", pa.binary()),
        ("VARBINARY(1)", b"ab", pa.binary()),
        ("LONGTEXT", [float("nan")], pa.list_(pa.float64())),
        ("BIGINT NOT NULL", None, pa.int64()),
    ],
)
def test_a_value_that_would_be_another_one_is_an_error_that_names_the_column(
    at: Server, declared: str, value: Any, kind: Any, local_infile: bool
) -> None:
    ask(at, f"CREATE TABLE t (other INT, `the column` {declared})")
    rows = pa.table({"the column": pa.array([value], kind)})
    refused(at, rows, CheckFailed, "'the column'", connection=fields(at, local_infile=local_infile))


def test_a_target_without_a_database_is_an_error(at: Server) -> None:
    error = refused(at, PEOPLE, TargetError, "no database is named", connection=fields(at, database=""))
    assert "`database`" in error.hint


def test_a_database_that_is_not_there_is_an_error(at: Server) -> None:
    refused(at, PEOPLE, TargetError, "no such database", table="nowhere.t")


def test_a_user_who_may_only_read_is_told_so(at: Server) -> None:
    name = f"reader_{at.database}"
    ask(
        at,
        f"CREATE USER {name}@'127.0.0.1' IDENTIFIED BY 'x'",
        f"GRANT SELECT ON {at.database}.* TO {name}@'127.0.0.1'",
    )
    reader = fields(at) | {"user": name, "password": "x"}  # pragma: allowlist secret
    try:
        assert "grant" in refused(at, PEOPLE, ConnectError, "no right to it", connection=reader).hint
    finally:
        ask(at, f"DROP USER {name}@'127.0.0.1'")


# Runs beside each other, and connections that end.


def test_a_living_run_s_rows_are_never_another_s_to_remove(at: Server) -> None:
    ask(at, TABLE)
    first = stage(at, PEOPLE.slice(0, 1), run="run-1", table="t")
    write(at, PEOPLE.slice(1), table="t")
    assert first.commit().rows_after == 3
    first.close()
    assert list(everything(at)) == ["t"]


def test_two_steps_of_one_run_write_beside_each_other(at: Server) -> None:
    both = Barrier(2)

    def put(table: str) -> None:
        staged = stage(at, PEOPLE, table=table)
        both.wait(60)
        staged.commit()

    threads = [Thread(target=put, args=(table,)) for table in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {name: len(rows) for name, (_, rows) in everything(at).items()} == {"a": 3, "b": 3}


@pytest.mark.parametrize("write_mode", ["append", "replace", "merge"])
@pytest.mark.parametrize("there", [True, False])
def test_a_connection_that_ends_before_the_commit_is_made_again(at: Server, write_mode: str, there: bool) -> None:
    if there:
        ask(at, TABLE, "INSERT INTO t VALUES (9, 'old', 9)")
    staged = stage(at, PEOPLE, table="t", write_mode=write_mode, primary_key="id")
    ask(at, f"KILL CONNECTION {staged.db.thread_id()}")
    expected = 3 if not there or write_mode == "replace" else 4
    assert staged.commit().rows_after == expected
    assert len(ask(at, ROWS)) == expected
    assert list(everything(at)) == ["t"]


def test_rows_that_somebody_removed_are_not_taken_for_written(at: Server) -> None:
    staged = stage(at, PEOPLE, table="t")
    ask(at, f"KILL CONNECTION {staged.db.thread_id()}", f"DROP TABLE {staged.name.sql}")
    with pytest.raises(TargetError, match="is not known") as caught:
        staged.commit()
    staged.close()
    assert "look at the table" in caught.value.hint


def test_a_table_that_is_made_meanwhile_is_not_touched(at: Server) -> None:
    staged = stage(at, PEOPLE, table="t", write_mode="replace")
    ask(at, TABLE, "INSERT INTO t VALUES (9, 'old', 9)")
    before = ask(at, ROWS)
    with pytest.raises(TargetError, match="changed while the run was going on"):
        staged.commit()
    staged.close()
    assert ask(at, ROWS) == before
    assert list(everything(at)) == ["t"]


def test_a_table_that_is_altered_meanwhile_is_not_touched(at: Server) -> None:
    ask(at, TABLE)
    staged = stage(at, PEOPLE, table="t")
    ask(at, "ALTER TABLE t MODIFY name BLOB")
    with pytest.raises(TargetError, match="does not hold every string"):
        staged.commit()
    staged.close()
    assert ask(at, ROWS) == []


def test_a_table_that_somebody_holds_is_an_error(at: Server) -> None:
    ask(at, TABLE)
    staged = stage(at, PEOPLE, table="t", write_mode="replace")
    staged.db.cursor().execute("SET innodb_lock_wait_timeout = 1, lock_wait_timeout = 1")
    with connect(at) as holder, holder.cursor() as cursor:
        cursor.execute("LOCK TABLES t WRITE")
        with pytest.raises(TargetError, match="somebody else holds it"):
            staged.commit()
    staged.close()


def test_counting_that_takes_too_long_is_given_up(at: Server) -> None:
    write(at, plain(5_000), table="t")
    ask(at, "CREATE VIEW endless AS SELECT a.row FROM t a, t b, t c WHERE a.city > b.city")
    connection = Registry.installed().connect("mysql", fields(at))
    assert isinstance(connection, MysqlConnection)
    with session.reading(connection) as db:
        assert counted(db, Named("", "t")) == 5_000
        assert counted(db, Named("", "endless"), 0.2) is None


def test_a_table_belongs_to_one_connection_at_a_time(at: Server) -> None:
    connection = Registry.installed().connect("mysql", fields(at))
    assert isinstance(connection, MysqlConnection)
    name = staging_name(Named("", "t"), "run-1")
    with session.reading(connection) as one, session.reading(connection) as other:
        hold(one, name, 0)
        with pytest.raises(TargetError, match="still at work"):
            hold(other, name, 0)


def test_many_bytes_are_sent_in_several_statements(at: Server) -> None:
    rows = pa.table({"id": range(5), "text": ["x" * 10_000_000] * 5})
    assert write(at, rows, table="t").rows_after == 5
    assert ask(at, "SELECT count(*), sum(length(text)) FROM t") == [(5, 50_000_000)]


def test_many_rows_are_inserted_by_several_statements(at: Server) -> None:
    rows = pa.table({"id": range(20_000), "text": ["it's long " * 10] * 20_000})
    assert write(at, rows, fields(at, local_infile=False), table="t").rows_after == 20_000
    assert read(at, table="t").sort_by("id").equals(rows)


def test_a_name_with_a_dot_is_that_of_another_database(at: Server) -> None:
    write(at, PEOPLE, fields(at, database=""), table=f"{at.database}.t")
    write(at, PEOPLE, fields(at, database=""), table="t", schema=at.database)
    assert len(ask(at, ROWS)) == 6


def test_what_a_table_is_read_from_may_be_what_is_written(at: Server) -> None:
    ask(at, TABLE, "INSERT INTO t VALUES (1, 'a', 1), (2, 'b', 2)")
    with extractor(at, query="SELECT id + 10 AS id, name FROM t").extract() as rows:
        staged = writer(at, table="t", write_mode="replace").write(rows, Marks("r", "s"))
    staged.commit()
    assert ask(at, ROWS) == [(11, "a", 7), (12, "b", 7)]


@pytest.mark.parametrize(
    "config",
    [
        {"table": "t", "write_mode": "merge"},
        {"table": "t", "primary_key": ["a", "A"]},
        {"table": "t", "truncate_before": True},
        {"table": ""},
    ],
)
def test_settings_that_make_no_sense_are_refused(config: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Registry.installed().kind("mysql.writer").about.config.model_validate(config)


def test_older_names_of_settings_are_understood() -> None:
    config = {"table": "t", "mode": "upsert", "upsert_keys": "id", "batch_size": 1000, "create_table": False}
    found = Registry.installed().kind("mysql.writer").about.config.model_validate(config)
    assert found.model_dump(include={"write_mode", "primary_key", "create_if_missing"}) == {
        "write_mode": "merge",
        "primary_key": ["id"],
        "create_if_missing": False,
    }
