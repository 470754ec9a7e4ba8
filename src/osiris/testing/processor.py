"""What every processor that speaks SQL promises, as tests that come with the class."""

from abc import ABC, abstractmethod
from collections.abc import Generator
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pytest
from pydantic import ValidationError

from osiris.kit.component import Place, Processor
from osiris.kit.registry import Registry
from osiris.kit.stream import BATCH_ROWS, Stream
from osiris.model.errors import AuthorError
from osiris.testing.writer import Vanished, breaking, nasty, plain, stream_of

MANY = 200_000  # rows: a dozen batches, so that there is a half way


class ProcessorContract(ABC):
    """Inherit, name the component, say how it is told a few things: the tests come with it."""

    component: ClassVar[str]

    @abstractmethod
    def passing(self, name: str) -> dict[str, Any]:
        """Return settings that give the rows of the input of that name as they are."""

    @abstractmethod
    def twice(self, name: str) -> dict[str, Any]:
        """Return settings that give one row, with a column `rows`: how many pairs of equal `row` an input has."""

    @abstractmethod
    def joined(self, left: str, right: str) -> dict[str, Any]:
        """Return settings that give one row, with a column `rows`: how many `row` two inputs have in common."""

    @abstractmethod
    def wrong(self, name: str) -> dict[str, Any]:
        """Return settings that name a column `rwo`, which the input of that name lacks; it has `row`."""

    def gives(self, kind: pa.DataType) -> pa.DataType:
        """Return the type in which a column of this type is passed on."""
        return kind

    @pytest.fixture
    def place(self, tmp_path: Path) -> Place:
        """Return a place of this test's own."""
        project, scratch = tmp_path / "project", tmp_path / "scratch"
        project.mkdir()
        scratch.mkdir()
        return Place(project=project, scratch=scratch)

    def build(self, config: dict[str, Any], place: Place) -> Processor:
        """Build the component as the runner would, by name."""
        component = Registry.installed().build(self.component, config, place)
        assert isinstance(component, Processor)
        return component

    def rows(self, config: dict[str, Any], place: Place, **inputs: pa.Table) -> pa.Table:
        """Return what a processor makes of some tables."""
        streams = {name: stream_of(table) for name, table in inputs.items()}
        with self.build(config, place).process(streams) as stream:
            return pa.Table.from_batches(stream, stream.schema)

    @pytest.mark.parametrize("rows", [0, 1, MANY])
    def test_gives_every_row_once_and_in_order(self, place: Place, rows: int) -> None:
        assert self.rows(self.passing("given"), place, given=plain(rows)).equals(plain(rows))

    def test_passes_values_on_exactly(self, place: Place) -> None:
        table = nasty()
        found = self.rows(self.passing("given"), place, given=table)
        assert found.schema.types == [self.gives(kind) for kind in table.schema.types]
        assert repr(found.to_pylist()) == repr(table.to_pylist())

    @pytest.mark.parametrize("rows", [0, 1, MANY])
    def test_delivers_the_schema_that_it_announced(self, place: Place, rows: int) -> None:
        processor = self.build(self.passing("given"), place)
        announced = processor.announce({"given": plain(rows).schema})
        assert announced.schema is not None, announced.why
        with processor.process({"given": stream_of(plain(rows))}) as stream:
            assert stream.schema.equals(announced.schema)
            assert all(batch.schema.equals(stream.schema) for batch in stream)

    def test_no_batch_is_larger_than_what_travels_together(self, place: Place) -> None:
        whole = stream_of(plain(MANY), rows=MANY)
        with self.build(self.passing("given"), place).process({"given": whole}) as stream:
            assert max(batch.num_rows for batch in stream) <= BATCH_ROWS

    def test_an_input_that_is_read_twice_gives_the_right_answer(self, place: Place) -> None:
        assert self.rows(self.twice("given"), place, given=plain(MANY)).to_pydict() == {"rows": [MANY]}

    def test_two_inputs_are_told_apart(self, place: Place) -> None:
        found = self.rows(self.joined("left", "right"), place, left=plain(MANY), right=plain(1_000))
        assert found.to_pydict() == {"rows": [1_000]}

    def test_one_stream_may_have_two_names(self, place: Place) -> None:
        both = stream_of(plain(1_000))
        with self.build(self.joined("left", "right"), place).process({"left": both, "right": both}) as stream:
            assert pa.Table.from_batches(stream).to_pydict() == {"rows": [1_000]}

    def test_raises_what_an_input_raises(self, place: Place) -> None:
        stream = self.build(self.passing("given"), place).process({"given": breaking()})
        with stream, pytest.raises(Vanished, match="half way"):
            list(stream)

    def test_raises_what_an_input_raises_that_is_read_twice(self, place: Place) -> None:
        stream = self.build(self.twice("given"), place).process({"given": breaking()})
        with stream, pytest.raises(Vanished, match="half way"):
            list(stream)

    def test_asks_for_no_row_before_one_is_wanted(self, place: Place) -> None:
        asked: list[int] = []
        self.build(self.twice("given"), place).process({"given": _told(asked)}).close()
        assert asked == []

    def test_lets_go_when_closed_half_way(self, place: Place) -> None:
        stream = self.build(self.passing("given"), place).process({"given": stream_of(plain(MANY))})
        assert next(iter(stream)).num_rows > 0
        stream.close()
        stream.close()
        assert list(stream) == []

    def test_a_wrong_name_is_an_authors_error_with_a_hint(self, place: Place) -> None:
        with pytest.raises(AuthorError, match="rwo") as caught:
            self.build(self.wrong("given"), place).announce({"given": plain(0).schema})
        assert "row" in caught.value.hint

    def test_refuses_a_setting_it_does_not_have(self, place: Place) -> None:
        with pytest.raises(ValidationError, match="no_such_setting"):
            self.build(self.passing("given") | {"no_such_setting": 1}, place)


def _told(asked: list[int]) -> Stream:
    """Return a stream that notes when it is asked for rows."""

    def batches() -> Generator[pa.RecordBatch]:
        asked.append(1)
        yield from plain(1).to_batches()

    return Stream(plain(1).schema, batches())
