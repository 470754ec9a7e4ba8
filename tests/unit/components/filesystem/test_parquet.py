"""Parquet in and out: the types of the file, page by page."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pytest
from pyarrow import parquet
from tests.unit.components.filesystem.files import Files, drained, types, values

from osiris.components.filesystem import parquet_writer
from osiris.components.filesystem.parquet_file import ParquetSource
from osiris.model.errors import AuthorError, CheckFailed, SourceError, TargetError

Column = Any  # an Arrow array of any type
IDS = [UUID(int=7).bytes, None]


def put(files: Files, table: pa.Table, name: str = "in.parquet", **options: Any) -> str:
    parquet.write_table(table, files.root / name, **options)
    return name


def uuids() -> Column:
    return pa.ExtensionArray.from_storage(pa.uuid(), pa.array(IDS, pa.binary(16)))


@pytest.mark.parametrize(
    ("column", "kind", "expected"),
    [
        (pa.array([1, None], pa.int8()), "int8", [1, None]),
        (pa.array([2**64 - 1], pa.uint64()), "uint64", [2**64 - 1]),
        (pa.array([Decimal("1.10")], pa.decimal128(38, 2)), "decimal128(38, 2)", [Decimal("1.10")]),
        (pa.array([Decimal(10**50)], pa.decimal256(60, 0)), "decimal256(60, 0)", [Decimal(10**50)]),
        (pa.array([datetime(2024, 1, 1)], pa.timestamp("us")), "timestamp[us]", [datetime(2024, 1, 1)]),
        (
            pa.array([datetime(2024, 1, 1, tzinfo=UTC)], pa.timestamp("ms", tz="UTC")),
            "timestamp[ms, tz=UTC]",
            [datetime(2024, 1, 1, tzinfo=UTC)],
        ),
        (pa.array(["x", None, "x"]).dictionary_encode(), "string", ["x", None, "x"]),
        (pa.array([[1], None], pa.list_(pa.int32())), "list<element: int32>", [[1], None]),
        (pa.array([[1, 2]], pa.list_(pa.int32(), 2)), "fixed_size_list<element: int32>[2]", [[1, 2]]),
        (pa.array([[1]], pa.large_list(pa.int32())), "large_list<element: int32>", [[1]]),
        (pa.array([[("k", 1)], None], pa.map_(pa.string(), pa.int64())), "map<string, int64>", [[("k", 1)], None]),
        (
            pa.array([{"a": 1}], pa.struct([pa.field("a", pa.int64(), nullable=False)])),
            "struct<a: int64 not null>",
            [{"a": 1}],
        ),
        (
            pa.StructArray.from_arrays([pa.array(["x"]).dictionary_encode()], ["word"]),
            "struct<word: string>",
            [{"word": "x"}],
        ),
        (uuids(), "string", [str(UUID(int=7)), None]),
        (pa.ExtensionArray.from_storage(pa.json_(), pa.array(['{"a":1}'])), "string", ['{"a":1}']),
    ],
)
def test_a_column_has_the_type_of_the_file_in_plain_words(
    files: Files, column: Column, kind: str, expected: list[Any]
) -> None:
    table = files.read("parquet", path=put(files, pa.table({"v": column})))
    assert types(table) == [kind]
    assert values(table) == expected


def test_columns_that_may_not_be_null_are_announced_so(files: Files) -> None:
    schema = pa.schema([pa.field("a", pa.int64(), nullable=False)])
    path = put(files, pa.table({"a": [1]}, schema=schema))
    assert files.read("parquet", path=path).schema.equals(schema)


def test_old_timestamps_keep_the_first_and_the_last_year(files: Files) -> None:
    moments = [datetime(1, 1, 1), datetime(9999, 12, 31)]
    table = pa.table({"at": pa.array(moments, pa.timestamp("us"))})
    path = put(files, table, use_deprecated_int96_timestamps=True)
    assert values(files.read("parquet", path=path)) == moments


def test_a_list_of_columns_selects_them_by_their_whole_name(files: Files) -> None:
    path = put(files, pa.table({"a": [{"b": 1}], "a.b": [2], "c": [3]}))
    assert files.read("parquet", path=path, columns=["c", "a.b"]).to_pylist() == [{"c": 3, "a.b": 2}]
    assert files.read("parquet", path=path, columns=["a"]).to_pylist() == [{"a": {"b": 1}}]
    assert files.refused("parquet", path=path, columns=["d"]).message == "'in.parquet' has no column 'd'"


@pytest.mark.parametrize("limit", [0, 1, 5])
def test_a_limit_is_the_most_rows_that_are_read(files: Files, limit: int) -> None:
    path = put(files, pa.table({"a": range(3)}))
    assert files.read("parquet", path=path, limit=limit).num_rows == min(limit, 3)
    assert files.extractor("parquet", path=path, limit=limit).survey().rows == min(limit, 3)


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (
            {"a": ["1"], "b": [1]},
            "column 'a' of 'in.parquet' was int64 when the pipeline was compiled, now it is string",
        ),
        ({"a": [1]}, "the columns of 'in.parquet' changed since the pipeline was compiled: 'b' is gone"),
    ],
)
def test_a_run_that_meets_other_columns_than_the_plan_fails(files: Files, now: dict[str, Any], said: str) -> None:
    planned = files.planned("parquet", path=put(files, pa.table({"a": [1], "b": [2]})))
    put(files, pa.table(now))
    with pytest.raises(CheckFailed) as caught:
        files.extractor("parquet", **planned).extract()
    assert caught.value.message == said


def test_a_type_without_unmistakable_words_is_read_but_not_announced(files: Files) -> None:
    table = pa.table({"v": pa.array([{"a, b": 1}], pa.struct([("a, b", pa.int64())]))})
    extractor = files.extractor("parquet", path=put(files, table))
    with pytest.raises(SourceError, match="can't be put in words"):
        extractor.survey()
    assert drained(extractor).to_pylist() == [{"v": {"a, b": 1}}]


def test_what_is_wrong_with_a_file_is_said_with_what_to_do(files: Files) -> None:
    whole = (files.root / put(files, pa.table({"a": range(100_000)}), write_page_checksum=True)).read_bytes()
    flipped = bytearray(whole)
    flipped[50_000] ^= 1
    for content, said in (
        (b"", "'in.parquet' is empty"),
        (b"PAR1", "'in.parquet' is not a whole Parquet file: Parquet file size is 4 bytes"),
        (b"a,b\n1,2\n" * 9, "'in.parquet' is not a whole Parquet file: Parquet magic bytes not found"),
        (whole[:-100], "'in.parquet' is not a whole Parquet file: Parquet magic bytes not found"),
        (whole[:1_000] + whole[-20:], "'in.parquet' is not a whole Parquet file: "),
        (bytes(flipped), "'in.parquet' is not a whole Parquet file: could not verify page integrity"),
    ):
        assert files.refused("parquet", path=files.put("in.parquet", content)).message.startswith(said)


def test_columns_must_have_names_of_their_own(files: Files) -> None:
    path = put(files, pa.table([pa.array([1]), pa.array([2])], ["a", "a"]))
    assert files.refused("parquet", path=path).message == "'in.parquet' has 'a' more than once"
    with pytest.raises(SourceError, match="more than once"):
        files.extractor("parquet", path=path).extract()
    assert files.refused("parquet", path=put(files, pa.table({}))).message == "'in.parquet' has no column"


@pytest.mark.parametrize("packing", ["zstd", "snappy", "gzip", "brotli", "lz4", "none"])
def test_pages_are_packed_as_the_author_says(files: Files, packing: str) -> None:
    files.write("parquet", pa.table({"a": [1]}), path="out.parquet", compression=packing)
    column = parquet.read_metadata(files.root / "out.parquet").row_group(0).column(0)
    assert column.compression == {"none": "UNCOMPRESSED"}.get(packing, packing.upper())


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (pa.array([date(2024, 1, 1)], pa.date64()), "date32[day]"),
        (pa.array([datetime(2024, 1, 1)], pa.timestamp("s")), "timestamp[ms]"),
        (pa.array(["x"]).dictionary_encode(), "string"),
        (pa.array([{"a": 1}, None], pa.struct([("a", pa.int8())])), "struct<a: int8>"),
        (pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int8())), "map<string, int8>"),
        (pa.nulls(1), "null"),
    ],
)
def test_rows_of_every_type_can_be_appended_to_what_was_written(files: Files, column: Column, kind: str) -> None:
    table = pa.table({"v": column})
    files.write("parquet", table, path="out.parquet")
    written = files.write("parquet", table, path="out.parquet", write_mode="append")
    found = files.read("parquet", path="out.parquet")
    assert types(found) == [kind]
    assert values(found) == column.to_pylist() * 2
    assert (written.rows_before, written.rows_after) == (len(column), 2 * len(column))


def test_an_appended_column_may_be_null_where_either_half_may(files: Files) -> None:
    never = pa.schema([pa.field("a", pa.int64(), nullable=False)])
    put(files, pa.table({"a": [1]}, schema=never), "out.parquet")
    files.write("parquet", pa.table({"a": [None, 2]}), path="out.parquet", write_mode="append")
    assert values(files.read("parquet", path="out.parquet")) == [1, None, 2]


def test_rows_are_appended_only_below_the_same_columns(files: Files) -> None:
    put(files, pa.table({"a": [1], "b": ["x"]}), "out.parquet")
    for other in ({"a": [1]}, {"b": ["x"], "a": [1]}, {"a": [1.5], "b": ["x"]}):
        error = files.not_written("parquet", pa.table(other), path="out.parquet", write_mode="append")
        assert isinstance(error, TargetError)
        assert error.message.startswith("'out.parquet' has the columns a int64, b string, the rows have ")
    files.put("out.parquet", "a,b\n1,x\n")
    assert isinstance(
        files.not_written("parquet", pa.table({"a": [1]}), path="out.parquet", write_mode="append"), SourceError
    )


@pytest.mark.parametrize(
    "column",
    [
        pa.array([None], pa.month_day_nano_interval()),
        pa.array([{}], pa.struct([])),
        pa.array([[1]], pa.list_view(pa.int8())),
        uuids(),
    ],
)
def test_columns_that_parquet_can_not_hold_are_refused_before_a_row_is_taken(files: Files, column: Column) -> None:
    table = pa.table({"a": pa.nulls(len(column)), "v": column})
    with pytest.raises(AuthorError, match=r"column 'v' has the type .* which Parquet can't hold"):
        files.writer("parquet", path="out.parquet").announce(table.schema)
    files.not_written("parquet", table, path="out.parquet")


def test_a_value_that_the_stored_type_does_not_reach_is_an_error_that_names_the_column(files: Files) -> None:
    table = pa.table({"at": pa.array([2**60], pa.int64()).cast(pa.timestamp("s"))})
    error = files.not_written("parquet", table, path="out.parquet")
    assert isinstance(error, CheckFailed)
    assert "column 'at' holds a value that Parquet can't hold as timestamp[ms]" in error.message


def test_a_row_group_is_as_large_as_the_memory_that_it_may_take(files: Files) -> None:
    wide = pa.table({"text": ["x" * 100_000] * 400})
    files.write("parquet", wide.combine_chunks(), path="out.parquet")
    metadata = parquet.read_metadata(files.root / "out.parquet")
    sizes = [metadata.row_group(number).num_rows for number in range(metadata.num_row_groups)]
    assert sum(sizes) == 400
    assert max(sizes) * 100_000 <= parquet_writer.GROUP_BYTES + 100_000


def test_the_same_rows_make_the_same_bytes(files: Files) -> None:
    digests = {
        files.write("parquet", pa.table({"a": [1, None]}), path=f"{n}.parquet").artifacts[0].sha256 for n in "xy"
    }
    assert len(digests) == 1


def test_a_file_is_let_go_when_the_rows_are_not_wanted(files: Files, tmp_path: Path) -> None:
    path = put(files, pa.table({"a": range(100_000)}))
    stream = files.extractor("parquet", path=path).extract()
    next(iter(stream))
    stream.close()
    (files.root / path).unlink()
    assert list(stream) == []


def test_a_file_that_went_away_is_not_taken_for_a_broken_one(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot read 'gone': no such file or directory"):
        ParquetSource(tmp_path / "gone", "gone")
