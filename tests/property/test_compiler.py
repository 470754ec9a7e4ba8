"""Laws of the compiler, looked for exceptions."""

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.compiler.toys import compiled, drafted, oml

from osiris.compiler.passes.wiring import in_order
from osiris.model.diagnostics import Severity

CALM = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
NAMES = [f"s{n}" for n in range(7)]
CONFIGS = {"read": {"path": "orders.csv"}, "transform": {}, "write": {"connection": "@toy.shop"}}
COMPONENTS = {"read": "toy.reader", "transform": "toy.mixer", "write": "toy.writer"}


@st.composite
def acyclic(draw: st.DrawFn) -> list[dict[str, object]]:
    """Return steps, in any order, of which each needs only such as were made before it."""
    modes = {name: draw(st.sampled_from(["read", "transform", "write"])) for name in NAMES}
    made = []
    for at, name in enumerate(NAMES):
        mode = modes[name]
        step: dict[str, object] = {"id": name, "mode": mode, "component": COMPONENTS[mode], "config": CONFIGS[mode]}
        if mode == "write":
            step["config"] = CONFIGS[mode] | {"table": name}
        giving = [n for n in NAMES[:at] if modes[n] != "write"]
        if mode == "write" and not giving:
            continue
        if mode != "read" and giving:
            step["inputs"] = {"df": f"${{{draw(st.sampled_from(giving))}.df}}"}
        elif mode == "transform":
            step["needs"] = []
        step.setdefault("needs", draw(st.lists(st.sampled_from(NAMES[:at]), max_size=2, unique=True)) if at else [])
        made.append(step)
    there = {step["id"] for step in made}
    for step in made:
        needs = step["needs"]
        assert isinstance(needs, list)
        step["needs"] = [name for name in needs if name in there]
    return draw(st.permutations(made))


@CALM
@given(acyclic())
def test_an_order_puts_every_step_behind_what_it_needs(steps: list[dict[str, object]]) -> None:
    draft = drafted(oml(steps=steps or [{}]), "wiring")
    ordered = in_order(draft.steps)
    seen: set[str] = set()
    for step in ordered:
        assert seen.issuperset(step.after)
        seen.add(step.id)
    assert len(ordered) == len(draft.steps)


@CALM
@given(acyclic())
def test_a_step_rests_exactly_where_it_is_taken_more_than_once(steps: list[dict[str, object]]) -> None:
    result = compiled(oml(steps=steps or [{}]))
    if result.manifest is None:
        return
    taken = [name for step in result.manifest.steps for name in step.inputs.values()]
    for step in result.manifest.steps:
        assert (step.output == "spool") == (taken.count(step.id) > 1)
        assert (step.output == "none") == (step.mode == "write")


@CALM
@given(acyclic())
def test_one_ring_is_one_error(steps: list[dict[str, object]]) -> None:
    ring = [
        {"id": f"r{n}", "component": "toy.mixer", "mode": "transform", "needs": [f"r{(n + 1) % 3}"]} for n in range(3)
    ]
    result = compiled(oml(steps=[*steps, *ring]))
    assert [d.code for d in result.diagnostics if d.severity is Severity.ERROR and d.code == "OSR-WIR-007"] == [
        "OSR-WIR-007"
    ]


WORDS = st.sampled_from(
    ["id", "component", "mode", "config", "needs", "inputs", "steps", "name", "params", "oml_version", "path", "query",
     "read", "write", "toy.reader", "toy.writer", "0.1.0", "${a.df}", "${params.x}", "@toy.shop", "", "x", "orders.csv"]
)  # fmt: skip
ANYTHING = st.recursive(
    WORDS | st.integers() | st.none() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


@CALM
@given(
    top=st.dictionaries(WORDS, ANYTHING, max_size=4),
    steps=st.lists(st.dictionaries(WORDS, ANYTHING, max_size=6), max_size=3),
    version=st.sampled_from(["0.1.0", "0.2.0"]),
)
def test_any_document_is_answered_with_findings_in_file_order(
    top: dict[str, object], steps: list[object], version: str
) -> None:
    text = yaml.safe_dump(top | {"steps": steps, "oml_version": version, "name": "toy"}).encode()
    result = compiled(text)
    places = [(d.line, d.column) for d in result.diagnostics]
    assert places == sorted(places)
    assert all(d.message and d.line <= len(text.splitlines()) + 1 for d in result.diagnostics)
    wrong = any(d.severity is Severity.ERROR for d in result.diagnostics)
    assert wrong == (result.manifest is None)


@CALM
@given(st.binary(max_size=200))
def test_any_bytes_are_answered(content: bytes) -> None:
    result = compiled(content)
    assert result.manifest is None
    assert result.diagnostics


@CALM
@given(st.text(max_size=40), st.sampled_from(["|-", ">-", '"']))
def test_a_parameter_is_a_literal_whatever_it_holds(value: str, style: str) -> None:
    sql = "SELECT ${params.p} AS p FROM orders"
    written = f'"{sql}"' if style == '"' else f"{style}\n        {sql}"
    text = (
        'oml_version: "0.1.0"\nname: toy\nparams: {p: {type: string}}\nsteps:\n'
        "  - id: a\n    component: toy.reader\n    mode: read\n    config:\n      connection: '@toy.shop'\n"
        f"      query: {written}\n"
        "  - {id: w, component: toy.writer, mode: write, config: {connection: '@toy.shop', table: t}}\n"
    )
    result = compiled(text, params={"p": value})
    if result.manifest is None:
        assert {d.path for d in result.diagnostics} == {"steps[0].config.query"}
        return
    literal = "'" + value.replace("'", "''") + "'"
    assert result.manifest.step("a").config["query"] == f"SELECT {literal} AS p FROM orders"
