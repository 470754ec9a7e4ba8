"""Rows by REST are those of the direct way, whatever happens on it."""

from typing import Any

import pyarrow as pa
import pytest
from tests.services.postgres import ask
from tests.services.postgrest import Mishap, PostgRest
from tests.unit.components.supabase.doors import by_rest, connection, dsn, extractor, read

from osiris.components.supabase.door import Door, Lost
from osiris.model.errors import AuthorError, CheckFailed, ConnectError, SourceError

AT_ONCE = (("Retry-After", "0"),)
NASTY = (
    """CREATE TABLE nasty (id bigint PRIMARY KEY, small int2, f float8, r float4, n numeric, flag boolean, t text,
    v varchar(9), c char(3), b bytea, d date, ti time, ts timestamp, tz timestamptz, u uuid, j json, jb jsonb, i inet,
    "Two, ""words\""" text, iv interval)""",
    """INSERT INTO nasty VALUES (1, -32768, 1e22, 0.1, 'NaN', true, '', 'ž', 'ab', '\\x00ff', '0001-01-01',
    '23:59:59.999999', '9999-12-31 23:59:59.999999', '2024-02-29 12:00+05',
    'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{"b":  1}', '{"b": 1.10}', '10.1.2.3/8', E'a"b,\\n', '1 day')""",
    """INSERT INTO nasty VALUES (9223372036854775807, 0, '-Infinity', 'NaN', 1.10, false, 'NULL', '', '', '',
    '9999-12-31', '00:00', '0001-01-01', '0001-01-01 00:00+00', NULL, 'null', '[]', '::1/128', '\\', '0')""",
    "INSERT INTO nasty (id) VALUES (-9223372036854775808)",
)
BUSY = [Mishap(status, headers=AT_ONCE) for status in (429, 502, 503)]


def test_every_value_is_that_of_the_direct_way(rest: PostgRest) -> None:
    ask(rest.at, *NASTY)
    directly = read({"pg_dsn": dsn(rest.at)}, table="nasty", order="id")
    found = read(by_rest(rest), table="nasty")
    assert found.schema == directly.schema
    assert repr(found.to_pylist()) == repr(directly.to_pylist())


def test_arrays_are_text_and_a_number_with_a_size_is_text_too(rest: PostgRest) -> None:
    ask(rest.at, "CREATE TABLE t (a int[], n numeric(9, 2))", "INSERT INTO t VALUES ('{1,NULL}', 1.5)")
    assert read(by_rest(rest), table="t").to_pylist() == [{"a": "{1,NULL}", "n": "1.50"}]


def test_odd_dates_are_an_error_or_null_or_text(rest: PostgRest) -> None:
    ask(
        rest.at,
        "CREATE TABLE t (d date, ti time)",
        "INSERT INTO t VALUES ('infinity', '24:00'), ('2024-02-29', '1:00')",
    )
    with pytest.raises(CheckFailed, match="'d'"):
        read(by_rest(rest), table="t")
    assert read(by_rest(rest), table="t", odd_dates="null", order="d").column("d").null_count == 1
    texts = read(by_rest(rest), table="t", odd_dates="text", order="d").to_pylist()
    assert texts == [{"d": "2024-02-29", "ti": "01:00:00"}, {"d": "infinity", "ti": "24:00:00"}]


@pytest.mark.parametrize(
    ("declared", "key"),
    [("id int PRIMARY KEY, a int, b text", "one column"), ("id int, a int, b text, PRIMARY KEY (a, id)", "two columns"),
     ("id int, a int, b text, j json", "no key")],
)  # fmt: skip
def test_pages_give_every_row_once(rest: PostgRest, declared: str, key: str) -> None:
    ask(
        rest.at,
        f"CREATE TABLE t ({declared})",
        "INSERT INTO t SELECT i, i % 7, 'x' || i FROM generate_series(1, 95) AS s(i) ORDER BY random()",
    )
    rest.most_rows = 10  # fewer than are asked for
    found = read(by_rest(rest), table="t", select="id,b", batch_size=25)
    assert sorted(map(str, found.column("id").to_pylist())) == sorted(map(str, range(1, 96)))
    assert found.column_names == ["id", "b"]
    assert any("offset" in asked for asked in rest.asked) == (key != "one column")


