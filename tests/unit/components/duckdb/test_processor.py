"""SQL over rows on their way gives the right rows, once, and nothing but rows."""

from collections.abc import Generator
from pathlib import Path
from threading import Thread
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from pydantic import ValidationError
from tests.unit.components.duckdb.shop import processor

from osiris.components.duckdb.inputs import Inputs, Scans, scanned
from osiris.components.duckdb.rows import plan
from osiris.components.duckdb.session import alone, planning
from osiris.kit.naming import under_all_names
from osiris.kit.stream import Stream
from osiris.model.errors import AuthorError, CheckFailed, Interrupted, OsirisError, SourceError, StatementError
from osiris.testing.writer import stream_of

N = 50_000
ORDERS = pa.table({"id": range(N), "customer": [i % 7 for i in range(N)], "city": [f"c{i % 3}" for i in range(N)]})
CITIES = pa.table({"city": ["c0", "c1", "c2"], "land": ["cz", "sk", "cz"]})


def result(folder: Path, query: str, **inputs: pa.Table) -> list[dict[str, Any]]:
    streams = {name: stream_of(table) for name, table in inputs.items()}
    with processor(folder, query).process(streams) as stream:
        return pa.Table.from_batches(stream, stream.schema).to_pylist()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT count(*) AS n FROM orders a JOIN orders b USING (id)", N),
        ("SELECT count(*) AS n FROM orders a JOIN orders b USING (id) WHERE a.customer <> 5 AND b.id > 3", 42_853),
        ("SELECT count(*) AS n FROM orders WHERE id IN (SELECT id FROM orders WHERE customer > 3)", 21_428),
        ("SELECT count(*) AS n FROM (FROM orders UNION ALL FROM orders)", 2 * N),
        ("WITH c AS (FROM orders) SELECT count(*) AS n FROM c a JOIN c b USING (id)", N),
        ("SELECT count(*) AS n FROM orders WHERE id > (SELECT avg(id) FROM orders)", N // 2),
        ("SELECT count(*) AS n FROM orders a JOIN cities USING (city) JOIN orders b ON a.id = b.id", N),
        ("SELECT count(*) AS n FROM orders a POSITIONAL JOIN orders b", N),
        ("SELECT count(*) AS n FROM orders WHERE id > 100", N - 101),
        ("SELECT count(*) AS n FROM orders WHERE false", 0),
        ("SELECT count(*) AS n FROM cities c, LATERAL (SELECT max(id) FROM orders o WHERE o.city = c.city)", 3),
        (
            (
                "WITH RECURSIVE r AS (SELECT 0::BIGINT AS i UNION ALL "
                "SELECT o.id FROM r JOIN orders o ON o.id = r.i + 1 WHERE o.id < 50) SELECT count(*) AS n FROM r"
            ),
            50,
        ),
    ],
)
def test_an_input_may_be_read_in_any_way(tmp_path: Path, query: str, expected: int) -> None:
    assert result(tmp_path, query, orders=ORDERS, cities=CITIES) == [{"n": expected}]


def test_what_is_read_once_stays_on_its_way_although_the_table_is_empty_in_the_plan() -> None:
    query = "SELECT * FROM orders WHERE id <> 5"
    with planning() as db:
        Inputs.of_schemas({"orders": ORDERS.schema}).create(db, query)
        scans = scanned(plan(db, query))
    assert scans.tables == {"osiris_input_0": 1}
    assert not scans.repeats


def test_a_plan_that_turns_out_another_one_gives_the_right_answer_still() -> None:
    query = "SELECT count(*) AS n FROM orders a JOIN orders b USING (id)"
    tables, streams = Inputs.of_streams({"orders": stream_of(ORDERS)})
    with alone() as db:
        tables.fill(db, query, streams, Scans())
        assert db.execute(query).fetchall() == [(N,)]


def test_an_input_that_is_not_read_is_not_asked(tmp_path: Path) -> None:
    def never() -> Generator[pa.RecordBatch]:
        raise AssertionError
        yield

    with processor(tmp_path, "SELECT 1 AS one").process({"orders": Stream(ORDERS.schema, never())}) as stream:
        assert pa.Table.from_batches(stream).to_pylist() == [{"one": 1}]


