"""Delimited text in: each value is what stands in the file, or the run ends."""

import bz2
import gzip
import lzma
import zipfile
from datetime import date, datetime, time
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tests.unit.components.filesystem.files import Files, drained, types, values

from osiris.components.filesystem.source import BLOCK, MOST_IN_A_RECORD, WholeRecords, blocks
from osiris.model.catalogue import Known
from osiris.model.errors import CheckFailed, SourceError

ROWS = "a,b\n1,x\n2,y\n"


def zipped(*contents: str) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.mkdir("folder")
        for number, content in enumerate(contents):
            archive.writestr(f"folder/{number}.csv", content)
    return file.getvalue()


def zstd(content: str) -> bytes:
    packed: bytes = pa.Codec("zstd").compress(content.encode(), asbytes=True)
    return packed


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("1\n-2\n9223372036854775807", "int64", [1, -2, 2**63 - 1]),
        ("9223372036854775808", "string", ["9223372036854775808"]),
        ("12345678901234567890", "string", ["12345678901234567890"]),
        ("007", "string", ["007"]),
        ("-0", "string", ["-0"]),
        ("+5", "string", ["+5"]),
        ("0x1F", "string", ["0x1F"]),
        ("1_000", "string", ["1_000"]),
        ("1\nx", "string", ["1", "x"]),
        (" 1", "string", [" 1"]),
        ("1.5\n-0.25", "double", [1.5, -0.25]),
        ("1.10", "string", ["1.10"]),
        ("1\n1.5", "string", ["1", "1.5"]),
        ("1e5", "string", ["1e5"]),
        ("0.1000000000000000055511151231257827", "string", ["0.1000000000000000055511151231257827"]),
        ("true\nfalse", "bool", [True, False]),
        ("True", "string", ["True"]),
        ("0\n1", "int64", [0, 1]),
        ("2024-02-29", "date32[day]", [date(2024, 2, 29)]),
        ("2024-13-01", "string", ["2024-13-01"]),
        ("2023-02-29", "string", ["2023-02-29"]),
        ("0000-01-01", "string", ["0000-01-01"]),
        ("0001-01-01", "date32[day]", [date(1, 1, 1)]),
        ("01/02/2024", "string", ["01/02/2024"]),
        ("2024-02-29 12:30:00", "timestamp[us]", [datetime(2024, 2, 29, 12, 30)]),
        ("2024-02-29 12:30:00.000001", "timestamp[us]", [datetime(2024, 2, 29, 12, 30, 0, 1)]),
        ("2024-02-29 12:30:00.120", "timestamp[ms]", [datetime(2024, 2, 29, 12, 30, 0, 120_000)]),
        ("2024-02-29 24:00:00", "string", ["2024-02-29 24:00:00"]),
        ("2024-02-29T12:30:00", "string", ["2024-02-29T12:30:00"]),
        ("NULL", "string", ["NULL"]),
    ],
)
def test_a_column_has_a_type_only_where_every_value_is_written_back_as_the_same_text(
    files: Files, text: str, kind: str, expected: list[Any]
) -> None:
    table = files.read("csv", path=files.put("in.csv", f"n\n{text}\n"))
    assert types(table) == [kind]
    assert values(table) == expected


def test_a_column_without_a_value_is_text(files: Files) -> None:
    table = files.read("csv", path=files.put("in.csv", "a,b\n,1\n,2\n"))
    assert types(table) == ["string", "int64"]
    assert values(table) == [None, None]


def test_an_empty_field_is_null_and_a_quoted_one_is_an_empty_text(files: Files) -> None:
    table = files.read("csv", path=files.put("in.csv", 'a,b\n,"x"\n"",y\n'))
    assert table.to_pylist() == [{"a": None, "b": "x"}, {"a": "", "b": "y"}]


def test_other_texts_stand_for_null_where_the_author_says_so_unless_they_are_quoted(files: Files) -> None:
    path = files.put("in.csv", 'a\nNULL\n-\n"NULL"\n""\n')
    table = files.read("csv", path=path, null_text="NULL", na_values=["-"])
    assert values(table) == [None, None, "NULL", ""]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", [True, False])
