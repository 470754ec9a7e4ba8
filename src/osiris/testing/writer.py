"""What every writer promises, as tests that come with the class."""

import os
import signal
from abc import ABC, abstractmethod
from collections.abc import Generator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from multiprocessing import get_context
from pathlib import Path
from typing import Any, ClassVar, Literal

import pyarrow as pa
import pytest
from pydantic import ValidationError

from osiris.kit.component import Place, Writer
from osiris.kit.registry import Registry
from osiris.kit.stream import BATCH_ROWS, Stream
from osiris.model.errors import SourceError
from osiris.model.job import Marks
from osiris.testing.secret import plant_secrets

MANY = 200_000  # rows: a dozen batches, so that there is a half way
ROW = "row"  # the column that tells one row from another in every table here
Moment = Literal["half way", "before the commit"]


class Vanished(SourceError):
    """The source of a test's rows went away half way."""

    code = "OSR-TST-001"


class WriterContract(ABC):
    """Inherit, name the component, say where it writes and how that is read: the tests come with it."""

    component: ClassVar[str]

    @abstractmethod
    def config(self, place: Place) -> dict[str, Any]:
        """Return settings, but for `write_mode`, that write to a target which is not there yet."""

    @abstractmethod
    def read_back(self, place: Place, schema: pa.Schema) -> pa.Table | None:
        """Return what the target holds now, as a stranger would read it; None where there is no target.

        `schema` is that of the rows written, for targets that keep no types of their own.
        """

    def connection(self, place: Place) -> dict[str, Any] | None:  # noqa: ARG002 - for those who have one
        """Return the fields of the connection, as `osiris_connections.yaml` would have them; None for none."""
        return None

    def holds(self, kind: pa.DataType) -> bool:  # noqa: ARG002 - for those who don't hold all
        """Return whether the target holds values of this type exactly."""
        return True

    def outside(self, place: Place) -> Any:
        """Return all that anyone could see of the target and beside it: by default every file, byte for byte.

        A database says instead which tables there are and what they hold.
        """
        return {
            path.relative_to(place.project).as_posix(): path.read_bytes() if path.is_file() else b""
            for path in sorted(place.project.rglob("*"))
        }

    def exact(self) -> pa.Table:
        """Return rows that are easily spoilt on the way; columns of a type that the target can't hold are left out."""
        table = nasty()
        return table.select([field.name for field in table.schema if self.holds(field.type)])

    @pytest.fixture
    def place(self, tmp_path: Path) -> Place:
        """Return a place of this test's own."""
        project, scratch = tmp_path / "project", tmp_path / "scratch"
        project.mkdir()
        scratch.mkdir()
        return Place(project=project, scratch=scratch)

    def build(self, place: Place, write_mode: str = "replace", **config: Any) -> Writer:
        """Build the component as the runner would, by name."""
        settings = self.config(place) | {"write_mode": write_mode} | config
        component = Registry.installed().build(self.component, settings, place, self.connection(place))
        assert isinstance(component, Writer)
        return component

    def put(self, place: Place, table: pa.Table, write_mode: str = "replace") -> None:
        """Write a table and commit it."""
        staged = self.build(place, write_mode).write(stream_of(table), MARKS)
        staged.commit()
        staged.close()

    def expect(self, place: Place, table: pa.Table) -> None:
        """Hold what the target holds against a table, whatever the order of the rows."""
        found = self.read_back(place, table.schema)
        assert found is not None, "there is no target"
        assert found.column_names == table.column_names
        assert _exactly(found) == _exactly(table)

    def test_what_is_read_back_is_what_was_written(self, place: Place) -> None:
        table = self.exact()
        self.put(place, table)
        self.expect(place, table)
        found = self.read_back(place, table.schema)
        assert found is not None
        assert found.schema.types == table.schema.types

    def test_writes_every_row_of_a_long_stream_once(self, place: Place) -> None:
        staged = self.build(place).write(stream_of(plain(MANY)), MARKS)
        written = staged.commit()
        staged.close()
        self.expect(place, plain(MANY))
        assert written.staged == MANY
        assert written.rows_after in {None, MANY}

    def test_says_the_same_target_before_and_after(self, place: Place) -> None:
        writer = self.build(place)
        staged = writer.write(stream_of(plain(3)), MARKS)
        assert staged.written.target == writer.target()
        assert staged.commit().target == writer.target()
        staged.close()

    def test_nothing_is_there_before_the_commit(self, place: Place) -> None:
        staged = self.build(place).write(stream_of(plain(3)), MARKS)
        assert self.read_back(place, plain(3).schema) is None
        assert not self.build(place).look().exists
        staged.close()

    def test_the_old_rows_stay_until_the_commit(self, place: Place) -> None:
        self.put(place, plain(5))
        staged = self.build(place).write(stream_of(plain(3)), MARKS)
        self.expect(place, plain(5))
        staged.commit()
        staged.close()
        self.expect(place, plain(3))

    def test_a_stream_that_breaks_leaves_nothing_where_nothing_was(self, place: Place) -> None:
        writer = self.build(place)
        before = self.outside(place)
        with pytest.raises(Vanished):
            writer.write(breaking(), MARKS)
        assert self.outside(place) == before

    @pytest.mark.parametrize("write_mode", ["replace", "append"])
    def test_a_stream_that_breaks_leaves_the_target_as_it_was(self, place: Place, write_mode: str) -> None:
        self.put(place, plain(5))
        before = self.outside(place)
        with pytest.raises(Vanished):
            self.build(place, write_mode).write(breaking(), MARKS)
        assert self.outside(place) == before

    @pytest.mark.parametrize("write_mode", ["replace", "append"])
    def test_closing_without_a_commit_leaves_the_target_as_it_was(self, place: Place, write_mode: str) -> None:
        self.put(place, plain(5))
        before = self.outside(place)
        staged = self.build(place, write_mode).write(stream_of(plain(3)), MARKS)
        staged.close()
        staged.close()
        assert self.outside(place) == before

    def test_closing_after_the_commit_takes_nothing_back(self, place: Place) -> None:
        self.put(place, plain(5))
        self.expect(place, plain(5))

    @pytest.mark.parametrize("write_mode", ["replace", "append"])
    @pytest.mark.parametrize("moment", ["half way", "before the commit"])
    def test_a_process_killed_leaves_the_target_as_it_was(self, place: Place, write_mode: str, moment: Moment) -> None:
        self.put(place, plain(5))
        config = self.config(place) | {"write_mode": write_mode}
        die(self.component, config, place, self.connection(place), moment)
        self.expect(place, plain(5))

    @pytest.mark.parametrize("moment", ["half way", "before the commit"])
    def test_the_next_write_clears_up_after_a_process_that_was_killed(self, place: Place, moment: Moment) -> None:
        self.put(place, plain(5))
        clean = set(self.outside(place))
        die(self.component, self.config(place) | {"write_mode": "replace"}, place, self.connection(place), moment)
        self.put(place, plain(3))
        self.expect(place, plain(3))
        assert set(self.outside(place)) == clean

    def test_an_empty_stream_still_makes_the_columns(self, place: Place) -> None:
        table = self.exact().slice(0, 0)
        self.put(place, table)
        found = self.read_back(place, table.schema)
        assert found is not None
        assert found.column_names == table.column_names
        assert found.num_rows == 0

    def test_an_empty_stream_replaces_what_was_there(self, place: Place) -> None:
        self.put(place, plain(5))
        self.put(place, plain(0))
        self.expect(place, plain(0))

    def test_replace_twice_is_replace_once(self, place: Place) -> None:
        self.put(place, self.exact())
        self.put(place, self.exact())
        self.expect(place, self.exact())

    @pytest.mark.parametrize("synonym", ["overwrite", "full-refresh", "truncate"])
    def test_replace_has_other_names(self, place: Place, synonym: str) -> None:
        self.put(place, plain(5))
        self.put(place, plain(2), synonym)
        self.expect(place, plain(2))

    def test_append_makes_the_target_where_there_is_none(self, place: Place) -> None:
        self.put(place, self.exact(), "append")
        self.expect(place, self.exact())

    @pytest.mark.parametrize("write_mode", ["append", "insert"])
    def test_append_keeps_what_was_there(self, place: Place, write_mode: str) -> None:
        whole = self.exact()
        half = whole.num_rows // 2
        self.put(place, whole.slice(0, half))
        self.put(place, whole.slice(half), write_mode)
        self.expect(place, whole)

    def test_look_tells_what_is_there(self, place: Place) -> None:
        writer = self.build(place)
        before = writer.look()
        self.put(place, plain(3))
        after = writer.look()
        assert (before.exists, before.sha256) == (False, "")
        assert after.exists
        assert before.target == after.target == writer.target()
        assert after.rows in {None, 3}

    def test_looking_changes_nothing(self, place: Place) -> None:
        before = self.outside(place)
        self.build(place).look()
        assert self.outside(place) == before

    def test_announces_the_columns_that_it_takes(self, place: Place) -> None:
        announced = self.build(place).announce(self.exact().schema)
        assert announced.schema is not None
        assert announced.schema.names == self.exact().column_names

    def test_refuses_a_setting_it_does_not_have(self, place: Place) -> None:
        with pytest.raises(ValidationError, match="no_such_setting"):
            self.build(place, no_such_setting=1)

    def test_refuses_a_write_mode_that_nobody_has(self, place: Place) -> None:
        with pytest.raises(ValidationError, match="write_mode"):
            self.build(place, "somehow")

    def test_shows_no_secret(self, place: Place) -> None:
        component, planted = plant_secrets(self.component, self.config(place), place, self.connection(place))
        if not planted:
            pytest.skip("it has no secret")
        assert planted not in repr(component)


