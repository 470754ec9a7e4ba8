"""What a run would do, told before it does it."""

from pydantic import AwareDatetime, BaseModel, ConfigDict

from osiris.model.canonical import fingerprint
from osiris.model.catalogue import Column
from osiris.model.diagnostics import Diagnostic
from osiris.model.loss import Mapped
from osiris.model.manifest import Manifest, Proof
from osiris.model.oml import Mode

TOKEN_DIGITS = 16


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TargetState(_Value):
    """What a writer's target holds at present.

    Attributes:
        rows: Rows or, for a file, None; None also where counting was not possible.
        sha256: Of a file's bytes; empty for tables and where nothing is there.
    """

    target: str
    exists: bool
    rows: int | None = None
    sha256: str = ""


class SourceSeen(_Value):
    """What is known of one connection, and since when.

    Attributes:
        seen: When somebody looked at its tables; None where nobody did.
        catalogue: Fingerprint of their names, types and keys.
        why: Why nothing is known; empty where something is.
    """

    connection: str
    seen: AwareDatetime | None = None
    catalogue: str = ""
    why: str = ""


class PlannedTable(_Value):
    """A table that a step reads.

    Attributes:
        rows: Rows in it, exact or estimated, when somebody looked; None where that is not known.
    """

    table: str
    rows: int | None = None


class PlannedStep(_Value):
    """One step of a plan.

    Attributes:
        takes: Steps whose rows it takes.
        reads: What it reads outside: a path or `@family.alias`, with the query where there is one.
        waits: Writers that must commit before it begins.
        tables: The tables that it reads, of those that are known.
        columns: What it delivers or takes; None where that is not proved.
        losses: Columns whose types don't stay what they are.
        proved: What the compiler proved of it.
    """

    step_id: str
    component: str
    mode: Mode
    takes: tuple[str, ...] = ()
    waits: tuple[str, ...] = ()
    reads: str = ""
    tables: tuple[PlannedTable, ...] = ()
    query: str = ""
    columns: tuple[Column, ...] | None = None
    lineage: dict[str, tuple[str, ...]] = {}
    losses: tuple[Mapped, ...] = ()
    proved: tuple[Proof, ...] = ()

    @property
    def unproved(self) -> tuple[Proof, ...]:
        """Return what a compiler that knew more could prove of it."""
        wanted: tuple[Proof, ...] = ("names", "types", "lineage")
        return tuple(proof for proof in wanted if proof not in self.proved)


class PlannedWrite(_Value):
    """One write of a plan.

    Attributes:
        state: None where the target was not looked at (`--dry-run`).
        destructive: Why rows or files that exist now may be gone or different afterwards; empty where they can't.
    """

    step_id: str
    target: str
    write_mode: str
    primary_key: tuple[str, ...] = ()
    ddl: str = ""
    state: TargetState | None = None
    destructive: str = ""


class LastRun(_Value):
    """The latest run of the same pipeline that came to an end.

    Attributes:
        since: What this one is made from, held against it: `the same pipeline with other parameters`.
    """

    run_id: str
    status: str
    started_at: str
    since: str


class Plan(_Value):
    """What a person sees before saying yes.

    Attributes:
        envelope: SHA-256 over all that a yes covers.
        sources: What is known of each connection, and since when; empty where a manifest was planned elsewhere.
        not_proved: What the compiler could not prove, and warnings.
        last: The run before; None where there is none, and where nobody looked for one.
    """

    pipeline: str
    manifest_hash: str
    envelope: str
    profile: str = ""
    params: dict[str, str] = {}
    steps: tuple[PlannedStep, ...]
    writes: tuple[PlannedWrite, ...]
    sources: tuple[SourceSeen, ...] = ()
    not_proved: tuple[Diagnostic, ...] = ()
    last: LastRun | None = None

    @property
    def destructive(self) -> bool:
        """Return whether any write may take something away."""
        return any(write.destructive for write in self.writes)

    @property
    def token(self) -> str:
        """Return what `osiris run --approve` takes."""
        return self.envelope[:TOKEN_DIGITS]


def envelope(manifest: Manifest, oml_sha256: str, connections: dict[str, str]) -> str:
    """Return the SHA-256 of all that an approval covers.

    Args:
        manifest: Its bytes hold parameters, profile, targets with their modes and component versions.
        oml_sha256: Of the pipeline's text, byte for byte.
        connections: `@family.alias` to a fingerprint of its fields without secrets.
    """
    return fingerprint({"manifest": manifest.hash(), "oml": oml_sha256, "connections": connections})