def test_a_line_may_end_in_any_way_and_the_last_one_in_none(files: Files, end: str, last: bool) -> None:
    text = end.join(["a,b", "1,x", "2,y"]) + (end if last else "")
    assert files.read("csv", path=files.put("in.csv", text)).to_pylist() == [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]


def test_quotes_hold_delimiters_line_ends_and_doubled_quotes(files: Files) -> None:
    path = files.put("in.csv", 'a,b\n"1,2","say ""yes"""\n"two\nlines","two\r\nlines"\n')
    assert files.read("csv", path=path).to_pylist() == [
        {"a": "1,2", "b": 'say "yes"'},
        {"a": "two\nlines", "b": "two\r\nlines"},
    ]


def test_a_quote_inside_an_unquoted_field_is_a_letter(files: Files) -> None:
    path = files.put("in.csv", 'disk,n\n5" floppy,1\n' + "8 floppy,2\n" * 200_000)
    table = files.read("csv", path=path)
    assert table.num_rows == 200_001
    assert values(table.slice(0, 1)) == ['5" floppy']


def test_a_header_alone_is_no_rows(files: Files) -> None:
    for text in ("a,b", "a,b\n", "a,b\r\n", "a,b\n\n\n", "\ufeffa,b\n"):
        table = files.read("csv", path=files.put("in.csv", text))
        assert (table.column_names, table.num_rows) == (["a", "b"], 0)


def test_a_header_may_span_lines_and_hold_the_delimiter(files: Files) -> None:
    path = files.put("in.csv", '"first\nname","last, name"\nAda,Lovelace\n')
    assert files.read("csv", path=path).column_names == ["first\nname", "last, name"]


def test_blank_lines_are_dropped_except_in_a_file_of_one_column(files: Files) -> None:
    path = files.put("in.csv", "a,b\n\n1,2\n\n")
    assert files.read("csv", path=path).num_rows == 1
    assert files.read("csv", path=path, skip_blank_lines=False).to_pylist() == [
        {"a": None, "b": None},
        {"a": 1, "b": 2},
        {"a": None, "b": None},
    ]
    path = files.put("one.csv", "a\n\n1\n\n")
    assert values(files.read("csv", path=path)) == [None, 1, None]
    assert values(files.read("csv", path=path, skip_blank_lines=True)) == [1]


def test_a_blank_line_inside_quotes_stays(files: Files) -> None:
    path = files.put("in.csv", 'a,b\n"x\n\ny",1\n\n')
    table = files.read("csv", path=path, skip_blank_lines=False)
    assert values(table) == ["x\n\ny", None]


def test_comments_are_dropped_unless_quotes_are_around(files: Files) -> None:
    path = files.put("in.csv", '# about\na,b\n#1,2\n3,"x\n# no comment\n"\n#end')
    assert files.read("csv", path=path, comment="#").to_pylist() == [{"a": 3, "b": "x\n# no comment\n"}]


@pytest.mark.parametrize("odd", ['5" pipe', 'x"', 'a"b"c"d', '"x"y"', '"say ""no"" "" to it"'])
def test_a_quote_that_opens_no_field_hides_no_comment_and_no_blank_line(files: Files, odd: str) -> None:
    path = files.put("in.csv", f"a,b\n{odd},1\n# no row,2\n3,4\n")
    assert values(files.read("csv", path=path, comment="#").select(["b"])) == [1, 4]
    path = files.put("in.csv", f"a,b\n1,{odd}\n\n3,4\n")
    assert values(files.read("csv", path=path, skip_blank_lines=False)) == [1, None, 3]


def test_lines_before_the_header_can_be_left_out(files: Files) -> None:
    path = files.put("in.csv", "report\n2024\na,b\n1,2\n")
    assert files.read("csv", path=path, skip_rows=2).to_pylist() == [{"a": 1, "b": 2}]
    path = files.put("in.csv", "x,y\na,b\n1,2\n")
    for header in (1, "1"):
        assert files.read("csv", path=path, header=header).to_pylist() == [{"a": 1, "b": 2}]
    for first in (True, 0, "0"):
        assert files.read("csv", path=path, header=first).column_names == ["x", "y"]


def test_without_a_header_columns_are_numbered(files: Files) -> None:
    path = files.put("in.csv", "#x\n1,a\n2,b\n")
    table = files.read("csv", path=path, header=False, comment="#")
    assert table.to_pylist() == [{"0": 1, "1": "a"}, {"0": 2, "1": "b"}]


