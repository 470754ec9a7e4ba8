"""One event at a time, whoever speaks."""

from collections.abc import Callable
from threading import Lock

from osiris.model.errors import OutsideError
from osiris.model.events import Event


class Voice:
    """Hands events on in the order in which they are said, from any thread.

    Attributes:
        broken: Why events can't be handed on any more; nothing is raised where they are said, because what is said
            has happened already. None as long as all is well.
    """

    def __init__(self, emit: Callable[[Event], object]) -> None:
        self.broken: OutsideError | None = None
        self._emit = emit
        self._lock = Lock()

    def __call__(self, event: Event) -> None:
        """Say one event."""
        with self._lock:
            if self.broken:
                return
            try:
                self._emit(event)
            except Exception as exc:  # noqa: BLE001 - whatever it is, the run must get to its end
                self.broken = OutsideError(
                    f"the record of the run can't be kept: {type(exc).__name__}: {exc}",
                    hint="see that the disk of the logs folder has room and may be written",
                )
                self.broken.__cause__ = exc
