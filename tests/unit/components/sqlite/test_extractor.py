"""Rows out of an SQLite file: each column is what all of its values are."""

import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from threading import Thread
from typing import Any

import pyarrow as pa
import pytest
from pydantic import ValidationError
from tests.unit.components.sqlite.crm import FILE, at, execute, extractor, put, read, rows

from osiris.components.sqlite.config import SqliteConnection
from osiris.components.sqlite.session import reading, shut
from osiris.model.catalogue import Known
from osiris.model.errors import (
    AuthorError,
    CheckFailed,
    ConnectError,
    Interrupted,
    OsirisError,
    SourceError,
    StatementError,
)

ORDERS = (
    "CREATE TABLE orders (id INTEGER PRIMARY KEY, city TEXT, note VARCHAR(20))",
    (
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 49999) "
        "INSERT INTO orders SELECT i, 'c' || (i % 3), 'x' FROM n"
    ),
)

NOON, LATER = datetime(2024, 2, 29, 12), datetime(2024, 2, 29, 12, 0, 0, 1)


def column(folder: Path, declared: str, *values: str) -> tuple[str, list[Any]]:
    """Return the type and the values of a column that declares something and holds some SQL values."""
    execute(folder, f"CREATE TABLE t (x {declared})", *(f"INSERT INTO t VALUES ({value})" for value in values))
    found = read(folder, table="t")
    return str(found.schema.field("x").type), found.column("x").to_pylist()


@pytest.mark.parametrize(
    ("declared", "values", "kind", "expected"),
    [
        ("INTEGER", ["1", "NULL", "9223372036854775807"], "int64", [1, None, 2**63 - 1]),
        ("INT", ["9007199254740993"], "int64", [9_007_199_254_740_993]),
        ("REAL", ["1", "0.1", "NULL"], "double", [1.0, 0.1, None]),
        ("REAL", ["9e999", "-9e999"], "double", [float("inf"), float("-inf")]),
        ("TEXT", ["''", "NULL", "'007'", "7"], "string", ["", None, "007", "7"]),
        ("BLOB", ["x'00ff'", "NULL", "x''"], "binary", [b"\x00\xff", None, b""]),
        ("", ["1", "2"], "int64", [1, 2]),
        ("", ["'a'", "NULL"], "string", ["a", None]),
        ("NUMERIC", ["1", "0.5"], "double", [1.0, 0.5]),
        ("BOOLEAN", ["1", "0", "NULL"], "bool", [True, False, None]),
        ("BOOLEAN", ["1", "2"], "int64", [1, 2]),
        ("BOOL", ["'yes'"], "string", ["yes"]),
        ("DECIMAL(12, 2)", ["1.10", "7", "NULL"], "decimal128(12, 2)", [Decimal("1.10"), Decimal("7.00"), None]),
        ("NUMERIC(5)", ["3", "NULL"], "decimal128(5, 0)", [Decimal(3), None]),
        ("DECIMAL(12, 2)", ["1.105", "2"], "double", [1.105, 2.0]),
        ("DECIMAL(12, 2)", ["0.1 + 0.2"], "double", [0.1 + 0.2]),
        ("DECIMAL(3, 2)", ["1234", "1"], "int64", [1234, 1]),
        ("DECIMAL(12, 2)", ["'free'"], "string", ["free"]),
        ("DECIMAL(60, 2)", ["1.5"], "double", [1.5]),
        ("DATE", ["'2024-02-29'", "'0001-01-01'", "NULL"], "date32[day]", [date(2024, 2, 29), date(1, 1, 1), None]),
        ("DATE", ["'2024-02-30'"], "string", ["2024-02-30"]),
        ("DATE", ["'29.2.2024'", "'2024-02-29'"], "string", ["29.2.2024", "2024-02-29"]),
        ("DATE", ["1709164800"], "int64", [1_709_164_800]),
        ("DATETIME", ["'2024-02-29 12:00:00'", "'2024-02-29T12:00:00.000001'"], "timestamp[us]", [NOON, LATER]),
        ("TIMESTAMP", ["'2024-02-29 12:00:00+02:00'"], "string", ["2024-02-29 12:00:00+02:00"]),
        ("TIMESTAMPTZ", ["'2024-02-29 14:00:00+02:00'"], "timestamp[us, tz=UTC]", [NOON.replace(tzinfo=UTC)]),
        ("TIME", ["'12:30:00'", "'23:59:59.999999'"], "time64[us]", [time(12, 30), time(23, 59, 59, 999_999)]),
        ("TIME", ["'25:00:00'"], "string", ["25:00:00"]),
        ("INTEGER", [], "int64", []),
        ("VARCHAR(9)", ["NULL"], "string", [None]),
        ("DATE", ["NULL"], "date32[day]", [None]),
        ("DOUBLE", [], "double", []),
        ("NUMERIC", [], "double", []),
        ("BLOB", [], "binary", []),
        ("", [], "string", []),
    ],
)  # fmt: skip
def test_a_column_is_what_all_of_its_values_are(
    tmp_path: Path, declared: str, values: list[str], kind: str, expected: list[Any]
) -> None:
    assert column(tmp_path, declared, *values) == (kind, expected)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["1", "'a'"], "column 'x' holds integer and text"),
        (["x'00'", "'a'", "0.5"], "column 'x' holds blob and real and text"),
        (["0.5", "9007199254740993"], "reals and integers too large for one"),
    ],
)
def test_a_column_that_mixes_types_is_an_error_that_names_it(tmp_path: Path, values: list[str], message: str) -> None:
    with pytest.raises(SourceError, match=message) as caught:
        column(tmp_path, "", *values)
    assert 'CAST("x" AS TEXT)' in caught.value.hint


