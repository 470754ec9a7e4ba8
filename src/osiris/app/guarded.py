"""What no pipeline may touch: the files that Osiris itself goes by."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from osiris.app.project import Project
from osiris.model.errors import Forbidden
from osiris.model.layout import CONNECTIONS, SETTINGS
from osiris.model.manifest import ManifestStep

NOTES = "OSIRIS.md"


def keep_out(project: Project, step: ManifestStep, fields: dict[str, Any] | None) -> None:
    """Return if a step touches nothing that Osiris goes by; read steps may read all but what holds secrets.

    Raises:
        Forbidden: it does, or, where the door is confined, it leads out of the project and of its folders.
    """
    written = step.config.get("path")
    if not isinstance(written, str):
        return
    base = project.root / str((fields or {}).get("base_dir", ""))
    path = _really(base / written)
    root = _really(project.root)
    secret, others = _ours(project)
    for ours in (*secret, *(others if step.mode == "write" else ())):
        if path == ours or ours in path.parents:
            raise Forbidden(
                f"{written!r} is a file that Osiris goes by",
                why="what it says decides what may be read and run",
                hint="name another file, such as one below output/",
            )
    inside = path.is_relative_to(root) or (fields is not None and path.is_relative_to(_really(base)))
    if project.door.confined and not inside:
        raise Forbidden(
            f"{written!r} lies outside the project",
            why="a pipeline that a model writes stays inside, or in a folder that a connection names",
            hint="name a file in the project, or have a `filesystem` connection added",
        )


def _ours(project: Project) -> tuple[list[Path], list[Path]]:
    """Return what may not be read either, and what may not be written."""
    layout, root = project.layout, project.root
    secret = [root / ".env", root / CONNECTIONS, layout.sessions, *_dotenvs(root)]
    others = [root / SETTINGS, root / NOTES, layout.pipelines, layout.build, layout.logs, layout.cache, root / ".git"]
    return [_really(path) for path in secret], [_really(path) for path in others]


def _really(path: Path) -> Path:
    """Return where a path leads; one that leads round in a circle stays as it is."""
    return Path(os.path.realpath(path))


def _dotenvs(root: Path) -> Iterator[Path]:
    """Yield the other files of variables, such as `.env.production`; the example holds no secret."""
    for file in root.glob(".env.*"):
        if file.name != ".env.example":
            yield file
