"""What can be read, transformed and written, described by what it is made of."""

from pathlib import Path

import pytest
from tests.unit.app.projects import make, opened

from osiris.app.components import ListComponents, ShowComponent, list_components, show_component
from osiris.app.operation import Effect
from osiris.app.operations import OPERATIONS
from osiris.model.errors import UsageError


def test_components_are_listed_by_name(tmp_path: Path) -> None:
    names = [line.name for line in list_components(opened(make(tmp_path)), ListComponents()).components]
    assert names == sorted(names)
    assert {"duckdb.processor", "filesystem.csv_extractor", "sqlite.writer"} <= set(names)


def test_only_those_that_start_so_are_listed(tmp_path: Path) -> None:
    lines = list_components(opened(make(tmp_path)), ListComponents(prefix="duckdb.p")).components
    assert [(line.name, line.mode) for line in lines] == [("duckdb.processor", "transform")]


def test_each_component_describes_itself_whole(tmp_path: Path) -> None:
    project = opened(make(tmp_path))
    for line in list_components(project, ListComponents()).components:
        spec = show_component(project, ShowComponent(name=line.name))
        assert spec.description
        assert spec.examples
        assert all(p.get("description") for p in spec.config_schema["properties"].values())


def test_a_component_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no component 'duckdb\.procesor'") as caught:
        show_component(opened(make(tmp_path)), ShowComponent(name="duckdb.procesor"))
    assert "duckdb.processor" in caught.value.hint


def test_every_operation_says_what_it_does_and_stands_under_its_own_name() -> None:
    for name, operation in OPERATIONS.items():
        assert operation.name == name
        assert operation.do.__doc__
        assert operation.ask.__doc__
        assert operation.answer.__doc__


def test_only_a_run_moves_data() -> None:
    assert [name for name, o in OPERATIONS.items() if o.effect is Effect.MOVES_DATA] == ["pipelines.run"]
