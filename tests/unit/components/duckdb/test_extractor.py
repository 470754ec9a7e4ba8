"""Rows out of a DuckDB file, which nobody changes."""

from collections.abc import Generator
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from threading import Thread
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from pydantic import ValidationError
from tests.unit.components.duckdb.shop import FILE, at, execute, extractor, put, rows

from osiris.components.duckdb.config import DuckdbConnection
from osiris.components.duckdb.session import reading
from osiris.kit.stream import Stream
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

ORDERS = "CREATE TABLE orders AS SELECT range AS id, range % 3 AS city, 'x' AS note FROM range(100000)"


def read(stream: Stream) -> pa.Table:
    with stream:
        return pa.Table.from_batches(stream, stream.schema)


def test_reads_the_columns_named_in_their_order(tmp_path: Path) -> None:
    execute(tmp_path, ORDERS)
    assert read(extractor(tmp_path, table="orders", columns=["note", "id"], limit=1).extract()).to_pydict() == {
        "note": ["x"],
        "id": [0],
    }


@pytest.mark.parametrize("source", [{"table": "orders"}, {"query": "SELECT * FROM orders ORDER BY id"}])
def test_leaves_out_the_first_rows_and_stops_after_so_many(tmp_path: Path, source: dict[str, str]) -> None:
    execute(tmp_path, ORDERS)
    assert read(extractor(tmp_path, **source, offset=70_000, limit=2).extract()).column("id").to_pylist() == [
        70_000,
        70_001,
    ]
    assert read(extractor(tmp_path, **source, offset=99_999).extract()).column("id").to_pylist() == [99_999]
    assert read(extractor(tmp_path, **source, limit=0).extract()).num_rows == 0


def test_keeps_the_order_of_the_query(tmp_path: Path) -> None:
    execute(tmp_path, ORDERS)
    found = read(extractor(tmp_path, query="SELECT id FROM orders ORDER BY city, id DESC").extract())
    assert found.column("id").to_pylist() == sorted(range(100_000), key=lambda i: (i % 3, -i))


def test_finds_tables_in_any_schema_and_any_case(tmp_path: Path) -> None:
    execute(
        tmp_path, "CREATE SCHEMA s", "CREATE TABLE s.Inner AS SELECT 1 AS x", 'CREATE TABLE "s.inner" AS SELECT 2 AS x'
    )
    assert read(extractor(tmp_path, table="S.inner").extract()).to_pydict() == {"x": [2]}
    execute(tmp_path, 'DROP TABLE "s.inner"')
    assert read(extractor(tmp_path, table="S.inner").extract()).to_pydict() == {"x": [1]}


@pytest.mark.parametrize("name", ["memory.duckdb", "staged.duckdb", "temp.duckdb", "a b'\"c.duckdb"])
def test_the_name_of_the_file_does_not_matter(tmp_path: Path, name: str) -> None:
    execute(tmp_path, ORDERS)
    (tmp_path / FILE).rename(tmp_path / name)
    found = read(extractor(tmp_path, name, query="SELECT max(id) AS m FROM main.orders").extract())
    assert found.to_pydict() == {"m": [99_999]}


def test_says_which_file_is_near_when_there_is_none(tmp_path: Path) -> None:
    execute(tmp_path, ORDERS)
    with pytest.raises(ConnectError, match=r"no DuckDB file 'shp\.duckdb'") as caught:
        extractor(tmp_path, "shp.duckdb", table="orders").extract()
    assert FILE in caught.value.hint


def test_says_that_the_folder_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ConnectError) as caught:
        extractor(tmp_path, "nowhere/shop.duckdb", table="orders").extract()
    assert "no folder 'nowhere'" in caught.value.hint


def test_says_that_nothing_is_like_it(tmp_path: Path) -> None:
    with pytest.raises(ConnectError) as caught:
        extractor(tmp_path, "shop.duckdb", table="orders").extract()
    assert "osiris_connections.yaml" in caught.value.hint


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "shop.duckdb").mkdir()
    with pytest.raises(ConnectError, match="is a folder"):
        extractor(tmp_path, table="orders").extract()


def test_a_text_file_is_no_database(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("id,city\n1,Brno\n" * 1_000)
    with pytest.raises(ConnectError, match="is not a DuckDB database") as caught:
        extractor(tmp_path, table="orders").extract()
    assert str(tmp_path) not in caught.value.message


def test_a_database_cut_short_is_an_error(tmp_path: Path) -> None:
    execute(tmp_path, ORDERS)
    whole = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(OsirisError) as caught:
        read(extractor(tmp_path, table="orders").extract())
    assert caught.value.hint


@pytest.mark.parametrize(("name", "near"), [("oders", "orders"), ("zzz", "there are: orders")])
def test_says_which_table_is_near(tmp_path: Path, name: str, near: str) -> None:
    execute(tmp_path, ORDERS)
    with pytest.raises(SourceError, match=f"no table '{name}'") as caught:
        extractor(tmp_path, table=name).extract()
    assert near in caught.value.hint


def test_says_which_column_is_near(tmp_path: Path) -> None:
    execute(tmp_path, ORDERS)
    with pytest.raises(SourceError, match="no column 'cty'") as caught:
        extractor(tmp_path, table="orders", columns=["cty"]).extract()
    assert "city" in caught.value.hint


def test_says_where_a_query_is_wrong(tmp_path: Path) -> None:
    execute(tmp_path, ORDERS)
    with pytest.raises(AuthorError, match="cty") as caught:
        extractor(tmp_path, query="SELECT id,\n  cty FROM orders").extract()
    assert caught.value.where == "query, line 2, column 3"
    assert "city" in caught.value.hint


def test_takes_queries_only(tmp_path: Path) -> None:
    execute(tmp_path, ORDERS)
    with pytest.raises(StatementError):
        extractor(tmp_path, query="DELETE FROM orders").extract()
    assert rows(tmp_path, "SELECT count(*) FROM orders") == [(100_000,)]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO orders VALUES (1, 1, 'x')",
        "CREATE TABLE made (i INT)",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM glob('/*')",
        "COPY orders TO 'out.csv'",
        "ATTACH 'other.duckdb'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET memory_limit = '100GB'",
        "SET enable_external_access = true",
    ],
)
def test_duckdb_itself_refuses_all_else(tmp_path: Path, statement: str) -> None:
    execute(tmp_path, ORDERS)
    with reading(DuckdbConnection(path=FILE), at(tmp_path)) as db, pytest.raises(duckdb.Error):
        db.execute(statement)


