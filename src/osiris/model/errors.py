"""Everything that may go wrong, arranged by who can put it right.

* OsirisError
  x AuthorError          the pipeline is wrong as written: the author, or the model writing it, edits OML
    + OmlError           carries the diagnostics of the compiler
    + Forbidden          a step names a file that no pipeline may touch
    + StatementError     one SQL statement is refused or can't be understood
  x OperatorError        the surroundings are wrong: an operator edits a file, a variable or a command line
    + UsageError         a command was asked for something it doesn't have
    + ConfigError        a settings or connections file is wrong
    + SecretMissing      a variable that a connection names is not set
    + Busy               another run of the same pipeline is going on
    + ExtraMissing       an optional package is not installed
    + LlmError           the language model's server refused or vanished
    + LlmBusy            the same, for now: it is overloaded, or lets nobody ask so often
    + LlmWithheld        nothing was sent to it: a secret was in it, or the budget is spent
  x OutsideError         the world answered badly
    + ConnectError       no connection, or no right to it
    + SourceError        reading; nothing was written
    + TargetError        writing; the writer has rolled back
    + RemoteError        a child process or a sandbox could not be started, or was lost
    + RemoteBusy         the same, for now: a quota, or a service that is overloaded
    + LimitReached       a run used more memory or time than it was allowed
  x CheckFailed          rows broke a promise: a receipt does not match, a key is NULL
  x ApprovalMissing      nobody has said yes to exactly these bytes
  x StepFailed           names the step; `__cause__` is one of the above
  x Interrupted          a person or the system stopped the run
  x Stopped              a step was given up because another one failed
  x Unexpected           nobody foresaw it: a fault in Osiris or in a component
"""

from typing import Any, ClassVar

from osiris.model.diagnostics import Diagnostic

EXIT_DONE = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INVALID = 3
EXIT_CHECK = 4
EXIT_CONNECTION = 5
EXIT_APPROVAL = 6
EXIT_TRANSIENT = 7
EXIT_INTERRUPTED = 130


