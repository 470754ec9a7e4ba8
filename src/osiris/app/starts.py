"""Pipelines that need no thought: a table copied, a table or a query written to a file."""

from pathlib import PurePosixPath
from typing import Any

from osiris.app.connections import named
from osiris.app.project import Project
from osiris.model.canonical import canonical_yaml
from osiris.model.errors import UsageError
from osiris.model.oml import slug

_WRITERS = {".csv": "csv", ".tsv": "csv", ".json": "json", ".jsonl": "json", ".parquet": "parquet"}


def copy_of(project: Project, source: str, target: str) -> str:
    """Return a pipeline that copies one table into another, each as `@family.alias/table`.

    Raises:
        UsageError: one of them is no table.
        ConfigError: a connection is not configured.
    """
    reader, table = _reader(project, source)
    family, connection, into = _table(project, target)
    writer = {"connection": connection, "table": into, "write_mode": "replace"}
    return _pipeline(f"copy-{table}-to-{into}", f"copy {source} to {target}", reader, f"{family}.writer", writer)


def export_of(project: Project, source: str, file: str) -> str:
    """Return a pipeline that writes one table to a file of the project.

    Raises:
        UsageError: the source is no table, or no component writes such a file.
        ConfigError: the connection is not configured.
    """
    reader, table = _reader(project, source)
    return _to_file(f"export-{table}", f"export {source} to {file}", reader, file)


def query_of(project: Project, connection: str, file: str, query: str) -> str:
    """Return a pipeline that writes what a query gives to a file of the project.

    Raises:
        UsageError: there is no query, or no component writes such a file.
        ConfigError: the connection is not configured.
    """
    reference = named(project, connection)
    if not query:
        raise UsageError("there is no query", hint="such as /new sql @duckdb.shop output/paid.csv SELECT …")
    step = {
        "id": "read",
        "component": f"{reference.family}.extractor",
        "mode": "read",
        "config": {"connection": str(reference), "query": query},
    }
    return _to_file(PurePosixPath(file).stem, f"write to {file}: {query}", step, file)


def _reader(project: Project, source: str) -> tuple[dict[str, Any], str]:
    family, connection, table = _table(project, source)
    namespace, _, bare = table.rpartition(".")
    config = {"connection": connection, "table": bare} | ({"schema": namespace} if namespace else {})
    return {"id": "read", "component": f"{family}.extractor", "mode": "read", "config": config}, table


def _table(project: Project, name: str) -> tuple[str, str, str]:
    connection, slash, table = name.partition("/")
    if not (slash and table):
        raise UsageError(f"{name!r} names no table", hint="write @family.alias/table")
    reference = named(project, connection)
    return reference.family, str(reference), table


def _to_file(name: str, intent: str, reader: dict[str, Any], file: str) -> str:
    path = PurePosixPath(file) if "/" in file else PurePosixPath("output") / file
    if path.suffix.lower() not in _WRITERS:
        raise UsageError(f"nothing writes a file like {file!r}", hint=f"end it in one of {', '.join(_WRITERS)}")
    writer = f"filesystem.{_WRITERS[path.suffix.lower()]}_writer"
    return _pipeline(name, intent, reader, writer, {"path": str(path), "write_mode": "replace"})


def _pipeline(name: str, intent: str, reader: dict[str, Any], writer: str, config: dict[str, Any]) -> str:
    document = {
        "oml_version": "0.1.0",
        "name": slug(name.replace(".", "-")),
        "metadata": {"intent": intent},
        "steps": [
            reader,
            {"id": "write", "component": writer, "mode": "write", "needs": ["read"], "config": config},
        ],
    }
    return canonical_yaml(document).decode("utf-8")
