"""Every value comes out of PostgreSQL exact, as text by declaration, or as an error that names the column."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from tests.services.postgres import ask
from tests.services.shared import Server
from tests.unit.components.postgres.servers import read, value

from osiris.model.errors import CheckFailed

FAR = "123456789012345678901234567890123456789012345.123456"  # 51 digits

EXACT: list[tuple[str, pa.DataType, Any]] = [
    ("true", pa.bool_(), True),
    ("(-32768)::int2", pa.int16(), -(2**15)),
    ("(-2147483648)::int4", pa.int32(), -(2**31)),
    ("9223372036854775807", pa.int64(), 2**63 - 1),
    ("(-9223372036854775808)::int8", pa.int64(), -(2**63)),
    ("4294967295::oid", pa.uint32(), 2**32 - 1),
    ("16777215::float4", pa.float32(), 16777215.0),
    ("0.1::float8 + 0.2::float8", pa.float64(), 0.1 + 0.2),
    ("'-0'::float8", pa.float64(), -0.0),
    ("'-infinity'::float8", pa.float64(), float("-inf")),
    ("0.00::numeric(5, 2)", pa.decimal128(5, 2), Decimal("0.00")),
    ("(-123.45)::numeric(5, 2)", pa.decimal128(5, 2), Decimal("-123.45")),
    (f"{FAR}::numeric(51, 6)", pa.decimal256(51, 6), Decimal(FAR)),
    ("0.00012::numeric(2, 5)", pa.decimal128(5, 5), Decimal("0.00012")),
    ("'1234.56'::float8::numeric::money", pa.decimal128(19, 2), Decimal("1234.56")),
    ("DATE '0001-01-01'", pa.date32(), date(1, 1, 1)),
    ("DATE '9999-12-31'", pa.date32(), date(9999, 12, 31)),
    ("TIME '23:59:59.999999'", pa.time64("us"), time(23, 59, 59, 999_999)),
    ("TIMESTAMP '1969-12-31 23:59:59.999999'", pa.timestamp("us"), datetime(1969, 12, 31, 23, 59, 59, 999_999)),
    ("TIMESTAMP '0001-01-01'", pa.timestamp("us"), datetime(1, 1, 1)),
    ("TIMESTAMPTZ '2024-02-29 12:00+05'", pa.timestamp("us", "UTC"), datetime(2024, 2, 29, 7, tzinfo=UTC)),
    ("''::text", pa.string(), ""),
    ("'žluť🦊'::varchar(5)", pa.string(), "žluť🦊"),
    ("'ab'::char(5)", pa.string(), "ab   "),
    ("'x'::name", pa.string(), "x"),
    ('\'{"b": 1,  "a": NaN}\'::text', pa.string(), '{"b": 1,  "a": NaN}'),
    ('\'{"b": 1,  "a": 2}\'::json', pa.string(), '{"b": 1,  "a": 2}'),
    (r"'\x00ff'::bytea", pa.binary(), b"\x00\xff"),
    ("repeat('x', 20000000)", pa.string(), "x" * 20_000_000),
]
TEXT: list[tuple[str, str]] = [
    ("'NaN'::numeric", "NaN"),
    ("'-Infinity'::numeric", "-Infinity"),
    (f"{FAR}::numeric", FAR),
    ("1.10::numeric", "1.10"),
    ("12::numeric(80, 2)", "12.00"),
    ("TIMETZ '24:00:00+02'", "24:00:00+02"),
    ("INTERVAL '1 year -2 days 03:04:05.678901'", "1 year -2 days +03:04:05.678901"),
    ('\'{"b": 1, "a": [1]}\'::jsonb', '{"a": [1], "b": 1}'),
    ("'<a>1</a>'::xml", "<a>1</a>"),
    ("'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'::uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    ("'10.1.2.3'::inet", "10.1.2.3"),
    ("'10.1.2.3/24'::inet", "10.1.2.3/24"),
    ("'10.0.0.0/8'::cidr", "10.0.0.0/8"),
    ("'08:00:2b:01:02:03'::macaddr", "08:00:2b:01:02:03"),
    ("B'101'", "101"),
    ("B'101'::varbit(8)", "101"),
    ("'[1,5)'::int4range", "[1,5)"),
    ("'{[1,5),[7,9)}'::int4multirange", "{[1,5),[7,9)}"),
    ("'(1,2)'::point", "(1,2)"),
    ("'a & b'::tsquery", "'a' & 'b'"),
    ("'pg_class'::regclass", "pg_class"),
    ("ROW(1, 'a,b', NULL)", '(1,"a,b",)'),
    ("'1 2'::int2vector", "1 2"),
    ("'{(1,1),(0,0)}'::box[]", "{(1,1),(0,0)}"),
    ("'x'::\"char\"", "x"),
]
LISTS: list[tuple[str, pa.DataType, Any]] = [
    ("ARRAY[1, NULL, -3]", pa.int32(), [1, None, -3]),
    ("'{}'::int8[]", pa.int64(), []),
    ("ARRAY[true, NULL]", pa.bool_(), [True, None]),
    ("ARRAY['', NULL, 'NULL', '{\"', 'ž']", pa.string(), ["", None, "NULL", '{"', "ž"]),
    ("ARRAY[1.5, NULL]::numeric(5, 2)[]", pa.decimal128(5, 2), [Decimal("1.50"), None]),
    ("ARRAY['NaN', 1.10]::numeric[]", pa.string(), ["NaN", "1.10"]),
    ("ARRAY[DATE '2024-02-29', NULL]", pa.date32(), [date(2024, 2, 29), None]),
    ("ARRAY[TIMESTAMPTZ '2024-01-01 00:00+00']", pa.timestamp("us", "UTC"), [datetime(2024, 1, 1, tzinfo=UTC)]),
    (r"ARRAY['\x00ff']::bytea[]", pa.binary(), [b"\x00\xff"]),
    ("ARRAY['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11']::uuid[]", pa.string(), ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"]),
    ("ARRAY['10.1.2.3']::inet[]", pa.string(), ["10.1.2.3"]),
    ("ARRAY['1.5'::float8::numeric::money]", pa.string(), ["$1.50"]),
    ("ARRAY[ROW(1, 'a,\"b')]", pa.string(), ['(1,"a,""b")']),
]
ODD = ["DATE 'infinity'", "DATE '-infinity'", "DATE '0044-03-15 BC'", "DATE '10000-01-01'", "TIMESTAMP 'infinity'",
       "TIMESTAMPTZ '0044-03-15 BC'", "TIME '24:00'"]  # fmt: skip


@pytest.mark.parametrize(("expression", "kind", "wanted"), EXACT, ids=[e[:40] for e, _, _ in EXACT])
def test_a_value_that_arrow_has_is_exact(either: Server, expression: str, kind: pa.DataType, wanted: Any) -> None:
    found, it = value(either, expression)
    assert found == kind
    assert it == wanted
    assert str(it) == str(wanted)  # -0.0 is not 0.0


def test_not_a_number_is_one(either: Server) -> None:
    _, it = value(either, "'NaN'::float4")
    assert it != it  # noqa: PLR0124 - so is NaN told


@pytest.mark.parametrize(("expression", "wanted"), TEXT)
def test_what_arrow_lacks_is_text_as_postgresql_writes_it(either: Server, expression: str, wanted: str) -> None:
    assert value(either, expression) == (pa.string(), wanted)


@pytest.mark.parametrize(("expression", "kind", "wanted"), LISTS)
def test_an_array_is_a_list(either: Server, expression: str, kind: pa.DataType, wanted: Any) -> None:
    found, it = value(either, expression)
    assert found.value_type == kind
    assert it == wanted


@pytest.mark.parametrize("expression", ["ARRAY[[1, 2], [3, 4]]", "'[0:1]={1,2}'::int[]", "ARRAY[['a'], ['b']]"])
def test_an_array_that_is_no_list_is_an_error_unless_arrays_are_text(either: Server, expression: str) -> None:
    with pytest.raises(CheckFailed, match="'x'"):
        value(either, expression)
    kind, it = value(either, expression, arrays="text")
    assert kind == pa.string()
    assert it == ask(either, f"SELECT ({expression})::text")[0][0]


@pytest.mark.parametrize("expression", ODD)
def test_a_moment_that_no_calendar_has_is_an_error_or_null_or_text(either: Server, expression: str) -> None:
    with pytest.raises(CheckFailed, match="'x'") as caught:
        value(either, expression)
    assert "odd_dates" in caught.value.hint
    kind, it = value(either, expression, odd_dates="null")
    assert pa.types.is_temporal(kind)
    assert it is None
    _, it = value(either, expression, odd_dates="text")
    assert it in {"infinity", "-infinity", "0044-03-15 BC", "10000-01-01", "0044-03-15 00:00:00+00 BC", "24:00:00"}


def test_dates_between_the_odd_ones_stay(either: Server) -> None:
    found = read(
        either,
        query="SELECT d FROM (VALUES (DATE 'infinity'), ('2024-02-29'), (NULL)) AS v(d)",
        odd_dates="null",
    )
    assert found.column("d").to_pylist() == [None, date(2024, 2, 29), None]


@pytest.mark.parametrize("expression", ["'NaN'::numeric(5, 2)", "ARRAY['NaN']::numeric(5, 2)[]"])
def test_a_number_that_is_none_in_a_column_of_decimals_is_an_error_that_names_it(
    either: Server, expression: str
) -> None:
    with pytest.raises(CheckFailed, match="'x'"):
        value(either, expression)


def test_null_is_null_in_every_type(either: Server) -> None:
    kinds = ["bool", "int2", "int4", "int8", "oid", "float4", "float8", "numeric", "numeric(5, 2)", "money", "text",
             "char(3)", "bytea", "date", "time", "timetz", "timestamp", "timestamptz", "interval", "uuid", "json",
             "jsonb", "int4[]", "text[]", "inet", "numeric(60, 3)"]  # fmt: skip
    columns = ", ".join(f'NULL::{kind} AS "{kind}"' for kind in kinds)
    ones = ", ".join(f"NULL::{kind}" for kind in kinds)
    found = read(either, query=f"SELECT {columns}, 1 AS last UNION ALL SELECT {ones}, 2 ORDER BY last")
    assert found.drop_columns(["last"]).to_pylist() == [dict.fromkeys(kinds)] * 2
    assert found.column("last").to_pylist() == [1, 2]


def test_types_of_ones_own_are_read(at: Server) -> None:
    ask(
        at,
        "CREATE TYPE mood AS ENUM ('sad', 'very \"happy\"')",
        "CREATE TYPE pair AS (a int, b text)",
        "CREATE DOMAIN amount AS numeric(12, 2) CHECK (VALUE > 0)",
        "CREATE DOMAIN large_amount AS amount CHECK (VALUE > 100)",
        "CREATE DOMAIN day AS date",
        "CREATE TABLE t (m mood, p pair, a amount, b large_amount, d day, ms mood[], a_s amount[])",
        "INSERT INTO t VALUES ('very \"happy\"', (1, 'x'), 1.5, 200, '2024-02-29', "
        "ARRAY['sad', 'very \"happy\"']::mood[], '{1.5}')",
    )
    found = read(at, table="t")
    assert found.schema.types[:5] == [pa.string(), pa.string(), pa.decimal128(12, 2), pa.decimal128(12, 2), pa.date32()]
    assert found.to_pylist() == [
        {
            "m": 'very "happy"',
            "p": "(1,x)",
            "a": Decimal("1.50"),
            "b": Decimal("200.00"),
            "d": date(2024, 2, 29),
            "ms": ["sad", 'very "happy"'],
            "a_s": ["1.50"],
        }
    ]


def test_a_number_that_is_kept_in_hundreds_is_a_whole_number(at: Server) -> None:
    ask(at, "CREATE TABLE t (n numeric(3, -2))", "INSERT INTO t VALUES (12345)")
    found = read(at, table="t").column("n")
    assert (found.type, found.to_pylist()) == (pa.decimal128(5, 0), [Decimal(12300)])


def test_names_and_kinds_of_tables_don_t_matter(at: Server) -> None:
    ask(
        at,
        'CREATE SCHEMA "My Schema"',
        'CREATE TABLE "My Schema"."a ""quoted"" table" ("order" int, "Two Words" text, "q""x" int '
        'GENERATED ALWAYS AS ("order" * 2) STORED, id int GENERATED ALWAYS AS IDENTITY)',
        'INSERT INTO "My Schema"."a ""quoted"" table" VALUES (1, \'a\')',
        'CREATE VIEW v AS SELECT * FROM "My Schema"."a ""quoted"" table"',
        "CREATE MATERIALIZED VIEW m AS SELECT * FROM v",
        "CREATE TABLE parts (day date, n int) PARTITION BY RANGE (day)",
        "CREATE TABLE parts_2024 PARTITION OF parts FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')",
        "INSERT INTO parts VALUES ('2024-02-29', 1)",
        'CREATE TABLE "dot.ted" (n int)',
    )
    row = {"order": 1, "Two Words": "a", 'q"x': 2, "id": 1}
    assert read(at, table='a "quoted" table', schema="My Schema").to_pylist() == [row]
    assert read(at, table='My Schema.a "quoted" table').to_pylist() == [row]
    assert read(at, table="v", columns=["Two Words", "order"]).to_pylist() == [{"Two Words": "a", "order": 1}]
    assert read(at, table="m").to_pylist() == [row]
    assert read(at, table="parts").num_rows == 1
    assert read(at, table="dot.ted").num_rows == 0


@pytest.mark.parametrize("lengths", [[0, 1, 100], [0, 1, 100, 255, 256, 257, 30_000], [1, 65_535, 65_536, 3_000_000]])
def test_rows_of_every_length_come_out_whole(either: Server, lengths: list[int]) -> None:
    found = read(
        either,
        query=f"SELECT n, repeat('x', n) AS t, n::int8 AS b FROM unnest(ARRAY{lengths}) AS u(n)",
    )
    assert [len(str(text)) for text in found.column("t").to_pylist()] == lengths
    assert found.column("b").to_pylist() == lengths
