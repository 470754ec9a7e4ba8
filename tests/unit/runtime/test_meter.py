"""The only counter."""

from collections.abc import Generator
from contextlib import contextmanager, nullcontext

import pyarrow as pa
import pytest

from osiris.kit.stream import Stream, of_batches
from osiris.model.errors import CheckFailed
from osiris.runtime.meter import Meter

TABLE = pa.table({"id": pa.array(range(20_000)), "city": pa.array(["Brno", None] * 10_000)})


def counted(table: pa.Table, rows: int = 16_384) -> Meter:
    meter = Meter(table.schema)
    stream = of_batches(table.schema, iter(table.to_batches(max_chunksize=rows)))
    for _ in meter.over(stream, nullcontext, lambda _: None):
        pass
    return meter


def test_counts_rows_bytes_and_nulls() -> None:
    meter = counted(TABLE)
    assert (meter.rows, meter.ended) == (20_000, True)
    assert meter.bytes == pytest.approx(TABLE.nbytes, rel=0.01)
    assert meter.nulls == {"id": 0, "city": 10_000}


@pytest.mark.parametrize("rows", [1_000, 4_096, 5_000])
def test_the_size_of_batches_does_not_matter(rows: int) -> None:
    assert counted(TABLE, rows).digests == counted(TABLE).digests


def test_a_few_rows_are_in_the_digest_before_they_are_many() -> None:
    first = counted(TABLE.slice(0, 10)).digests
    assert first != counted(TABLE.slice(0, 11)).digests
    assert all(len(digits) == 16 for digits in first.values())


def test_columns_of_types_that_do_not_join_are_counted_batch_by_batch() -> None:
    schema = pa.schema({"word": pa.dictionary(pa.int32(), pa.string())})
    meter = Meter(schema)
    for words in (["a", "b"], ["b", None]):
        meter.count(pa.record_batch([pa.array(words, pa.string()).dictionary_encode()], schema=schema))
    assert meter.digests == {"word": counted(pa.table({"w": ["a", "b", "b", None]})).digests["w"]}
    assert meter.nulls == {"word": 1}


def test_two_columns_of_one_name_are_counted_apart() -> None:
    schema = pa.schema([("a", pa.int64()), ("a", pa.int64()), ("b", pa.int64())])
    meter = Meter(schema)
    meter.count(pa.record_batch([pa.array([1]), pa.array([None], pa.int64()), pa.array([1])], schema=schema))
    assert meter.nulls == {"a#1": 0, "a#2": 1, "b": 0}


def test_empty_batches_go() -> None:
    empty, full = pa.RecordBatch.from_pylist([], TABLE.schema), TABLE.slice(0, 5).to_batches()[0]
    meter = Meter(TABLE.schema)
    rows = meter.over(of_batches(TABLE.schema, iter([empty, full, empty])), nullcontext, lambda _: None)
    assert [batch.num_rows for batch in rows] == [5]
    assert meter.rows == 5


def test_a_meter_of_rows_alone_has_no_digests() -> None:
    meter = Meter(TABLE.schema, digesting=False)
    meter.count(TABLE.to_batches()[0])
    assert (meter.rows, meter.nulls, meter.digests) == (20_000, {}, {})


def test_other_columns_are_refused() -> None:
    with pytest.raises(CheckFailed) as caught:
        Meter(TABLE.schema).count(pa.record_batch({"id": pa.array([1])}))
    assert caught.value.why == "first id int64, city string, now id int64"


def test_what_the_source_raises_goes_through_the_guard() -> None:
    seen: list[BaseException] = []

    @contextmanager
    def guarded() -> Generator[None]:
        try:
            yield
        except BaseException as exc:
            seen.append(exc)
            raise

    def broken() -> Generator[pa.RecordBatch]:
        yield TABLE.to_batches()[0]
        raise OSError("gone")

    meter = Meter(TABLE.schema)
    rows = meter.over(Stream(TABLE.schema, broken()), guarded, lambda _: None)
    with pytest.raises(OSError, match="gone"):
        list(rows)
    assert (len(seen), meter.ended) == (1, False)


def test_closing_half_way_is_no_error() -> None:
    @contextmanager
    def guarded() -> Generator[None]:
        try:
            yield
        except BaseException as exc:
            raise AssertionError from exc

    meter = Meter(TABLE.schema)
    rows = meter.over(of_batches(TABLE.schema, iter(TABLE.to_batches(max_chunksize=5_000))), guarded, lambda _: None)
    assert next(iter(rows)).num_rows == 5_000
    rows.close()
    assert (meter.rows, meter.ended) == (5_000, False)
