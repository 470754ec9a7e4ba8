"""What else the extractor promises."""

import threading
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pytest
from pydantic import ValidationError
from tests.services.postgres import ask, connect, hang_up
from tests.services.shared import Server
from tests.unit.components.postgres.servers import extractor, fields, read, stranger

from osiris.components.postgres.config import PostgresConnection, PostgresExtract
from osiris.components.postgres.driver import driver
from osiris.kit.stream import BATCH_ROWS
from osiris.model.catalogue import Known
from osiris.model.errors import AuthorError, CheckFailed, ConnectError, ExtraMissing, SourceError, StatementError

MANY = "SELECT i, repeat('x', 100) AS t FROM generate_series(1, 1000000) AS s(i)"


def test_reads_chosen_columns_and_some_rows(shared: Server) -> None:
    ask(shared, "CREATE TABLE numbers AS SELECT i AS a, i * 2 AS b FROM generate_series(1, 9) AS s(i)")
    found = read(shared, table="numbers", columns=["b"], limit=2, offset=3)
    assert found.to_pydict() == {"b": [8, 10]}
    found = read(shared, query="SELECT a FROM numbers ORDER BY a DESC; -- all", limit=2, offset=1)
    assert found.to_pydict() == {"a": [8, 7]}


def test_the_order_of_a_query_is_kept_where_columns_are_cast(shared: Server) -> None:
    found = read(shared, query="SELECT i::numeric AS n FROM generate_series(1, 50000) AS s(i) ORDER BY i DESC")
    assert found.column("n").to_pylist() == [str(number) for number in range(50_000, 0, -1)]


def test_announces_what_a_look_found_and_refuses_other_columns_later(at: Server) -> None:
    ask(at, "CREATE TABLE t (a int, b numeric(5, 2))")
    step = extractor(at, table="t")
    announced = step.announce(Known(survey=step.survey()))
    assert announced.schema is not None
    assert announced.schema.types == [pa.int32(), pa.decimal128(5, 2)]
    ask(at, "ALTER TABLE t ALTER b TYPE numeric(7, 3)")
    with pytest.raises(CheckFailed, match="'b' was"):
        read(at, table="t", **announced.fixed)


@pytest.mark.parametrize(
    ("query", "where", "match"),
    [
        ("SELECT 1 AS a,\n  missing AS b", "query, line 2, column 3", "missing"),
        ("SELECT 1 AS a, 2 AS A", "query", "two columns"),
        ("SELECT count(*) FROM nowhere", "", "nowhere"),
        ("SELECT 1 / 0 AS a", "", "division by zero"),
        ("DELETE FROM t", "", "refused"),
        ("SELECT pg_sleep(1)", "", "pg_sleep"),
    ],
)
def test_a_wrong_query_is_an_error_that_says_where(shared: Server, query: str, where: str, match: str) -> None:
    with pytest.raises((AuthorError, StatementError, SourceError), match=match) as caught:
        read(shared, query=query)
    assert where in caught.value.where
    assert caught.value.hint


def test_an_error_half_way_is_raised_and_not_the_end(either: Server) -> None:
    query = "SELECT 1 / (90000 - i) AS n, repeat('x', 100) AS t FROM generate_series(1, 100000) AS s(i)"
    taken: list[int] = []
    with extractor(either, query=query).extract() as stream, pytest.raises(SourceError, match="division by zero"):
        taken.extend(batch.num_rows for batch in stream)
    assert 0 < sum(taken) < 90_000


def test_what_the_server_says_between_rows_loses_none(here: Server) -> None:
    ask(
        here,
        "CREATE FUNCTION chatty(i int) RETURNS int LANGUAGE plpgsql AS $$BEGIN "
        "PERFORM set_config('client_min_messages', 'notice', true); RAISE NOTICE 'row %', i; RETURN i; END$$",
        "CREATE VIEW v AS SELECT chatty(i) AS i, repeat('x', 300) AS t FROM generate_series(1, 30000) AS s(i)",
    )
    assert read(here, table="v").column("i").to_pylist() == list(range(1, 30_001))


def test_says_which_table_or_column_was_meant(shared: Server) -> None:
    ask(shared, "CREATE TABLE customers (id int, city text)")
    with pytest.raises(SourceError, match="custmers") as caught:
        read(shared, table="custmers")
    assert "'customers'" in caught.value.hint
    with pytest.raises(SourceError, match="cty") as caught:
        read(shared, table="customers", columns=["cty"])
    assert "'city'" in caught.value.hint


def test_a_table_without_a_right_to_it_is_no_connection(at: Server) -> None:
    ask(at, "CREATE TABLE t (a int)")
    with stranger(at) as other, pytest.raises(ConnectError, match="no right"):
        read(other, table="t")


def test_sees_one_state_of_the_data(at: Server) -> None:
    ask(at, "CREATE TABLE t AS SELECT i FROM generate_series(1, 100) AS s(i)")
    with extractor(at, table="t").extract() as stream:
        ask(at, "DELETE FROM t")
        assert sum(batch.num_rows for batch in stream) == 100


def test_the_server_refuses_every_change(at: Server) -> None:
    ask(at, "CREATE SEQUENCE numbers")
    ask(at, "CREATE VIEW sneaky AS SELECT nextval('numbers') AS a")
    with pytest.raises(AuthorError, match="read-only"):
        read(at, table="sneaky")


