"""A new project: the files that a person starts from."""

import re
import subprocess
from importlib.resources import files
from pathlib import Path

from pydantic import BaseModel

from osiris.app.files import write_beside
from osiris.app.oml import schema_text
from osiris.app.operation import Effect, Operation
from osiris.app.project import Project
from osiris.model.errors import UsageError
from osiris.model.layout import SCHEMA

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
_COMMENT = re.compile(r"(?m)^\s*#.*\n|\s+# .*$")


class InitProject(BaseModel):
    """Ask for a new project.

    Attributes:
        folder: Relative to where the person stands.
        force: True replaces files that are there.
        comments: False leaves out what explains.
        git: True makes the folder a git repository, too.
    """

    folder: str = "."
    force: bool = False
    comments: bool = True
    git: bool = False


class InitedProject(BaseModel):
    """What was made, relative to the folder; `kept` was there and is as it was."""

    folder: str
    created: tuple[str, ...]
    kept: tuple[str, ...]


def init_project(project: Project, ask: InitProject) -> InitedProject:
    """Make the files of a new project; what is there stays unless forced."""
    folder = (project.cwd / ask.folder).resolve()
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{ask.folder!r} is a file", hint="name a folder")
    created, kept = [], []
    for name in FILES:
        if (folder / name).exists() and not ask.force:
            kept.append(name)
            continue
        made = schema_text(project.registry) if name == SCHEMA else template(name, comments=ask.comments)
        write_beside(folder / name, made.encode("utf-8"))
        created.append(name)
    if ask.git:
        _git(folder)
    return InitedProject(folder=str(folder), created=tuple(created), kept=tuple(kept))


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
