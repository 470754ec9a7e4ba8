"""What will run: a pipeline with everything decided."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict

from osiris.model.canonical import canonical_yaml, digest
from osiris.model.catalogue import Column
from osiris.model.diagnostics import Diagnostic
from osiris.model.loss import Mapped
from osiris.model.oml import Metadata, Mode
from osiris.model.spec import WriteMode

FORMAT: Literal["osiris.manifest/1"] = "osiris.manifest/1"
Proof = Literal["safety", "names", "types", "lineage"]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ManifestStep(_Value):
    """One step, decided.

    Attributes:
        connection: `@family.alias` with the default alias filled in; None where there is none.
        needs: Writers that must commit before this step begins.
        inputs: Name in SQL to the id of the step whose rows it takes; in the order written.
        config: Settings without secrets, defaults included, parameters filled in.
        output: `stream` for rows that flow, `spool` for rows that rest because several steps read them,
            `none` for a writer.
        columns: What the step delivers, or, for a writer, what it takes; None where that is not proved.
        lineage: Output column to its source columns, each `source.table.column`, sorted.
        losses: Columns whose types don't stay what they are.
        proved: What the compiler proved of it: that its query only reads, that each name in it means something, what
            its columns are, and where they come from.
    """

    id: str
    component: str
    mode: Mode
    connection: str | None = None
    needs: tuple[str, ...] = ()
    inputs: dict[str, str] = {}
    config: dict[str, Any] = {}
    output: Literal["stream", "spool", "none"] = "none"
    columns: tuple[Column, ...] | None = None
    lineage: dict[str, tuple[str, ...]] = {}
    losses: tuple[Mapped, ...] = ()
    proved: tuple[Proof, ...] = ()


class WriteEntry(_Value):
    """What one writer will do to its target; independent of the target's present state.

    Attributes:
        target: A path relative to the project, or `@family.alias/table`.
        ddl: The statement that makes the target where it is missing; empty for files.
    """

    step_id: str
    target: str
    write_mode: WriteMode
    primary_key: tuple[str, ...] = ()
    columns: tuple[Column, ...] | None = None
    ddl: str = ""


class Fingerprints(_Value):
    """What the manifest was made from, each as a SHA-256; two manifests differ where one of these does."""

    oml: str
    params: str
    profile: str
    components: str
    catalogue: str
    compiler: str


class Manifest(_Value):
    """One pipeline, compiled.

    Attributes:
        slug: The name, fit for a path.
        params: Values used, as text; sensitive ones as `***`.
        notes: What could not be proved, and warnings; errors never get here.
    """

    format: Literal["osiris.manifest/1"] = FORMAT
    name: str
    slug: str
    oml_version: str
    metadata: Metadata = Metadata()
    params: dict[str, str] = {}
    profile: str = ""
    steps: tuple[ManifestStep, ...]
    writes: tuple[WriteEntry, ...] = ()
    notes: tuple[Diagnostic, ...] = ()
    fingerprints: Fingerprints

    def to_bytes(self) -> bytes:
        """Return the canonical YAML: the bytes of `manifest.yaml`."""
        return self._bytes

    @cached_property
    def _bytes(self) -> bytes:
        return canonical_yaml(self.model_dump(mode="json"))

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy, with some fields changed; it has bytes of its own."""
        copied = super().model_copy(update=update, deep=deep)
        copied.__dict__.pop("_bytes", None)
        return copied

    def hash(self) -> str:
        """Return the SHA-256 of every byte of the manifest."""
        return digest(self.to_bytes())

    def step(self, step_id: str) -> ManifestStep:
        """Return the step of that id.

        Raises:
            KeyError: there is none.
        """
        for step in self.steps:
            if step.id == step_id:
                return step
        raise KeyError(step_id)