MARKS = Marks(run_id="run-1", step_id="write")


def stream_of(table: pa.Table, rows: int = BATCH_ROWS) -> Stream:
    """Return a table's rows as a stream, in batches of at most `rows`."""

    def batches() -> Generator[pa.RecordBatch]:
        yield from table.to_batches(max_chunksize=rows)

    return Stream(table.schema, batches())


def breaking(rows: int = 4 * BATCH_ROWS) -> Stream:
    """Return a stream that raises `Vanished` after so many rows."""
    table = plain(rows)

    def batches() -> Generator[pa.RecordBatch]:
        yield from table.to_batches(max_chunksize=BATCH_ROWS)
        raise Vanished("the source went away half way", hint="this is a test")

    return Stream(table.schema, batches())


def die(
    component: str, config: dict[str, Any], place: Place, connection: dict[str, Any] | None, moment: Moment
) -> None:
    """Let another process write, and be killed at that moment, as by `kill -9`."""
    process = get_context("spawn").Process(target=_write_and_die, args=(component, config, place, connection, moment))
    process.start()
    process.join()
    assert process.exitcode == -_KILL, f"it was not killed but ended with {process.exitcode}"


_KILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # where there is no SIGKILL, SIGTERM is as final


def _write_and_die(
    component: str, config: dict[str, Any], place: Place, connection: dict[str, Any] | None, moment: Moment
) -> None:
    writer = Registry.installed().build(component, config, place, connection)
    assert isinstance(writer, Writer)
    table = plain(4 * BATCH_ROWS)

    def batches() -> Generator[pa.RecordBatch]:
        yield from table.to_batches(max_chunksize=BATCH_ROWS)
        if moment == "half way":
            os.kill(os.getpid(), _KILL)

    writer.write(Stream(table.schema, batches()), Marks(run_id="run-killed", step_id="write"))
    os.kill(os.getpid(), _KILL)


