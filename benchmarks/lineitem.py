"""Rows as TPC-H's `lineitem` has them: sixteen columns of keys, money, dates and words; the same for the same seed."""

import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import compute, csv

SEED = 20_250_101
CHUNK = 131_072
MONEY = pa.decimal128(15, 2)
FIRST_DAY = (date(1992, 1, 2) - date(1970, 1, 1)).days
SHIPPED_WITHIN = 2_526  # days of seven years
INSTRUCTIONS = ("COLLECT COD", "DELIVER IN PERSON", "NONE", "TAKE BACK RETURN")
MODES = ("AIR", "FOB", "MAIL", "RAIL", "REG AIR", "SHIP", "TRUCK")
HOW = ("carefully", "quickly", "furiously", "final", "special", "pending", "express", "ironic", "even", "bold")
WHAT = ("deposits", "requests", "accounts", "packages", "pinto beans", "foxes", "ideas", "platelets", "sleep", "haggle")

pc: Any = compute  # its stubs know no function that takes a scalar beside an array


def batches(rows: int, seed: int = SEED) -> Iterator[pa.RecordBatch]:
    """Yield so many rows, in memory that does not grow with them."""
    for start in range(0, rows, CHUNK):
        yield _batch(start, min(CHUNK, rows - start), seed + start)


def write(path: Path, rows: int, seed: int = SEED) -> None:
    """Write so many rows as CSV with a header, about 130 bytes each."""
    options = csv.WriteOptions(quoting_style="none")
    with csv.CSVWriter(path, _batch(0, 0, seed).schema, write_options=options) as out:
        for batch in batches(rows, seed):
            out.write_batch(batch)


def _batch(start: int, rows: int, seed: int) -> pa.RecordBatch:
    draw = _Draw(rows, seed)
    number = pa.array(range(start, start + rows), pa.int64())
    quantity = draw.integers(1, 50)
    shipped = draw.integers(FIRST_DAY, FIRST_DAY + SHIPPED_WITHIN)
    price = pc.multiply(quantity, draw.integers(90_000, 210_000))
    columns: dict[str, Any] = {
        "l_orderkey": pc.add(pc.multiply(pc.divide(number, 4), 8), 1),
        "l_partkey": draw.integers(1, 200_000),
        "l_suppkey": draw.integers(1, 10_000),
        "l_linenumber": pc.add(pc.subtract(number, pc.multiply(pc.divide(number, 4), 4)), 1),
        "l_quantity": _money(pc.multiply(quantity, 100)),
        "l_extendedprice": _money(price),
        "l_discount": _money(draw.integers(0, 10)),
        "l_tax": _money(draw.integers(0, 8)),
        "l_returnflag": draw.words(("A", "N", "R")),
        "l_linestatus": draw.words(("F", "O")),
        "l_shipdate": _day(shipped),
        "l_commitdate": _day(pc.add(shipped, draw.integers(-30, 60))),
        "l_receiptdate": _day(pc.add(shipped, draw.integers(1, 30))),
        "l_shipinstruct": draw.words(INSTRUCTIONS),
        "l_shipmode": draw.words(MODES),
        "l_comment": pc.binary_join_element_wise(*(draw.words(words) for words in (HOW, WHAT, HOW, WHAT)), " "),
    }
    return pa.record_batch(columns)


def _money(cents: Any) -> Any:
    return pc.multiply(cents.cast(pa.decimal128(19, 0)), pa.scalar("0.01").cast(pa.decimal128(3, 2))).cast(MONEY)


def _day(number: Any) -> Any:
    return number.cast(pa.int32()).cast(pa.date32())


class _Draw:
    """Draws one column after another; the same for the same seed."""

    def __init__(self, rows: int, seed: int) -> None:
        self._rows = rows
        self._seed = seed

    def integers(self, low: int, high: int) -> Any:
        """Return one integer a row, both ends included."""
        self._seed += 1_000_003
        drawn = pc.random(self._rows, initializer=self._seed)
        return pc.add(pc.floor(pc.multiply(drawn, high - low + 1)).cast(pa.int64()), low)

    def words(self, choice: tuple[str, ...] | list[str]) -> Any:
        """Return one word a row."""
        return pa.array(choice).take(self.integers(0, len(choice) - 1))


def main(path: str, rows: str) -> None:
    """Write so many rows, as a process of its own."""
    write(Path(path), int(rows))


if __name__ == "__main__":
    main(*sys.argv[1:])