def test_an_expression_is_what_its_values_are(tmp_path: Path) -> None:
    execute(tmp_path, *ORDERS)
    query = "SELECT id * 2 AS two, id / 2.0 AS half, city || '!' AS text, NULL AS none, city FROM orders"
    assert read(tmp_path, query=query).schema.types == [
        pa.int64(),
        pa.float64(),
        pa.string(),
        pa.string(),
        pa.string(),
    ]


def test_text_that_is_not_utf8_is_an_error_that_names_the_column(tmp_path: Path) -> None:
    execute(tmp_path, "CREATE TABLE t (id INT, x TEXT)", "INSERT INTO t VALUES (1, CAST(x'ff41' AS TEXT))")
    with pytest.raises(SourceError, match="column 'x' holds text that is not UTF-8") as caught:
        read(tmp_path, table="t")
    assert "AS BLOB" in caught.value.hint


def test_reads_the_columns_named_in_their_order(tmp_path: Path) -> None:
    execute(tmp_path, *ORDERS)
    assert read(tmp_path, table="ORDERS", columns=["note", "id"], limit=1).to_pydict() == {"note": ["x"], "id": [0]}


@pytest.mark.parametrize("source", [{"table": "orders"}, {"query": "SELECT id FROM orders ORDER BY id DESC -- last;"}])
def test_leaves_out_the_first_rows_and_stops_after_so_many(tmp_path: Path, source: dict[str, str]) -> None:
    execute(tmp_path, *ORDERS)
    whole = read(tmp_path, **source).column("id").to_pylist()
    assert read(tmp_path, **source, offset=20_000, limit=2).column("id").to_pylist() == whole[20_000:20_002]
    assert read(tmp_path, **source, offset=49_998).column("id").to_pylist() == whole[49_998:]
    assert read(tmp_path, **source, limit=0).num_rows == 0


def test_says_which_file_is_near_when_there_is_none(tmp_path: Path) -> None:
    execute(tmp_path, *ORDERS)
    with pytest.raises(ConnectError, match=r"no SQLite file 'crn\.sqlite'") as caught:
        extractor(tmp_path, "crn.sqlite", table="orders").extract()
    assert FILE in caught.value.hint


@pytest.mark.parametrize(("path", "hint"), [("nowhere/x.db", "no folder 'nowhere'"), ("q", "osiris_connections.yaml")])
def test_says_what_to_do_when_there_is_no_file(tmp_path: Path, path: str, hint: str) -> None:
    with pytest.raises(ConnectError) as caught:
        extractor(tmp_path, path, table="orders").extract()
    assert hint in caught.value.hint
    assert not (tmp_path / path).exists()


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    with pytest.raises(ConnectError, match="is a folder"):
        extractor(tmp_path, table="orders").extract()


def test_a_text_file_is_no_database(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("id,city\n1,Brno\n" * 1_000)
    with pytest.raises(ConnectError, match="is not an SQLite database"):
        extractor(tmp_path, table="orders").extract()


def test_a_database_cut_short_is_an_error(tmp_path: Path) -> None:
    execute(tmp_path, *ORDERS)
    whole = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ConnectError, match="malformed") as caught:
        read(tmp_path, table="orders")
    assert caught.value.hint