def test_needs_no_input(tmp_path: Path) -> None:
    assert processor(tmp_path, "SELECT range AS i FROM range(10)").announce({}).schema == pa.schema([("i", pa.int64())])
    assert result(tmp_path, "SELECT sum(range) AS s FROM range(10)") == [{"s": 45}]


@pytest.mark.parametrize("name", ["read_cities", "READ_CITIES", "df_read_cities", "input_df", "df"])
def test_the_only_input_answers_to_several_names(tmp_path: Path, name: str) -> None:
    rows, takes = stream_of(CITIES), {"read_cities": "read-cities"}
    counting = processor(tmp_path, f"SELECT count(*) AS n FROM {name} a JOIN read_cities b USING (city)")
    announced = counting.announce(under_all_names({"read_cities": CITIES.schema}, takes))
    with counting.process(under_all_names({"read_cities": rows}, takes)) as stream:
        assert stream.schema == announced.schema
        assert pa.Table.from_batches(stream).to_pylist() == [{"n": 3}]


def test_a_name_may_need_quotes(tmp_path: Path) -> None:
    counting = processor(tmp_path, 'SELECT count(*) AS n FROM "my ""table""" JOIN "A Line" USING (city)')
    names = ("first", 'my "table"', "a line")
    assert counting.announce(dict.fromkeys(names, CITIES.schema)).schema == pa.schema([("n", pa.int64())])
    rows = stream_of(CITIES)
    with counting.process(dict.fromkeys(names, rows)) as stream:
        assert pa.Table.from_batches(stream).to_pylist() == [{"n": 3}]


def test_rows_stay_in_order_where_nothing_sorts_them(tmp_path: Path) -> None:
    found = result(tmp_path, "SELECT id FROM orders WHERE customer <> 3", orders=ORDERS)
    assert [row["id"] for row in found] == [i for i in range(N) if i % 7 != 3]


def test_a_pivot_with_its_values_named_is_a_query(tmp_path: Path) -> None:
    query = (
        "FROM (PIVOT orders ON city IN ('c0', 'c1') USING count(*) AS n GROUP BY customer) ORDER BY customer LIMIT 1"
    )
    assert processor(tmp_path, query).announce({"orders": ORDERS.schema}).schema is not None
    assert result(tmp_path, query, orders=ORDERS) == [{"customer": 0, "c0_n": 2381, "c1_n": 2381}]


def test_a_pivot_whose_columns_depend_on_the_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AuthorError) as caught:
        processor(tmp_path, "PIVOT orders ON city USING count(*)").announce({"orders": ORDERS.schema})
    assert "IN" in caught.value.hint or "PIVOT" in caught.value.message


@pytest.mark.parametrize(
    ("query", "message", "where", "hint"),
    [
        ("SELECT id,\n  cty\nFROM orders", "cty", "query, line 2, column 3", "city"),
        ("SELECT id FROM oders", "oders", "query, line 1, column 16", "orders"),
        ("SELECT id, sum(customer) AS s FROM orders", "GROUP BY", "query, line 1, column 8", "mend"),
        ("SELECT id + city AS x FROM orders", "No function matches", "query, line 1, column 11", "Candidate functions"),
        ("SELECT city || FROM orders", "FROM", "line 1", ""),
    ],
)
def test_a_wrong_query_says_where_and_what_is_near(
    tmp_path: Path, query: str, message: str, where: str, hint: str
) -> None:
    with pytest.raises(AuthorError, match=message) as caught:
        processor(tmp_path, query).announce({"orders": ORDERS.schema})
    assert where in caught.value.where
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "COPY orders TO '/tmp/out.csv'",
        "INSTALL httpfs",
        "SET threads = 1",
        "SELECT 1; SELECT 2",
        "ATTACH 'other.duckdb'",
        "CREATE TABLE t AS FROM orders",
        "CALL pragma_version()",
    ],
)
def test_takes_one_query_over_its_inputs_and_nothing_else(tmp_path: Path, query: str) -> None:
    with pytest.raises(StatementError):
        processor(tmp_path, query).announce({"orders": ORDERS.schema})
    with pytest.raises(StatementError):
        processor(tmp_path, query).process({"orders": stream_of(ORDERS)})


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("SELECT 1; SELECT 2", "2 statements"),
        ("", "0 statements"),
        ("SET threads = 1", "SET statement is not a query"),
        ("PIVOT (SELECT 1 AS a, 'x' AS b) ON b USING sum(a)", "PIVOT depend on the rows"),
    ],
)
def test_duckdb_is_asked_for_one_select_only_even_without_the_gate(statement: str, message: str) -> None:
    with alone() as db, pytest.raises(AuthorError, match=message) as caught:
        plan(db, statement)
    assert caught.value.hint


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM glob('/*')",
        "COPY (SELECT 1) TO '/tmp/osiris-out.csv'",
        "ATTACH '/tmp/osiris-other.duckdb'",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET memory_limit = '100GB'",
        "SET temp_directory = '/tmp'",
    ],
)
def test_duckdb_itself_reaches_nothing_outside(statement: str) -> None:
    with alone() as db, pytest.raises(duckdb.Error):
        db.execute(statement)