def test_takes_no_variable_of_python_for_a_table(tmp_path: Path) -> None:
    execute(tmp_path, ORDERS)
    hidden = pa.table({"x": [1]})
    with reading(DuckdbConnection(path=FILE), at(tmp_path)) as db, pytest.raises(duckdb.CatalogException):
        db.sql("SELECT * FROM hidden")
    assert hidden.num_rows == 1


@pytest.mark.parametrize(
    ("config", "what"),
    [
        ({}, "either `query` or `table`"),
        ({"query": "SELECT 1", "table": "t"}, "either `query` or `table`"),
        ({"query": "SELECT 1", "columns": ["a"]}, "goes with `table`"),
        ({"table": "t", "columns": ["a", "a"]}, "named twice"),
        ({"table": "t", "limit": -1}, "limit"),
    ],
)
def test_refuses_settings_that_say_nothing(tmp_path: Path, config: dict[str, Any], what: str) -> None:
    with pytest.raises(ValidationError, match=what):
        extractor(tmp_path, **config)


@pytest.mark.parametrize("path", [":memory:", "md:shop", ""])
def test_a_connection_is_a_file(path: str) -> None:
    with pytest.raises(ValidationError):
        DuckdbConnection(path=path)


def test_fails_when_the_columns_are_not_those_of_the_plan(tmp_path: Path) -> None:
    execute(tmp_path, ORDERS)
    settled = dict(extractor(tmp_path, table="orders").announce(_known(tmp_path)).fixed)["settled"]
    execute(
        tmp_path,
        "ALTER TABLE orders DROP note",
        "ALTER TABLE orders ADD more INT",
        "ALTER TABLE orders ALTER city TYPE INT",
    )
    with pytest.raises(CheckFailed, match="'note' is gone, 'more' is new, 'city' was int64 and is int32"):
        extractor(tmp_path, table="orders", settled=settled).extract()


def _known(folder: Path) -> Known:
    return Known(survey=extractor(folder, table="orders").survey())


def test_fails_when_the_columns_change_before_the_first_row(tmp_path: Path) -> None:
    execute(tmp_path, ORDERS)
    stream = extractor(tmp_path, table="orders").extract()
    execute(tmp_path, "ALTER TABLE orders DROP note")
    with stream, pytest.raises(CheckFailed, match="changed while the run was going on"):
        list(stream)


def test_an_error_half_way_says_what_is_wrong(tmp_path: Path) -> None:
    execute(tmp_path, "CREATE TABLE orders AS SELECT range::VARCHAR AS n FROM range(100000) UNION ALL SELECT 'x'")
    stream = extractor(tmp_path, query="SELECT n::INT AS n FROM orders").extract()
    with stream, pytest.raises(SourceError, match="Could not convert string 'x'") as caught:
        list(stream)
    assert caught.value.hint


def test_a_file_may_be_written_while_a_stream_of_it_waits(tmp_path: Path) -> None:
    execute(tmp_path, ORDERS)
    with extractor(tmp_path, query="SELECT count(*) AS n FROM orders").extract() as stream:
        put(tmp_path, pa.table({"x": [1]}))
        assert pa.Table.from_batches(stream).to_pydict() == {"n": [100_000]}


def test_another_thread_can_break_a_query_off(tmp_path: Path) -> None:
    execute(tmp_path, "CREATE TABLE n AS SELECT range AS i FROM range(1000000)")
    stream = extractor(tmp_path, query="SELECT sum(a.i * b.i) AS s FROM n a, n b").extract()
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


def _hold(path: str, pipe: Pipe) -> None:
    with duckdb.connect(path):
        pipe.send("open")
        pipe.recv()


@pytest.fixture
def held(tmp_path: Path) -> Generator[Path]:
    """Return a folder whose file another process has open for writing."""
    execute(tmp_path, ORDERS)
    ours, theirs = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=_hold, args=(str(tmp_path / FILE), theirs))
    process.start()
    ours.recv()
    yield tmp_path
    ours.send("close")
    process.join()


@pytest.mark.slow
def test_a_file_that_another_process_writes_is_an_error_in_words(held: Path) -> None:
    with (
        pytest.raises(ConnectError, match=r"another process has the DuckDB file 'shop\.duckdb' open") as caught,
        reading(DuckdbConnection(path=FILE), at(held), patience=0),
    ):
        pass
    assert caught.value.hint
