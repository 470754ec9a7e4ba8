"""What else the writer promises."""

from collections.abc import Generator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from pydantic import ValidationError
from tests.services.postgres import ask, connect, hang_up
from tests.services.shared import Server
from tests.unit.components.postgres.servers import put, read, stranger, writer

from osiris.components.postgres.config import PostgresWrite
from osiris.components.postgres.ddl import WRITES, column_type
from osiris.components.postgres.staging import MOST_COUNTED
from osiris.components.postgres.types import READS
from osiris.kit.arrow import type_of
from osiris.kit.stream import Stream
from osiris.model.errors import AuthorError, CheckFailed, ConnectError, TargetError
from osiris.testing.writer import MARKS, breaking, plain, stream_of


def table(**columns: Any) -> pa.Table:
    return pa.table(
        {name: values if isinstance(values, pa.Array) else pa.array(values) for name, values in columns.items()}
    )


def kinds(at: Server, name: str = "rows") -> dict[str, str]:
    return dict(
        ask(
            at,
            "SELECT attname::text, format_type(atttypid, atttypmod) FROM pg_attribute "
            f"WHERE attrelid = '{name}'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        )
    )


MADE: list[tuple[Any, str, Any]] = [
    (pa.array([True]), "boolean", True),
    (pa.array([-128], pa.int8()), "smallint", -128),
    (pa.array([2**31 - 1], pa.int32()), "integer", 2**31 - 1),
    (pa.array([2**63 - 1]), "bigint", 2**63 - 1),
    (pa.array([255], pa.uint8()), "smallint", 255),
    (pa.array([2**16 - 1], pa.uint16()), "integer", 2**16 - 1),
    (pa.array([2**32 - 1], pa.uint32()), "bigint", 2**32 - 1),
    (pa.array([2**64 - 1], pa.uint64()), "numeric(20,0)", Decimal(2**64 - 1)),
    (pa.array([0.5], pa.float16()), "real", 0.5),
    (pa.array([0.1], pa.float32()), "real", 0.1),
    (pa.array([0.1 + 0.2]), "double precision", 0.1 + 0.2),
    (pa.array([float("-inf")]), "double precision", float("-inf")),
    (pa.array([Decimal("0.0000000001")], pa.decimal128(38, 10)), "numeric(38,10)", Decimal("0.0000000001")),
    (pa.array([Decimal("1E2")], pa.decimal128(3, -2)), "numeric(5,0)", Decimal(100)),
    (pa.array([Decimal("1" * 60)], pa.decimal256(76, 0)), "numeric(76,0)", Decimal("1" * 60)),
    (pa.array(["\\N"]), "text", "\\N"),
    (pa.array(["x"], pa.large_string()), "text", "x"),
    (pa.array(["x"], pa.string_view()), "text", "x"),
    (pa.array(["x"]).dictionary_encode(), "text", "x"),
    (pa.array([b"\x00\\"]), "bytea", b"\x00\\"),
    (pa.array([b"abc"], pa.binary(3)), "bytea", b"abc"),
    (pa.array([b"abc"], pa.large_binary()), "bytea", b"abc"),
    (pa.array([date(2024, 2, 29)]), "date", date(2024, 2, 29)),
    (pa.array([date(2024, 2, 29)], pa.date64()), "date", date(2024, 2, 29)),
    (pa.array([time(1, 2, 3)], pa.time32("s")), "time without time zone", time(1, 2, 3)),
    (pa.array([1_000], pa.time64("ns")), "time without time zone", time(0, 0, 0, 1)),
    (pa.array([datetime(2024, 1, 1)], pa.timestamp("s")), "timestamp without time zone", datetime(2024, 1, 1)),
    (pa.array([1_000], pa.timestamp("ns")), "timestamp without time zone", datetime(1970, 1, 1, 0, 0, 0, 1)),
    (
        pa.array([datetime(2024, 7, 1, tzinfo=UTC)], pa.timestamp("ms", "Europe/Prague")),
        "timestamp with time zone",
        datetime(2024, 7, 1, tzinfo=UTC),
    ),
    (pa.array([timedelta(days=1, microseconds=1)]), "interval", timedelta(days=1, microseconds=1)),
    (pa.array([[1, None], []], pa.list_(pa.int64())), "bigint[]", [1, None]),
    (pa.array([['a"b\\', None, "NULL", ""]]), "text[]", ['a"b\\', None, "NULL", ""]),
    (pa.array([[b"\x00"]]), "bytea[]", [b"\x00"]),
    (pa.array([[datetime(2024, 1, 1)]], pa.large_list(pa.timestamp("us"))), "timestamp without time zone[]",
     [datetime(2024, 1, 1)]),
    (pa.array([[True, None]], pa.list_(pa.bool_(), 2)), "boolean[]", [True, None]),
    (pa.array([[Decimal("1.50")]]), "numeric(3,2)[]", [Decimal("1.50")]),
    (pa.array([[[1], [2, 3]]]), "jsonb", [[1], [2, 3]]),
    (pa.array([{"a": 1, "b": ["x"]}]), "jsonb", {"a": 1, "b": ["x"]}),
]  # fmt: skip


@pytest.mark.parametrize(("values", "kind", "wanted"), MADE, ids=[str(v.type) + k for v, k, _ in MADE])
def test_a_column_gets_the_type_that_holds_its_values(shared: Server, values: Any, kind: str, wanted: Any) -> None:
    rows = table(v=values)
    ddl = writer(shared).announce(rows.schema).ddl
    put(shared, rows, write_mode="replace")
    assert kinds(shared) == {"v": kind}
    found = ask(shared, "SELECT v FROM rows")
    assert found[0] == (pytest.approx(wanted, rel=1e-7) if kind == "real" else wanted,)
    ask(shared, "DROP TABLE rows", ddl)
    assert kinds(shared) == {"v": kind}
    ask(shared, "DROP TABLE rows")


def test_the_published_tables_are_what_is_done(shared: Server) -> None:
    several = {"decimal(p, s)", "fixed_size_binary[n]", "list, struct"}
    for line in WRITES:
        if line.arrow not in several:
            assert column_type("v", type_of(line.arrow.replace("…", "UTC"))) == line.target
    some = {"character varying(n)": "varchar(9)", "character(n)": "char(3)", "numeric(p, s)": "numeric(9, 2)"}
    plain = [line for line in READS if line.source not in {"domain", "array"} and "," not in line.source.split("(")[0]]
    columns = ", ".join(f"NULL::{some.get(line.source, line.source)} AS c{at}" for at, line in enumerate(plain))
    found = read(shared, query=f"SELECT {columns}").schema
    wanted = {"numeric(p, s)": "decimal128(9, 2)"}
    assert [str(kind) for kind in found.types] == [wanted.get(line.source, line.arrow) for line in plain]


@pytest.mark.parametrize(
    ("values", "match"),
    [
        (pa.array([1], pa.time64("ns")), "nanoseconds"),
        (pa.array([1], pa.timestamp("ns")), "nanoseconds"),
        (pa.array([1], pa.duration("ns")), "nanoseconds"),
        (pa.array([-800_000], pa.date32()), "before the year 1"),
        (pa.array([3_000_000], pa.date32()), "after 9999"),
        (pa.array([2**62], pa.timestamp("s")), "too far off"),
        (pa.array([253_402_300_800], pa.timestamp("s")), "after 9999"),
        (pa.array(["a\0b"]), "NUL"),
        (pa.array([["a\0b"]]), "NUL"),
        (pa.array([{"a": "a\0b"}]), "NUL"),
        (pa.array([{"a": float("nan")}]), "NaN"),
    ],
)
def test_a_value_that_postgresql_can_t_hold_is_an_error_that_names_the_column(
    shared: Server, values: Any, match: str
) -> None:
    with pytest.raises(CheckFailed, match=f"'v' holds.*{match}") as caught:
        put(shared, table(v=values), "impossible")
    assert caught.value.hint
    assert ask(shared, "SELECT count(*) FROM pg_class WHERE relname = 'impossible'") == [(0,)]


@pytest.mark.parametrize(
    ("rows", "match"),
    [
        (table(v=pa.nulls(1)), "no type"),
        (pa.table({"a": [1], "A": [2]}), "two columns"),
        (pa.table({}), "no column"),
        (table(v=pa.array([[(1, 2)]], pa.map_(pa.int64(), pa.int64()))), "has none for"),
        (pa.table({"x" * 64: [1]}), "63 bytes"),
        (pa.table({"": [1]}), "63 bytes"),
    ],
)
def test_rows_that_no_table_holds_are_refused_before_anything_is_opened(
    shared: Server, rows: pa.Table, match: str
) -> None:
    step = writer(shared, "impossible")
    with pytest.raises(AuthorError, match=match):
        step.announce(rows.schema)
    with pytest.raises(AuthorError, match=match):
        step.write(stream_of(rows), MARKS)


def test_merge_updates_by_key_and_adds_the_others(at: Server) -> None:
    ask(
        at,
        "CREATE TABLE rows (a int, b text, note text DEFAULT 'kept', n numeric(9, 2), PRIMARY KEY (a, b))",
        "INSERT INTO rows VALUES (1, 'x', 'old', 1), (1, 'y', 'old', 2), (2, 'x', 'old', 3)",
    )
    rows = table(a=pa.array([1, 1, 3], pa.int32()), b=["x", "z", "x"], n=pa.array([10, 20, 30], pa.int16()))
    put(at, rows, write_mode="upsert", primary_key=["b", "a"])
    assert ask(at, "SELECT * FROM rows ORDER BY 1, 2") == [
        (1, "x", "old", Decimal("10.00")),
        (1, "y", "old", Decimal("2.00")),
        (1, "z", "kept", Decimal("20.00")),
        (2, "x", "old", Decimal("3.00")),
        (3, "x", "kept", Decimal("30.00")),
    ]
    put(at, rows, write_mode="merge", primary_key=["a", "b"])
    assert ask(at, "SELECT count(*) FROM rows") == [(5,)]


def test_merge_needs_no_index_and_may_have_nothing_but_keys(at: Server) -> None:
    ask(at, "CREATE TABLE rows (id bigint)", "INSERT INTO rows VALUES (1), (1), (2)")
    put(at, table(id=[1, 3]), write_mode="merge", primary_key="ID")
    assert ask(at, "SELECT id FROM rows ORDER BY 1") == [(1,), (1,), (2,), (3,)]


def test_merge_makes_the_table_with_its_key(at: Server) -> None:
    put(at, table(id=[1, 2], v=["a", "b"]), write_mode="merge", primary_key=["id"])
    with pytest.raises(CheckFailed, match="refuses the rows") as caught:
        put(at, table(id=[2], v=["c"]))
    assert "merge" in caught.value.hint
    put(at, table(id=[2], v=["c"]), write_mode="merge", primary_key=["id"])
    assert ask(at, "SELECT * FROM rows ORDER BY 1") == [(1, "a"), (2, "c")]


@pytest.mark.parametrize(("ids", "match"), [([1, None], "NULL in 1 rows"), ([1, 2, 1, 1], "3 rows share 1 values")])
@pytest.mark.parametrize("write_mode", ["append", "replace", "merge"])
def test_a_key_that_tells_no_rows_apart_is_refused(at: Server, ids: list[Any], match: str, write_mode: str) -> None:
    with pytest.raises(CheckFailed, match=match):
        put(at, table(id=pa.array(ids, pa.int64())), write_mode=write_mode, primary_key=["id"])
    assert ask(at, "SELECT count(*) FROM pg_class WHERE relname = 'rows'") == [(0,)]


def test_replace_keeps_views_grants_triggers_keys_and_identities(at: Server) -> None:
    ask(
        at,
        "CREATE TABLE rows (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text, twice int DEFAULT 2, "
        "loud text GENERATED ALWAYS AS (upper(v)) STORED)",
        "INSERT INTO rows (v) VALUES ('a'), ('b')",
        "CREATE VIEW louds AS SELECT loud FROM rows",
        "CREATE TABLE log (v text)",
        "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN INSERT INTO log VALUES (NEW.v); RETURN NEW; END'",
        "CREATE TRIGGER noted BEFORE INSERT ON rows FOR EACH ROW EXECUTE FUNCTION note()",
    )
    with stranger(at) as other:
        ask(at, f"GRANT SELECT ON louds TO {other.user}")
        written = put(at, table(id=[7], v=["c"]), write_mode="replace")
        assert ask(other, "SELECT * FROM louds") == [("C",)]
    assert (written.rows_before, written.staged, written.rows_after) == (2, 1, 1)
    assert ask(at, "SELECT * FROM rows") == [(7, "c", 2, "C")]
    assert ask(at, "SELECT * FROM log") == [("c",)]
    put(at, table(v=["d"]))
    assert ask(at, "SELECT v FROM rows ORDER BY v") == [("c",), ("d",)]


def test_a_column_that_postgresql_fills_by_itself_is_refused(at: Server) -> None:
    ask(
        at,
        "CREATE TABLE rows (k int PRIMARY KEY, id bigint GENERATED ALWAYS AS IDENTITY, "
        "twice int GENERATED ALWAYS AS (k * 2) STORED)",
    )
    one = pa.array([1], pa.int32())
    with pytest.raises(TargetError, match="'twice' of table 'rows' is computed"):
        put(at, table(k=one, twice=one))
    with pytest.raises(TargetError, match="'id' of table 'rows' is numbered"):
        put(at, table(k=one, id=[1]), write_mode="merge", primary_key=["k"])
    put(at, table(k=one), write_mode="merge", primary_key=["k"])


def test_a_column_that_the_table_lacks_is_added_and_one_that_the_rows_lack_is_null(at: Server) -> None:
    put(at, table(id=[1], v=["a"]))
    written = put(at, table(id=[2], **{"New one": ["b"]}))
    assert written.changes == ("adds column New one TEXT",)
    assert ask(at, "SELECT * FROM rows ORDER BY id") == [(1, "a", None), (2, None, "b")]


def test_a_column_is_found_whatever_its_capitals_unless_two_are_alike(at: Server) -> None:
    ask(at, 'CREATE TABLE rows ("Id" bigint, "City" text, city text)')
    put(at, table(id=[1], City=["a"]))
    assert ask(at, "SELECT * FROM rows") == [(1, "a", None)]
    put(at, table(ID=[2], city=["b"]))
    assert ask(at, "SELECT * FROM rows ORDER BY 1") == [(1, "a", None), (2, None, "b")]


@pytest.mark.parametrize(
    ("declared", "values"),
    [
        ("integer", pa.array([1])),
        ("smallint", pa.array([1], pa.uint16())),
        ("bigint", pa.array([1], pa.uint64())),
        ("real", pa.array([1.0])),
        ("real", pa.array([1], pa.int32())),
        ("double precision", pa.array([1])),
        ("numeric(18, 2)", pa.array([1])),
        ("numeric(5, 2)", pa.array([Decimal("1.234")])),
        ("numeric(5, 2)", pa.array([Decimal("1.5")], pa.decimal128(6, 2))),
        ("bigint", pa.array([Decimal("1.5")])),
        ("bigint", pa.array(["1"])),
        ("numeric(5, 2)", pa.array(["1.5"])),
        ("timestamp", pa.array([datetime(2024, 1, 1, tzinfo=UTC)])),
        ("timestamptz", pa.array([datetime(2024, 1, 1)])),
        ("timestamp(3)", pa.array([datetime(2024, 1, 1)], pa.timestamp("us"))),
        ("time(0)", pa.array([time(1)])),
        ("date", pa.array([datetime(2024, 1, 1)])),
        ("text", pa.array([1])),
        ("text", pa.array([b"x"])),
        ("boolean", pa.array([1])),
        ("int[]", pa.array([[1]])),
        ("text", pa.array([[1]])),
        ("money", pa.array([Decimal("1.5")])),
        ("interval(0)", pa.array([timedelta(1)])),
    ],
    ids=str,
)
def test_a_narrower_type_is_an_error_that_names_the_column(shared: Server, declared: str, values: Any) -> None:
    ask(shared, "DROP TABLE IF EXISTS narrow", f"CREATE TABLE narrow (v {declared})")
    with pytest.raises(TargetError, match=r"'v' of table 'narrow' is .*, which does not hold every") as caught:
        put(shared, table(v=values), "narrow")
    assert "CAST" in caught.value.hint


@pytest.mark.parametrize(
    ("declared", "values"),
    [
        ("integer", pa.array([1], pa.int16())),
        ("bigint", pa.array([2**32 - 1], pa.uint32())),
        ("oid", pa.array([2**32 - 1], pa.uint32())),
        ("numeric(19)", pa.array([2**63 - 1])),
        ("numeric", pa.array([2**64 - 1], pa.uint64())),
        ("double precision", pa.array([1], pa.int32())),
        ("double precision", pa.array([0.5], pa.float32())),
        ("numeric(6, 3)", pa.array([Decimal("1.50")], pa.decimal128(5, 2))),
        ("numeric", pa.array([Decimal("1.50")], pa.decimal128(5, 2))),
        ("bigint", pa.array([Decimal(12)], pa.decimal128(18, 0))),
        ("varchar", pa.array(["x" * 1000])),
        ("timestamp(3)", pa.array([datetime(2024, 1, 1)], pa.timestamp("ms"))),
        ("json", pa.array([{"a": [1, None]}])),
        ("jsonb", pa.array([[1, 2]])),
        ("bigint[]", pa.array([[1]], pa.list_(pa.int32()))),
        ("amount", pa.array([Decimal("1.50")], pa.decimal128(5, 2))),
    ],
    ids=str,
)
def test_a_wider_type_holds_every_value(shared: Server, declared: str, values: Any) -> None:
    ask(
        shared,
        "DROP TABLE IF EXISTS wide",
        "DROP DOMAIN IF EXISTS amount",
        "CREATE DOMAIN amount AS numeric(9, 2)",
        f"CREATE TABLE wide (v {declared})",
    )
    put(shared, table(v=values), "wide")
    ((found,),) = ask(shared, "SELECT v FROM wide")
    assert found == values[0].as_py()


@pytest.mark.parametrize(
    ("declared", "text", "wanted"),
    [
        ("varchar(3)", "abc", "abc"),
        ("char(5)", "ab", "ab   "),
        ("char(5)", "ab   ", "ab   "),
        ("uuid", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        ("jsonb", '{"b": 1, "a": 2}', '{"a": 2, "b": 1}'),
        ("json", '{"b": 1}', '{"b": 1}'),
        ("numeric", "NaN", "NaN"),
        ("numeric", "1.10", "1.10"),
        ("interval", "1 year -2 days +03:04:05", "1 year -2 days +03:04:05"),
        ("inet", "10.1.2.3", "10.1.2.3"),
        ("bit(3)", "101", "101"),
        ("int4range", "[1,5)", "[1,5)"),
        ("mood", "sad", "sad"),
        ("date", "infinity", "infinity"),
        ("timestamptz", "0044-03-15 00:00:00+00 BC", "0044-03-15 00:00:00+00 BC"),
        ("int[]", "{{1,2},{3,4}}", "{{1,2},{3,4}}"),
        ("point", "(1,2)", "(1,2)"),
    ],
)
def test_what_was_read_as_text_can_be_written_back(shared: Server, declared: str, text: str, wanted: str) -> None:
    ask(
        shared,
        "DROP TABLE IF EXISTS texts",
        "DROP TYPE IF EXISTS mood",
        "CREATE TYPE mood AS ENUM ('sad')",
        f"CREATE TABLE texts (v {declared})",
    )
    put(shared, table(v=[text, None]), "texts")
    assert read(shared, table="texts", odd_dates="text", arrays="text").column("v").to_pylist() == [wanted, None]


@pytest.mark.parametrize(
    ("declared", "text"),
    [
        ("varchar(3)", "abcd"),
        ("varchar(3)", "abc  "),
        ("char(3)", "abcd"),
        ("numeric", "007"),
        ("numeric", "1e5"),
        ("numeric", "x"),
        ("bit(3)", "10110"),
        ("uuid", "x"),
        ("jsonb", "{"),
        ("timestamp(0)", "2024-01-01 00:00:00.5"),
        ("date", "29.2.2024"),
        ("name", "x" * 64),
        ("mood", "glad"),
    ],
)
def test_a_text_that_would_be_another_value_is_an_error(shared: Server, declared: str, text: str) -> None:
    ask(
        shared,
        "DROP TABLE IF EXISTS others",
        "DROP TYPE IF EXISTS mood",
        "CREATE TYPE mood AS ENUM ('sad')",
        f"CREATE TABLE others (v {declared})",
    )
    with pytest.raises(CheckFailed, match="'v'"):
        put(shared, table(v=["1", text] if declared == "numeric" else [text]), "others")
    assert ask(shared, "SELECT count(*) FROM others") == [(0,)]


def test_a_table_that_can_t_take_the_rows_says_so_before_they_are_read(at: Server) -> None:
    ask(at, "CREATE TABLE rows (row int, needed int)", "CREATE VIEW seen AS SELECT 1 AS row")
    with pytest.raises(TargetError, match="'row'"):
        put(at, breaking())
    ask(at, "ALTER TABLE rows ALTER row TYPE bigint, ALTER needed SET NOT NULL")
    with pytest.raises(TargetError, match="'needed' of table 'rows' may not be NULL"):
        put(at, breaking())
    with pytest.raises(TargetError, match="is a view"):
        put(at, breaking(), "seen")
    with pytest.raises(TargetError, match="there is no table") as caught:
        put(at, breaking(), "nowhere", create_if_missing=False)
    assert "create_if_missing" in caught.value.hint


def test_a_schema_is_made_where_it_is_missing(at: Server) -> None:
    rows = table(id=[1])
    staged = writer(at, "sales.rows", primary_key=["id"]).write(stream_of(rows), MARKS)
    assert staged.written.target == "@postgres/sales.rows"
    assert staged.written.changes == ("creates schema sales", "creates table sales.rows")
    assert staged.commit().rows_after == 1
    staged.close()
    put(at, rows, "rows", schema="other")
    assert ask(at, "SELECT * FROM sales.rows, other.rows") == [(1, 1)]


def test_partitions_take_their_rows(at: Server) -> None:
    ask(
        at,
        "CREATE TABLE rows (day date, n bigint) PARTITION BY RANGE (day)",
        "CREATE TABLE rows_2024 PARTITION OF rows FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')",
    )
    put(at, table(day=[date(2024, 2, 29)], n=[1]), write_mode="replace")
    put(at, table(day=[date(2024, 3, 1)], n=[2]))
    assert ask(at, "SELECT n FROM rows_2024 ORDER BY 1") == [(1,), (2,)]
    with pytest.raises(CheckFailed, match="no partition"):
        put(at, table(day=[date(2025, 3, 1)], n=[2]))


@pytest.mark.parametrize("action", ["CASCADE", "SET NULL", "SET DEFAULT"])
def test_replace_takes_nothing_away_from_other_tables(at: Server, action: str) -> None:
    ask(
        at,
        "CREATE TABLE rows (id bigint PRIMARY KEY, up bigint REFERENCES rows ON DELETE CASCADE)",
        "INSERT INTO rows VALUES (1, NULL), (2, 1)",
        f"CREATE TABLE children (row_id bigint DEFAULT 1 REFERENCES rows ON DELETE {action})",
        "INSERT INTO children VALUES (2)",
    )
    with pytest.raises(TargetError, match="would change rows of children") as caught:
        put(at, table(id=[1]), write_mode="replace")
    assert "merge" in caught.value.hint
    put(at, table(id=[1, 3]), write_mode="merge", primary_key=["id"])
    ask(at, "DROP TABLE children")
    put(at, table(id=[1]), write_mode="replace")
    assert ask(at, "SELECT id FROM rows") == [(1,)]


def test_replace_leaves_all_as_it_was_where_other_tables_need_the_rows(at: Server) -> None:
    ask(
        at,
        "CREATE TABLE rows (id bigint PRIMARY KEY)",
        "INSERT INTO rows VALUES (1)",
        "CREATE TABLE children (row_id bigint REFERENCES rows)",
        "INSERT INTO children VALUES (1)",
    )
    with pytest.raises(CheckFailed, match="refuses the rows") as caught:
        put(at, table(id=[2]), write_mode="replace")
    assert "merge" in caught.value.hint
    assert ask(at, "SELECT * FROM rows") == [(1,)]


@pytest.mark.parametrize("write_mode", ["append", "replace", "merge"])
def test_a_trigger_that_drops_rows_is_found_out(at: Server, write_mode: str) -> None:
    ask(
        at,
        "CREATE TABLE rows (id bigint, v text)",
        "INSERT INTO rows VALUES (1, 'old')",
        "CREATE FUNCTION drop_it() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "CREATE TRIGGER dropping BEFORE INSERT ON rows FOR EACH ROW WHEN (NEW.id = 3) EXECUTE FUNCTION drop_it()",
    )
    with pytest.raises(CheckFailed, match="did not take all"):
        put(at, table(id=[1, 2, 3], v=["a", "b", "c"]), write_mode=write_mode, primary_key=["id"])
    assert ask(at, "SELECT * FROM rows") == [(1, "old")]


@pytest.mark.parametrize("write_mode", ["replace", "merge"])
def test_rows_that_this_user_may_not_see_are_not_left_behind_without_a_word(at: Server, write_mode: str) -> None:
    ask(
        at,
        "CREATE TABLE rows (id bigint, mine boolean)",
        "INSERT INTO rows VALUES (1, false), (2, true)",
        "ALTER TABLE rows ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY own ON rows USING (mine)",
    )
    with stranger(at) as other:
        ask(at, f"GRANT ALL ON rows TO {other.user}")
        with pytest.raises(ConnectError, match="no right"):
            put(other, table(id=[1], mine=[True]), write_mode=write_mode, primary_key=["id"])
        put(other, table(id=[3], mine=[True]))
    assert ask(at, "SELECT id FROM rows ORDER BY 1") == [(1,), (2,), (3,)]


def test_appending_needs_no_right_but_to_insert(at: Server) -> None:
    ask(at, "CREATE TABLE rows (id bigint)")
    with stranger(at) as other:
        with pytest.raises(ConnectError, match="no right"):
            put(other, table(id=[1]))
        ask(at, f"GRANT INSERT ON rows TO {other.user}")
        put(other, table(id=[1]))
        with pytest.raises(ConnectError, match="no right"):
            put(other, table(id=[1]), "elsewhere")
    assert ask(at, "SELECT * FROM rows") == [(1,)]


def test_waits_no_longer_than_it_may_for_others(at: Server) -> None:
    ask(at, "CREATE TABLE rows (id bigint)")
    with connect(at) as other, other.transaction():
        other.execute("LOCK TABLE rows IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(TargetError, match="somebody else holds it"):
            put(at, table(id=[1]), write_mode="replace", lock_timeout=0.05)
    put(at, table(id=[1]), write_mode="replace", lock_timeout=0.05)


def test_two_writers_of_one_run_may_make_the_same_table(at: Server) -> None:
    first = writer(at).write(stream_of(plain(3)), MARKS)
    second = writer(at).write(stream_of(plain(2)), MARKS)
    third = writer(at, write_mode="replace").write(stream_of(table(row=[9], other=["x"])), MARKS)
    for staged in (first, second):
        staged.commit()
        staged.close()
    assert ask(at, "SELECT count(*) FROM rows") == [(5,)]
    assert third.commit().changes == ("adds column other TEXT",)
    third.close()
    assert ask(at, "SELECT * FROM rows") == [(9, None, "x")]
    assert ask(at, "SELECT count(*) FROM pg_class WHERE relname ~ '^_osiris'") == [(0,)]


def test_a_table_that_changed_since_it_was_looked_at_is_looked_at_again(at: Server) -> None:
    ask(at, "CREATE TABLE rows (row bigint, city text)")
    staged = writer(at).write(stream_of(plain(3)), MARKS)
    ask(at, "ALTER TABLE rows ALTER city TYPE varchar(3)")
    with pytest.raises(CheckFailed, match="'city'"):
        staged.commit()
    staged.close()
    staged = writer(at).write(stream_of(plain(0)), MARKS)
    ask(at, "DROP TABLE rows")
    assert staged.commit().changes == ("creates table rows",)
    staged.close()


def test_looks_at_a_large_table_without_counting_it(at: Server) -> None:
    ask(
        at,
        "CREATE TABLE rows (id bigint)",
        f"UPDATE pg_class SET reltuples = {MOST_COUNTED * 2} WHERE relname = 'rows'",
    )
    state = writer(at).look()
    assert state.exists
    assert state.rows is None


def test_a_server_that_dies_while_rows_come_says_so_and_keeps_nothing(at: Server) -> None:
    def batches() -> Generator[pa.RecordBatch]:
        yield from plain(20_000).to_batches()
        hang_up(at)
        for _ in range(200):
            yield from plain(20_000).to_batches()

    with pytest.raises(TargetError, match="went away"):
        put(at, Stream(plain(0).schema, batches()))
    assert ask(at, "SELECT count(*) FROM pg_class WHERE relname IN ('rows')") == [(0,)]


@pytest.mark.parametrize(
    "wrong", [{}, {"table": "t", "write_mode": "merge"}, {"table": "t", "primary_key": ["a", "a"]}, {"table": ""}]
)
def test_refuses_settings_that_contradict_each_other(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PostgresWrite.model_validate(wrong)


def test_old_pipelines_may_call_things_otherwise() -> None:
    config = PostgresWrite.model_validate({"table": "t", "mode": "upsert", "upsert_keys": "id", "batch_size": 500})
    assert (config.write_mode, config.primary_key) == ("merge", ["id"])
