"""A pipeline, or a run of it, as one event of OpenLineage: what is read and written, which column comes from which.

Source: https://openlineage.io/spec/2-0-2/OpenLineage.json and the facets beside it; datasets are named as its
`Naming.md` has it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from osiris.model.catalogue import Column
from osiris.model.manifest import Manifest, ManifestStep, WriteEntry
from osiris.model.receipt import Receipt

JOBS = "osiris"  # namespace of all pipelines
_SPEC = "https://openlineage.io/spec"
_EVENT = f"{_SPEC}/2-0-2/OpenLineage.json#/$defs"
_FACETS = {
    "schema": "1-1-1/SchemaDatasetFacet",
    "columnLineage": "1-1-0/ColumnLineageDatasetFacet",
    "documentation": "1-0-0/DocumentationJobFacet",
    "outputStatistics": "1-0-2/OutputStatisticsOutputDatasetFacet",
}
_STATES = {"completed": "COMPLETE", "failed": "FAIL", "interrupted": "ABORT", "killed": "ABORT", "running": "START"}


@dataclass(frozen=True)
class Store:
    """Where a connection's tables lie.

    Attributes:
        namespace: Such as `mysql://db.example.com:3306`.
        before: What comes before a table's name, such as `shop.`.
    """

    namespace: str
    before: str = ""


@dataclass(frozen=True)
class Ended:
    """How a run ended.

    Attributes:
        at: When, in UTC.
    """

    run_id: str
    status: str
    at: datetime
    receipts: tuple[Receipt, ...] = ()


def event(
    manifest: Manifest, stores: Mapping[str, Store], at: datetime, producer: str, ended: Ended | None = None
) -> dict[str, Any]:
    """Return a RunEvent for a run, and a JobEvent for a pipeline that has not run.

    Args:
        manifest: The pipeline.
        stores: `@family.alias` to where its tables lie; files are in the namespace `file`.
        at: The time, in UTC, of an event without a run.
        producer: Address that identifies who says so.
        ended: The run.
    """
    said = _Saying(manifest, stores, producer)
    facets = said.facet("documentation", description=manifest.metadata.intent) if manifest.metadata.intent else {}
    whole = {
        "eventTime": (ended.at if ended else at).isoformat(),
        "producer": producer,
        "schemaURL": f"{_EVENT}/{'RunEvent' if ended else 'JobEvent'}",
        "job": {"namespace": JOBS, "name": manifest.slug, "facets": facets},
        "inputs": said.inputs(),
        "outputs": [said.output(entry, _rows(ended, entry.step_id)) for entry in manifest.writes],
    }
    if ended is None:
        return whole
    run = {"runId": str(uuid5(NAMESPACE_URL, f"osiris:{ended.run_id}")), "facets": {}}
    return {"eventType": _STATES.get(ended.status, "OTHER"), "run": run, **whole}


def _rows(ended: Ended | None, step_id: str) -> int | None:
    found = (one.rows_out for one in ended.receipts if one.step_id == step_id) if ended else iter(())
    return next(found, None)


@dataclass(frozen=True)
class _Saying:
    """Says what one manifest reads and writes."""

    manifest: Manifest
    stores: Mapping[str, Store]
    producer: str

    def facet(self, name: str, **body: Any) -> dict[str, Any]:
        url = f"{_SPEC}/facets/{_FACETS[name]}.json"
        return {name: {"_producer": self.producer, "_schemaURL": url, **body}}

    def inputs(self) -> list[dict[str, Any]]:
        """Return every dataset that a read step's columns come from, each once, by name."""
        found: dict[tuple[str, str], dict[str, Any]] = {}
        for step in self.manifest.steps:
            if step.mode != "read":
                continue
            named = {self._dataset(*source) for sources in step.lineage.values() for source in self._of(sources)}
            whole = self._whole(step)
            for key in named | ({whole} if whole else set()):
                facets = self._schema(step.columns) if key == whole and not step.config.get("query") else {}
                known = found.setdefault(key, {"namespace": key[0], "name": key[1], "facets": {}})
                known["facets"] |= facets
        return [found[key] for key in sorted(found)]

    def output(self, entry: WriteEntry, rows: int | None) -> dict[str, Any]:
        """Return what one writer writes, with where each column comes from."""
        connection, _, inside = entry.target.partition("/") if entry.target.startswith("@") else ("", "", entry.target)
        namespace, name = self._dataset(connection, inside)
        lineage = self.manifest.step(entry.step_id).lineage
        fields = {column: {"inputFields": list(self._fields(sources))} for column, sources in lineage.items()}
        facets = self._schema(entry.columns) | (self.facet("columnLineage", fields=fields) if fields else {})
        shown: dict[str, Any] = {"namespace": namespace, "name": name, "facets": facets}
        return shown if rows is None else shown | {"outputFacets": self.facet("outputStatistics", rowCount=rows)}

    def _schema(self, columns: tuple[Column, ...] | None) -> dict[str, Any]:
        if columns is None:
            return {}
        return self.facet("schema", fields=[{"name": column.name, "type": column.type} for column in columns])

    def _fields(self, sources: tuple[str, ...]) -> Iterator[dict[str, str]]:
        for source in sources:
            for connection, inside in self._of((source,)):
                namespace, name = self._dataset(connection, inside)
                yield {"namespace": namespace, "name": name, "field": source.rpartition(".")[2]}

    def _of(self, sources: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        """Yield the connection, empty for a file, and the table or path of some source columns."""
        for source in sources:
            for connection in sorted({step.connection for step in self.manifest.steps if step.connection}):
                if source.startswith(f"{connection}."):
                    yield connection, source.removeprefix(f"{connection}.").rpartition(".")[0]
                    break
            else:
                yield "", source.rpartition(".")[0]

    def _whole(self, step: ManifestStep) -> tuple[str, str] | None:
        """Return the dataset that a step's settings name, or None where its query names them."""
        schema, table = (str(step.config.get(key) or "") for key in ("schema", "table"))
        inside = ".".join(part for part in (schema, table) if part) or str(step.config.get("path") or "")
        return self._dataset(step.connection or "", inside) if inside else None

    def _dataset(self, connection: str, inside: str) -> tuple[str, str]:
        store = self.stores.get(connection, Store(connection or "file"))
        return store.namespace, f"{store.before}{inside}"
