"""The only door for events: stamp, mask, append, then tell who listens."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

from osiris.model.canonical import canonical_json
from osiris.model.errors import UsageError
from osiris.model.events import Event
from osiris.observe.redact import Redactor

Listener = Callable[[dict[str, Any]], None]


def now() -> datetime:
    """Return the time in UTC."""
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """Return a time as every record writes it: ISO 8601, UTC, milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass
class Journal:
    """What a runner says, line by line. Pass the journal itself as `emit`; any thread may call it.

    Attributes:
        path: `events.jsonl`; one JSON object a line, append only.
        run_id: Stands in each line as `session`.
        listeners: Called with the masked record, in order; they can show it, they cannot change it.
        clock: Returns the time; a test passes its own.
        seq: Number of the last record that is there; who goes on with a journal passes it.
    """

    path: Path
    run_id: str
    redact: Redactor = field(default_factory=Redactor)
    listeners: Sequence[Listener] = ()
    clock: Callable[[], datetime] = now
    seq: int = 0
    _lock: Lock = field(default_factory=Lock, init=False, repr=False)

    def __call__(self, event: Event) -> None:
        """Record one event; it is in the file when this returns.

        Raises:
            UsageError: the file can't be written.
        """
        said = self.redact(event.model_dump(mode="json"))
        with self._lock:
            self.seq += 1
            record = said | {
                "seq": self.seq,
                "ts": stamp(self.clock()),
                "session": self.run_id,
                "event": event.event,
            }
            self._append(canonical_json(record) + b"\n")
            for listener in self.listeners:
                listener(record)

    def _append(self, line: bytes) -> None:
        # Opened for each line: 20 microseconds, and nobody has to close a journal.
        try:
            with self.path.open("ab", buffering=0) as out:
                out.write(line)
        except OSError as exc:
            raise UsageError(
                f"cannot write the journal {self.path.name}: {exc.strerror}",
                where=str(self.path),
                hint="check the folder, its rights and the room on the disk",
            ) from exc
