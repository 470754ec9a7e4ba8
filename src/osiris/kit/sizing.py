"""How many rows travel together."""

from collections.abc import Generator, Iterator

import pyarrow as pa

from osiris.kit.stream import BATCH_BYTES, BATCH_ROWS


def rows_per_batch(sample: pa.RecordBatch, budget: int = BATCH_BYTES) -> int:
    """Return how many rows of this width fit one batch.

    Wide rows travel in small batches and narrow rows in large ones, so that a pipeline of
    *k* open steps holds about `k * budget` bytes whatever it carries.

    Args:
        sample: Some rows of the stream, shape (n, columns), n >= 1. The first batch will do.
        budget: Bytes of Arrow buffers per batch; not process memory.

    Returns:
        Rows per batch, between 1 and `BATCH_ROWS` (16 384).

    Raises:
        ValueError: `sample` has no rows, so it has no width.

    Example:
        >>> narrow = pa.record_batch({"id": pa.array([1, 2], pa.int32())})
        >>> rows_per_batch(narrow, budget=4_000)
        1000
    """
    if sample.num_rows == 0:
        raise ValueError("an empty sample has no width")
    width = max(1, sample.nbytes // sample.num_rows)
    return max(1, min(BATCH_ROWS, budget // width))


def sized(batches: Iterator[pa.RecordBatch]) -> Generator[pa.RecordBatch]:
    """Yield the same rows in batches of a good size; a small batch stays as it is, an empty one goes."""
    for batch in batches:
        if batch.num_rows == 0:
            continue
        step = rows_per_batch(batch)
        for start in range(0, batch.num_rows, step):
            yield batch.slice(start, step)
