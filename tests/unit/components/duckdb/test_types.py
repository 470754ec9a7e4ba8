"""No value of DuckDB's becomes another one on its way out, and none of Arrow's on its way in."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from osiris.components.duckdb.complaints import telling
from osiris.components.duckdb.rows import pulled, relation
from osiris.components.duckdb.session import Db, alone
from osiris.components.duckdb.types import Inward, schema_of_rows
from osiris.model.errors import AuthorError, CheckFailed


@pytest.fixture(scope="module")
def db() -> Iterator[Db]:
    with alone() as db:
        yield db


def only(db: Db, expression: str) -> tuple[str, Any]:
    """Return the type and the value of an expression, as a step would deliver them."""
    rows = relation(db, f"SELECT {expression} AS x")
    schema = schema_of_rows(rows)
    with telling():
        (value,) = pa.Table.from_batches(pulled(rows, schema), schema).column("x").to_pylist()
    return str(schema.field("x").type), value


@pytest.mark.parametrize(
    ("expression", "kind", "value"),
    [
        ("sum(3::BIGINT)", "decimal128(38, 0)", Decimal(3)),
        (f"{10**38 - 1}::HUGEINT", "decimal128(38, 0)", Decimal(10**38 - 1)),
        (f"{-(10**38) + 1}::HUGEINT", "decimal128(38, 0)", Decimal(-(10**38) + 1)),
        ("1::UHUGEINT", "decimal128(38, 0)", Decimal(1)),
        ("12345678901234567890123456789012345678901234567890::BIGNUM", "string", "1234567890" * 5),
        ("18446744073709551615::UBIGINT", "uint64", 2**64 - 1),
        ("9007199254740993::BIGINT", "int64", 9_007_199_254_740_993),
        ("'0.0000000001'::DECIMAL(38, 10)", "decimal128(38, 10)", Decimal("0.0000000001")),
        ("'f47ac10b-58cc-4372-a567-0e02b2c3d479'::UUID", "string", "f47ac10b-58cc-4372-a567-0e02b2c3d479"),
        ("'b'::ENUM('a', 'b')", "string", "b"),
        ("'0101'::BIT", "string", "0101"),
        ("""'{"a": 1}'::JSON""", "string", '{"a": 1}'),
        ("'12:00:00+02'::TIMETZ", "string", "12:00:00+02"),
        ("INTERVAL '10000000 hours'", "string", "10000000:00:00"),
        ("INTERVAL '1 month 2 days 3 seconds'", "string", "1 month 2 days 00:00:03"),
        ("TIMESTAMP_S '2020-01-01 00:00:01'", "timestamp[s]", datetime(2020, 1, 1, 0, 0, 1)),
        ("TIMESTAMP_MS '2020-01-01 00:00:00.001'", "timestamp[ms]", datetime(2020, 1, 1, 0, 0, 0, 1000)),
        ("TIMESTAMPTZ '2020-01-01 02:00:00+02'", "timestamp[us, tz=UTC]", datetime(2020, 1, 1, tzinfo=UTC)),
        ("DATE '0001-01-01'", "date32[day]", date(1, 1, 1)),
        ("chr(0) || 'x'", "string", "\0x"),
        ("'\\xFF'::BLOB", "binary", b"\xff"),
        ("[1, NULL]", "list<l: int32>", [1, None]),
        ("[1, 2]::INTEGER[2]", "list<l: int32>", [1, 2]),
        ("['a']::ENUM('a')[]", "list<l: string>", ["a"]),
        ("[[1]]::INTEGER[1][1]", "list<l: list<l: int32>>", [[1]]),
        ("[1]::HUGEINT[]", "list<l: decimal128(38, 0)>", [Decimal(1)]),
        ("{'a': 1, 'b': 'x'::ENUM('x')}", "struct<a: int32, b: string>", {"a": 1, "b": "x"}),
        ("{'a': 1}", "struct<a: int32>", {"a": 1}),
        ("MAP {'k': 1}", "list<l: struct<key: string, value: int32>>", [{"key": "k", "value": 1}]),
        ("MAP {'k': [1]}", "list<l: struct<key: string, value: list<l: int32>>>", [{"key": "k", "value": [1]}]),
        ("'NaN'::DOUBLE::VARCHAR", "string", "nan"),
        ("NULL", "null", None),
        ("NULL::DATE", "date32[day]", None),
    ],
)
def test_a_value_comes_out_exact_or_as_text(db: Db, expression: str, kind: str, value: Any) -> None:
    assert only(db, expression) == (kind, value)


def test_nanoseconds_come_out(db: Db) -> None:
    rows = relation(db, "SELECT TIMESTAMP_NS '2020-01-01 00:00:00.123456789' AS x, TIME_NS '00:00:00.000000001' AS y")
    found = pa.Table.from_batches(pulled(rows, schema_of_rows(rows)))
    assert found.schema.types == [pa.timestamp("ns"), pa.time64("ns")]
    assert found.column("x").cast(pa.int64()).to_pylist() == [1_577_836_800_123_456_789]
    assert found.column("y").cast(pa.int64()).to_pylist() == [1]


@pytest.mark.parametrize(
    "expression",
    [
        "union_value(a := 1)",
        "[union_value(a := 1)]",
        "1::VARIANT",
        "row(1, 2)",
        "[MAP {'k': 1}]",
        "{'a': MAP {'k': 1}}",
        "'POINT(1 2)'::GEOMETRY",
        "{'a, b': 1}",
    ],
)
def test_a_type_that_nothing_can_say_is_an_error_that_names_the_column(db: Db, expression: str) -> None:
    with pytest.raises(AuthorError, match="column 'x'") as caught:
        only(db, expression)
    assert "CAST" in caught.value.hint


@pytest.mark.parametrize(
    "expression",
    [
        f"{10**38}::HUGEINT",
        f"{-(10**38)}::HUGEINT",
        f"{2**128 - 1}::UHUGEINT",
        "DATE 'infinity'",
        "DATE '-infinity'",
        "TIMESTAMP 'infinity'",
        "TIMESTAMPTZ '-infinity'",
        "TIME '24:00:00'",
        "[DATE 'infinity', NULL]",
        "{'a': TIMESTAMP 'infinity'}",
        "MAP {1: DATE 'infinity'}",
    ],
)
def test_a_value_that_nothing_can_say_is_an_error_that_names_the_column(db: Db, expression: str) -> None:
    with pytest.raises(CheckFailed, match="column 'x'") as caught:
        only(db, expression)
    assert "CAST" in caught.value.hint


@pytest.mark.parametrize("names", ["1 AS a, 2 AS a", "1 AS a, 2 AS A"])
def test_two_columns_of_one_name_are_refused(db: Db, names: str) -> None:
    with pytest.raises(AuthorError, match="two columns are called") as caught:
        relation(db, f"SELECT {names}")
    assert "AS other" in caught.value.hint


def test_order_stays_where_types_change(db: Db) -> None:
    rows = relation(db, "SELECT range::HUGEINT AS x FROM range(50000) ORDER BY x DESC")
    found = pa.Table.from_batches(pulled(rows, schema_of_rows(rows)))
    assert found.column("x").to_pylist() == list(range(49_999, -1, -1))


@pytest.mark.parametrize(
    ("values", "held"),
    [
        (pa.array([1.5, None], pa.float16()), pa.float32()),
        (pa.array([Decimal("1.5"), None], pa.decimal256(20, 2)), pa.decimal128(20, 2)),
        (pa.array([5_000, None], pa.duration("ns")), pa.duration("us")),
    ],
)
def test_what_duckdb_has_no_type_for_becomes_the_same_value_of_another(values: Any, held: pa.DataType) -> None:
    batch = pa.RecordBatch.from_arrays([values], names=["x"])
    inward = Inward.of(batch.schema)
    assert inward.schema.field("x").type == held
    assert inward(batch).column("x").cast(values.type).equals(values)


def test_a_fraction_that_duckdb_would_drop_is_an_error_that_names_the_column() -> None:
    batch = pa.RecordBatch.from_arrays([pa.array([5_001], pa.duration("ns"))], names=["x"])
    with pytest.raises(CheckFailed, match="column 'x'"):
        Inward.of(batch.schema)(batch)


@pytest.mark.parametrize(
    "kind",
    [
        pa.decimal256(50, 2),
        pa.decimal128(5, -2),
        pa.month_day_nano_interval(),
        pa.list_(pa.float16()),
        pa.struct([pa.field("a", pa.decimal256(50, 2))]),
        pa.sparse_union([pa.field("a", pa.int8())]),
    ],
)
def test_what_duckdb_can_not_hold_is_an_error_that_names_the_column(kind: pa.DataType) -> None:
    with pytest.raises(AuthorError, match="column 'x'") as caught:
        Inward.of(pa.schema([pa.field("x", kind)]))
    assert caught.value.hint
