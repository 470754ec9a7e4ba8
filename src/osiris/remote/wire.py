"""What a host and its worker say to each other: one JSON object a line."""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

import osiris
from osiris import __version__
from osiris.model import errors
from osiris.model.errors import OsirisError, StepFailed, Unexpected
from osiris.model.events import Event, RunStatus
from osiris.model.job import Job, Sensitive
from osiris.model.manifest import Manifest
from osiris.model.receipt import Receipt

GO, STOP = "go", "stop"  # what a host says after the errand, each a line of its own
_START = '{"seq":'  # of a worker's line; anything else on the stream is somebody else's noise


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Limits(_Value):
    """What a run in a process of its own may use; None leaves it without a limit.

    Attributes:
        memory_mb: Resident memory at its peak, in MiB.
        seconds: Wall time.
        file_mb: Size of the largest file that it writes, in MiB.
    """

    memory_mb: int | None = Field(default=None, gt=0)
    seconds: float | None = Field(default=None, gt=0)
    file_mb: int | None = Field(default=None, gt=0)


NO_LIMITS = Limits()


class Travelling(_Value):
    """A file that lies with the worker.

    Attributes:
        name: Relative to the project, with `/`.
    """

    name: str
    sha256: str
    bytes: int


class Errand(_Value):
    """A job as it travels, and where it is carried out. It holds secrets, and goes nowhere but to a worker's input.

    Attributes:
        settings: Values of sensitive parameters, filled in: step to setting to value.
        secrets: Texts that the worker masks in everything it says.
        environment: Variables for the connectors.
        named: Files that connections name, which are not there: connection to the field's names and what it holds, in
            base64. They never get names of their own.
        bundle: A tar file to unpack into the project first; empty where the files are there.
        back: Files of the project that the host fetches, by the step that writes them.
    """

    manifest: Manifest
    run_id: str
    project: str
    session: str
    connections: dict[str, dict[str, Any]] = Field(default={}, repr=False)
    settings: dict[str, dict[str, Any]] = Field(default={}, repr=False)
    secrets: tuple[str, ...] = Field(default=(), repr=False)
    environment: dict[str, str] = Field(default={}, repr=False)
    named: dict[str, tuple[tuple[tuple[str, ...], str], ...]] = Field(default={}, repr=False)
    bundle: str = ""
    back: dict[str, tuple[str, ...]] = {}
    limits: Limits = NO_LIMITS

    def job(self, folder: Path) -> Job:
        """Return the job, with relative places below a folder."""
        return Job(
            manifest=self.manifest,
            run_id=self.run_id,
            project=folder / self.project,
            session=folder / self.session,
            connections=self.connections,
            sensitive=Sensitive(settings=self.settings),
            secrets=self.secrets,
            copies=frozenset(self.back),
        )


class Wrong(_Value):
    """An error, so that it can be raised again.

    Attributes:
        step_id: The step that failed with it; empty where it was none.
    """

    code: str
    message: str
    where: str = ""
    why: str = ""
    hint: str = ""
    exit_code: int
    retriable: bool
    step_id: str = ""


class Hello(_Value):
    """The worker is there; nothing is told to it before.

    Attributes:
        build: Digest of its code.
    """

    seq: int = 0
    kind: Literal["hello"] = "hello"
    version: str
    build: str


class Said(_Value):
    """The run says something."""

    seq: int = 0
    kind: Literal["said"] = "said"
    event: Event


class Ready(_Value):
    """Everything is staged, and the copies are final; the worker waits for `go` before it commits the rest."""

    seq: int = 0
    kind: Literal["ready"] = "ready"
    files: tuple[Travelling, ...] = ()


class Exceeded(_Value):
    """A limit is reached; the run is being stopped."""

    seq: int = 0
    kind: Literal["exceeded"] = "exceeded"
    message: str


class Done(_Value):
    """The run is over.

    Attributes:
        files: Copies that stay as they are, however the run ended.
    """

    seq: int = 0
    kind: Literal["done"] = "done"
    status: RunStatus
    receipts: tuple[Receipt, ...]
    total_rows: int
    seconds: float
    error: Wrong | None = None
    files: tuple[Travelling, ...] = ()


Message = Annotated[Hello | Said | Ready | Exceeded | Done, Field(discriminator="kind")]
_MESSAGE: TypeAdapter[Message] = TypeAdapter(Message)


def build() -> str:
    """Return a digest of the files of Osiris's own code here, as they lie at present."""
    folder = Path(osiris.__file__).parent
    known = hashlib.sha256(__version__.encode())
    for file in sorted(folder.rglob("*.py")):
        known.update(f"\0{file.relative_to(folder).as_posix()}\0".encode())
        known.update(file.read_bytes())
    return known.hexdigest()


def line(value: dict[str, Any]) -> bytes:
    """Return a message, or an errand, as it is sent."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def message(text: str) -> Message | None:
    """Return what a line of the worker's says; None for one that is not the worker's.

    Raises:
        ValueError: it should be the worker's, and can't be understood.
    """
    if not text.startswith(_START):
        return None
    try:
        return _MESSAGE.validate_json(text)
    except ValidationError as exc:
        raise ValueError(f"the worker said something that can't be understood: {text[:80]!r}") from exc


def packed(error: OsirisError) -> Wrong:
    """Return an error as it travels."""
    if isinstance(error, StepFailed):
        return packed(error.cause).model_copy(update={"step_id": error.step_id})
    return Wrong(
        code=error.code,
        message=error.message,
        where=error.where,
        why=error.why,
        hint=error.hint,
        exit_code=error.exit_code,
        retriable=error.retriable,
    )


def unpacked(wrong: Wrong) -> OsirisError:
    """Return the error that travelled: of its own class, where that is one of ours."""
    kind = _kinds().get(wrong.code) or type(
        "ForeignError",
        (Unexpected,),
        {"code": wrong.code, "exit_code": wrong.exit_code, "retriable": wrong.retriable},
    )
    error: OsirisError = kind(wrong.message, where=wrong.where, why=wrong.why, hint=wrong.hint)
    return StepFailed(wrong.step_id, error) if wrong.step_id else error


@cache
def _kinds() -> dict[str, type[OsirisError]]:
    """Return the classes that are made of four texts, by code."""
    kinds = (kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, OsirisError))
    return {kind.code: kind for kind in kinds if "__init__" not in vars(kind) or kind is OsirisError}
