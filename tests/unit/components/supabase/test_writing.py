"""Rows by REST: appended and merged, never doubled, whatever happens on the way."""

from collections.abc import Generator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.services.postgres import ask
from tests.services.postgrest import Mishap, PostgRest
from tests.unit.components.supabase.doors import by_rest, dsn, put, read, writer

from osiris.kit.stream import Stream
from osiris.model.errors import AuthorError, CheckFailed, ConnectError, TargetError
from osiris.testing.writer import MARKS, Vanished, breaking, nasty, plain, stream_of

AT_ONCE = (("Retry-After", "0"),)
LOST = [Mishap(after=True), Mishap(after=False), Mishap(504, after=True, headers=AT_ONCE)]
KEYED = "CREATE TABLE rows (row bigint PRIMARY KEY, city text)"
BARE = "CREATE TABLE rows (row bigint, city text)"


def held(rest: PostgRest) -> list[tuple[Any, ...]]:
    return ask(rest.at, "SELECT * FROM rows ORDER BY 1")


def wanted(rows: int) -> list[tuple[int, str]]:
    return [(number, f"Brno {number % 97}") for number in range(rows)]


def test_appends_all_rows_in_several_requests(rest: PostgRest, tmp_path: Path) -> None:
    ask(rest.at, KEYED)
    written = put(by_rest(rest), tmp_path, plain(25), batch_size=10)
    assert held(rest) == wanted(25)
    assert (written.target, written.staged, written.rows_after) == ("@supabase/rows", 25, None)
    assert "pg_dsn" in written.changes[0]
    assert sum(asked.startswith("POST") for asked in rest.asked) == 3
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_sent_before_the_commit(rest: PostgRest, tmp_path: Path) -> None:
    ask(rest.at, KEYED)
    staged = writer(by_rest(rest), tmp_path).write(stream_of(plain(5)), MARKS)
    assert not any(asked.startswith("POST") for asked in rest.asked)
    staged.close()
    staged.close()
    assert held(rest) == []
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(Vanished):
        writer(by_rest(rest), tmp_path).write(breaking(), MARKS)
    assert list(tmp_path.iterdir()) == []


def test_merge_updates_by_key_and_may_be_repeated(rest: PostgRest, tmp_path: Path) -> None:
    ask(
        rest.at,
        "CREATE TABLE rows (row bigint PRIMARY KEY, city text, note text DEFAULT 'x')",
        "INSERT INTO rows VALUES (1, 'old', 'kept')",
    )
    for _ in range(2):
        put(by_rest(rest), tmp_path, plain(3), write_mode="upsert", primary_key=["row"])
    assert held(rest) == [(0, "Brno 0", "x"), (1, "Brno 1", "kept"), (2, "Brno 2", "x")]


def test_merge_by_columns_without_an_index_is_refused(rest: PostgRest, tmp_path: Path) -> None:
    ask(rest.at, KEYED)
    with pytest.raises(TargetError, match="no unique index") as caught:
        put(by_rest(rest), tmp_path, plain(3), write_mode="merge", primary_key=["city"])
    assert "pg_dsn" in caught.value.hint


@pytest.mark.parametrize("mishap", LOST)
@pytest.mark.parametrize("mode", ["append", "merge"])
def test_an_answer_that_got_lost_doubles_no_row_of_a_table_with_a_key(
    rest: PostgRest, tmp_path: Path, mishap: Mishap, mode: str
) -> None:
    ask(rest.at, KEYED)
    rest.mishaps["POST"] = [mishap]
    key = {"primary_key": ["row"]} if mode == "merge" else {}
    put(by_rest(rest), tmp_path, plain(30), batch_size=10, write_mode=mode, **key)
    assert held(rest) == wanted(30)


@pytest.mark.parametrize("mishap", LOST)
def test_an_answer_that_got_lost_ends_the_run_where_the_table_has_no_key(
    rest: PostgRest, tmp_path: Path, mishap: Mishap
) -> None:
    ask(rest.at, BARE)
    rest.mishaps["POST"] = [mishap]
    with pytest.raises(TargetError, match=r"after 0 rows that are in.*nobody can tell whether the next 10") as caught:
        put(by_rest(rest), tmp_path, plain(30), batch_size=10)
    assert "primary key" in caught.value.hint
    assert len(held(rest)) == (10 if mishap.after else 0)


@pytest.mark.parametrize("status", [429, 503])
def test_a_request_that_was_certainly_not_taken_is_repeated(rest: PostgRest, tmp_path: Path, status: int) -> None:
    ask(rest.at, BARE)
    rest.mishaps["POST"] = [Mishap(status, headers=AT_ONCE)] * 2
    put(by_rest(rest), tmp_path, plain(30), batch_size=10)
    assert held(rest) == wanted(30)
    rest.mishaps["POST"] = [Mishap(status, headers=AT_ONCE)] * 2
    with pytest.raises(TargetError, match="after 0 rows that are in"):
        put(by_rest(rest), tmp_path, plain(30), batch_size=10, retries=1)


