"""A new project: the files that a person starts from."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from pydantic import BaseModel

from osiris.app.connections_file import read_connections
from osiris.app.files import write_beside
from osiris.app.library import Template, template_named
from osiris.app.oml import pointed, schema_text
from osiris.app.operation import Effect, Operation
from osiris.app.project import Project
from osiris.app.shop_file import DATABASE, fill_shop
from osiris.model.connection import parse_reference
from osiris.model.errors import UsageError
from osiris.model.layout import CONNECTIONS, SCHEMA

# File in the project, and its template beside this module.
TEMPLATES = {
    "osiris.yaml": "osiris.yaml",
    "osiris_connections.yaml": "osiris_connections.yaml",
    ".env.example": "env.example",
    ".gitignore": "gitignore",
    "AGENTS.md": "AGENTS.md",
    "pipelines/.gitkeep": "gitkeep",
}
FILES = (*TEMPLATES, SCHEMA)
_WITH_SHOP = f"""\
# The demo's shop, and an empty warehouse beside it. A pipeline names them as "@duckdb.shop" and "@duckdb.warehouse".
connections:
  duckdb:
    shop:
      path: {DATABASE}
    warehouse:
      path: data/warehouse.duckdb
"""
_API = "@rest.rates"
_WITH_API = """\
  rest:
    rates:
      base_url: http://127.0.0.1:8000
"""
_COMMENT = re.compile(r"(?m)^\s*#.*\n|\s+# .*$")


class InitProject(BaseModel):
    """Ask for a new project.

    Attributes:
        folder: Relative to where the person stands.
        force: True replaces files that are there.
        comments: False leaves out what explains.
        git: True makes the folder a git repository, too.
        template: Name of the pipeline to begin with; a new project gets the demo's shop to run it on.
    """

    folder: str = "."
    force: bool = False
    comments: bool = True
    git: bool = False
    template: str = ""


class InitedProject(BaseModel):
    """What was made, relative to the folder; `kept` was there and is as it was.

    Attributes:
        pipeline: File of the pipeline to begin with; empty where none was asked for.
        missing: Connections that it names and the project lacks.
    """

    folder: str
    created: tuple[str, ...]
    kept: tuple[str, ...]
    pipeline: str = ""
    missing: tuple[str, ...] = ()


def init_project(project: Project, ask: InitProject) -> InitedProject:
    """Make the files of a new project; what is there stays unless forced."""
    folder = (project.cwd / ask.folder).resolve()
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{ask.folder!r} is a file", hint="name a folder")
    begun = template_named(ask.template) if ask.template else None
    fresh = begun is not None and bool(begun.connections) and not (folder / CONNECTIONS).exists()
    made = _Made(folder, force=ask.force)
    if begun and fresh:
        made.write(CONNECTIONS, _WITH_SHOP + (_WITH_API if _API in begun.connections else ""))
    for name, content in _contents(project, ask):
        made.write(name, content)
    for name, content in _of_template(folder, begun):
        made.write(name, content)
    if fresh and not (folder / DATABASE).exists():
        fill_shop(project, folder)
        made.created.append(DATABASE)
    if ask.git:
        _git(folder)
    return InitedProject(
        folder=str(folder),
        created=tuple(made.created),
        kept=tuple(made.kept),
        pipeline=f"pipelines/{begun.name}.yaml" if begun else "",
        missing=_missing(folder, begun) if begun else (),
    )


@dataclass
class _Made:
    """What has been made in a folder, and what was there before."""

    folder: Path
    force: bool
    created: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    def write(self, name: str, content: str) -> None:
        """Write one file; what was there before stays, unless it is forced."""
        if name in self.created:
            return
        if (self.folder / name).exists() and not self.force:
            self.kept.append(name)
            return
        write_beside(self.folder / name, content.encode("utf-8"))
        self.created.append(name)


def _contents(project: Project, ask: InitProject) -> Iterator[tuple[str, str]]:
    """Yield the files of every project with their texts."""
    for name in FILES:
        yield name, schema_text(project.registry) if name == SCHEMA else template(name, comments=ask.comments)


def _of_template(folder: Path, begun: Template | None) -> Iterator[tuple[str, str]]:
    """Yield the files that a template adds, with their texts."""
    if begun:
        name = f"pipelines/{begun.name}.yaml"
        yield name, pointed(begun.oml, folder, folder / name)
        yield from begun.files.items()


def _missing(folder: Path, begun: Template) -> tuple[str, ...]:
    there = read_connections(folder / CONNECTIONS).families
    wanted = map(parse_reference, begun.connections)
    return tuple(str(one) for one in wanted if one.alias not in there.get(one.family, {}))


def template(name: str, *, comments: bool = True) -> str:
    """Return the text of one of the project's first files."""
    text = files("osiris.app").joinpath("templates", TEMPLATES[name]).read_text("utf-8")
    return text if comments or name == "AGENTS.md" else _COMMENT.sub("", text).lstrip("\n")


def _git(folder: Path) -> None:
    """Make a folder a repository; git leaves one that is there alone.

    Raises:
        UsageError: git is not installed, or refuses.
    """
    try:
        subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True, capture_output=True, text=True)  # noqa: S607 - the person's own git
    except FileNotFoundError:
        raise UsageError("git is not installed", hint="install it, or leave out --git") from None
    except subprocess.CalledProcessError as exc:
        raise UsageError(f"git can't make a repository here: {exc.stderr.strip()}", where=str(folder)) from exc


PROJECT_INIT = Operation("project.init", InitProject, InitedProject, init_project, Effect.SAVES_DRAFT)