def _exactly(table: pa.Table) -> list[str]:
    """Return the rows in order as Python would write them: -0.0 is not 0.0, and 1 is not True."""
    return [repr(row) for row in table.sort_by(ROW).to_pylist()]


def plain(rows: int) -> pa.Table:
    """Return rows that any target holds: an integer and a text."""
    return pa.table(
        {
            ROW: pa.array(range(rows), pa.int64()),
            "city": pa.array([f"Brno {number % 97}" for number in range(rows)], pa.string()),
        }
    )


def nasty() -> pa.Table:
    """Return rows that are easily spoilt: NULL beside empty text, quotes, extremes of every common type."""
    columns: dict[str, tuple[pa.DataType, list[Any]]] = {
        "text": (pa.string(), _TEXTS),
        'a "quoted" name': (pa.string(), [None, "", None, "x"]),
        "order": (pa.int64(), [None, 0, -1, 1, 2**63 - 1, -(2**63), 9_007_199_254_740_993]),
        "small": (pa.int32(), [None, 0, 2**31 - 1, -(2**31)]),
        "unsigned": (pa.uint64(), [None, 0, 2**64 - 1]),
        "with space": (pa.float64(), _DOUBLES),
        "money": (pa.decimal128(38, 10), [None if text is None else Decimal(text) for text in _DECIMALS]),
        "flag": (pa.bool_(), [None, True, False]),
        "day": (pa.date32(), [None, date(1970, 1, 1), date(1, 1, 1), date(9999, 12, 31), date(2024, 2, 29)]),
        "at": (pa.timestamp("us"), _MOMENTS),
        "instant": (pa.timestamp("us", tz="UTC"), [None if at is None else at.replace(tzinfo=UTC) for at in _MOMENTS]),
        "clock": (pa.time64("us"), [None, time(0, 0), time(23, 59, 59, 999_999), time(12, 30)]),
        "bytes": (pa.binary(), [None, b"", b"\x00\xff", b"NULL", "ž".encode()]),
        "nothing": (pa.string(), []),
    }
    rows = max(len(values) for _, values in columns.values())
    padded = {name: pa.array(values + [None] * (rows - len(values)), kind) for name, (kind, values) in columns.items()}
    return pa.table({ROW: pa.array(range(rows), pa.int64())} | padded)


