"""What the compiler has to say about a pipeline: one finding a value, with its place."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Severity(StrEnum):
    """How bad a finding is: an error stops the compiler, a warning is shown, a note says what is not proved."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Diagnostic(BaseModel):
    """One finding.

    Attributes:
        code: Stable identifier, such as `OSR-OML-003`.
        message: One sentence: what is.
        path: The place in the document, such as `steps[2].config.query`; empty for the file as a whole.
        line: Line of that place, from 1; 0 where there is none.
        column: Column of that place, from 1; 0 where there is none.
        step_id: The step concerned; empty where there is none.
        why: The reason, where it is not plain.
        hint: What to do next.
        nearest: Names that exist and look alike, best first.
    """

    model_config = ConfigDict(frozen=True)

    code: str
    message: str
    severity: Severity = Severity.ERROR
    path: str = ""
    line: int = 0
    column: int = 0
    step_id: str = ""
    why: str = ""
    hint: str = ""
    nearest: tuple[str, ...] = ()
