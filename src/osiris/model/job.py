"""A manifest made ready to run somewhere: with its connections, its places and its number."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from osiris.model.errors import OsirisError
from osiris.model.events import RunStatus
from osiris.model.manifest import Manifest
from osiris.model.receipt import Receipt


@dataclass(frozen=True)
class Marks:
    """What a writer keeps beside the rows it writes.

    Attributes:
        run_id: The run; names whatever the writer stages, so that a later run can tell its own from another's.
        step_id: The step of that run.
    """

    run_id: str
    step_id: str


@dataclass(frozen=True)
class Sensitive:
    """What a manifest leaves out: the values of sensitive parameters.

    Attributes:
        settings: Step id to the settings that hold such a value, filled in; the manifest has `${params.x}` there.
        texts: The values, for whoever masks them.
    """

    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)
    texts: tuple[str, ...] = field(default=(), repr=False)


NOT_SENSITIVE = Sensitive()


@dataclass(frozen=True)
class Job:
    """All that a run needs to know.

    Attributes:
        run_id: Also the session's name: letters, digits, `-` and `_`.
        project: Folder that relative paths start from.
        session: Folder of this run; rows at rest lie in `scratch` below it.
        connections: `@family.alias` to its fields, secrets included; never shown.
        secrets: Which of the texts in it are never shown.
        copies: Steps that write into copies, which somebody fetches; they are committed before all others.
    """

    manifest: Manifest
    run_id: str
    project: Path
    session: Path
    connections: dict[str, dict[str, Any]] = field(default_factory=dict, repr=False)
    sensitive: Sensitive = field(default=NOT_SENSITIVE, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    copies: frozenset[str] = frozenset()


@dataclass(frozen=True)
class RunResult:
    """How a run ended.

    Attributes:
        receipts: One a step that got to its last row, in pipeline order.
        total_rows: Rows that writers committed.
        seconds: Wall time.
        error: None for a completed run.
    """

    status: RunStatus
    receipts: tuple[Receipt, ...]
    total_rows: int
    seconds: float
    error: OsirisError | None = None

    @property
    def exit_code(self) -> int:
        """Return what the command line returns to the shell."""
        return self.error.exit_code if self.error else 0