def test_a_key_of_text_is_passed_on_whole(rest: PostgRest) -> None:
    keys = ["a,b", 'say "x"', "(c)", "ž", "with space", "a.b", "null", "eq.1", "100%", "a&b=c", "\\"]
    listed = ", ".join(f"('{key}')" for key in keys)
    ask(rest.at, "CREATE TABLE t (k text PRIMARY KEY)", f"INSERT INTO t VALUES {listed}")
    assert sorted(map(str, read(by_rest(rest), table="t", batch_size=2).column("k").to_pylist())) == sorted(keys)


@pytest.mark.parametrize("direct", [True, False])
def test_filters_orders_and_limits_mean_the_same_by_both_ways(rest: PostgRest, *, direct: bool) -> None:
    ask(
        rest.at,
        'CREATE TABLE t (id int PRIMARY KEY, status text, "Day" date)',
        "INSERT INTO t SELECT i, CASE WHEN i % 5 = 0 THEN NULL WHEN i % 2 = 0 THEN 'paid' ELSE 'new, \"x\"' END, "
        "DATE '2024-01-01' + i FROM generate_series(1, 60) AS s(i)",
    )
    way = {"pg_dsn": dsn(rest.at)} if direct else by_rest(rest)

    def ids(**config: Any) -> list[Any]:
        return read(way, table="t", batch_size=7, **config).column("id").to_pylist()

    assert ids(filter={"status": "eq.paid", "id": "lte.10"}, order="id.desc") == [8, 6, 4, 2]
    assert ids(filter={"status": None, "id": "not.gt.20"}, order="id") == [5, 10, 15, 20]
    assert ids(filter={"status": 'in.("new, ""x""",paid)'.replace('""', '\\"'), "id": "lt.4"}, order="id") == [1, 2, 3]
    assert ids(filter={"Day": "gte.2024-02-28"}, order="id") == [58, 59, 60]
    assert ids(order="status.desc.nullslast,id", limit=3) == [2, 4, 6]
    assert ids(order="status.asc.nullsfirst,id.desc", limit=2, offset=1) == [55, 50]
    assert ids(limit=12, offset=50, order="id") == list(range(51, 61))
    assert ids(limit=0) == []
    assert sorted(ids(limit=20)) == ids(limit=20)


def test_other_schemas_are_asked_for_by_name(rest: PostgRest) -> None:
    ask(rest.at, "DROP SCHEMA IF EXISTS sales CASCADE", "CREATE SCHEMA sales", "CREATE TABLE sales.t AS SELECT 1 AS a")
    rest.schemas = ("public", "sales")
    for config in ({"table": "sales.t"}, {"table": "t", "schema": "sales"}):
        assert read(by_rest(rest), **config).to_pydict() == {"a": [1]}
    assert read(by_rest(rest, schema="sales"), table="t").num_rows == 1
    with pytest.raises(ConnectError, match="not open to REST") as caught:
        read(by_rest(rest), table="secret.t")
    assert "exposed" in caught.value.hint


def test_says_what_is_missing_and_what_a_direct_address_would_give(rest: PostgRest) -> None:
    ask(rest.at, "CREATE TABLE orders (id int, status text)")
    with pytest.raises(SourceError, match="ordrs") as caught:
        read(by_rest(rest), table="ordrs")
    assert "'orders'" in caught.value.hint
    with pytest.raises(SourceError, match="staus") as caught:
        read(by_rest(rest), table="orders", filter={"staus": "eq.new"})
    assert "'status'" in caught.value.hint
    with pytest.raises(AuthorError, match="REST") as refused:
        read(by_rest(rest), query="SELECT 1 AS a")
    assert "pg_dsn" in refused.value.hint
    with pytest.raises(SourceError, match="invalid input syntax") as caught:
        read(by_rest(rest), table="orders", filter={"id": "eq.x"})


def test_a_wrong_key_is_told(rest: PostgRest) -> None:
    with pytest.raises(ConnectError, match="refuses the key") as caught:
        read(by_rest(rest, service_role_key="wrong-key-here"), table="t")
    assert "`key`" in caught.value.hint
    assert "wrong-key-here" not in str(caught.value.to_dict())