def test_an_error_half_way_says_what_is_wrong(tmp_path: Path) -> None:
    stream = processor(tmp_path, "SELECT city::INT AS n FROM orders").process({"orders": stream_of(ORDERS)})
    with stream, pytest.raises(SourceError, match="Could not convert string 'c0'") as caught:
        list(stream)
    assert caught.value.hint


def test_a_number_too_large_says_which_column_it_is_in(tmp_path: Path) -> None:
    query = "SELECT max(id::HUGEINT * 10000000000000000000 * 100000000000000 * 3) AS total FROM orders"
    stream = processor(tmp_path, query).process({"orders": stream_of(ORDERS)})
    with stream, pytest.raises(CheckFailed, match="column 'total'"):
        list(stream)


def test_what_does_not_fit_in_memory_goes_to_the_disk_and_leaves_nothing_there(tmp_path: Path) -> None:
    query = "SELECT id, range AS copy, md5(id::VARCHAR) AS hash FROM orders, range(30) ORDER BY hash, copy DESC"
    with processor(tmp_path, query, memory_limit="60MB").process({"orders": stream_of(ORDERS)}) as stream:
        assert sum(batch.nbytes for batch in stream) > 60_000_000
    assert list((tmp_path / "scratch").iterdir()) == []


def test_too_little_memory_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    query = "SELECT list(repeat(city, 100) || id) AS all_of_them FROM orders"
    stream = processor(tmp_path, query, memory_limit="5MB").process({"orders": stream_of(ORDERS)})
    with stream, pytest.raises(SourceError, match="more memory") as caught:
        list(stream)
    assert "memory_limit" in caught.value.hint


@pytest.mark.parametrize("size", ["much", "1", "-1GB", "1 GB; SET threads = 1"])
def test_a_memory_limit_is_a_size(tmp_path: Path, size: str) -> None:
    with pytest.raises(ValidationError, match="not a size"):
        processor(tmp_path, "SELECT 1 AS one", memory_limit=size)


def test_a_column_that_duckdb_can_not_hold_is_an_authors_error(tmp_path: Path) -> None:
    with pytest.raises(AuthorError, match="column 'x'"):
        processor(tmp_path, "FROM t").announce({"t": pa.schema([("x", pa.decimal256(50, 2))])})


def test_what_python_raises_in_an_input_is_not_lost(tmp_path: Path) -> None:
    def broken() -> Generator[pa.RecordBatch]:
        yield from CITIES.to_batches()
        raise KeyboardInterrupt

    stream = processor(tmp_path, "SELECT count(*) AS n FROM t").process({"t": Stream(CITIES.schema, broken())})
    with stream, pytest.raises(KeyboardInterrupt):
        list(stream)


def test_another_thread_can_break_a_query_off(tmp_path: Path) -> None:
    query = "SELECT sum(a.id * b.id * c.id) AS s FROM orders a, orders b, orders c"
    stream = processor(tmp_path, query).process({"orders": stream_of(ORDERS)})
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


def test_rows_on_their_way_have_no_number_although_a_table_s_have(tmp_path: Path) -> None:
    with pytest.raises(AuthorError, match="rowid"):
        processor(tmp_path, "SELECT rowid, id FROM orders").announce({"orders": ORDERS.schema})