def test_a_run_that_was_broken_off_half_way_can_be_run_again(rest: PostgRest, tmp_path: Path) -> None:
    ask(rest.at, KEYED)
    rest.mishaps["POST"] = [Mishap(429, headers=AT_ONCE)]
    staged = writer(by_rest(rest), tmp_path, batch_size=10, retries=0).write(stream_of(plain(30)), MARKS)
    with pytest.raises(TargetError):
        staged.commit()
    staged.close()
    put(by_rest(rest), tmp_path, plain(10))
    written = put(by_rest(rest), tmp_path, plain(30), batch_size=20)
    assert held(rest) == wanted(30)
    assert written.changes[1] == "leaves 10 rows as they are, whose key was there already"


@pytest.mark.parametrize(("ids", "match"), [([1, None], "NULL in 1 rows"), ([1, 2, 1], "some rows share a value")])
def test_a_key_that_tells_no_rows_apart_is_refused(rest: PostgRest, tmp_path: Path, ids: list[Any], match: str) -> None:
    ask(rest.at, KEYED)
    with pytest.raises(CheckFailed, match=match):
        put(by_rest(rest), tmp_path, pa.table({"row": pa.array(ids, pa.int64())}))
    assert held(rest) == []


def test_every_value_arrives_as_it_is(rest: PostgRest, tmp_path: Path) -> None:
    rows = nasty()
    ddl = writer({"pg_dsn": dsn(rest.at)}, tmp_path).announce(rows.schema).ddl
    ask(rest.at, ddl, "ALTER TABLE rows ADD PRIMARY KEY (row)")
    put(by_rest(rest), tmp_path, rows)
    found = read({"pg_dsn": dsn(rest.at)}, table="rows", order="row")
    assert [int(str(number)) for number in found["unsigned"].to_pylist() if number is not None] == [0, 2**64 - 1]
    found, rows = found.drop_columns(["unsigned"]), rows.drop_columns(["unsigned"])
    assert found.schema.equals(rows.schema)
    assert repr(found.to_pylist()) == repr(rows.to_pylist())


def test_lists_structs_and_texts_of_other_types_arrive_too(rest: PostgRest, tmp_path: Path) -> None:
    ask(
        rest.at,
        "CREATE TABLE rows "
        "(id int PRIMARY KEY, l bigint[], j jsonb, t json, u uuid, n numeric, ti time, z timestamptz)",
    )
    rows = pa.table(
        {
            "id": pa.array([1, 2], pa.int32()),
            "l": pa.array([[1, None], None], pa.list_(pa.int64())),
            "j": pa.array([{"a": 'ž"\\', "b": 1.5}, None]),
            "t": ['{"b":  [1, "x"]}', None],
            "u": ["A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", None],
            "n": ["1.10", None],
            "ti": pa.array([time(1, 2, 3, 4), None]),
            "z": pa.array([datetime(2024, 1, 1, tzinfo=UTC), None]),
        }
    )
    put(by_rest(rest), tmp_path, rows)
    ((_, l_, j, t, u, n, ti, z), empty) = held(rest)
    assert (l_, j, t, str(u)) == ([1, None], {"a": 'ž"\\', "b": 1.5}, {"b": [1, "x"]}, rows["u"][0].as_py().lower())
    assert (n, ti, z) == (Decimal("1.10"), time(1, 2, 3, 4), datetime(2024, 1, 1, tzinfo=UTC))
    assert empty == (2, *[None] * 7)


@pytest.mark.parametrize(
    ("declared", "values"),
    [
        ("numeric(5, 2)", pa.array([Decimal("1.234")])),
        ("timestamp(0)", pa.array([datetime(2024, 1, 1, 0, 0, 0, 500_000)])),
        ("time(0)", pa.array([time(1, 2, 3, 500_000)])),
    ],
)
@pytest.mark.parametrize("key", ["PRIMARY KEY", ""])
def test_a_column_that_keeps_another_value_is_found_out(
    rest: PostgRest, tmp_path: Path, declared: str, values: Any, key: str
) -> None:
    ask(rest.at, f"CREATE TABLE rows (id bigint {key}, v {declared})")
    with pytest.raises(CheckFailed, match="'v' of table 'rows' keeps other values"):
        put(by_rest(rest), tmp_path, pa.table({"id": [1], "v": values}))


def test_a_number_in_json_that_would_be_rounded_is_refused(rest: PostgRest, tmp_path: Path) -> None:
    ask(rest.at, "CREATE TABLE rows (id bigint PRIMARY KEY, j jsonb)")
    for text, match in (
        ('{"a": 0.12345678901234567890}', "can't be sent whole"),
        ("{", "no JSON"),
        ("[NaN]", "no JSON"),
    ):
        with pytest.raises(CheckFailed, match=f"'j'.*{match}"):
            put(by_rest(rest), tmp_path, pa.table({"id": [1], "j": [text]}))


