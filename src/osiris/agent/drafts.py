"""The drafts of one conversation: what the model wrote, what code found out about it, and how to go back."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from osiris.app.files import write_beside
from osiris.app.project import Project
from osiris.app.rehearsal import Rehearsed
from osiris.model.canonical import digest
from osiris.model.diagnostics import Diagnostic, Severity
from osiris.model.errors import UsageError

HASH_DIGITS = 12


@dataclass(frozen=True)
class Written:
    """A draft that the model wrote.

    Attributes:
        valid: True once the compiler found nothing wrong with exactly this text.
        rehearsed: What came of trying it; None before.
        planned: Token of the plan that was made of it; empty before.
        approved: True while somebody's yes to that plan was not used.
        ran: Name of the run of it that completed; empty before.
    """

    text: str
    valid: bool = False
    rehearsed: Rehearsed | None = None
    planned: str = ""
    approved: bool = False
    ran: str = ""


@dataclass(frozen=True)
class Replaced:
    """A file that a draft went into.

    Attributes:
        before: What it held; None where it was not there.
    """

    file: str
    before: str | None
    now: str


@dataclass
class Attempts:
    """How often a draft was wrong since it was right last, so that nobody mends in circles.

    Attributes:
        most: How often it may be mended.
        told: How many errors each attempt had, in order.
    """

    most: int = 3
    seen: set[str] = field(default_factory=set)
    told: list[int] = field(default_factory=list)

    def must_go_on(self) -> None:
        """Return if another attempt makes sense.

        Raises:
            UsageError: there were enough, or the last ones came no nearer.
        """
        shrinks = len(self.told) < 3 or self.told[-1] < max(self.told[-3:-1])  # noqa: PLR2004 - two repairs to compare
        if len(self.told) > self.most or not shrinks:
            trail = " → ".join(map(str, self.told))
            raise UsageError(
                f"enough: the drafts had {trail} errors, one after the other",
                hint="tell the person what stands in the way, and ask how to go on",
            )

    def saw(self, text: str, found: tuple[Diagnostic, ...]) -> None:
        """Count one attempt.

        Raises:
            UsageError: the very same text was wrong before.
        """
        errors = sum(finding.severity is Severity.ERROR for finding in found)
        if errors == 0:
            self.begin()
            return
        name = name_of(text)
        if name in self.seen:
            raise UsageError(
                "this is the text that was wrong before", hint="read the findings, and change what they say"
            )
        self.seen.add(name)
        self.told.append(errors)

    def begin(self) -> None:
        """Begin to count again: the person spoke, or a draft was right."""
        self.seen.clear()
        self.told.clear()


@dataclass
class Drafts:
    """Drafts by hash, as the model names them, and the files they went into.

    Attributes:
        replaced: Newest last.
    """

    by_name: dict[str, Written] = field(default_factory=dict)
    replaced: list[Replaced] = field(default_factory=list)

    def get(self, name: str) -> Written:
        """Return a draft.

        Raises:
            UsageError: there is none of that name.
        """
        if name not in self.by_name:
            known = ", ".join(self.by_name) or "none"
            raise UsageError(f"there is no draft {name!r}", hint=f"call write_pipeline; drafts: {known}")
        return self.by_name[name]

    def put(self, text: str, **known: Any) -> str:
        """Return the name of a draft, now with what is known of it; it is the newest one."""
        name = name_of(text)
        draft = replace(self.by_name.pop(name, Written(text)), **known)
        self.by_name[name] = draft
        return name

    @property
    def newest(self) -> Written | None:
        """Return the draft that was written last."""
        return next(reversed(self.by_name.values()), None)

    def went_into(self, file: Path, before: str | None, now: str) -> Replaced:
        """Keep what a file held before a draft went into it."""
        self.replaced.append(Replaced(str(file), before, now))
        return self.replaced[-1]

    def recall(self, body: Mapping[str, Any]) -> None:
        """Know again of a file that a draft went into."""
        known = Replaced(**body)
        if self.replaced[-1:] != [known]:  # a crash between the note and the file says it twice
            self.replaced.append(known)

    def undo(self, project: Project) -> Replaced:
        """Put back what the newest file held before, and return what was done.

        Raises:
            UsageError: there is nothing to take back, or somebody changed the file since.
        """
        if not self.replaced:
            raise UsageError("there is nothing to take back", hint="no draft of this conversation went into a file")
        last = self.replaced[-1]
        file = Path(last.file)
        there = file.read_text("utf-8", "replace") if file.is_file() else None
        if there != last.now:
            hint = "look at it; /save FILE keeps the draft elsewhere"
            raise UsageError(f"{project.shown(file)} was changed since", hint=hint)
        self.replaced.pop()
        if last.before is None:
            file.unlink()
        else:
            write_beside(file, last.before.encode("utf-8"))
            self.put(last.before)
        return last


def name_of(text: str) -> str:
    """Return what a draft is called."""
    return f"sha256:{digest(text.encode('utf-8'))[:HASH_DIGITS]}"


def unix(text: str) -> str:
    """Return a text with the line ends of Unix."""
    return text.replace("\r\n", "\n")
