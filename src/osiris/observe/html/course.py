"""When each step of a run began and ended, and how its rows came on."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

MOST_POINTS = 200  # of one step's curve
HEARD = ("ts", "event", "step_id", "rows")  # of an event
_ENDS = frozenset({"step_complete", "step_failed"})


@dataclass
class Course:
    """Times in seconds since the run began.

    Attributes:
        seconds: Of the last thing said.
        progress: Step to times and rows so far.
    """

    seconds: float = 0.0
    began: dict[str, float] = field(default_factory=dict)
    ended: dict[str, float] = field(default_factory=dict)
    progress: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    @classmethod
    def of(cls, events: Iterable[dict[str, Any]]) -> "Course":
        """Return the course that some records tell."""
        course = cls()
        first: datetime | None = None
        for event in events:
            moment = datetime.fromisoformat(event["ts"])
            first = first or moment
            course._hear(event, (moment - first).total_seconds())
        return course

    def _hear(self, event: dict[str, Any], at: float) -> None:
        kind, step_id = event["event"], event.get("step_id", "")
        if kind != "run_killed":
            self.seconds = max(self.seconds, at)
        if kind == "step_start":
            self.began.setdefault(step_id, at)
            self._point(step_id, at, 0)
        elif kind in _ENDS:
            self.ended[step_id] = at
        if kind in {"step_progress", "step_complete"}:
            self._point(step_id, at, event["rows"])

    def _point(self, step_id: str, at: float, rows: float) -> None:
        points = self.progress.setdefault(step_id, [])
        points.append((at, rows))
        if len(points) > MOST_POINTS:
            del points[1:-1:2]
