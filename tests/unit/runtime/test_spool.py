"""Rows at rest."""

from pathlib import Path

import pyarrow as pa
import pytest

from osiris.kit.stream import of_batches
from osiris.model.errors import OutsideError
from osiris.runtime.spool import Spool

SCHEMA = pa.schema({"n": pa.int64(), "word": pa.dictionary(pa.int32(), pa.string()), "view": pa.string_view()})


def batches() -> list[pa.RecordBatch]:
    """Return batches whose dictionaries differ, as those of files and databases do."""
    words: tuple[list[str | None], ...] = (["a", "b"], ["c", None], ["a", "c"])
    return [
        pa.record_batch(
            [pa.array([at, None]), pa.array(pair).dictionary_encode(), pa.array(pair, pa.string_view())], schema=SCHEMA
        )
        for at, pair in enumerate(words)
    ]


def rested(folder: Path) -> Spool:
    return Spool.fill(of_batches(SCHEMA, iter(batches())), folder / "rows.arrow", "read")


def values(given: list[pa.RecordBatch]) -> list[dict[str, list[object]]]:
    return [batch.to_pydict() for batch in given]


def test_rows_come_back_as_they_went_however_often(tmp_path: Path) -> None:
    spool = rested(tmp_path)
    first, second = spool.stream(), spool.stream()
    assert next(iter(first)).to_pydict() == values(batches())[0]
    assert values(list(second)) == values(batches())
    assert values(list(first)) == values(batches())[1:]
    assert all(batch.schema.equals(SCHEMA) for batch in spool.stream())


def test_a_reader_that_stops_lets_go_of_the_file(tmp_path: Path) -> None:
    spool = rested(tmp_path)
    stream = spool.stream()
    next(iter(stream))
    stream.close()
    assert list(stream) == []
    assert len(list(spool.stream())) == 3


def test_no_rows_rest_too(tmp_path: Path) -> None:
    spool = Spool.fill(of_batches(SCHEMA, iter([])), tmp_path / "rows.arrow", "read")
    assert list(spool.stream()) == []


def test_a_folder_that_is_not_there_is_an_error_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(OutsideError, match="'read' can't rest on disk") as caught:
        rested(tmp_path / "nowhere")
    assert caught.value.hint


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full disk here")
def test_a_full_disk_is_an_error_with_a_hint() -> None:
    with pytest.raises(OutsideError, match="No space left") as caught:
        Spool.fill(of_batches(SCHEMA, iter(batches())), Path("/dev/full"), "read")
    assert "room" in caught.value.hint


def test_a_file_that_is_cut_off_is_an_error(tmp_path: Path) -> None:
    spool = rested(tmp_path)
    spool.path.write_bytes(spool.path.read_bytes()[:700])
    with pytest.raises(OutsideError, match="can't rest on disk"):
        list(spool.stream())
