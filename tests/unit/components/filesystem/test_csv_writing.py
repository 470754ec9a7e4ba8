"""Delimited text out: exact, readable by anybody, and the same again when it is read."""

import csv
from datetime import UTC, date, datetime, time
from decimal import Decimal
from io import StringIO
from typing import Any

import pyarrow as pa
import pytest
from tests.unit.components.filesystem.files import Files, values

from osiris.model.errors import AuthorError, CheckFailed, SourceError, TargetError


def lines(files: Files, table: pa.Table, **config: Any) -> list[str]:
    files.write("csv", table, path="out.csv", **config)
    return files.get("out.csv").split("\n")[:-1]


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        (pa.int64(), 2**63 - 1, "9223372036854775807"),
        (pa.float64(), 1.0, "1.0"),
        (pa.float64(), -0.0, "-0.0"),
        (pa.float64(), 0.1 + 0.2, "0.30000000000000004"),
        (pa.float64(), 1e22, "1e+22"),
        (pa.float64(), 5e-324, "5e-324"),
        (pa.float64(), float("nan"), "nan"),
        (pa.float64(), float("-inf"), "-inf"),
        (pa.float32(), 0.1, "0.1"),
        (pa.float16(), 0.5, "0.5"),
        (pa.decimal128(12, 2), Decimal("1.10"), "1.10"),
        (pa.decimal128(38, 10), Decimal("1E-10"), "0.0000000001"),
        (pa.bool_(), True, "true"),
        (pa.date32(), date(2024, 2, 29), "2024-02-29"),
        (pa.date64(), date(2024, 2, 29), "2024-02-29"),
        (pa.time64("us"), time(12, 30), "12:30:00"),
        (pa.time32("s"), time(12, 30), "12:30:00"),
        (pa.timestamp("s"), datetime(2024, 2, 29, 12, 30), "2024-02-29 12:30:00"),
        (pa.timestamp("ms"), datetime(2024, 2, 29, 12, 30), "2024-02-29 12:30:00.000"),
        (pa.timestamp("us"), datetime(2024, 2, 29, 12, 30), "2024-02-29 12:30:00"),
        (pa.timestamp("us"), datetime(2024, 2, 29, 12, 30, 0, 1), "2024-02-29 12:30:00.000001"),
        (pa.timestamp("ns"), datetime(2024, 2, 29, 12, 30), "2024-02-29 12:30:00"),
        (pa.timestamp("us", tz="UTC"), datetime(2024, 2, 29, tzinfo=UTC), "2024-02-29 00:00:00+00:00"),
        (pa.timestamp("us", tz="Europe/Prague"), datetime(2024, 7, 1, tzinfo=UTC), "2024-07-01 02:00:00+02:00"),
        (pa.timestamp("s", tz="America/St_Johns"), datetime(2024, 7, 1, tzinfo=UTC), "2024-06-30 21:30:00-02:30"),
        (pa.timestamp("us", tz="+05:45"), datetime(2024, 7, 1, tzinfo=UTC), "2024-07-01 05:45:00+05:45"),
        (pa.timestamp("us", tz="Europe/Prague"), datetime(1, 1, 1, tzinfo=UTC), "0001-01-01 00:00:00+00:00"),
        (pa.binary(), b"\x00\xff", "00ff"),
        (pa.binary(2), b"\x00\xff", "00ff"),
        (pa.large_string(), "x", "x"),
        (pa.string_view(), "x", "x"),
        (pa.dictionary(pa.int8(), pa.string()), "x", "x"),
        (pa.list_(pa.int64()), [1, None, 2], '"[1,null,2]"'),
        (pa.list_(pa.string()), [], "[]"),
        (pa.list_(pa.int64(), 2), [1, 2], '"[1,2]"'),
        (pa.large_list(pa.float64()), [0.5], "[0.5]"),
        (
            pa.struct([("a", pa.string()), ("b", pa.timestamp("us"))]),
            {"a": 'x"\\\n\x01', "b": datetime(2024, 1, 1)},
            r'"{""a"":""x\""\\\n\u0001"",""b"":""2024-01-01T00:00:00""}"',
        ),
        (pa.list_(pa.dictionary(pa.int8(), pa.string())), ["x", None], '"[""x"",null]"'),
        (pa.list_(pa.struct([("a", pa.bool_())])), [{"a": True}, None], '"[{""a"":true},null]"'),
        (pa.null(), None, ""),
    ],
)
def test_a_value_has_one_exact_text(files: Files, kind: pa.DataType, value: Any, text: str) -> None:
    table = pa.table({"v": pa.array([value, None], kind), "w": ["x", "y"]})
    assert lines(files, table) == ["v,w", f"{text},x", ",y"]


