"""The last lines that a worker says and that are no messages: why it is gone, as far as anybody knows."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from osiris.observe.redact import Redactor

MOST = 20  # lines that are kept


@dataclass
class LastWords:
    """Lines without secrets.

    Attributes:
        redact: Sees them together: a secret may have several lines, and a driver prints what it likes.
    """

    redact: Redactor
    _lines: deque[str] = field(default_factory=lambda: deque(maxlen=MOST))

    @classmethod
    def without(cls, secrets: Iterable[str]) -> "LastWords":
        """Return nothing said yet, by whoever knows these secrets."""
        return cls(Redactor(secrets))

    def hear(self, line: str) -> None:
        """Keep a line; an empty one says nothing."""
        if stripped := line.strip():
            self._lines.append(stripped)

    @property
    def last(self) -> str:
        """Return the last line; empty where there is none."""
        lines = self.redact.text("\n".join(self._lines)).splitlines()
        return lines[-1] if lines else ""