@pytest.mark.parametrize("name", ["a b'\"c.db", "per%20cent?#.db"])
def test_the_name_of_the_file_does_not_matter(tmp_path: Path, name: str) -> None:
    execute(tmp_path, *ORDERS)
    (tmp_path / FILE).rename(tmp_path / name)
    with extractor(tmp_path, name, query="SELECT max(id) AS m FROM orders").extract() as stream:
        assert pa.Table.from_batches(stream).to_pydict() == {"m": [49_999]}


@pytest.mark.parametrize(("name", "near"), [("oders", "orders"), ("zzz", "there are: orders")])
def test_says_which_table_is_near(tmp_path: Path, name: str, near: str) -> None:
    execute(tmp_path, *ORDERS)
    with pytest.raises(SourceError, match=f"no table '{name}'") as caught:
        extractor(tmp_path, table=name).extract()
    assert near in caught.value.hint


def test_says_which_column_is_near(tmp_path: Path) -> None:
    execute(tmp_path, *ORDERS)
    with pytest.raises(SourceError, match="no column 'cty'") as caught:
        extractor(tmp_path, table="orders", columns=["cty"]).extract()
    assert "city" in caught.value.hint


@pytest.mark.parametrize(
    ("query", "message", "hint"),
    [
        ("SELECT cty FROM orders", "no such column: cty", "city"),
        ("SELECT o.cty FROM orders o", "no such column: o.cty", "city"),
        ("SELECT id FROM oders", "no such table: oders", "orders"),
        ("SELECT zzzzzz FROM orders", "zzzzzz", "there are: city, id, note, orders"),
        ("SELECT sum(id) AS s FROM orders GROUP BY sum(id)", "aggregate", "mend"),
    ],
)
def test_says_what_is_near_in_a_query(tmp_path: Path, query: str, message: str, hint: str) -> None:
    execute(tmp_path, *ORDERS)
    with pytest.raises(AuthorError, match=message) as caught:
        extractor(tmp_path, query=query).extract()
    assert hint in caught.value.hint


@pytest.mark.parametrize("names", ["id, id", "id, city AS ID"])
def test_two_columns_of_one_name_are_refused(tmp_path: Path, names: str) -> None:
    execute(tmp_path, *ORDERS)
    with pytest.raises(AuthorError, match="two columns are called"):
        extractor(tmp_path, query=f"SELECT {names} FROM orders").extract()


def test_takes_queries_only(tmp_path: Path) -> None:
    execute(tmp_path, *ORDERS)
    with pytest.raises(StatementError):
        extractor(tmp_path, query="DELETE FROM orders").extract()
    assert rows(tmp_path, "SELECT count(*) FROM orders") == [(50_000,)]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO orders VALUES (-1, 'x', 'x')",
        "CREATE TABLE made (i)",
        "CREATE TEMP TABLE made (i)",
        "ATTACH 'other.sqlite' AS other",
        "SELECT load_extension('x')",
        "PRAGMA query_only = OFF",
        "PRAGMA writable_schema = ON",
        "VACUUM INTO 'copy.sqlite'",
        "BEGIN",
    ],
)
def test_sqlite_itself_refuses_all_else(tmp_path: Path, statement: str) -> None:
    execute(tmp_path, *ORDERS)
    with reading(SqliteConnection(path=FILE), at(tmp_path)) as db:
        shut(db)
        with pytest.raises(sqlite3.Error):
            db.execute(statement)
    assert sorted(path.name for path in tmp_path.iterdir()) == [FILE, "scratch"]


@pytest.mark.parametrize(
    ("config", "what"),
    [
        ({}, "either `query` or `table`"),
        ({"query": "SELECT 1", "table": "t"}, "either `query` or `table`"),
        ({"query": "SELECT 1", "columns": ["a"]}, "goes with `table`"),
        ({"table": "t", "columns": ["a", "a"]}, "named twice"),
        ({"table": "t", "settled": {"a": "something"}}, "is not a type"),
    ],
)
def test_refuses_settings_that_say_nothing(tmp_path: Path, config: dict[str, Any], what: str) -> None:
    with pytest.raises(ValidationError, match=what):
        extractor(tmp_path, **config)


@pytest.mark.parametrize("path", [":memory:", "file:x?mode=rwc", ""])
def test_a_connection_is_a_file(path: str) -> None:
    with pytest.raises(ValidationError):
        SqliteConnection(path=path)


def settled(folder: Path) -> dict[str, str]:
    announced = extractor(folder, table="orders").announce(Known(survey=extractor(folder, table="orders").survey()))
    return {column: str(kind) for column, kind in announced.fixed["settled"].items()}


