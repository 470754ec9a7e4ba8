"""The published schema takes what the compiler takes, and refuses what is out of shape."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from tests.docs.snippets import blocks, pages
from tests.house.tree import ROOT
from tests.unit.app.projects import PIPELINE

from osiris.compiler.schema import oml_schema
from osiris.kit.describe import config_schema, describe
from osiris.kit.registry import Registry
from osiris.model.document import read

REGISTRY = Registry.installed()
SCHEMA = oml_schema(REGISTRY)
CHECK = jsonschema.Draft202012Validator(SCHEMA)
WRONG_ON_PURPOSE = "filesystem.csv_extracter"
BUILT_THERE = "weather.extractor"  # the component that docs/write-a-component.md builds
GOLDEN = Path(__file__).parents[2] / "golden" / "manifests" / "files" / "pipeline.yaml"


def shown() -> list[Any]:
    """Return every pipeline that the pages show, and one that the tests run."""
    found = [
        pytest.param(block.text, id=f"{page.name}-{block.line}")
        for page in pages(ROOT)
        for block in blocks(page.read_text("utf-8"))
        if block.language == "yaml" and "oml_version" in block.text
        if WRONG_ON_PURPOSE not in block.text and BUILT_THERE not in block.text
    ]
    return [*found, pytest.param(PIPELINE, id="cities"), pytest.param(GOLDEN.read_text("utf-8"), id="golden")]


def faults(document: Any) -> list[str]:
    return [f"{'/'.join(map(str, error.path))}: {error.message}" for error in CHECK.iter_errors(document)]


def value(text: str) -> Any:
    return read(text.encode()).root.value


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("text", shown())
def test_every_pipeline_that_is_shown_fits(text: str) -> None:
    assert faults(value(text)) == []


@pytest.mark.parametrize("name", REGISTRY.names())
def test_every_example_of_a_component_fits_its_settings(name: str) -> None:
    spec = describe(REGISTRY, name)
    for example in spec.examples:
        step = {"id": "a", "component": name, "mode": spec.mode, "config": example.config}
        assert faults({"oml_version": "0.2.0", "name": "x", "steps": [step]}) == []


@pytest.mark.parametrize("name", REGISTRY.names())
def test_a_setting_that_a_component_lacks_is_refused(name: str) -> None:
    step = {"id": "a", "component": name, "mode": describe(REGISTRY, name).mode, "config": {"no_such_setting": 1}}
    assert any("no_such_setting" in fault for fault in faults({"oml_version": "0.1.0", "name": "x", "steps": [step]}))


RIGHT = """\
oml_version: "0.2.0"
name: right
metadata: {intent: "all of it", team: anybody}
params: {n: {type: integer, default: 3}, day: {type: date, default: "2025-01-01"}, bare: }
profiles: {prod: {params: {n: 4}}}
steps:
  - id: read
    component: duckdb.extractor
    mode: extract
    config: {connection: "@duckdb.shop", table: orders, limit: "${params.n}"}
  - id: write
    component: duckdb.writer
    mode: write
    needs: [read]
    inputs: {df: "${ read.df }"}
    allow_lossy: [amount]
    config: {connection: "@duckdb", table: "t_${params.n}", write_mode: upsert, primary_key: id}
"""


def test_words_that_the_language_lets_through_fit() -> None:
    assert faults(value(RIGHT)) == []


def changed(*path: Any, to: Any) -> Any:
    document = deepcopy(value(RIGHT))
    inside = document
    for part in path[:-1]:
        inside = inside[part]
    if to is None:
        del inside[path[-1]]
    else:
        inside[path[-1]] = to
    return document


@pytest.mark.parametrize(
    ("path", "to"),
    [
        (["oml_version"], "0.3.0"),
        (["oml_version"], None),
        (["name"], None),
        (["name"], ""),
        (["name"], "Not Plain"),
        (["steps"], []),
        (["steps"], {}),
        (["tasks"], []),
        (["version"], 1),
        (["schedule"], {}),
        (["nothing_known"], 1),
        (["params", "n", "type"], "int"),
        (["steps", 0, "id"], None),
        (["steps", 0, "id"], "a/b"),
        (["steps", 0, "id"], "Upper"),
        (["steps", 0, "component"], "duckdb.extracter"),
        (["steps", 0, "mode"], "write"),
        (["steps", 0, "mode"], "reed"),
        (["steps", 0, "needs"], "read"),
        (["steps", 0, "checks"], []),
        (["steps", 0, "retries"], 1),
        (["steps", 0, "config"], None),
        (["steps", 0, "config", "connection"], "@mysql.shop"),
        (["steps", 0, "config", "connection"], None),
        (["steps", 0, "config", "limit"], "three"),
        (["steps", 0, "config", "limit"], -1),
        (["steps", 0, "config", "settled"], {}),
        (["steps", 0, "config", "columns"], "all"),
        (["steps", 0, "config", "tabel"], "orders"),
        (["steps", 1, "inputs"], {"df": "read.df"}),
        (["steps", 1, "inputs"], {}),
        (["steps", 1, "allow_lossy"], "amount"),
        (["steps", 1, "config", "write_mode"], "scd2"),
        (["steps", 1, "config", "table"], None),
        (["steps", 1, "config", "primary_key"], {"id": 1}),
    ],
    ids=lambda part: ".".join(map(str, part)) if isinstance(part, list) else repr(part),
)
def test_what_is_out_of_shape_is_refused(path: list[Any], to: Any) -> None:
    assert faults(changed(*path, to=to))


def test_the_first_version_is_read_as_loosely_as_the_compiler_reads_it() -> None:
    loose = value(RIGHT) | {"oml_version": "0.1.0", "name": "Not Plain", "nothing_known": 1}
    del loose["steps"][1]["allow_lossy"]
    loose["steps"][0] |= {"id": "Not Plain", "retries": 1}
    assert faults(loose) == []


def test_the_first_version_has_no_word_of_the_second() -> None:
    assert faults(value(RIGHT) | {"oml_version": "0.1.0"})


def test_settings_of_the_compilers_own_are_not_published() -> None:
    assert [name for name in REGISTRY.names() if "settled" in config_schema(REGISTRY.kind(name))["properties"]] == []
