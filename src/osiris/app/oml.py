"""The language itself: its schema, for editors and for whoever writes pipelines."""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from osiris.app.operation import Operation
from osiris.app.project import Project
from osiris.compiler.schema import oml_schema
from osiris.kit.registry import Registry
from osiris.model.layout import SCHEMA

_POINTER = "# yaml-language-server: $schema="


class ShowSchema(BaseModel):
    """Ask for the JSON Schema of a pipeline."""


class PublishedSchema(BaseModel):
    """The JSON Schema (2020-12), the settings of every installed component included."""

    document: dict[str, Any]


def show_schema(project: Project, ask: ShowSchema) -> PublishedSchema:  # noqa: ARG001 - every operation asks
    """Show the JSON Schema of the language: every key, every component, every setting."""
    return PublishedSchema(document=oml_schema(project.registry))


def schema_text(registry: Registry) -> str:
    """Return the text of `oml.schema.json`."""
    return json.dumps(oml_schema(registry), indent=2, ensure_ascii=False) + "\n"


def pointed(text: str, project: Path, file: Path) -> str:
    """Return a pipeline's text with a first line that tells editors where its schema lies.

    A text that has such a line, or whose project has no schema file, stays as it is.

    Args:
        text: An OML document.
        project: Folder that holds the schema.
        file: Where the text will lie.
    """
    if _POINTER in text or not (project / SCHEMA).is_file() or not file.is_relative_to(project):
        return text
    up = "../" * (len(file.relative_to(project).parts) - 1)
    return f"{_POINTER}{up}{SCHEMA}\n{text}"


OML_SCHEMA = Operation("oml.schema", ShowSchema, PublishedSchema, show_schema)