def test_fails_when_the_columns_are_not_those_of_the_plan(tmp_path: Path) -> None:
    execute(tmp_path, *ORDERS)
    plan = settled(tmp_path)
    execute(tmp_path, "ALTER TABLE orders DROP note", "ALTER TABLE orders ADD more INT")
    with pytest.raises(CheckFailed, match="'note' is gone, 'more' is new"):
        extractor(tmp_path, table="orders", settled=plan).extract()


def test_fails_when_a_value_is_not_of_the_type_of_the_plan(tmp_path: Path) -> None:
    execute(tmp_path, *ORDERS)
    plan = settled(tmp_path)
    execute(tmp_path, "UPDATE orders SET city = CAST('x' AS BLOB) WHERE id = 40000")
    stream = extractor(tmp_path, table="orders", settled=plan).extract()
    with stream, pytest.raises(CheckFailed, match="column 'city' holds a value that is not the string") as caught:
        list(stream)
    assert caught.value.hint


def test_fails_when_the_columns_change_before_the_first_row(tmp_path: Path) -> None:
    execute(tmp_path, *ORDERS)
    stream = extractor(tmp_path, table="orders").extract()
    execute(tmp_path, "ALTER TABLE orders DROP note")
    with stream, pytest.raises(CheckFailed, match="changed while the run was going on"):
        list(stream)


def test_an_error_half_way_says_what_is_wrong(tmp_path: Path) -> None:
    execute(tmp_path, *ORDERS)
    query = "SELECT abs(CASE id WHEN 40000 THEN -9223372036854775807 - 1 ELSE id END) AS a FROM orders"
    with pytest.raises(SourceError, match="integer overflow") as caught:
        read(tmp_path, query=query)
    assert caught.value.hint


def test_a_file_may_be_written_while_a_stream_of_it_waits(tmp_path: Path) -> None:
    execute(tmp_path, *ORDERS)
    with extractor(tmp_path, query="SELECT count(*) AS n FROM orders").extract() as stream:
        put(tmp_path, pa.table({"x": [1]}))
        assert pa.Table.from_batches(stream).to_pydict() == {"n": [50_000]}


def test_reads_a_file_that_keeps_a_log_of_writes(tmp_path: Path) -> None:
    execute(tmp_path, *ORDERS)
    with closing(sqlite3.connect(tmp_path / FILE)) as other, other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("INSERT INTO orders VALUES (-1, 'x', 'x')")
        other.commit()
        assert read(tmp_path, query="SELECT min(id) AS m FROM orders").to_pydict() == {"m": [-1]}


def test_a_file_that_another_keeps_locked_is_an_error_in_words(tmp_path: Path) -> None:
    execute(tmp_path, *ORDERS)
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with (
            pytest.raises(ConnectError, match="another process keeps the SQLite file") as caught,
            reading(SqliteConnection(path=FILE), at(tmp_path), patience=0),
        ):
            pass
    assert caught.value.hint


def test_another_thread_can_break_a_query_off(tmp_path: Path) -> None:
    execute(tmp_path, *ORDERS)
    plan = {"s": "int64"}
    stream = extractor(tmp_path, query="SELECT sum(a.id + b.id) AS s FROM orders a, orders b", settled=plan).extract()
    raised: list[BaseException] = []

    def pull() -> None:
        try:
            list(stream)
        except OsirisError as exc:
            raised.append(exc)

    pulling = Thread(target=pull)
    pulling.start()
    while stream.breaker.idle:
        pass
    stream.close()
    pulling.join()
    assert [type(exc) for exc in raised] in ([Interrupted], [])


def test_reads_the_rows_as_they_were_before_a_program_died_half_way(tmp_path: Path) -> None:
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) SELECT i, 'old' FROM n"
    living = tmp_path / "living.sqlite"
    with closing(sqlite3.connect(living, isolation_level=None)) as db:
        db.execute("CREATE TABLE t (id INTEGER, name TEXT)")
        db.execute(f"INSERT INTO t {numbers}")
        db.execute("PRAGMA cache_size = 1")  # page: the file is written long before the commit
        db.execute("BEGIN")
        db.execute("UPDATE t SET name = 'new'")
        for ending in ("", "-journal"):
            (tmp_path / f"{FILE}{ending}").write_bytes(Path(f"{living}{ending}").read_bytes())
    assert set(read(tmp_path, table="t").column("name").to_pylist()) == {"old"}
