"""The AI Operation Package: one run, told so that a model or a person can explain it without any other access."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from osiris.model.diagnostics import Diagnostic
from osiris.model.oml import Mode
from osiris.model.receipt import Receipt

FORMAT: Literal["osiris.aiop/1"] = "osiris.aiop/1"
EVIDENCE_ID = r"^ev\.[a-z0-9_]+\.[a-z0-9_]+\.[a-z0-9_]+\.[0-9]+$"
CONTEXT: dict[str, Any] = {"@vocab": "urn:osiris:aiop:", "id": "@id", "cites": {"@type": "@id"}}

PackageStatus = Literal["completed", "failed", "interrupted", "killed", "unfinished"]
Trust = Literal["high", "medium", "low"]
Cause = Literal["pipeline", "params", "profile", "components", "catalogue", "compiler", "manifest"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Piece(_Part):
    """Something that happened and can be cited.

    Attributes:
        id: `ev.<type>.<step>.<name>.<milliseconds since 1970>`; `run` for the step where it is the whole run's.
        ts: ISO 8601, UTC.
        step_id: Empty where it is the whole run's.
    """

    id: str = Field(pattern=EVIDENCE_ID)
    ts: str
    step_id: str = ""


class Moment(Piece):
    """One event of the run.

    Attributes:
        seq: Its number in the journal.
        detail: What the event says besides, in short.
    """

    seq: int
    event: str
    detail: dict[str, Any] = {}


class Metric(Piece):
    """One number."""

    metric: str
    value: float | int
    unit: str


class Failure(Piece):
    """One error, in its wire form."""

    code: str
    message: str
    where: str = ""
    why: str = ""
    hint: str = ""
    retriable: bool = False


class Made(Piece):
    """One file that the run made."""

    path: str
    sha256: str
    bytes: int
    rows: int | None = None


class Check(Piece):
    """One promise that was held against what happened.

    Attributes:
        says: What was compared, in words.
    """

    name: str
    status: Literal["ok", "mismatch"]
    expected: int | None = None
    found: int | None = None
    says: str


class LoadReceipt(Piece):
    """What one step took and gave.

    Attributes:
        committed: True for a writer whose rows became visible; None for other steps.
    """

    committed: bool | None = None
    receipt: Receipt


class Evidence(_Part):
    """What happened, each thing with an id to cite. How dense the timeline is, is a setting."""

    timeline: tuple[Moment, ...] = ()
    metrics: tuple[Metric, ...] = ()
    errors: tuple[Failure, ...] = ()
    artifacts: tuple[Made, ...] = ()
    checks: tuple[Check, ...] = ()
    receipts: tuple[LoadReceipt, ...] = ()


class Node(_Part):
    """A step, or what a step reads or writes outside.

    Attributes:
        id: The step's id, or the name of the source or target.
        status: Of a step: how far it got.
    """

    id: str
    kind: Literal["step", "source", "target"]
    component: str = ""
    mode: Mode | None = None
    output: str = ""
    status: Literal["completed", "failed", "stopped", "not started", ""] = ""


class Edge(_Part):
    """`subject` relates to `object`: a step consumes rows, produces a target, or waits for a writer.

    Attributes:
        name: What a query calls the rows; empty where that has no name.
    """

    subject: str
    relation: Literal["consumes", "produces", "depends_on"]
    object: str
    name: str = ""


class Used(_Part):
    """A component that the run used.

    Attributes:
        steps: How many steps used it.
        version: Empty where it was not kept; so are the others.
    """

    name: str
    steps: int = 0
    version: str = ""
    title: str = ""
    mode: Mode | None = None
    connection: str = ""


class Shape(_Part):
    """One column and its Arrow type."""

    name: str
    type: str


class Write(_Part):
    """What a writer was to do."""

    step_id: str
    target: str
    write_mode: str
    primary_key: tuple[str, ...] = ()
    ddl: str = ""


class Semantic(_Part):
    """What the pipeline means.

    Attributes:
        fingerprints: What the manifest was made from, each as a SHA-256.
        schemas: Step to the columns that it gives, or takes; a step without is not proved.
        lineage: Step to column to its source columns.
        oml: The pipeline as its author wrote it.
        notes: What the compiler could not prove.
    """

    pipeline: str
    slug: str
    oml_version: str
    profile: str = ""
    params: dict[str, str] = {}
    manifest_hash: str
    fingerprints: dict[str, str]
    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
    components: tuple[Used, ...] = ()
    writes: tuple[Write, ...] = ()
    schemas: dict[str, tuple[Shape, ...]] = {}
    lineage: dict[str, dict[str, tuple[str, ...]]] = {}
    oml: str = ""
    notes: tuple[Diagnostic, ...] = ()


class Intent(_Part):
    """What was wanted, by one witness.

    Attributes:
        source: Where the words stand.
        trust: How much a reader should rely on them.
    """

    text: str
    source: str
    trust: Trust


class Sentence(_Part):
    """One sentence, with the evidence for it."""

    text: str
    cites: tuple[str, ...]


class Input(_Part):
    """A file that the package was made from."""

    path: str
    sha256: str
    bytes: int


class Narrative(_Part):
    """What was wanted and what came of it.

    Attributes:
        happened: In order of time.
        why: Of a failure or an interruption; empty for a completed run.
        changed: Against the run before.
    """

    intent: tuple[Intent, ...] = ()
    happened: tuple[Sentence, ...] = ()
    why: tuple[Sentence, ...] = ()
    changed: tuple[Sentence, ...] = ()
    inputs: tuple[Input, ...] = ()

    def sentences(self) -> tuple[Sentence, ...]:
        """Return all that is cited, in reading order."""
        return (*self.happened, *self.why, *self.changed)


class Change(_Part):
    """One number, before and now.

    Attributes:
        percent: Of what it was before; None where it was 0 or unknown.
    """

    before: float | int | None = None
    now: float | int | None = None
    percent: float | None = None


class StepChange(_Part):
    """What is different about one step.

    Attributes:
        content: Whether its rows are the same, whatever their order; `unknown` where a digest is missing.
        nulls: Column to its NULLs, where they changed.
    """

    step_id: str
    rows: Change
    seconds: Change
    content: Literal["same", "different", "unknown"] = "unknown"
    columns_added: tuple[str, ...] = ()
    columns_removed: tuple[str, ...] = ()
    nulls: dict[str, Change] = {}


class Delta(_Part):
    """This run against the latest earlier one of the pipeline that came to an end.

    Attributes:
        first_run: True where there is none; the rest is empty then.
        pipeline_changed: Whether the pipeline's text is another one, or may be.
        changed: What the manifest was made from that is different; `manifest` where it is another one and nobody
            knows why.
        steps: Those whose rows, columns or NULLs changed.
    """

    first_run: bool = True
    previous_run: str = ""
    previous_status: str = ""
    pipeline_changed: bool = False
    changed: tuple[Cause, ...] = ()
    rows: Change = Change()
    seconds: Change = Change()
    errors: Change = Change()
    checks_failed: Change = Change()
    steps: tuple[StepChange, ...] = ()
    steps_added: tuple[str, ...] = ()
    steps_removed: tuple[str, ...] = ()


class Cut(_Part):
    """What was left out of one list or text.

    Attributes:
        path: The place in the package, such as `evidence.timeline`.
        kept: Entries, or characters, that are still there.
        total: How many there were.
        annex: The file beside the package that holds all of them; empty where there is none.
    """

    path: str
    kept: int
    total: int
    annex: str = ""


class Truncation(_Part):
    """Whether and where the package was shortened to stay within its limit."""

    truncated: bool = False
    max_core_bytes: int
    cuts: tuple[Cut, ...] = ()


class AnnexFile(_Part):
    """A file beside the package that leaves nothing out: one JSON object a line.

    Attributes:
        path: From the package's folder.
        records: Its lines.
        sha256: Of its lines, unpacked.
        bytes: Of its lines, unpacked.
    """

    path: str
    records: int
    sha256: str
    bytes: int


class Usual(_Part):
    """One number over earlier runs."""

    low: float
    median: float
    high: float


class StepUsual(_Part):
    """What is usual for one step.

    Attributes:
        rows: Rows out.
        nulls: Column to its share of NULLs, 0 to 1; its keys are all columns of the latest run.
    """

    rows: Usual
    seconds: Usual
    nulls: dict[str, Usual] = {}


class Baseline(_Part):
    """What was usual in the last completed runs of a pipeline.

    Attributes:
        runs: How many were looked at.
        steps: Those that all of these runs had.
    """

    runs: int
    total_rows: Usual
    seconds: Usual
    steps: dict[str, StepUsual] = {}


class Unusual(_Part):
    """Something that the last runs did not show.

    Attributes:
        step_id: Empty where it is the whole run's.
        column: Whose NULLs they are, or that came or went.
        usual: None where a column came or went.
        says: The finding, in words.
    """

    what: Literal["rows", "nulls", "schema", "duration"]
    step_id: str = ""
    column: str = ""
    found: float | None = None
    usual: Usual | None = None
    says: str


class Norm(_Part):
    """This run against the last completed ones.

    Attributes:
        runs: How many there were; too few to compare with where `compared` is False.
    """

    runs: int = 0
    compared: bool = False
    unusual: tuple[Unusual, ...] = ()


class Control(_Part):
    """A command that is ready to be typed."""

    title: str
    command: str


class SizeHint(_Part):
    """How large one layer is.

    Attributes:
        bytes: Of its canonical JSON.
        tokens: A rough guess, at four bytes each.
    """

    bytes: int
    tokens: int


class Metadata(_Part):
    """How to read the package, and what is known about it."""

    format: Literal["osiris.aiop/1"] = FORMAT
    osiris_version: str = ""
    primer: str
    glossary: dict[str, str]
    config_effective: dict[str, dict[str, Any]] = {}
    size_hints: dict[str, SizeHint] = {}
    truncation: Truncation
    annex: tuple[AnnexFile, ...] = ()
    delta: Delta = Delta()
    norm: Norm = Norm()
    controls: tuple[Control, ...] = ()


class Summary(_Part):
    """The run in a line.

    Attributes:
        status: `killed` where somebody noticed that its process is gone; `unfinished` where the record has no end
            and nobody has noticed anything yet.
        seconds: Wall time; None where there is no end.
        total_rows: Rows that writers committed.
        record: Folder of the session, from the project's folder.
        events: Records in the journal.
        events_missing: Numbers that the journal has no record for.
    """

    run_id: str
    pipeline: str
    status: PackageStatus
    started_at: str
    ended_at: str = ""
    seconds: float | None = None
    exit_code: int | None = None
    total_rows: int = 0
    error_code: str = ""
    adapter: str = ""
    record: str = ""
    events: int = 0
    events_missing: int = 0


class Aiop(_Part):
    """One run: its evidence, what it meant, its story, and how to read them."""

    context: dict[str, Any] = Field(default=CONTEXT, alias="@context")
    id: str = Field(alias="@id", description="`urn:osiris:run:<run id>`")
    type: Literal["Run"] = Field(default="Run", alias="@type")
    run: Summary
    evidence: Evidence
    semantic: Semantic
    narrative: Narrative
    metadata: Metadata


class StepBefore(_Part):
    """What an earlier run's step moved.

    Attributes:
        nulls: Column to its NULLs; its keys are all columns.
        content: Fingerprint of the digests of all columns; empty where there are none.
    """

    rows: int
    seconds: float
    status: Literal["ok", "mismatch"] = "ok"
    nulls: dict[str, int] = {}
    content: str = ""


class Previous(_Part):
    """An earlier run of a pipeline, as the index remembers it.

    Attributes:
        fingerprints: What its manifest was made from; empty where its record is gone.
    """

    run_id: str
    manifest_hash: str
    status: str
    started_at: str
    seconds: float | None = None
    total_rows: int | None = None
    error_code: str = ""
    fingerprints: dict[str, str] = {}
    steps: dict[str, StepBefore] = {}


class Frozen(_Part):
    """What a package needs from outside its session's record, kept as it was when the run began; without secrets.

    Attributes:
        baseline: What was usual before; None where there are too few runs.
        semantic: The layer as JSON values, with no step begun; the pipeline's text is not in it.
        manifest_hash: SHA-256 of the manifest's bytes.
        oml: The pipeline's text, cut where it is very long.
        oml_chars: How long it is.
    """

    format: Literal["osiris.frozen/1"] = "osiris.frozen/1"
    run_id: str
    config_effective: dict[str, dict[str, Any]] = {}
    previous: Previous | None = None
    baseline: Baseline | None = None
    intent: tuple[Intent, ...] = ()
    manifest_hash: str
    semantic: dict[str, Any]
    oml: str = ""
    oml_chars: int = 0


def aiop_schema() -> dict[str, Any]:
    """Return the JSON Schema of `aiop.json`."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | Aiop.model_json_schema(
        by_alias=True, mode="serialization"
    )
