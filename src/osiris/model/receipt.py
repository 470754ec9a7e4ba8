"""Proof of what a step moved."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from osiris.model.oml import Mode


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Artifact(_Value):
    """A file that a run made.

    Attributes:
        path: Relative to the project where it lies inside, with `/`.
        rows: Rows in it; None where it holds none.
    """

    path: str
    sha256: str
    bytes: int
    rows: int | None = None


class Written(_Value):
    """What a writer's target says it holds of the rows given to it.

    Attributes:
        target: A path relative to the project, or `@family.alias/table`.
        staged: Rows that the target counted in staging, before the commit.
        rows_before: Rows the target held before; None where that is not known or there was no target.
        rows_after: Rows it holds after the commit; None where that is not known.
        changes: What the write changes besides rows, in words, such as `adds column note`.
    """

    target: str
    write_mode: str
    staged: int
    rows_before: int | None = None
    rows_after: int | None = None
    changes: tuple[str, ...] = ()
    artifacts: tuple[Artifact, ...] = ()


class Receipt(_Value):
    """What one step took and gave.

    Attributes:
        rows_in: Rows taken, over all inputs; 0 for an extractor.
        rows_out: Rows given; for a writer, the rows staged.
        bytes: Arrow buffer bytes of the rows given (taken, for a writer).
        nulls: NULLs per column of those rows.
        digests: Per column of those rows, 16 hexadecimal digits that do not depend on the order of rows.
        seconds: Wall time from the step's start to its last row; neighbours overlap.
        written: What the target says; None but for writers.
    """

    step_id: str
    component: str
    mode: Mode
    status: Literal["ok", "mismatch"] = "ok"
    rows_in: int = 0
    rows_out: int = 0
    bytes: int = 0
    nulls: dict[str, int] = {}
    digests: dict[str, str] = {}
    seconds: float = 0.0
    written: Written | None = None
