"""The small things that passes stand on."""

from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError
from tests.unit.compiler.toys import given

from osiris.compiler.draft import Draft, Step
from osiris.compiler.faults import faults
from osiris.compiler.passes.params import as_json, typed
from osiris.compiler.passes.wiring import in_order
from osiris.compiler.query import Query
from osiris.model.document import NOTHING, read
from osiris.model.oml import slug
from osiris.model.place import Place
from osiris.sql.literals import ParamValue, fill


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")

    depth: int = 0


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")

    inner: Inner = Inner()
    items: list[Inner] = []
    either: list[str] | dict[str, str] = []
    number: float = 0
    needed: str


def told(value: dict[str, Any]) -> list[tuple[tuple[str | int, ...], str]]:
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate(value)
    return [(fault.path, fault.kind) for fault in faults(caught.value, value)]


def test_a_fault_is_where_the_document_has_it() -> None:
    assert told({"needed": "x", "inner": {"depth": "deep"}}) == [(("inner", "depth"), "value")]
    assert told({"needed": "x", "items": [{}, {"dpeth": 1}]}) == [(("items", 1, "dpeth"), "unknown")]
    assert told({"needed": "x", "inner": 5}) == [(("inner",), "value")]
    assert told({}) == [((), "missing")]


def test_of_several_readings_of_a_value_one_is_told() -> None:
    assert told({"needed": "x", "either": 5}) == [(("either",), "value")]


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        ("integer", "+5", 5),
        ("integer", "5.0", None),
        ("integer", 5.0, None),
        ("integer", "\N{ARABIC-INDIC DIGIT FIVE}", None),
        ("number", "1e3", 1000),
        ("number", "inf", None),
        ("number", "many", None),
        ("boolean", "True", True),
        ("boolean", "1", None),
        ("boolean", 1, None),
        ("date", "2025-02-30", None),
        ("date", "20250101", None),
        ("date", 2025, None),
        ("string", "", ""),
        ("string", True, None),
    ],
)
def test_a_value_is_of_its_type_or_none_of_it(kind: Any, raw: Any, value: Any) -> None:
    found = typed(kind, raw)
    assert found == value
    assert isinstance(found, bool) == isinstance(value, bool)


def test_a_number_as_a_setting_is_whole_where_it_is_whole() -> None:
    for text, value in (("2.0", 2), ("2.5", 2.5), ("1e2", 100)):
        number = typed("number", text)
        assert number is not None
        found = as_json(ParamValue("number", number))
        assert found == value
        assert type(found) is type(value)


def test_a_place_in_a_statement_is_found_behind_any_number_of_parameters() -> None:
    node = read(b'q: "SELECT ${params.a}, ${params.b}${params.a} x -- ${params.a}\\n FROM y"').root.items["q"]
    text = str(node.value).replace("${params.b}${params.a}", "${params.b}, ${params.a}")
    values = {"a": ParamValue("string", "long, FROM"), "b": ParamValue("integer", 1)}
    sql = fill(text, values, "duckdb")
    spaced = read(f"q: {text!r}".encode().replace(b"'", b'"')).root.items["q"]
    query = Query(sql, "duckdb", spaced)
    written = f"q: {text!r}"
    place = query.place(2, sql.split("\n")[1].index("y") + 1)
    assert written[place.column - 1] == "y"
    assert query.place(1, sql.index("long") + 1) == Place(1, written.index("${") + 1)
    assert query.spot("line 1, column 1") == query.place(1, 1)
    assert query.spot("the 3rd word") is None


def test_steps_keep_their_order_where_nothing_says_otherwise() -> None:
    steps = tuple(Step(i, NOTHING, id=n, after=a) for i, (n, a) in enumerate([("c", ("b",)), ("a", ()), ("b", ())]))
    assert [step.id for step in in_order(steps)] == ["a", "b", "c"]


def test_steps_in_a_ring_come_last() -> None:
    pairs = [("a", ("b",)), ("b", ("a",)), ("c", ())]
    steps = tuple(Step(i, NOTHING, id=n, after=a) for i, (n, a) in enumerate(pairs))
    assert [step.id for step in in_order(steps)] == ["c", "a", "b"]


def test_a_hint_lists_a_few_of_many_names() -> None:
    draft = Draft(b"", given())
    finding = draft.unknown("OSR-X", "there is none", (), "zzz", [f"name{i:02}" for i in range(30)])
    assert finding.hint.endswith("name11, …")
    assert draft.unknown("OSR-X", "there is none", (), "zzz", []).hint == ""


def test_a_name_is_made_fit_for_a_path() -> None:
    assert slug("Top Customers / 2025") == "top-customers---2025"
    assert slug("…") == "pipeline"
