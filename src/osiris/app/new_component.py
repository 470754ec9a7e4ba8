"""A package with a family of one's own: components that keep every promise, to be changed step by step."""

import re
from collections.abc import Iterator
from importlib.resources import files

from pydantic import BaseModel, Field

from osiris.app.files import write_beside
from osiris.app.operation import Effect, Operation
from osiris.app.project import Project
from osiris.model.errors import UsageError

_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
# File in the package, and its template beside this module; NAME stands for the family in both.
_FILES = {
    "pyproject.toml": "pyproject.toml",
    "README.md": "README.md",
    "src/osiris_NAME/__init__.py": "init.py",
    "src/osiris_NAME/config.py": "config.py",
    "src/osiris_NAME/extractor.py": "extractor.py",
    "src/osiris_NAME/writer.py": "writer.py",
    "src/osiris_NAME/py.typed": "",
    "tests/test_contract.py": "test_contract.py",
}


class NewComponent(BaseModel):
    """Ask for a package of one's own."""

    name: str = Field(description="of the family: the first word of its components' names")
    folder: str = Field(default=".", description="the package is made in it")


class MadeComponent(BaseModel):
    """What was made: files relative to the package's folder."""

    name: str
    folder: str
    files: tuple[str, ...]


def new_component(project: Project, ask: NewComponent) -> MadeComponent:
    """Make a package with a family of components whose contract tests pass at once.

    Raises:
        UsageError: the name is none, or taken, or the folder is there already.
    """
    if not _NAME.match(ask.name):
        raise UsageError(f"{ask.name!r} can't be a family's name", hint="lower case letters, digits and _, such as crm")
    if ask.name in project.registry.loaders:
        raise UsageError(f"there is a family {ask.name!r} already", hint="take another name")
    folder = project.cwd / ask.folder / f"osiris-{ask.name}"
    if folder.exists():
        raise UsageError(f"{str(folder)!r} is there already", hint="name another folder with --dir, or remove it")
    made = dict(_package(ask.name))
    for name, text in made.items():
        write_beside(folder / name, text.encode("utf-8"))
    return MadeComponent(name=ask.name, folder=str(folder), files=tuple(made))


def _package(name: str) -> Iterator[tuple[str, str]]:
    """Yield the files of a package with their texts."""
    title = "".join(word.capitalize() for word in name.split("_"))
    for file, template in _FILES.items():
        source = files("osiris.app").joinpath("component", f"{template}.txt")
        text = source.read_text("utf-8") if template else ""
        yield file.replace("NAME", name), text.replace("NAME", name).replace("TITLE", title)


COMPONENTS_NEW = Operation("components.new", NewComponent, MadeComponent, new_component, Effect.SAVES_DRAFT)
