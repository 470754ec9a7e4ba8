"""What a writer wrote, read by the extractor that goes with it."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from osiris.app.connections import fields_at
from osiris.app.project import Project
from osiris.kit.component import Extractor, Place
from osiris.model.connection import parse_reference
from osiris.model.errors import UsageError
from osiris.model.manifest import ManifestStep


def first_rows(project: Project, writer: ManifestStep, most: int) -> tuple[pa.Table, bool]:
    """Return the first rows of a writer's target, and whether there are more.

    The extractor is the one whose name is the writer's with `extractor` for `writer`, and its settings are
    those that both have.

    Raises:
        UsageError: no such extractor is installed.
        OutsideError: the target is not there any more, or refuses.
    """
    fields: Mapping[str, Any] | None = None
    if writer.connection:
        fields = fields_at(project, parse_reference(writer.connection))
    extractor = reader_of(project, writer, project.place, fields)
    taken: list[pa.RecordBatch] = []
    with extractor.extract() as stream:
        for batch in stream:
            taken.append(batch)
            if sum(b.num_rows for b in taken) > most:
                break
        table = pa.Table.from_batches(taken, stream.schema)
    return table.slice(0, most), table.num_rows > most


def reader_of(project: Project, writer: ManifestStep, place: Place, fields: Mapping[str, Any] | None) -> Extractor:
    """Return the extractor that reads a writer's target, at a place, with the fields of a connection.

    Raises:
        UsageError: no such extractor is installed.
    """
    name = writer.component.replace("writer", "extractor")
    kind = project.registry.kind(name)
    shared = {key: value for key, value in writer.config.items() if key in kind.about.config.model_fields}
    built = project.registry.build(name, shared, place, fields)
    if not isinstance(built, Extractor):
        raise UsageError(f"{writer.component} has no extractor that reads back what it wrote")
    return built
