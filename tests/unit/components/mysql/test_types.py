"""Every type of MySQL's comes out exact, as text by declaration, or as an error that names the column."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from tests.services.mysql import ask
from tests.services.shared import Server
from tests.unit.components.mysql.told import PLACE, desk, extractor, fields, read, write

from osiris.components.mysql.types import READS, MysqlType
from osiris.kit.arrow import type_of
from osiris.kit.component import Surveyor
from osiris.kit.registry import Registry
from osiris.model.errors import SourceError

TIGER = "🐯"
MEGABYTE = 1_048_576
LARGE_FLOAT, LARGE_DOUBLE = 3.3999999521443642e38, 1.7976931348623157e308

# Column: definition, Arrow type, and the literals with what they must come out as.
EXACT: dict[str, tuple[str, str, list[tuple[str, Any]]]] = {
    "tiny": ("TINYINT(1)", "int8", [("2", 2), ("127", 127), ("-128", -128), ("0", 0)]),
    "tiny_u": ("TINYINT UNSIGNED", "uint8", [("255", 255)]),
    "small": ("SMALLINT", "int16", [("-32768", -32768)]),
    "small_u": ("SMALLINT UNSIGNED", "uint16", [("65535", 65535)]),
    "medium": ("MEDIUMINT", "int32", [("-8388608", -8388608)]),
    "medium_u": ("MEDIUMINT UNSIGNED", "uint32", [("16777215", 16777215)]),
    "int_": ("INT", "int32", [("-2147483648", -2147483648)]),
    "padded": ("INT(8) ZEROFILL", "uint32", [("42", 42), ("4294967295", 4294967295)]),
    "big": ("BIGINT", "int64", [("-9223372036854775808", -(2**63)), ("9007199254740993", 2**53 + 1)]),
    "big_u": ("BIGINT UNSIGNED", "uint64", [("18446744073709551615", 2**64 - 1)]),
    "money": (
        "DECIMAL(38,10)",
        "decimal128(38, 10)",
        [("'9999999999999999999999999999.9999999999'", Decimal("9999999999999999999999999999.9999999999"))],
    ),
    "long_decimal": (
        "DECIMAL(65,30)",
        "decimal256(65, 30)",
        [(f"'-{'9' * 35}.{'9' * 30}'", Decimal(f"-{'9' * 35}.{'9' * 30}")), ("'1e-30'", Decimal("1e-30"))],
    ),
    "fraction": ("DECIMAL(5,5)", "decimal128(5, 5)", [("0.00001", Decimal("0.00001")), ("-0.5", Decimal("-0.50000"))]),
    "padded_decimal": ("DECIMAL(10,2) ZEROFILL", "decimal128(10, 2)", [("1.5", Decimal("1.50"))]),
    "float_": (
        "FLOAT",
        "float",
        [("16777215", 16777215.0), ("0.1", 0.10000000149011612), ("3.4e38", 3.3999999521443642e38)],
    ),
    "short_float": ("FLOAT(7,2)", "float", [("12345.67", 12345.669921875)]),
    "double_": (
        "DOUBLE",
        "double",
        [("0.1", 0.1), ("5e-324", 5e-324), ("1.7976931348623157e308", 1.7976931348623157e308)],
    ),
    "short_double": ("DOUBLE(20,2)", "double", [("0.1", 0.1), ("12345678901234567.89", 12345678901234568.0)]),
    "bit1": ("BIT(1)", "bool", [("b'1'", True), ("b'0'", False)]),
    "bit10": ("BIT(10)", "uint64", [("b'1000000001'", 513)]),
    "bit64": ("BIT(64)", "uint64", [("18446744073709551615", 2**64 - 1)]),
    "year_": ("YEAR", "int16", [("2155", 2155), ("'0000'", 0), ("1901", 1901)]),
    "date_": ("DATE", "date32[day]", [("'2024-02-29'", date(2024, 2, 29)), ("'9999-12-31'", date(9999, 12, 31))]),
    "at": ("DATETIME", "timestamp[us]", [("'1000-01-01 00:00:01'", datetime(1000, 1, 1, 0, 0, 1))]),
    "at6": (
        "DATETIME(6)",
        "timestamp[us]",
        [("'9999-12-31 23:59:59.999999'", datetime(9999, 12, 31, 23, 59, 59, 999999))],
    ),
    "at2": ("DATETIME(2)", "timestamp[us]", [("'2024-02-29 12:00:00.25'", datetime(2024, 2, 29, 12, 0, 0, 250000))]),
    "instant": (
        "TIMESTAMP(6) NULL",
        "timestamp[us, tz=UTC]",
        [("'2038-01-19 03:14:07.999999'", datetime(2038, 1, 19, 3, 14, 7, 999999, UTC))],
    ),
    "clock": (
        "TIME",
        "string",
        [("'-838:59:59'", "-838:59:59"), ("'838:59:59'", "838:59:59"), ("'01:02:03'", "01:02:03")],
    ),
    "clock6": ("TIME(6)", "string", [("'838:59:59'", "838:59:59.000000"), ("'00:00:00.000001'", "00:00:00.000001")]),
    "enum_": ("ENUM('a','it''s','')", "string", [("'it''s'", "it's"), ("''", "")]),
    "set_": ("SET('x','y','z')", "string", [("'z,x'", "x,z"), ("''", "")]),
    "json_": ("JSON", "string", [("""'{"a": [1, "ž", null]}'""", '{"a": [1, "ž", null]}')]),
    "char_": ("CHAR(5)", "string", [("'ab'", "ab"), ("''", "")]),
    "text_": (
        "LONGTEXT",
        "string",
        [
            ("'two\\nlines'", "two\nlines"),
            ("'say \"yes\"'", 'say "yes"'),
            ("'O''Hara'", "O'Hara"),
            ("'nul \\0 here'", "nul \0 here"),
            ("_utf8mb4 x'EFBBBF61'", "\ufeffa"),
            (f"'{TIGER}'", TIGER),
            ("'NULL'", "NULL"),
            ("''", ""),
            ("'\\\\N'", "\\N"),
            ("REPEAT('x', 250)", "x" * 250),
            ("REPEAT('x', 251)", "x" * 251),
            ("REPEAT('ž', 200)", "ž" * 200),
            ("REPEAT('y', 65535)", "y" * 65_535),
            ("REPEAT('y', 65536)", "y" * 65_536),
        ],
    ),
    "latin": ("VARCHAR(10) CHARACTER SET latin1", "string", [("'žŠé€'", "žŠé€")]),
    "binary_": ("BINARY(3)", "binary", [("x'00FF'", b"\x00\xff\x00")]),
    "bytes_": ("VARBINARY(10)", "binary", [("x'00FF0A09'", b"\x00\xff\n\t"), ("''", b""), ("'NULL'", b"NULL")]),
    "blob_": ("LONGBLOB", "binary", [("REPEAT(x'FB', 300)", b"\xfb" * 300), ("x'FEFF'", b"\xfe\xff")]),
    "order": ("INT", "int32", [("1", 1)]),
    'a "quoted" one': ("INT", "int32", [("1", 1)]),
    "with space": ("INT", "int32", [("1", 1)]),
    "back`tick": ("INT", "int32", [("1", 1)]),
}
ROWS = max(len(values) for _, _, values in EXACT.values()) + 1  # the last one is NULL throughout


def quoted(name: str) -> str:
    return f"`{name.replace('`', '``')}`"


def nasty(at: Server, table: str = "nasty") -> pa.Table:
    """Make the table, and return what has to come out of it."""
    columns = ", ".join(f"{quoted(name)} {kind}" for name, (kind, _, _) in EXACT.items())
    ask(at, f"CREATE TABLE {quoted(table)} (row_ INT NOT NULL, {columns}) CHARACTER SET utf8mb4")
    for row in range(ROWS):
        cells = [values[row][0] if row < len(values) else "NULL" for _, _, values in EXACT.values()]
        ask(at, f"INSERT INTO {quoted(table)} VALUES ({row}, {', '.join(cells)})")
    found: dict[str, Any] = {"row_": pa.array(range(ROWS), pa.int32())}
    for name, (_, kind, values) in EXACT.items():
        cells = [value for _, value in values]
        found[name] = pa.array(cells + [None] * (ROWS - len(cells)), type_of(kind))
    return pa.table(found)


def same(found: pa.Table, expected: pa.Table) -> None:
    """Hold two tables against each other, column by column, so that a failure is short."""
    assert {f.name: str(f.type) for f in found.schema} == {f.name: str(f.type) for f in expected.schema}
    for name in expected.column_names:
        assert list(map(repr, found.column(name).to_pylist())) == list(map(repr, expected.column(name).to_pylist())), (
            name
        )


def test_a_table_comes_out_exact(at: Server) -> None:
    expected = nasty(at)
    same(read(at, table="nasty").sort_by("row_"), expected)


def test_a_query_comes_out_exact_and_in_order(at: Server) -> None:
    expected = nasty(at)
    same(read(at, query="SELECT * FROM nasty ORDER BY row_ -- to the end"), expected)


def test_a_query_that_sorts_comes_out_exact(at: Server) -> None:
    """What the server sorts, it sends from a table of its own, whose columns it describes otherwise."""
    expected = nasty(at)
    plain = [name for name in expected.column_names if name not in {"float_", "short_float", "short_double"}]
    listed = ", ".join(map(quoted, plain))
    same(read(at, query=f"SELECT DISTINCT {listed} FROM nasty ORDER BY row_"), expected.select(plain))


def test_a_sample_comes_out_exact(at: Server) -> None:
    expected = nasty(at)
    connection = Registry.installed().connect("mysql", fields(at))
    found, more = desk().query(connection, PLACE, "SELECT * FROM nasty ORDER BY row_", ROWS)
    same(found, expected)
    assert not more


@pytest.mark.parametrize("local_infile", [True, False])
def test_a_table_is_copied_exactly(at: Server, local_infile: bool) -> None:
    nasty(at)
    ask(at, "CREATE TABLE copied LIKE nasty")
    copied = write(at, read(at, table="nasty"), fields(at, local_infile=local_infile), table="copied")
    assert copied.rows_after == ROWS
    (_, one), (_, other) = ask(at, "CHECKSUM TABLE nasty, copied")
    assert one == other


def test_the_catalogue_says_the_types_that_the_extractor_delivers(at: Server) -> None:
    nasty(at)
    more = "point POINT, shape GEOMETRY, tt TINYTEXT, mt MEDIUMTEXT, tb TINYBLOB, mb MEDIUMBLOB, r REAL, n NUMERIC(5)"
    ask(at, f"CREATE TABLE more ({more})", "CREATE VIEW seen AS SELECT *, int_ + 1 AS next FROM nasty")
    connection = Registry.installed().connect("mysql", fields(at))
    tables = desk().catalogue(connection, PLACE).tables
    assert [table.name for table in tables] == ["more", "nasty", "seen"]
    for table in tables:
        found = extractor(at, table=table.name)
        assert isinstance(found, Surveyor)
        surveyed = {column.name: column.type for column in found.survey().columns}
        assert {column.name: column.type for column in table.columns} == surveyed


def test_types_of_mariadbs_own_come_as_text(at: Server) -> None:
    ask(
        at,
        "CREATE TABLE own (u UUID, six INET6)",
        "INSERT INTO own VALUES ('123e4567-e89b-12d3-a456-426655440000', '2001:db8::ff00:42:8329')",
    )
    expected = {"u": ["123e4567-e89b-12d3-a456-426655440000"], "six": ["2001:db8::ff00:42:8329"]}
    assert read(at, table="own").to_pydict() == expected


def test_a_row_longer_than_a_packet_comes_out_whole(at: Server) -> None:
    ask(
        at,
        "CREATE TABLE large (id INT, a LONGBLOB, b LONGTEXT)",
        f"INSERT INTO large VALUES (1, REPEAT(x'FE', {10 * MEGABYTE}), 'short')",
        f"INSERT INTO large VALUES (2, REPEAT(x'FF', {17 * MEGABYTE}), REPEAT('z', {16 * MEGABYTE}))",
        "INSERT INTO large VALUES (3, '', NULL)",
        f"INSERT INTO large VALUES (4, REPEAT('p', {0xFFFFFF - 7}), '')",  # just a packet, so that an empty one follows
        "INSERT INTO large VALUES (5, 'x', 'y')",
    )
    (first,) = read(at, query="SELECT a, id FROM large WHERE id = 2").column("a").to_pylist()
    assert first == b"\xff" * (17 * MEGABYTE)
    found = read(at, table="large").to_pydict()
    assert found["id"] == [1, 2, 3, 4, 5]
    assert [len(value) for value in found["a"]] == [10 * MEGABYTE, 17 * MEGABYTE, 0, 0xFFFFFF - 7, 1]
    assert set(found["a"][1]) == {0xFF}
    assert found["b"] == ["short", "z" * (16 * MEGABYTE), None, "", "y"]


def test_nothing_but_null_is_text(at: Server) -> None:
    found = read(at, query="SELECT NULL AS nothing")
    assert (found.schema.field("nothing").type, found.to_pydict()) == (pa.string(), {"nothing": [None]})


ZEROS = [
    "'0000-00-00'",
    "'2024-00-10'",
    "'2024-10-00'",
    "'0000-05-05'",
]


@pytest.fixture
def old(at: Server) -> Server:
    """Return a database whose dates are as old programs write them."""
    rows = ", ".join(f"({value}, {value})" for value in ("'2024-02-29'", *ZEROS, "NULL"))
    ask(at, "CREATE TABLE old (d DATE, t DATETIME)", "SET SESSION sql_mode = ''", f"INSERT INTO old VALUES {rows}")
    return at


@pytest.mark.parametrize("zero", ZEROS)
@pytest.mark.parametrize("column", ["d", "t"])
def test_a_date_that_no_calendar_has_is_an_error_that_names_the_column(old: Server, column: str, zero: str) -> None:
    with pytest.raises(SourceError, match=f"'{column}' holds a date that no calendar has") as caught:
        read(old, query=f"SELECT {column} FROM old WHERE {column} = {zero}")
    assert "zero_dates" in caught.value.hint


def test_dates_that_no_calendar_has_may_be_null(old: Server) -> None:
    found = read(old, table="old", zero_dates="null").to_pydict()
    assert found == {"d": [date(2024, 2, 29), *[None] * 5], "t": [datetime(2024, 2, 29), *[None] * 5]}


def test_dates_may_be_text(old: Server) -> None:
    found = read(old, table="old", zero_dates="text").to_pydict()
    assert found["d"] == ["2024-02-29", "0000-00-00", "2024-00-10", "2024-10-00", "0000-05-05", None]
    assert found["t"][1] == "0000-00-00 00:00:00"


def test_a_profile_shows_the_dates_that_no_calendar_has(old: Server) -> None:
    connection = Registry.installed().connect("mysql", fields(old))
    found = desk().profile(connection, PLACE, "old", 100)
    assert "0000-00-00" in found.columns[0].values


@pytest.mark.parametrize("line", READS, ids=lambda line: line.source)
def test_the_published_table_is_what_the_code_does(line: Any) -> None:
    declared = line.source.lower().replace("(p, s)", "(20,4)").replace("(n)", "(9)")
    expected = line.arrow.replace("(p, s)", "128(20, 4)")
    assert str(MysqlType.declared(declared).arrow()) == expected


def test_a_type_that_nobody_knows_is_bytes() -> None:
    assert MysqlType.declared("something(3)").arrow() == pa.binary()
