"""A pipeline in OpenLineage's words."""

from pathlib import Path
from typing import Any

import jsonschema
import pytest
from tests.unit.app.projects import opened, with_shop
from tests.unit.app.server import PASSWORD, Server, project, reading

from osiris.app.cache import Cache
from osiris.app.export import ExportOpenlineage, export_openlineage
from osiris.app.project import Project
from osiris.app.runs import RunPipeline, run_pipeline
from osiris.model.errors import UsageError

OML = """\
oml_version: "0.1.0"
name: revenue
metadata: {intent: "Who buys most?"}
steps:
  - id: orders
    component: duckdb.extractor
    mode: read
    config: {connection: "@duckdb.shop", query: "SELECT customer_id, amount FROM orders"}
  - {id: people, component: duckdb.extractor, mode: read, config: {connection: "@duckdb.shop", table: customers}}
  - {id: cities, component: filesystem.csv_extractor, mode: read, config: {path: data/cities.csv}}
  - id: top
    component: duckdb.processor
    mode: transform
    needs: [orders, people, cities]
    config: {query: "SELECT p.name, c.city, sum(o.amount) AS revenue FROM orders o JOIN people p ON p.id = o.customer_id, cities c GROUP BY ALL"}
  - {id: file, component: filesystem.csv_writer, mode: write, needs: [top], config: {path: output/top.csv}}
  - {id: table, component: duckdb.writer, mode: write, needs: [top], config: {connection: "@duckdb.shop", table: top}}
"""  # noqa: E501 - a query in one line
# The shape of OpenLineage 2-0-2, as far as these events use it.
TEXT = {"type": "string", "minLength": 1}
FACET = {"type": "object", "required": ["_producer", "_schemaURL"], "properties": {"_schemaURL": {"format": "uri"}}}
FIELD = {"type": "object", "required": ["namespace", "name", "field"], "additionalProperties": TEXT}
LINEAGE = {
    "required": ["fields"],
    "properties": {
        "fields": {
            "additionalProperties": {
                "required": ["inputFields"],
                "properties": {"inputFields": {"type": "array", "items": FIELD}},
            }
        }
    },
}
COLUMNS = {"properties": {"fields": {"type": "array", "items": {"required": ["name"]}}}}
DATASET = {
    "type": "object",
    "required": ["namespace", "name"],
    "properties": {
        "namespace": TEXT,
        "name": TEXT,
        "facets": {"additionalProperties": FACET, "properties": {"columnLineage": LINEAGE, "schema": COLUMNS}},
        "outputFacets": {
            "additionalProperties": FACET,
            "properties": {"outputStatistics": {"properties": {"rowCount": {"type": "integer"}}}},
        },
    },
}
EVENT = {
    "type": "object",
    "required": ["eventTime", "producer", "schemaURL", "job"],
    "properties": {
        "eventTime": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d.*(Z|\+00:00)$"},
        "producer": {"type": "string", "pattern": "^https://"},
        "eventType": {"enum": ["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"]},
        "run": {"type": "object", "required": ["runId"], "properties": {"runId": {"pattern": "^[0-9a-f-]{36}$"}}},
        "job": {"required": ["namespace", "name"], "properties": {"facets": {"additionalProperties": FACET}}},
        "inputs": {"type": "array", "items": DATASET},
        "outputs": {"type": "array", "items": DATASET},
    },
}


def shop(folder: Path) -> Project:
    (with_shop(folder) / "top.yaml").write_text(OML, "utf-8")
    return opened(folder)


def exported(of: Project, **ask: Any) -> dict[str, Any]:
    event = export_openlineage(of, ExportOpenlineage(**ask)).event
    jsonschema.Draft202012Validator(EVENT).validate(event)
    return event


def test_a_pipeline_that_has_not_run_is_told_as_a_job(tmp_path: Path) -> None:
    event = exported(shop(tmp_path), file="top.yaml")
    assert event["schemaURL"].endswith("#/$defs/JobEvent")
    assert "run" not in event
    assert (event["job"]["namespace"], event["job"]["name"]) == ("osiris", "revenue")
    assert event["job"]["facets"]["documentation"]["description"] == "Who buys most?"


def test_what_is_read_and_written_is_named_as_others_name_it(tmp_path: Path) -> None:
    event = exported(shop(tmp_path), file="top.yaml")
    database = "duckdb:data/shop.duckdb"
    assert [(one["namespace"], one["name"]) for one in event["inputs"]] == [
        (database, "customers"),
        (database, "orders"),
        ("file", "data/cities.csv"),
    ]
    assert [(one["namespace"], one["name"]) for one in event["outputs"]] == [
        ("file", "output/top.csv"),
        (database, "top"),
    ]


def test_each_column_says_where_it_comes_from(tmp_path: Path) -> None:
    for output in exported(shop(tmp_path), file="top.yaml")["outputs"]:
        fields = output["facets"]["columnLineage"]["fields"]
        assert {name: [(f["name"], f["field"]) for f in body["inputFields"]] for name, body in fields.items()} == {
            "name": [("customers", "name")],
            "city": [("data/cities.csv", "city")],
            "revenue": [("orders", "amount")],
        }


def test_a_run_says_how_it_ended_and_how_many_rows_it_wrote(tmp_path: Path) -> None:
    of = shop(tmp_path)
    run = run_pipeline(of, RunPipeline(file="top.yaml"))
    event = exported(of, run_id="last")
    assert event == exported(of, run_id=run.run_id)
    assert (event["eventType"], event["schemaURL"].endswith("#/$defs/RunEvent")) == ("COMPLETE", True)
    assert [one["outputFacets"]["outputStatistics"]["rowCount"] for one in event["outputs"]] == [3, 3]


def test_a_run_that_failed_says_so_and_counts_no_rows(tmp_path: Path) -> None:
    of = shop(tmp_path)
    (tmp_path / "data" / "cities.csv").write_text("city,people\nBrno,many\n", "utf-8")
    text = OML.replace("config: {path: data/cities.csv}", "config: {path: data/cities.csv, columns: {people: bigint}}")
    run_pipeline(of, RunPipeline(text=text))
    event = exported(of, run_id="last")
    assert event["eventType"] == "FAIL"
    assert all("outputFacets" not in one for one in event["outputs"])


def test_a_server_is_named_by_its_host_and_no_secret_is_told(tmp_path: Path) -> None:
    far = project(tmp_path, Server())
    Cache(far).look("@far.shop")
    (tmp_path / "far.yaml").write_text(reading("table: orders"), "utf-8")
    event = exported(far, file="far.yaml")
    assert [(one["namespace"], one["name"]) for one in event["inputs"]] == [("far://db.example.com", "orders")]
    assert PASSWORD not in str(event)


def test_a_run_without_its_record_is_an_error(tmp_path: Path) -> None:
    of = shop(tmp_path)
    run = run_pipeline(of, RunPipeline(file="top.yaml"))
    (tmp_path / run.session / "manifest.yaml").unlink()
    with pytest.raises(UsageError, match=r"cannot read manifest\.yaml"):
        exported(of, run_id="last")