class OsirisError(Exception):
    """Base of every error that Osiris raises on purpose.

    Attributes:
        code: Stable identifier, printed to people, logged to events, switched on by agents.
        exit_code: What the command line returns to the shell.
        retriable: True when the same call may succeed later with nothing changed.
        message: One sentence: what is.
        where: File, line, step or setting; empty when there is no such place.
        why: The reason, where it is not plain from the message.
        hint: What to do next.
    """

    code: ClassVar[str] = "OSR-000"
    exit_code: int = EXIT_FAILED
    retriable: ClassVar[bool] = False

    def __init__(self, message: str, *, where: str = "", why: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.why = why
        self.hint = hint

    def to_dict(self) -> dict[str, Any]:
        """Return the one wire form that the CLI's --json, events, AIOP and the agent all send."""
        return {
            "code": self.code,
            "message": self.message,
            "where": self.where,
            "why": self.why,
            "hint": self.hint,
            "retriable": self.retriable,
        }


class AuthorError(OsirisError):
    """The pipeline is wrong as written."""

    code = "OSR-AUT-000"
    exit_code = EXIT_INVALID


class OmlError(AuthorError):
    """A pipeline was refused; `diagnostics` holds everything found, errors and warnings, in file order."""

    code = "OSR-AUT-001"

    def __init__(self, message: str, diagnostics: tuple[Diagnostic, ...], *, where: str = "", hint: str = "") -> None:
        super().__init__(message, where=where, hint=hint)
        self.diagnostics = diagnostics

    def to_dict(self) -> dict[str, Any]:
        """Return the wire form, with the diagnostics."""
        return super().to_dict() | {"diagnostics": [d.model_dump(mode="json") for d in self.diagnostics]}


class Forbidden(AuthorError):
    """A step names a file that no pipeline may touch."""

    code = "OSR-AUT-002"


class StatementError(AuthorError):
    """One SQL statement is refused, or can't be understood."""

    code = "OSR-SQL-000"


class OperatorError(OsirisError):
    """The surroundings are wrong."""

    code = "OSR-OPR-000"
    exit_code = EXIT_USAGE


class UsageError(OperatorError):
    """A command was asked for something that isn't there."""

    code = "OSR-OPR-001"


class ConfigError(OperatorError):
    """A settings or connections file is wrong."""

    code = "OSR-OPR-010"


class SecretMissing(OperatorError):
    """A variable that a connection names is not set."""

    code = "OSR-OPR-020"


class Busy(OperatorError):
    """Another run of the same pipeline is going on."""

    code = "OSR-OPR-030"


class ExtraMissing(OperatorError):
    """An optional package is not installed."""

    code = "OSR-OPR-040"


class LlmError(OperatorError):
    """The language model's server refused, vanished, or gave an answer that can't be used."""

    code = "OSR-OPR-050"
    exit_code = EXIT_CONNECTION


class LlmBusy(OperatorError):
    """The language model's server is overloaded, or lets nobody ask so often; the same may succeed later."""

    code = "OSR-OPR-051"
    exit_code = EXIT_TRANSIENT
    retriable = True


class LlmWithheld(OperatorError):
    """Nothing was sent to the language model: a secret was in it, or the budget of the conversation is spent."""

    code = "OSR-OPR-052"
    exit_code = EXIT_USAGE


class OutsideError(OsirisError):
    """A system outside Osiris refused or vanished."""

    code = "OSR-OUT-000"


class ConnectError(OutsideError):
    """There is no connection, or no right to it."""

    code = "OSR-OUT-001"
    exit_code = EXIT_CONNECTION


class SourceError(OutsideError):
    """A source could not be read; nothing was written."""

    code = "OSR-OUT-010"


class TargetError(OutsideError):
    """A target could not be written; it is as it was."""

    code = "OSR-OUT-020"


class RemoteError(OutsideError):
    """The process or the sandbox in which a run should go on could not be started, or was lost on the way."""

    code = "OSR-OUT-030"


class RemoteBusy(OutsideError):
    """A sandbox can't be had at present: too many are in use, or the service can't be reached. Nothing was begun."""

    code = "OSR-OUT-031"
    exit_code = EXIT_TRANSIENT
    retriable = True


class LimitReached(OutsideError):
    """A run used more memory or time than it was allowed, and was stopped."""

    code = "OSR-OUT-032"


class CheckFailed(OsirisError):
    """Rows broke a promise: a receipt does not match, a key is NULL, a type changed since the plan."""

    code = "OSR-CHK-000"
    exit_code = EXIT_CHECK


class ApprovalMissing(OsirisError):
    """Nobody has said yes to exactly these bytes."""

    code = "OSR-APR-000"
    exit_code = EXIT_APPROVAL


class StepFailed(OsirisError):
    """A step failed; `__cause__` says why and decides the exit code."""

    code = "OSR-RUN-000"

    def __init__(self, step_id: str, cause: OsirisError) -> None:
        super().__init__(f"step {step_id!r} failed: {cause.message}", where=cause.where, why=cause.why, hint=cause.hint)
        self.step_id = step_id
        self.cause = cause
        self.exit_code = cause.exit_code

    def to_dict(self) -> dict[str, Any]:
        """Return the wire form of the cause, with the step's name."""
        return self.cause.to_dict() | {"message": self.message, "step_id": self.step_id}


class Interrupted(OsirisError):
    """A person or the system stopped the run; every target is as it was."""

    code = "OSR-RUN-001"
    exit_code = EXIT_INTERRUPTED


class Stopped(OsirisError):
    """A step was given up because another one failed; never the reason why a run failed."""

    code = "OSR-RUN-002"


class Unexpected(OsirisError):
    """Nobody foresaw this: a fault in Osiris or in a component, not in the pipeline."""

    code = "OSR-RUN-003"