@pytest.mark.parametrize("delimiter", [";", "\t", "|", " "])
def test_any_character_can_be_the_delimiter(files: Files, delimiter: str) -> None:
    path = files.put("in.csv", ROWS.replace(",", delimiter))
    assert files.read("csv", path=path, delimiter=delimiter).to_pylist() == [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]


@pytest.mark.parametrize(
    ("encoding", "codec"),
    [
        ("utf-8", "utf-8"),
        ("utf-8", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16", "utf-16-le"),
        ("utf-16", "utf-16-be"),
        ("latin-1", "latin-1"),
        ("iso-8859-1", "latin-1"),
    ],
)
def test_every_encoding_gives_the_same_text(files: Files, encoding: str, codec: str) -> None:
    path = files.put("in.csv", "a,b\né,1\n".encode(codec))
    assert files.read("csv", path=path, encoding=encoding).to_pylist() == [{"a": "é", "b": 1}]


def test_the_big_endian_mark_is_taken_off(files: Files) -> None:
    path = files.put("in.csv", "\ufeffa,b\n1,2\n".encode("utf-16-be"))
    assert files.read("csv", path=path, encoding="utf-16").column_names == ["a", "b"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("in.csv.gz", gzip.compress(ROWS.encode(), mtime=0)),
        ("two.csv.gz", gzip.compress(b"a,b\n1,x\n", mtime=0) + gzip.compress(b"2,y\n", mtime=0)),
        ("in.csv.bz2", bz2.compress(ROWS.encode())),
        ("in.csv.xz", lzma.compress(ROWS.encode())),
        ("in.csv.zst", zstd(ROWS)),
        ("two.csv.zst", zstd("a,b\n1,x\n") + zstd("2,y\n")),
        ("in.csv.zip", zipped(ROWS)),
    ],
)
def test_packed_files_are_unpacked_by_their_last_extension(files: Files, name: str, content: bytes) -> None:
    assert files.read("csv", path=files.put(name, content)).to_pylist() == [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]


def test_the_packing_can_be_said_where_the_extension_does_not(files: Files) -> None:
    path = files.put("in.data", gzip.compress(ROWS.encode(), mtime=0))
    assert files.read("csv", path=path, compression="gzip").num_rows == 2
    assert files.read("csv", path=files.put("plain.gz", ROWS), compression="none").num_rows == 2


@pytest.mark.parametrize(
    ("declared", "text", "expected"),
    [
        ("string", "007", "007"),
        ("int64", " 12 ", 12),
        ("int8", "-128", -128),
        ("uint64", str(2**64 - 1), 2**64 - 1),
        ("Int64", "12", 12),
        ("float", "0.1", 0.1),
        ("double", "1e3", 1000.0),
        ("double", "inf", float("inf")),
        ("decimal(12, 2)", "1.10", Decimal("1.10")),
        ("decimal(38, 0)", "12345678901234567890123456789012345678", Decimal(12345678901234567890123456789012345678)),
        ("decimal(50, 1)", "1", Decimal("1.0")),
        ("bool", "TRUE", True),
        ("boolean", "0", False),
        ("date", "2024-02-29", date(2024, 2, 29)),
        ("timestamp", "2024-02-29T12:30:00", datetime(2024, 2, 29, 12, 30)),
        ("datetime64[ms]", "2024-02-29", datetime(2024, 2, 29)),
        ("time", "12:30:00", time(12, 30)),
        ("binary", "00ff", b"\x00\xff"),
        ("int64", "", None),
        ("int64", '""', None),
        ("int64", '"  "', None),
        ("decimal(5, 2)", '" \u00a0"', None),
        ("binary", '""', b""),
        ("binary", '"  "', None),
        ("string", '""', ""),
    ],
)
def test_a_declared_column_has_the_type_that_the_author_gives(
    files: Files, declared: str, text: str, expected: Any
) -> None:
    path = files.put("in.csv", f"v,w\n{text},1\n")
    assert values(files.read("csv", path=path, columns={"v": declared})) == [expected]
    assert values(files.read("csv", path=path, dtype={"v": declared})) == [expected]


