"""Pipelines that need no thought: a table or a file copied, a table or a query written to a file."""

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

from osiris.app.connections import named
from osiris.app.project import Project
from osiris.model.canonical import canonical_yaml
from osiris.model.connection import Reference
from osiris.model.errors import UsageError
from osiris.model.oml import slug
from osiris.model.spec import WriteMode

_FORMATS = {".csv": "csv", ".tsv": "csv", ".json": "json", ".jsonl": "json", ".ndjson": "json", ".parquet": "parquet"}
_FILES = "filesystem"  # the family of files that no connection names


def copy_of(project: Project, source: str, target: str, *, mode: WriteMode = "replace", key: Sequence[str] = ()) -> str:
    """Return a pipeline that copies a table or a file to another.

    Args:
        project: Knows the connections.
        source: `@family.alias/table`, `@family.alias/path` where the family has files, or a file's path.
        target: Likewise.
        mode: How it is written.
        key: Columns that tell rows apart; for `merge`.

    Raises:
        UsageError: one of them is neither a table nor a file that can be read or written.
        ConfigError: a connection is not configured.
    """
    component, what = _end(project, source, "extractor")
    reader = {"id": "read", "component": component, "mode": "read", "config": what}
    component, where = _end(project, target, "writer")
    config = where | {"write_mode": mode} | ({"primary_key": list(key)} if key else {})
    name = f"copy-{_short(source)}-to-{_short(target)}"
    return _pipeline(name, f"copy {source} to {target}", reader, component, config)


def export_of(project: Project, source: str, file: str) -> str:
    """Return a pipeline that writes one table to a file of the project.

    Raises:
        UsageError: the source is no table, or no component writes such a file.
        ConfigError: the connection is not configured.
    """
    component, what = _end(project, source, "extractor")
    reader = {"id": "read", "component": component, "mode": "read", "config": what}
    return _to_file(project, f"export-{_short(source)}", f"export {source} to {file}", reader, file)


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
    return _to_file(project, PurePosixPath(file).stem, f"write to {file}: {query}", step, file)


def _end(project: Project, place: str, verb: str) -> tuple[str, dict[str, Any]]:
    """Return the component that reads or writes a place, and the settings that name it there."""
    if "://" in place:
        hint = "give it a name first: osiris connections add; then say @family.alias/table"
        raise UsageError("an address may hold a password, and a command line is seen by others", hint=hint)
    if not place.startswith("@"):
        return f"{_FILES}.{_format(place)}_{verb}", _file(place)
    connection, slash, rest = place.partition("/")
    if not (slash and rest):
        raise UsageError(f"{place!r} names no table", hint="write @family.alias/table")
    reference = named(project, connection)
    if project.registry.find(f"{reference.family}.{verb}"):
        return f"{reference.family}.{verb}", _table(reference, rest)
    component = f"{reference.family}.{_format(rest)}_{verb}"
    project.registry.kind(component)
    return component, {"connection": str(reference)} | _file(rest)


def _table(reference: Reference, table: str) -> dict[str, Any]:
    namespace, _, bare = table.rpartition(".")
    return {"connection": str(reference), "table": bare} | ({"schema": namespace} if namespace else {})


def _file(path: str) -> dict[str, Any]:
    return {"path": path} | ({"delimiter": "\t"} if PurePosixPath(path).suffix.lower() == ".tsv" else {})


def _format(file: str) -> str:
    suffix = PurePosixPath(file).suffix.lower()
    if suffix not in _FORMATS:
        raise UsageError(f"no component knows a file like {file!r}", hint=f"end it in one of {', '.join(_FORMATS)}")
    return _FORMATS[suffix]


def _short(place: str) -> str:
    """Return what a place is called in a pipeline's name: its table, or its file without folder and ending."""
    last = place.rpartition("/")[2]
    return last.removesuffix(PurePosixPath(last).suffix) if PurePosixPath(last).suffix.lower() in _FORMATS else last


def _to_file(project: Project, name: str, intent: str, reader: dict[str, Any], file: str) -> str:
    component, where = _end(project, file if "/" in file else f"output/{file}", "writer")
    return _pipeline(name, intent, reader, component, where | {"write_mode": "replace"})


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
