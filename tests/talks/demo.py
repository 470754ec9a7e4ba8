"""The shop of the demo, made once for all talks of one process and copied for each."""

import shutil
from pathlib import Path

from osiris.app.demo import MakeDemo, make_demo
from osiris.app.project import Project


def made(folder: Path) -> Path:
    """Make a demo in a folder and return its project folder."""
    return Path(make_demo(Project.open(folder, exported={}), MakeDemo()).folder)


def copied(template: Path, folder: Path) -> Project:
    """Return a project of a test's own."""
    return Project.open(Path(shutil.copytree(template, folder / "project")), exported={})