def test_a_declared_instant_needs_an_offset_and_keeps_its_zone(files: Files) -> None:
    path = files.put("in.csv", "at\n2024-07-01 12:00:00+02:00\n")
    table = files.read("csv", path=path, dtype={"at": "datetime64[us, Europe/Prague]"})
    assert types(table) == ["timestamp[us, tz=Europe/Prague]"]
    assert values(table)[0].isoformat() == "2024-07-01T12:00:00+02:00"


@pytest.mark.parametrize(
    ("declared", "text"),
    [
        ("int64", "1.0"),
        ("int64", "0x1F"),
        ("int64", "9223372036854775808"),
        ("int8", "128"),
        ("uint8", "-1"),
        ("double", "1,5"),
        ("double", "1e999"),
        ("decimal(12, 2)", "1.005"),
        ("decimal(3, 2)", "12.00"),
        ("bool", "yes"),
        ("date", "2024-13-01"),
        ("timestamp", "2024-01-01T00:00:00Z"),
        ("timestamptz", "2024-01-01 00:00:00"),
        ("time", "24:00:00"),
        ("binary", "xyz"),
    ],
)
def test_a_value_that_is_not_of_the_declared_type_is_an_error_with_its_row(
    files: Files, declared: str, text: str
) -> None:
    path = files.put("in.csv", f'v,w\n,0\n"{text}",1\n')
    error = files.refused("csv", path=path, columns={"v": declared})
    assert isinstance(error, SourceError)
    assert "column 'v', row 2" in error.message


def test_dates_stay_text_where_the_author_wants_none(files: Files) -> None:
    path = files.put("in.csv", "d\n2024-02-29\n")
    assert types(files.read("csv", path=path, parse_dates=False)) == ["string"]
    assert types(files.read("csv", path=path, parse_dates=["d"])) == ["timestamp[us]"]


def test_a_list_of_columns_selects_them_in_its_order(files: Files) -> None:
    table = files.read("csv", path=files.put("in.csv", ROWS), columns=["b", "a"])
    assert table.column_names == ["b", "a"]


@pytest.mark.parametrize("limit", [0, 1, 2, 3])
def test_a_limit_is_the_most_rows_that_are_read(files: Files, limit: int) -> None:
    table = files.read("csv", path=files.put("in.csv", ROWS), limit=limit)
    assert table.num_rows == min(limit, 2)
    assert files.extractor("csv", path="in.csv", limit=limit).survey().rows == min(limit, 2)


def test_a_run_without_a_plan_reads_text(files: Files) -> None:
    table = drained(files.extractor("csv", path=files.put("in.csv", ROWS)))
    assert types(table) == ["string", "string"]


def test_a_run_that_meets_another_type_than_the_plan_fails_and_does_not_guess_again(files: Files) -> None:
    planned = files.planned("csv", path=files.put("in.csv", "a\n" + "1\n" * 20_000))
    files.put("in.csv", "a\n" + "1\n" * 10_000 + "01\n" + "1\n" * 10_000)
    with pytest.raises(CheckFailed, match=r"column 'a', row 10001: the value is not the int64") as caught:
        drained(files.extractor("csv", **planned))
    assert "columns: {a: string}" in caught.value.hint


def test_a_run_that_meets_other_columns_than_the_plan_fails(files: Files) -> None:
    planned = files.planned("csv", path=files.put("in.csv", ROWS))
    files.put("in.csv", "a,c\n1,2\n")
    with pytest.raises(CheckFailed, match="'b' is gone, 'c' is new"):
        drained(files.extractor("csv", **planned))


def test_a_header_or_a_value_may_be_long(files: Files) -> None:
    long = "x" * 3 * BLOCK
    table = files.read("csv", path=files.put("in.csv", f'a,{long}\n1,"{long}\n"\n2,y\n'))
    assert table.column_names == ["a", long]
    assert values(table, 1) == [f"{long}\n", "y"]
    assert files.read("csv", path=files.put("in.csv", f"{long},1\n"), header=False).num_rows == 1


def test_a_line_end_may_fall_between_two_blocks(files: Files) -> None:
    header = "a" * (BLOCK - 1)
    table = files.read("csv", path=files.put("in.csv", f"{header}\r\n1\r\n"))
    assert table.column_names == [header]
    assert values(table) == [1]


