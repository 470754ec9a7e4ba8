"""Each pass does what its pairs of before and after say."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.unit.compiler.toys import drafted, oml

from osiris.compiler.draft import Draft, Step
from osiris.compiler.passes.params import shown
from osiris.model.diagnostics import Severity
from osiris.model.document import read
from osiris.sql.literals import text_of

PASSES = Path(__file__).parents[2] / "golden" / "passes"
COMPONENTS = {"read": "toy.reader", "transform": "toy.mixer", "write": "toy.writer"}
CONFIGS: dict[str, dict[str, Any]] = {
    "read": {"path": "orders.csv"},
    "transform": {},
    "write": {"connection": "@toy.shop", "table": "out"},
}


def pairs(name: str) -> list[Any]:
    """Return the pairs of one pass, each called by the comment above it."""
    text = (PASSES / f"{name}.yaml").read_text("utf-8")
    parts = [part.strip() for part in text.split("\n---\n")]
    return [pytest.param(read(part.encode()).root.value, id=part.splitlines()[0].removeprefix("# ")) for part in parts]


def found(draft: Draft, but: str) -> list[str]:
    """Return the findings, each as its place, its code and the nearest names; but for those of one code."""
    told = (d for d in draft.found if d.code != but)
    return sorted(f"{d.path} {d.code}" + (f" ({', '.join(d.nearest)})" if d.nearest else "") for d in told)


def check(pair: Any, draft: Draft, after: Any, but: str = "OSR-WIR-008") -> None:
    """Compare; that nobody takes a step's rows is only of interest to the pass that says so."""
    assert found(draft, but) == pair.get("found", [])
    if "after" in pair:
        assert after == pair["after"]


def step(written: dict[str, Any]) -> dict[str, Any]:
    """Return a step with what its mode usually has."""
    mode = written["mode"]
    return {"component": COMPONENTS[mode], "config": CONFIGS[mode]} | written


def steps(pair: Any, until: str) -> Draft:
    document = {"params": pair.get("params", {}), "steps": [step(one) for one in pair["before"]]}
    return drafted(oml(**document), until, **pair.get("given", {}))


@pytest.mark.parametrize("pair", pairs("parse"))
def test_parse(pair: Any) -> None:
    before = pair["before"]
    draft = drafted(b"" if before is None else yaml.safe_dump(before, sort_keys=False).encode(), "parse")
    check(pair, draft, None)
    assert (draft.pipeline is None) == any(d.severity is Severity.ERROR for d in draft.found)


@pytest.mark.parametrize("pair", pairs("components"))
def test_components(pair: Any) -> None:
    draft = steps(pair, "components")
    check(pair, draft, {one.id: one.kind and one.kind.about.name for one in draft.steps})


@pytest.mark.parametrize("pair", pairs("secrets"))
def test_secrets(pair: Any) -> None:
    before = pair["before"] | {"steps": [step(one) for one in pair["before"]["steps"]]}
    draft = drafted(oml(**before), "secrets")
    check(pair, draft, None)


@pytest.mark.parametrize("pair", pairs("connections"))
def test_connections(pair: Any) -> None:
    draft = steps(pair, "connections")
    check(pair, draft, {one.id: one.connection for one in draft.steps})


@pytest.mark.parametrize("pair", pairs("settings"))
def test_settings(pair: Any) -> None:
    draft = steps(pair, "settings")
    check(pair, draft, {one.id: one.config for one in draft.steps})


@pytest.mark.parametrize("pair", pairs("safety"))
def test_safety(pair: Any) -> None:
    check(pair, steps(pair, "safety"), None)


@pytest.mark.parametrize("pair", pairs("grounding"))
def test_grounding(pair: Any) -> None:
    draft = steps(pair, "grounding")
    check(pair, draft, {one.id: [table.name for table in one.sources] for one in draft.steps})


@pytest.mark.parametrize("pair", pairs("types"))
def test_types(pair: Any) -> None:
    draft = steps(pair, "types")
    check(pair, draft, {one.id: _columns(one) for one in draft.steps})


def _columns(one: Step) -> str:
    columns = "not proved" if one.columns is None else ", ".join(f"{c.name} {c.type}" for c in one.columns)
    return f"{columns} {one.target}".strip()


@pytest.mark.parametrize("pair", pairs("targets"))
def test_targets(pair: Any) -> None:
    check(pair, steps(pair, "targets"), None)


@pytest.mark.parametrize("pair", pairs("lineage"))
def test_lineage(pair: Any) -> None:
    draft = steps(pair, "lineage")
    check(pair, draft, {one.id: {c: " ".join(sources) for c, sources in one.lineage.items()} for one in draft.steps})


@pytest.mark.parametrize("pair", pairs("wiring"))
def test_wiring(pair: Any) -> None:
    draft = steps(pair, "wiring")
    check(pair, draft, {one.id: _wire(one) for one in draft.steps}, but="")


def _wire(one: Step) -> str:
    takes = [name if name == of else f"{name}={of}" for name, of in (one.takes or {}).items()]
    waits = f", waits for {' '.join(one.waits)}" if one.waits else ""
    return " ".join([one.output, *(["<", *takes] if takes else [])]) + waits


@pytest.mark.parametrize("pair", pairs("params"))
def test_params(pair: Any) -> None:
    right = [step({"id": "read", "mode": "read"}), step({"id": "write", "mode": "write"})]
    draft = drafted(oml(**pair["before"], steps=right), "params", **pair.get("given", {}))
    check(pair, draft, {name: text_of(value) for name, value in draft.values.items()})
    assert dict(shown(draft)) == {name: text_of(value) for name, value in draft.values.items()}