@pytest.mark.parametrize("value", ["a,b", 'say "yes"', "two\nlines", "cr\r", "", "\ufeffmark"])
def test_minimal_quotes_stand_around_what_would_be_read_as_something_else(files: Files, value: str) -> None:
    table = pa.table({"v": [value, "plain"], "w": [1, 2]})
    files.write("csv", table, path="out.csv")
    assert list(csv.reader(StringIO(files.get("out.csv"), newline=""))) == [["v", "w"], [value, "1"], ["plain", "2"]]
    assert "plain,2" in files.get("out.csv")
    assert values(files.read("csv", path="out.csv")) == [value, "plain"]


def test_quotes_stand_where_quoting_says(files: Files) -> None:
    table = pa.table({"n": [1, None], "t": ["x", None], "b": [True, None]})
    assert lines(files, table, quoting="minimal") == ["n,t,b", "1,x,true", ",,"]
    assert lines(files, table, quoting="all") == ['"n","t","b"', '"1","x","true"', ",,"]
    assert lines(files, table, quoting="nonnumeric") == ['"n","t","b"', '1,"x",true', ",,"]


def test_the_text_for_null_is_never_quoted_and_the_same_text_always_is(files: Files) -> None:
    table = pa.table({"t": ["NULL", None, ""], "n": [1, None, 2]})
    assert lines(files, table, null_text="NULL") == ["t,n", '"NULL",1', "NULL,NULL", ",2"]
    assert values(files.read("csv", path="out.csv", null_text="NULL")) == ["NULL", None, ""]


def test_in_a_single_column_an_empty_text_is_no_blank_line(files: Files) -> None:
    table = pa.table({"t": ["", None, "x"]})
    assert lines(files, table) == ["t", '""', "", "x"]
    assert values(files.read("csv", path="out.csv")) == ["", None, "x"]


def test_a_delimiter_that_numbers_hold_makes_them_quoted(files: Files) -> None:
    table = pa.table({"n": [1.5, -2.0], "m": [1, 2]})
    assert lines(files, table, delimiter=".") == ["n.m", '"1.5".1', '"-2.0".2']
    assert lines(files, table, delimiter="]") == ["n]m", "1.5]1", "-2.0]2"]


def test_a_file_may_have_no_header_and_other_line_ends(files: Files) -> None:
    table = pa.table({"n": [1, 2], "m": [3, 4]})
    files.write("csv", table, path="out.csv", header=False, newline="crlf", delimiter=";")
    assert files.get("out.csv") == "1;3\r\n2;4\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "latin-1"])
def test_rows_can_be_appended_in_every_encoding(files: Files, encoding: str) -> None:
    for text in ("é", "ü"):
        table = pa.table({"v": [text], "n": [1]})
        written = files.write("csv", table, path="out.csv", encoding=encoding, write_mode="append")
    assert (written.rows_before, written.rows_after, written.staged) == (1, 2, 1)
    assert values(files.read("csv", path="out.csv", encoding=encoding)) == ["é", "ü"]
    assert (files.root / "out.csv").read_bytes().decode(encoding).count("\ufeff") == 0


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_appended_rows_begin_on_a_line_of_their_own(files: Files, end: str) -> None:
    files.put("out.csv", f'v,w\n"a\nb",1{end}')
    written = files.write("csv", pa.table({"v": ["c"], "w": [2]}), path="out.csv", write_mode="append")
    assert (written.rows_before, written.rows_after) == (1, 2)
    assert values(files.read("csv", path="out.csv")) == ["a\nb", "c"]