@pytest.mark.parametrize(
    ("rows", "match"),
    [
        (pa.table({"row": [1], "elsewhere": [1]}), "no column 'elsewhere'"),
        (
            pa.table({"row": [1.5], "needed": ["x"]}),
            "'row' of table 'rows' is bigint, which does not hold every double",
        ),
        (pa.table({"row": [1]}), "'needed' of table 'rows' may not be NULL"),
    ],
)
def test_rows_that_do_not_fit_are_refused_before_they_are_read(
    rest: PostgRest, tmp_path: Path, rows: pa.Table, match: str
) -> None:
    ask(rest.at, "CREATE TABLE rows (row bigint PRIMARY KEY, needed text NOT NULL, rest text NOT NULL DEFAULT 'x')")

    def batches() -> Generator[pa.RecordBatch]:
        raise AssertionError("nobody may ask for a row")
        yield

    with pytest.raises(TargetError, match=match):
        writer(by_rest(rest), tmp_path).write(Stream(rows.schema, batches()), MARKS)


def test_what_takes_the_direct_address_says_so(rest: PostgRest, tmp_path: Path) -> None:
    ask(rest.at, KEYED)
    step = writer(by_rest(rest), tmp_path, write_mode="replace")
    with pytest.raises(AuthorError, match="replace") as caught:
        step.look()
    with pytest.raises(AuthorError, match="replace"):
        step.write(breaking(), MARKS)
    assert "pg_dsn" in caught.value.hint
    with pytest.raises(TargetError, match="no table 'nowhere'") as missing:
        writer(by_rest(rest), tmp_path, "nowhere").write(breaking(), MARKS)
    assert "pg_dsn" in missing.value.hint


def test_looks_whether_the_table_is_there(rest: PostgRest, tmp_path: Path) -> None:
    step = writer(by_rest(rest), tmp_path)
    assert not step.look().exists
    ask(rest.at, KEYED)
    state = step.look()
    assert (state.target, state.exists, state.rows) == ("@supabase/rows", True, None)


def test_a_row_that_breaks_a_promise_is_named_with_how_many_are_in(rest: PostgRest, tmp_path: Path) -> None:
    ask(rest.at, "CREATE TABLE rows (row bigint PRIMARY KEY, city text CHECK (city <> 'Brno 15'))")
    with pytest.raises(CheckFailed, match="after 10 rows that are in refuses the rows"):
        put(by_rest(rest), tmp_path, plain(30), batch_size=10)
    assert held(rest) == wanted(10)
    put(by_rest(rest), tmp_path, plain(15), batch_size=10)
    assert held(rest) == wanted(15)


def test_a_trigger_that_drops_rows_is_found_out(rest: PostgRest, tmp_path: Path) -> None:
    ask(
        rest.at,
        BARE,
        "CREATE FUNCTION drop_it() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "CREATE TRIGGER dropping BEFORE INSERT ON rows FOR EACH ROW WHEN (NEW.row = 3) EXECUTE FUNCTION drop_it()",
    )
    with pytest.raises(CheckFailed, match="4 of the next 5 rows were taken"):
        put(by_rest(rest), tmp_path, plain(5))


def test_a_right_that_a_role_lacks_is_told(rest: PostgRest, tmp_path: Path) -> None:
    role = f"anon_{rest.at.database}"
    ask(rest.at, BARE, f"CREATE ROLE {role}")
    try:
        ask(rest.at, f"GRANT USAGE ON SCHEMA public TO {role}", f"GRANT SELECT ON rows TO {role}")
        rest.role = role
        with pytest.raises(ConnectError, match="no right"):
            put(by_rest(rest), tmp_path, plain(5))
    finally:
        ask(rest.at, f"DROP OWNED BY {role}", f"DROP ROLE {role}")


def test_names_may_hold_anything(rest: PostgRest, tmp_path: Path) -> None:
    ask(rest.at, 'CREATE TABLE "My ""rows""" ("Id, no" bigint PRIMARY KEY, "a.b" text)')
    rows = pa.table({"id, NO": [1], "a.b": ["x"]})
    put(by_rest(rest), tmp_path, rows, table='My "rows"', write_mode="merge", primary_key="id, no")
    assert read(by_rest(rest), table='My "rows"').to_pylist() == [{"Id, no": 1, "a.b": "x"}]


def test_by_the_direct_address_it_is_a_writer_of_postgresql(rest: PostgRest, tmp_path: Path) -> None:
    fields = by_rest(rest, pg_dsn=dsn(rest.at))
    written = put(fields, tmp_path, pa.table({"day": [date(2024, 2, 29)]}), write_mode="replace", table="sales.days")
    assert (written.target, written.rows_after) == ("@supabase/sales.days", 1)
    assert rest.asked == []
    assert writer(fields, tmp_path, "sales.days").look().rows == 1
    ask(rest.at, "DROP SCHEMA sales CASCADE")