def test_a_right_that_a_role_lacks_is_told(rest: PostgRest) -> None:
    role = f"anon_{rest.at.database}"
    ask(rest.at, "CREATE TABLE t (a int PRIMARY KEY)", f"CREATE ROLE {role}")
    try:
        ask(rest.at, f"GRANT USAGE ON SCHEMA public TO {role}", f"GRANT SELECT (a) ON t TO {role}")
        rest.role = role
        with pytest.raises(SourceError, match="no table 't'"):
            read(by_rest(rest), table="t")
    finally:
        ask(rest.at, f"DROP OWNED BY {role}", f"DROP ROLE {role}")


@pytest.mark.parametrize(
    "mishap", [Mishap(429, headers=AT_ONCE), Mishap(503, headers=AT_ONCE), Mishap(502, headers=AT_ONCE)]
)
def test_a_server_that_is_busy_is_asked_again(rest: PostgRest, mishap: Mishap) -> None:
    ask(rest.at, "CREATE TABLE t (id int PRIMARY KEY)", "INSERT INTO t SELECT generate_series(1, 30)")
    rest.mishaps["GET"] = [mishap, mishap]
    assert read(by_rest(rest), table="t", batch_size=10).num_rows == 30


def test_a_server_that_stays_busy_is_told(rest: PostgRest) -> None:
    rest.mishaps["GET"] = [Mishap(429, headers=AT_ONCE)] * 3
    with pytest.raises(ConnectError, match="wants fewer requests") as caught:
        read(by_rest(rest), table="t", retries=2)
    assert "pg_dsn" in caught.value.hint
    rest.mishaps["GET"] = [Mishap(503, headers=AT_ONCE)] * 3
    with pytest.raises(ConnectError, match="broke off"):
        read(by_rest(rest), table="t", retries=2)


def test_a_server_that_hangs_up_half_way_is_told(rest: PostgRest) -> None:
    ask(rest.at, "CREATE TABLE t (id int PRIMARY KEY)", "INSERT INTO t SELECT generate_series(1, 30)")
    rest.mishaps["GET"] = []
    rows = read(by_rest(rest), table="t", batch_size=10)
    assert rows.num_rows == 30
    rest.mishaps["GET"] = [Mishap(), Mishap()]
    with pytest.raises(ConnectError, match="broke off"):
        read(by_rest(rest), table="t", retries=0)


def test_a_server_that_does_not_answer_is_given_up(rest: PostgRest) -> None:
    rest.mishaps["GET"] = [Mishap(wait=True)]
    with pytest.raises(ConnectError, match=r"does not answer within 0\.05 s") as caught:
        read(by_rest(rest), table="t", timeout=0.05, retries=0)
    assert "timeout" in caught.value.hint


def test_waits_longer_each_time_unless_the_server_says_how_long(rest: PostgRest) -> None:
    waited: list[float] = []
    door = Door(connection(by_rest(rest)), "public", retries=3, pause=waited.append)
    for attempt in range(3):
        door.wait(attempt, Lost("503", sure=True))
    door.wait(0, Lost("429", sure=True, after=7))
    door.wait(9, Lost("503", sure=True))
    door.close()
    assert 0.5 <= waited[0] <= 1 <= waited[1] <= 2 <= waited[2] <= 4
    assert waited[3:] == [7, 30]


def test_a_page_that_is_no_project_is_told(rest: PostgRest) -> None:
    rest.mishaps["GET"] = [Mishap(500)]
    with pytest.raises(ConnectError, match="answers 500") as caught:
        read(by_rest(rest), table="t")
    assert "`url`" in caught.value.hint


def test_rows_that_come_and_go_meanwhile_hide_no_other(rest: PostgRest) -> None:
    ask(rest.at, "CREATE TABLE t (id int PRIMARY KEY)", "INSERT INTO t SELECT generate_series(1, 40) * 10")
    step = extractor(by_rest(rest), table="t", batch_size=10)
    with step.extract() as stream:
        first = next(iter(stream))
        ask(rest.at, "DELETE FROM t WHERE id <= 50", "INSERT INTO t VALUES (5), (405)")
        found = pa.Table.from_batches([first, *stream]).column("id").to_pylist()
    assert found == [number * 10 for number in range(1, 41)] + [405]
