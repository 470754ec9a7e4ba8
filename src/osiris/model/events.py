"""Everything a run can say: one closed union. A kind that is not here cannot be said."""

from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from osiris.model.oml import Mode
from osiris.model.receipt import Artifact, Receipt

RunStatus = Literal["completed", "failed", "interrupted"]

# What the journal adds to each event.
STAMP: dict[str, Any] = {
    "seq": {"type": "integer", "minimum": 1, "description": "Number of the record in its journal, without gaps."},
    "ts": {"type": "string", "format": "date-time", "description": "ISO 8601, UTC, milliseconds."},
    "session": {"type": "string", "description": "Name of the run."},
}


class _Event(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RunStart(_Event):
    """A run begins; nothing has been opened yet.

    Attributes:
        manifest_hash: SHA-256 of the manifest's bytes.
    """

    event: Literal["run_start"] = "run_start"
    run_id: str
    pipeline: str
    manifest_hash: str
    steps_total: int
    osiris_version: str


class HostEvent(_Event):
    """Base of what only the process says that was asked to run; all the rest is the same, wherever the run goes on."""


class AdapterSelected(HostEvent):
    """Where the run takes place.

    Attributes:
        adapter: `here` for this process, `isolated` for a child of it, `e2b` for a sandbox.
    """

    event: Literal["adapter_selected"] = "adapter_selected"
    adapter: str


class RunAllowed(HostEvent):
    """Somebody let the run begin; it is about these bytes, these connections and these targets, and nothing else.

    Attributes:
        how: `conversation` or `command` for a person's signed yes, `policy` for a standing one, `asked` for a person
            who was shown the plan as the run began, `token` for whoever gave the plan's token, `typed` for whoever
            typed the command where nothing could be lost.
        who: The name of the person, or of the user of the machine.
        envelope: SHA-256 over all that the yes covers: the pipeline's text, the manifest, the connections.
        approval: Name of the signed record; empty where none was needed.
        given: When the yes was given, ISO 8601; empty where it was given now.
        until: The moment, or the last day, that it holds; empty where it holds once.
    """

    event: Literal["run_allowed"] = "run_allowed"
    how: Literal["conversation", "command", "policy", "asked", "token", "typed"]
    who: str
    envelope: str
    approval: str = ""
    given: str = ""
    until: str = ""


class ConnectionResolveStart(_Event):
    """The fields of a connection are about to be read."""

    event: Literal["connection_resolve_start"] = "connection_resolve_start"
    connection: str


class ConnectionResolveComplete(_Event):
    """The fields of a connection are known and fit its family."""

    event: Literal["connection_resolve_complete"] = "connection_resolve_complete"
    connection: str


class StepStart(_Event):
    """A step is opened."""

    event: Literal["step_start"] = "step_start"
    step_id: str
    component: str
    mode: Mode


class StepProgress(_Event):
    """A step has moved some more rows.

    Attributes:
        rows: Rows so far.
        bytes: Arrow buffer bytes so far.
    """

    event: Literal["step_progress"] = "step_progress"
    step_id: str
    rows: int
    bytes: int


class StepComplete(_Event):
    """A step gave, or took, its last row; its receipt is final but for a writer's commit.

    Attributes:
        rows: Rows out of an extractor or a processor; rows into a writer.
        bytes: Arrow buffer bytes of those rows.
        seconds: Wall time from `step_start` to here; overlapping for streamed neighbours.
    """

    event: Literal["step_complete"] = "step_complete"
    step_id: str
    rows: int
    bytes: int
    seconds: float
    receipt: Receipt


class StepFailed(_Event):
    """A step stopped before its last row, or its commit was refused.

    Attributes:
        error: The wire form of the error.
    """

    event: Literal["step_failed"] = "step_failed"
    step_id: str
    error: dict[str, Any]
    seconds: float


class WriteCommitted(_Event):
    """A writer's rows became visible.

    Attributes:
        receipt: The writer's receipt, with what its target says after the commit.
    """

    event: Literal["write_committed"] = "write_committed"
    step_id: str
    receipt: Receipt


class ArtifactCreated(_Event):
    """A file now lies in its place."""

    event: Literal["artifact_created"] = "artifact_created"
    step_id: str
    artifact: Artifact


class Warned(_Event):
    """Something a person should know that does not stop the run."""

    event: Literal["warning"] = "warning"
    step_id: str = ""
    message: str


class SandboxStarted(HostEvent):
    """A sandbox is there, and what the run needs lies in it.

    Attributes:
        sandbox_id: The provider's name for it.
        template: What it was made from.
        bytes_up: Size of the bundle that was sent.
        seconds: Wall time since the run began.
    """

    event: Literal["sandbox_started"] = "sandbox_started"
    sandbox_id: str
    template: str
    bytes_up: int
    seconds: float


class HostWarned(HostEvent):
    """Something a person should know about where the run takes place."""

    event: Literal["host_warning"] = "host_warning"
    message: str


class E2bOverhead(HostEvent):
    """What the sandbox cost in time beyond the run itself; what did not happen took none.

    Attributes:
        create_ms: Until the sandbox answered.
        upload_ms: For the bundle.
        install_ms: For the packages, where the template holds none.
        first_event_ms: From the start of the worker to the first thing it said.
        collect_ms: For the files that came back.
        kill_ms: Until the sandbox was gone.
    """

    event: Literal["e2b_overhead_ms"] = "e2b_overhead_ms"
    create_ms: float = 0.0
    upload_ms: float = 0.0
    install_ms: float = 0.0
    first_event_ms: float = 0.0
    collect_ms: float = 0.0
    kill_ms: float = 0.0


class CleanupComplete(_Event):
    """Everything opened is closed.

    Attributes:
        total_rows: Rows that writers committed: the one truth for rows.
    """

    event: Literal["cleanup_complete"] = "cleanup_complete"
    total_rows: int


class RunEnd(_Event):
    """The run is over.

    Attributes:
        error: The wire form of the error; None for a completed run.
        seconds: Wall time since `run_start`.
    """

    event: Literal["run_end"] = "run_end"
    status: RunStatus
    exit_code: int
    seconds: float
    error: dict[str, Any] | None = None


class RunKilled(_Event):
    """The process that carried the run is gone without a word; the first command that noticed says so in its place."""

    event: Literal["run_killed"] = "run_killed"


Event = Annotated[
    RunStart
    | RunAllowed
    | AdapterSelected
    | ConnectionResolveStart
    | ConnectionResolveComplete
    | StepStart
    | StepProgress
    | StepComplete
    | StepFailed
    | WriteCommitted
    | ArtifactCreated
    | Warned
    | SandboxStarted
    | HostWarned
    | E2bOverhead
    | CleanupComplete
    | RunEnd
    | RunKilled,
    Field(discriminator="event"),
]
EVENT: TypeAdapter[Event] = TypeAdapter(Event)
KINDS: tuple[str, ...] = tuple(kind.model_fields["event"].default for kind in get_args(get_args(Event)[0]))


def events_schema() -> dict[str, Any]:
    """Return the JSON Schema of one line of `events.jsonl`: an event, with the journal's stamp."""
    schema = EVENT.json_schema(mode="serialization")
    for kind in schema["$defs"].values():
        if "event" in kind.get("properties", {}):
            kind["properties"] = STAMP | kind["properties"]
            kind["required"] = sorted({*kind.get("required", ()), *STAMP, "event"})
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Event", **schema}