_TEXTS: list[str | None] = [
    None,
    "",
    "NULL",
    "null",
    "None",
    "NA",
    "NaN",
    "\\N",
    " ",
    "  both sides  ",
    "a,b;c|d\te",
    'say "yes"',
    '"',
    '""',
    "'",
    "O'Hara",
    "two\nlines",
    "two\r\nlines",
    "\r",
    "\n",
    "ends with a backslash\\",
    "007",
    "1.10",
    "+5",
    "12345678901234567890",
    "1e5",
    "2024-01-01",
    "true",
    "žluťoučký kůň",
    "🦊👩‍👩‍👧",
    "é",
    "#comment",
    "-- drop",
    "${params.x}",
    "x" * 70_000,
]
_DOUBLES: list[float | None] = [
    None,
    0.0,
    -0.0,
    1.0,
    0.1,
    0.1 + 0.2,
    5e-324,
    2.2250738585072014e-308,
    1.7976931348623157e308,
    -1.7976931348623157e308,
    1e16,
    1e22,
    123456789.123456789,
]
_DECIMALS: list[str | None] = [
    None,
    "0",
    "0.0000000001",
    "-0.0000000001",
    "1.1",
    "9999999999999999999999999999.9999999999",
    "-9999999999999999999999999999.9999999999",
]
# naive on purpose
_MOMENTS: list[datetime | None] = [
    None,
    datetime(1970, 1, 1),
    datetime(1969, 12, 31, 23, 59, 59, 999_999),
    datetime(2024, 2, 29, 12, 30, 0, 1),
    datetime(1, 1, 1),
    datetime(9999, 12, 31, 23, 59, 59, 999_999),
]
