"""Rows pulled in a thread of their own, so that a long chain of steps needs no deep stack."""

from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa

from osiris.kit.stream import Stream


def on_a_fresh_stack(source: Stream) -> Stream:
    """Return the same rows; each batch is pulled only when it is wanted, as if there were no thread.

    Args:
        source: Is not closed with the stream returned.
    """
    return Stream(source.schema, _pulled(source))


def _pulled(source: Stream) -> Generator[pa.RecordBatch]:
    batches = iter(source)
    with ThreadPoolExecutor(1, "osiris-chain") as other:
        while (batch := other.submit(next, batches, None).result()) is not None:
            yield batch