def test_appended_rows_may_go_below_a_big_endian_mark(files: Files) -> None:
    files.put("out.csv", "\ufeffv,w\na,1".encode("utf-16-be"))
    files.write("csv", pa.table({"v": ["é"], "w": [2]}), path="out.csv", write_mode="append", encoding="utf-16")
    assert (files.root / "out.csv").read_bytes().decode("utf-16") == "v,w\na,1\né,2\n"


def test_an_empty_file_gets_its_header_when_rows_are_appended(files: Files) -> None:
    files.put("out.csv", "")
    files.write("csv", pa.table({"v": [1], "w": [2]}), path="out.csv", write_mode="append")
    assert files.get("out.csv") == "v,w\n1,2\n"


def test_rows_are_appended_only_below_the_same_columns(files: Files) -> None:
    table = pa.table({"a": [1], "b": [2]})
    files.put("out.csv", "b,a\n1,2\n")
    error = files.not_written("csv", table, path="out.csv", write_mode="append")
    assert isinstance(error, TargetError)
    assert error.message == "'out.csv' has the columns b, a, the rows have a, b"
    files.put("out.csv", "1,2,3\n")
    error = files.not_written("csv", table, path="out.csv", write_mode="append", header=False)
    assert error.message == "'out.csv' has the columns 0, 1, 2, the rows have a, b"
    files.put("out.csv", "1,2\n")
    assert files.write("csv", table, path="out.csv", write_mode="append", header=False).rows_before == 1


def test_rows_are_not_appended_to_what_is_no_table(files: Files) -> None:
    files.put("out.csv", 'a,b\n1,"2\n')
    error = files.not_written("csv", pa.table({"a": [1], "b": [2]}), path="out.csv", write_mode="append")
    assert isinstance(error, SourceError)


def test_a_letter_that_the_encoding_lacks_is_an_error_that_names_the_column(files: Files) -> None:
    table = pa.table({"n": [1], "t": ["ž"]})
    error = files.not_written("csv", table, path="out.csv", encoding="latin-1")
    assert isinstance(error, CheckFailed)
    assert error.message == "column 't' holds 'ž', which latin-1 does not have"
    table = pa.table({"n": [1, None], "t": ["\u200b", None]})
    error = files.not_written("csv", table, path="out.csv", encoding="latin-1")
    assert error.message == "column 't' holds '\\u200b', which latin-1 does not have"
    table = pa.table({"n": [1, None], "m": [1, 2]})
    error = files.not_written("csv", table, path="out.csv", encoding="ascii", null_text="é")
    assert error.message == "`null_text` holds 'é', which ascii does not have"
    error = files.not_written("csv", pa.table({"ž": [1]}), path="out.csv", encoding="ascii")
    assert error.message == "the header holds 'ž', which ascii does not have"


def test_a_nested_value_that_json_lacks_is_an_error_that_names_the_column(files: Files) -> None:
    table = pa.table({"t": ["x"], "v": [[1.0, float("nan")]]})
    error = files.not_written("csv", table, path="out.csv")
    assert error.message == "column 'v' holds NaN or infinity, which JSON can't say"


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (pa.table({}), "there is no column to write"),
        (pa.table([pa.array([1]), pa.array([2])], ["a", "a"]), "'a' names more than one column"),
        (pa.table({"d": pa.array([1], pa.duration("s"))}), "column 'd' has the type duration[s], which has no text"),
        (
            pa.table({"m": pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64()))}),
            "column 'm' has the type map<string, int64>, which has no text",
        ),
        (
            pa.table({"m": pa.array([{"d": 1}], pa.struct([("d", pa.duration("s"))]))}),
            "column 'm' has the type struct<d: duration[s]>, which has no text",
        ),
        (
            pa.table({"u": pa.ExtensionArray.from_storage(pa.uuid(), pa.array([b"0" * 16], pa.binary(16)))}),
            "column 'u' has the type extension<arrow.uuid>, which has no text",
        ),
    ],
)
@pytest.mark.parametrize("kind", ["csv", "json"])
def test_columns_that_text_can_not_hold_are_refused_before_a_row_is_taken(
    files: Files, table: pa.Table, said: str, kind: str
) -> None:
    with pytest.raises(AuthorError) as caught:
        files.writer(kind, path="out").announce(table.schema)
    assert caught.value.message == said
    assert files.not_written(kind, table, path="out").message == said
