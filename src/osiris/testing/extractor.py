"""What every extractor promises, as tests that come with the class."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pytest
from pydantic import ValidationError

from osiris.kit.component import Extractor, Place, Surveyor
from osiris.kit.registry import Registry
from osiris.kit.stream import BATCH_ROWS
from osiris.model.catalogue import Known
from osiris.model.errors import OutsideError
from osiris.testing.secret import plant_secrets

MANY = 200_000  # rows: a dozen batches, so that there is a half way


class ExtractorContract(ABC):
    """Inherit, name the component, prepare a source: the tests come with it."""

    component: ClassVar[str]

    @abstractmethod
    def prepare(self, place: Place, rows: int) -> dict[str, Any]:
        """Make a source of `rows` rows in `place` and return the settings that read it."""

    @abstractmethod
    def missing(self, place: Place) -> dict[str, Any]:
        """Return settings whose source is not there."""

    def connection(self, place: Place) -> dict[str, Any] | None:  # noqa: ARG002 - for those who have one
        """Return the fields of the connection, as `osiris_connections.yaml` would have them; None for none."""
        return None

    def known(self, extractor: Extractor, place: Place) -> Known:
        """Return what `osiris discover` would know of the source."""
        if isinstance(extractor, Surveyor):
            return Known(survey=extractor.survey())
        registry = Registry.installed()
        family = registry.family(self.component.partition(".")[0])
        fields = self.connection(place)
        assert family.desk is not None, "override `known`"
        assert fields is not None, "override `known` or `connection`"
        return Known(catalogue=family.desk.catalogue(registry.connect(family.name, fields), place))

    @pytest.fixture
    def place(self, tmp_path: Path) -> Place:
        """Return a place of this test's own."""
        project, scratch = tmp_path / "project", tmp_path / "scratch"
        project.mkdir()
        scratch.mkdir()
        return Place(project=project, scratch=scratch)

    def build(self, config: dict[str, Any], place: Place) -> Extractor:
        """Build the component as the runner would, by name."""
        component = Registry.installed().build(self.component, config, place, self.connection(place))
        assert isinstance(component, Extractor)
        return component

    @pytest.mark.parametrize("rows", [0, 1, MANY])
    def test_gives_every_row_once(self, place: Place, rows: int) -> None:
        with self.build(self.prepare(place, rows), place).extract() as stream:
            assert sum(batch.num_rows for batch in stream) == rows

    def test_every_batch_has_the_schema_of_the_stream(self, place: Place) -> None:
        with self.build(self.prepare(place, MANY), place).extract() as stream:
            assert all(batch.schema.equals(stream.schema) for batch in stream)

    def test_no_batch_is_larger_than_what_travels_together(self, place: Place) -> None:
        with self.build(self.prepare(place, MANY), place).extract() as stream:
            assert max(batch.num_rows for batch in stream) <= BATCH_ROWS

    @pytest.mark.parametrize("rows", [0, 1, MANY])
    def test_delivers_the_schema_that_it_announced(self, place: Place, rows: int) -> None:
        config = self.prepare(place, rows)
        extractor = self.build(config, place)
        announced = extractor.announce(self.known(extractor, place))
        assert announced.schema is not None, announced.why
        with self.build(config | dict(announced.fixed), place).extract() as stream:
            assert stream.schema.equals(announced.schema)
            assert sum(batch.num_rows for batch in stream) == rows

    def test_says_why_where_nothing_is_known(self, place: Place) -> None:
        announced = self.build(self.prepare(place, 1), place).announce(Known(why="nobody has looked"))
        assert announced.schema is not None or announced.why

    def test_announces_without_the_source(self, place: Place) -> None:
        announced = self.build(self.missing(place), place).announce(Known(why="nobody has looked"))
        assert announced.schema is None or announced.schema.names

    def test_gives_the_same_rows_again(self, place: Place) -> None:
        extractor = self.build(self.prepare(place, 1_000), place)
        with extractor.extract() as first, extractor.extract() as second:
            assert pa.Table.from_batches(first, first.schema).equals(pa.Table.from_batches(second, second.schema))

    def test_lets_go_when_closed_half_way(self, place: Place) -> None:
        stream = self.build(self.prepare(place, MANY), place).extract()
        assert next(iter(stream)).num_rows > 0
        stream.close()
        stream.close()
        assert list(stream) == []

    def test_lets_go_when_closed_before_the_first_row(self, place: Place) -> None:
        stream = self.build(self.prepare(place, MANY), place).extract()
        stream.close()
        assert list(stream) == []

    def test_a_missing_source_is_an_outside_error_with_a_hint(self, place: Place) -> None:
        with pytest.raises(OutsideError) as caught, self.build(self.missing(place), place).extract() as stream:
            list(stream)
        assert caught.value.hint

    def test_refuses_a_setting_it_does_not_have(self, place: Place) -> None:
        with pytest.raises(ValidationError, match="no_such_setting"):
            self.build(self.prepare(place, 1) | {"no_such_setting": 1}, place)

    def test_shows_no_secret(self, place: Place) -> None:
        component, planted = plant_secrets(self.component, self.prepare(place, 1), place, self.connection(place))
        if not planted:
            pytest.skip("it has no secret")
        assert planted not in repr(component)
