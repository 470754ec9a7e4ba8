"""An API that misbehaves gives all of its records or one clear error, and never a part that looks complete."""

import pytest
from tests.services.rest import WAYS, Way
from tests.services.web import Web
from tests.unit.components.rest.apis import read

from osiris.model.errors import OutsideError

COMPLETE = {name: way for name, way in WAYS.items() if not way.error}
WRONG = {name: way for name, way in WAYS.items() if way.error}


def test_there_are_thirty_ways_and_more() -> None:
    assert len(WAYS) >= 30


@pytest.mark.parametrize("way", COMPLETE.values(), ids=COMPLETE)
def test_all_records_arrive(way: Way) -> None:
    with Web(way.answer) as web:
        table = read(web, **way.settings)
    assert tuple(table.to_pylist()) == way.records


@pytest.mark.parametrize("way", WRONG.values(), ids=WRONG)
def test_it_is_one_clear_error(way: Way) -> None:
    with Web(way.answer) as web, pytest.raises(OutsideError) as caught:
        read(web, **way.settings)
    assert way.error in f"{caught.value.message} {caught.value.why}"
    assert caught.value.hint
    assert "Traceback" not in caught.value.message
