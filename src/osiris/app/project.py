"""One project: its folder, settings, connections, environment and components."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from osiris.app.connections_file import Connections, read_connections
from osiris.app.environment import Environment
from osiris.app.settings_file import configure
from osiris.kit.component import Place
from osiris.kit.registry import Registry
from osiris.model.errors import UsageError
from osiris.model.layout import CONNECTIONS, SETTINGS, Layout
from osiris.model.plan import Plan
from osiris.model.settings import Configured
from osiris.runtime.stop import Stop


def refuse(_plan: Plan) -> bool:
    """Say no: the answer where there is nobody to ask."""
    return False


def ignore(_record: dict[str, Any]) -> None:
    """Do nothing with a record: the listener where nobody watches."""


@dataclass(frozen=True)
class Door:
    """What a door lends to the use cases.

    Attributes:
        confirm: Shows a plan to a person and returns whether they said yes to it.
        listen: Called with each redacted record of a run.
        stop: Set by the door when a run should end.
        confined: True where a model wrote the pipelines: they stay in the project and in its connections.
    """

    confirm: Callable[[Plan], bool] = refuse
    listen: Callable[[dict[str, Any]], None] = ignore
    stop: Stop = field(default_factory=Stop)
    confined: bool = False


@dataclass(frozen=True)
class Project:
    """All that a use case needs to know.

    Attributes:
        root: Folder that relative paths in pipelines and connections start from.
        cwd: Folder that file names on a command line start from.
    """

    root: Path
    cwd: Path
    registry: Registry
    environment: Environment
    configured: Configured
    profile: str = ""
    door: Door = field(default_factory=Door)

    @classmethod
    def open(
        cls,
        cwd: Path | None = None,
        *,
        profile: str = "",
        overrides: Mapping[str, str] | None = None,
        door: Door | None = None,
        registry: Registry | None = None,
        exported: Mapping[str, str] | None = None,
    ) -> "Project":
        """Return the project that a folder belongs to: the nearest one above with Osiris's files, else the folder.

        Args:
            cwd: Where the command runs; None means the process's own.
            profile: Name of a profile for pipelines; empty means none.
            overrides: `section.key` to text, from the command line.
            door: None means: refuse what needs a yes, show nothing.
            registry: None means the installed components.
            exported: Exported variables; None means the process's own.

        Raises:
            UsageError: the folder does not exist.
            ConfigError: a settings file or `.env` can't be read.
        """
        folder = (cwd or Path.cwd()).resolve()
        if not folder.is_dir():
            raise UsageError(f"there is no folder {str(cwd)!r}", hint="check the path after -C")
        root = _root(folder)
        environment = Environment.load(folder, root, exported)
        return cls(
            root=root,
            cwd=folder,
            registry=registry or Registry.installed(),
            environment=environment,
            configured=configure(root / SETTINGS, environment, overrides or {}),
            profile=profile,
            door=door or Door(),
        )

    @property
    def layout(self) -> Layout:
        """Return the project's places, as the settings name them."""
        paths = self.configured.settings.paths
        return Layout(
            self.root,
            pipelines_dir=paths.pipelines,
            output_dir=paths.output,
            build_dir=paths.build,
            logs_dir=paths.logs,
            sessions_dir=paths.sessions,
            cache_dir=paths.cache,
            prompts_dir=paths.prompts,
        )

    @property
    def place(self) -> Place:
        """Return where a component that only looks may look; it has no scratch folder of its own."""
        return Place(project=self.root, scratch=self.root)

    @cached_property
    def connections(self) -> Connections:
        """Return the connections file, as written.

        Raises:
            ConfigError: it can't be read.
        """
        return read_connections(self.root / CONNECTIONS)

    def file(self, name: str) -> Path:
        """Return the file that a person names on the command line: from where they stand, else from the root."""
        here = self.cwd / name
        return here if here.exists() else self.root / name

    def shown(self, path: Path) -> str:
        """Return a path as people want to read it: relative to the project where it lies inside, with `/`."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)


def _root(folder: Path) -> Path:
    for above in (folder, *folder.parents):
        if (above / SETTINGS).is_file() or (above / CONNECTIONS).is_file():
            return above
    return folder