@pytest.mark.slow
def test_a_line_without_end_is_no_header(files: Files) -> None:
    error = files.refused("csv", path=files.put("in.csv", b"x" * (MOST_IN_A_RECORD + BLOCK)))
    assert error.message == "line 1 of 'in.csv' is longer than 64 MiB"


@pytest.mark.parametrize(
    ("text", "config", "said"),
    [
        ("", {}, "'in.csv' is empty, it has not even a header"),
        ("\n\n", {}, "'in.csv' has no header"),
        ("a\n", {"skip_rows": 2}, "'in.csv' has no more than 1 lines"),
        ("a,b\n1,2,3\n", {}, "'in.csv': line 2 has 3 fields, the header has 2"),
        ("a,b\n1,2\n1\n", {}, "'in.csv': line 3 has 1 field, the header has 2"),
        ("a,b\n1,2,\n", {}, "'in.csv': line 2 has 3 fields, the header has 2"),
        ("x\na,b\n#\n1\n", {"skip_rows": 1, "comment": "#"}, "'in.csv': line 4 has 1 field, the header has 2"),
        ("title\na,b\n1,2\n1,2,3\n", {"header": 1}, "'in.csv': line 4 has 3 fields, the header has 2"),
        ("1,2\n3\n", {"header": False}, "'in.csv': line 2 has 1 field, the first row has 2"),
        ("a,b,\n1,2,\n", {}, "column 3 of 'in.csv' has no name in the header"),
        ("a,a\n1,2\n", {}, "the header of 'in.csv' has 'a' more than once"),
        ("a;b\n1;2\n", {}, "the first row of 'in.csv' is a single field with ';' in it"),
        ("a;b\n", {}, "the first row of 'in.csv' is a single field with ';' in it"),
        ("1\t2\n3\t4\n", {"header": False}, "the first row of 'in.csv' is a single field with '\\t' in it"),
        ('a,"b\n1,2\n', {}, "the header of 'in.csv' can't be split into names: unexpected end of data"),
        ('a,b\n1,"x\n2,y\n', {}, "'in.csv': row 1 opens a quote that is never closed"),
        (b"a,b\n1,\xe9\n", {}, "'in.csv' is not utf-8: byte 0xe9 at position 6, line 2"),
        (b"a,b\n1,\xe9\n", {"encoding": "ascii"}, "'in.csv' is not ascii: byte 0xe9 at position 6, line 2"),
        (b"a,b\n1,\xe9\0\n", {}, "'in.csv' is not text: it holds binary data"),
        (b"\x00\x01", {}, "'in.csv' is not text: it holds binary data"),
        ("a".encode("utf-16"), {}, "'in.csv' is not utf-8, it is utf-16"),
        ("\ufeffa\n", {"encoding": "latin-1"}, "'in.csv' is not latin-1, it is utf-8"),
        (gzip.compress(b"a\n1\n", mtime=0), {}, "'in.csv' is packed by gzip, not text"),
        (b"PAR1\x15\x04", {}, "'in.csv' is a Parquet file, not text"),
        ("a,b\n1,2\n", {"columns": ["c"]}, "'in.csv' has no column 'c'"),
        ("price,b\n1,2\n", {"dtype": {"prise": "int64"}}, "'in.csv' has no column 'prise'"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_once_and_with_what_to_do(
    files: Files, text: str | bytes, config: dict[str, Any], said: str
) -> None:
    assert files.refused("csv", path=files.put("in.csv", text), **config).message == said


def test_a_wide_row_far_down_is_found_with_its_line(files: Files) -> None:
    path = files.put("in.csv", "a,b\n" + "1,2\n" * 300_000 + "1,2,3\n")
    assert "line 300002" in files.refused("csv", path=path).message


def test_one_field_with_another_delimiter_in_it_is_no_wrong_delimiter_where_the_next_has_none(files: Files) -> None:
    path = files.put("in.csv", "a;b\nx\ny\n")
    assert files.read("csv", path=path).to_pylist() == [{"a;b": "x"}, {"a;b": "y"}]
    assert values(files.read("csv", path=path, header=False)) == ["a;b", "x", "y"]
    path = files.put("in.csv", 'a;b\nx;y\n"z\n"\n')
    assert files.refused("csv", path=path, header=False).hint == 'set `delimiter: ";"`'
    assert files.refused("csv", path=files.put("in.tsv", "a\tb\n")).hint == r'set `delimiter: "\t"`'


@pytest.mark.slow
def test_a_quote_that_is_never_closed_does_not_fill_the_memory(files: Files) -> None:
    path = files.put("in.csv", 'a,b\n1,"' + "x\n" * (MOST_IN_A_RECORD + 2 * BLOCK))
    assert files.refused("csv", path=path).message == "'in.csv': a row opens a quote that is never closed"


@pytest.mark.slow
def test_a_row_of_another_width_is_found_without_its_line_where_a_field_is_very_long(files: Files) -> None:
    line = "x" * BLOCK + "\n"
    path = files.put("in.csv", f'a,b\n1,2\n"{line * (MOST_IN_A_RECORD // BLOCK + 1)}"\n')
    assert files.refused("csv", path=path).message == "'in.csv': row 2 has 1 field, the header has 2"


def test_bytes_that_are_no_text_are_found_far_down(files: Files) -> None:
    path = files.put("in.csv", b"a,b\n" + b"1,2\n" * 600_000 + b"3,\xff\n")
    assert files.refused("csv", path=path).message.endswith("position 2400006, line 600002")


def test_every_read_gives_a_whole_record_at_least_and_the_last_one_is_followed_by_the_end() -> None:
    def reads(*blocks: bytes) -> list[bytes]:
        file = WholeRecords((block for block in blocks), '"', "END")
        with file:
            assert file.readable()
            return list(iter(file.read, b""))

    assert reads(b"1\n", b"2\n") == [b"1\n", b"2\n", b"END"]
    assert reads(b"1\n2", b"3") == [b"1\n2", b"3\nEND"]
    assert reads(b"1,2", b",3\r", b"\n4") == [b"1,2,3\r", b"\n4", b"\nEND"]
    assert reads(b'1,"a\n', b'b\n"', b"\n2\n") == [b'1,"a\nb\n"\n2\n', b"END"]
    assert reads(b'1,"a""\n', b'b"\n') == [b'1,"a""\nb"\n', b"END"]
    assert reads(b"", b"1\n", b"") == [b"1\n", b"END"]
    assert reads() == [b"\nEND"]


def test_a_file_system_that_fails_is_not_taken_for_a_broken_archive(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot read 'x': is a directory"):
        list(blocks(tmp_path, "x"))


def test_where_nobody_has_looked_nothing_is_announced(files: Files) -> None:
    announced = files.extractor("csv", path="in.csv").announce(Known())
    assert (announced.schema, announced.why) == (None, "nobody has looked at 'in.csv' yet")


@pytest.mark.parametrize("name", ["x.csv.gz", "x.csv.bz2", "x.csv.xz", "x.csv.zst", "x.csv.zip"])
def test_what_is_not_packed_as_its_name_says_is_an_error(files: Files, name: str) -> None:
    assert "can't be unpacked" in files.refused("csv", path=files.put(name, ROWS)).message


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.csv.gz", gzip.compress(ROWS.encode() * 1_000, mtime=0)[:-30]),
        ("x.csv.xz", lzma.compress(ROWS.encode() * 1_000)[:-30]),
        ("x.csv.zst", zstd(ROWS)[:-4]),
    ],
)
def test_a_packed_file_that_was_cut_short_is_an_error(files: Files, name: str, content: bytes) -> None:
    assert "can't be unpacked" in files.refused("csv", path=files.put(name, content)).message


def test_an_archive_must_hold_one_file_and_no_password(files: Files) -> None:
    assert "holds 2 files" in files.refused("csv", path=files.put("x.zip", zipped("a\n", "b\n"))).message
    locked = bytearray(zipped("a\n1\n"))
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[locked.rindex(mark) + flags] |= 1
    assert "has a password" in files.refused("csv", path=files.put("x.zip", bytes(locked))).message


def test_names_that_look_like_the_beginning_of_other_formats_are_names(files: Files) -> None:
    for name in ("PAR1", "BZhours", "%PDFs", "PK"):
        assert files.read("csv", path=files.put("in.csv", f"{name},b\n1,2\n")).column_names == [name, "b"]