def test_a_query_that_takes_too_long_is_given_up(either: Server) -> None:
    ask(either, "CREATE VIEW slow AS SELECT pg_sleep(600)::text AS a")
    with pytest.raises(SourceError, match="longer than it may") as caught:
        read(either, table="slow", statement_timeout=0.05)
    assert "statement_timeout" in caught.value.hint


@pytest.mark.parametrize("sleeping", [True, False])
def test_another_thread_can_close_it_at_once(here: Server, *, sleeping: bool) -> None:
    ask(here, "CREATE VIEW slow AS SELECT pg_sleep(600)::text AS a")
    stream = extractor(here, **({"table": "slow"} if sleeping else {"query": MANY})).extract()
    outcome: list[Any] = []

    def pull() -> None:
        try:
            outcome.append(sum(batch.num_rows for batch in stream))
        except SourceError as exc:
            outcome.append(exc)

    puller = threading.Thread(target=pull)
    puller.start()
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'osiris' AND query LIKE 'COPY%'"
    while sleeping and ask(here, waiting) == [(0,)]:
        pass
    stream.close()
    puller.join(timeout=30)
    assert not puller.is_alive()
    assert len(outcome) == 1
    with connect(here) as other:
        left = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'osiris' AND state = 'active'"
        while other.execute(left).fetchall() != [(0,)]:  # the server lets go by itself, and soon
            pass


def test_lets_go_of_its_connection_at_the_end(here: Server) -> None:
    with extractor(here, query="SELECT 1 AS a").extract() as stream:
        list(stream)
    with connect(here) as other:
        while other.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'osiris' AND datname = current_database()"
        ).fetchall() != [(0,)]:
            pass


def test_batches_stay_small_whatever_the_rows_are(either: Server) -> None:
    with extractor(either, query="SELECT i FROM generate_series(1, 100000) AS s(i)").extract() as stream:
        assert max(batch.num_rows for batch in stream) == BATCH_ROWS
    wide = "SELECT repeat('x', 1000000) AS t FROM generate_series(1, 40)"
    with extractor(either, query=wide).extract() as stream:
        assert max(batch.nbytes for batch in stream) < 8_388_608


def test_a_server_that_dies_half_way_is_said_so(here: Server) -> None:
    with extractor(here, query=MANY).extract() as stream:
        next(iter(stream))
        hang_up(here)
        with pytest.raises(SourceError, match="went away") as caught:
            list(stream)
    assert caught.value.hint


def test_a_text_that_is_none_is_an_error_in_a_database_without_an_encoding(at: Server) -> None:
    name = f"{at.database}_ascii"
    ask(at, f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'SQL_ASCII'")
    plain = Server(at.host, at.port, at.user, at.password, name)
    try:
        ask(plain, "CREATE TABLE t (a text)", r"INSERT INTO t VALUES ('fine'), (convert_from('\xff', 'SQL_ASCII'))")
        assert read(plain, table="t", limit=1).to_pydict() == {"a": ["fine"]}
        with pytest.raises(SourceError, match="UTF8"):
            read(plain, table="t")
    finally:
        ask(at, f"DROP DATABASE {name} WITH (FORCE)")


def test_settings_of_the_server_don_t_change_a_text(at: Server) -> None:
    ask(
        at,
        f"ALTER DATABASE {at.database} SET datestyle = 'German'",
        f"ALTER DATABASE {at.database} SET intervalstyle = 'sql_standard'",
        f"ALTER DATABASE {at.database} SET timezone = 'Asia/Kolkata'",
        f"ALTER DATABASE {at.database} SET bytea_output = 'escape'",
        f"ALTER DATABASE {at.database} SET extra_float_digits = 0",
    )
    found = read(
        at,
        query="SELECT INTERVAL '1 day 02:00' AS i, ROW(DATE '2024-02-29', 0.1::float8 + 0.2) AS r, "
        "TIMESTAMPTZ '2024-01-01 00:00+00' AS t",
        odd_dates="text",
    )
    assert found.to_pylist() == [
        {"i": "1 day 02:00:00", "r": "(2024-02-29,0.30000000000000004)", "t": "2024-01-01 00:00:00+00"}
    ]


@pytest.mark.parametrize(
    "wrong",
    [{}, {"table": "t", "query": "SELECT 1"}, {"query": "SELECT 1", "columns": ["a"]}, {"table": "t", "limit": -1},
     {"table": "t", "columns": ["a", "a"]}, {"query": "SELECT 1", "schema": "s"}],
)  # fmt: skip
def test_refuses_settings_that_contradict_each_other(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PostgresExtract.model_validate(wrong)


def test_a_missing_driver_is_named() -> None:
    with pytest.raises(ExtraMissing) as caught:
        driver("psycopg_that_is_not_there")
    assert "osiris-etl[postgres]" in caught.value.hint


def test_a_url_is_enough(shared: Server) -> None:
    url = f"postgresql://{shared.user}:{quote(shared.password, safe='')}@{shared.host}:{shared.port}/{shared.database}"
    connection = PostgresConnection.model_validate({"url": f"{url}?sslmode=disable&application_name=x"})
    assert connection.tls == "disabled"
    whole = PostgresConnection.model_validate(fields(shared))
    assert (connection.host, connection.port, connection.database, connection.password) == (
        whole.host,
        whole.port,
        whole.database,
        whole.password,
    )
    assert PostgresConnection.model_validate({"dsn": url, "username": "other", "dbname": "d"}).user == "other"
