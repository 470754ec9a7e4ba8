"""Events folded into evidence: each thing that happened, with an id that can be cited."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeVar

from osiris.model.aiop import (
    Check,
    Evidence,
    Failure,
    LoadReceipt,
    Made,
    Metric,
    Moment,
    PackageStatus,
    Piece,
    StepBefore,
)
from osiris.model.canonical import fingerprint
from osiris.model.errors import Interrupted, Stopped
from osiris.model.receipt import Receipt
from osiris.observe.metrics import metrics_of

Density = Literal["low", "medium", "high"]
Listen = Callable[[str, Piece], object]
PieceT = TypeVar("PieceT", bound=Piece)

RUN = "run"
MOST_NAME = 60  # characters of a step or name in an id
LONG = 2  # times as long as other pieces a receipt is, at least
SPARE = 50  # warnings that are kept beyond the most, and errors that are kept at all
_ALWAYS = frozenset({  # once in a run
    "run_start", "run_allowed", "adapter_selected", "cleanup_complete", "run_end", "run_killed",
})  # fmt: skip
_PROGRESS = frozenset({"step_progress"})
_LEFT_OUT = {
    "low": _PROGRESS | {"connection_resolve_start", "connection_resolve_complete", "step_start"},
    "medium": _PROGRESS,
    "high": frozenset[str](),
}
_NOT_IN_ID = re.compile(r"[^a-z0-9_]")
_STAMPS = frozenset({"seq", "ts", "session", "event", "step_id"})
# Said elsewhere in the package, whole.
_ELSEWHERE = frozenset({"receipt", "error", "artifact", "manifest_hash", "run_id"})
_STAGES = {"step_start": "stopped", "step_complete": "completed"}
_GIVEN_UP = frozenset({Interrupted.code, Stopped.code})  # why a step ends that is not at fault


@dataclass
class Story:
    """What the events of one run say, gathered while they are read once, in little memory.

    Attributes:
        most: Pieces of one kind of evidence that are kept; half as many receipts, which are long. All are counted.
        density: How much of the timeline is told.
        listen: Called with every piece of evidence and its kind, kept or not.
        first: The first record; empty where there is none, as are the others.
        started: `run_start`.
        ended: `run_end`.
        killed: `run_killed`.
        last: The last record that the run's own process wrote.
        records: How many records there are.
        highest: The highest number of a record.
        stages: Step to how far it got.
        done: Steps that got to the last row.
        committed: Steps whose rows became visible.
        moved: Step to what it moved, in short; empty unless asked for.
        totals: Kind of evidence to how much there is of it, kept or not.
    """

    most: int
    density: Density = "medium"
    listen: Listen | None = None
    first: dict[str, Any] = field(default_factory=dict)
    last: dict[str, Any] = field(default_factory=dict)
    started: dict[str, Any] = field(default_factory=dict)
    ended: dict[str, Any] = field(default_factory=dict)
    killed: dict[str, Any] = field(default_factory=dict)
    adapter: str = ""
    total_rows: int = 0
    records: int = 0
    highest: int = 0
    stages: dict[str, str] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)
    committed: set[str] = field(default_factory=set)
    moved: dict[str, StepBefore] = field(default_factory=dict)
    timeline: list[Moment] = field(default_factory=list)
    metrics: list[Metric] = field(default_factory=list)
    errors: list[Failure] = field(default_factory=list)
    artifacts: list[Made] = field(default_factory=list)
    checks: dict[str, tuple[Check, ...]] = field(default_factory=dict)
    receipts: dict[str, LoadReceipt] = field(default_factory=dict)
    totals: dict[str, int] = field(default_factory=dict)
    _staged: set[str] = field(default_factory=set)
    _ids: set[str] = field(default_factory=set)
    _latest: int = 0

    @classmethod
    def told(
        cls,
        events: Iterable[dict[str, Any]],
        *,
        most: int,
        compare: bool = False,
        density: Density = "medium",
        listen: Listen | None = None,
    ) -> "Story":
        """Return what some records say; with what each step moved, where it is to be compared."""
        story = cls(most, density, listen)
        for event in events:
            story._hear(event)
            if compare and "receipt" in event:
                story.moved[event["step_id"]] = moved(event["receipt"])
        story.totals |= {"receipts": len(story.done), "checks": len(story.done) + len(story._staged)}
        return story

    @property
    def status(self) -> PackageStatus:
        """Return how the run ended, as far as its record says."""
        status: PackageStatus = "killed" if self.killed else self.ended.get("status", "unfinished")
        return status

    def evidence(self, numbers: int) -> Evidence:
        """Return the layer, with so many numbers."""
        return Evidence(
            timeline=tuple(self.timeline),
            metrics=tuple(_telling(self.metrics, numbers)),
            errors=tuple(self.errors),
            artifacts=tuple(self.artifacts),
            checks=tuple(check for checks in self.checks.values() for check in checks),
            receipts=tuple(self.receipts.values()),
        )

    def moment(self, event: str) -> str:
        """Return the id of an event's first mention; that of the first record where it was never said."""
        return next((m.id for m in self.timeline if m.event == event), self.timeline[0].id if self.timeline else "")

    def _hear(self, event: dict[str, Any]) -> None:
        kind = event["event"]
        self.first = self.first or event
        self.last = self.last if kind == "run_killed" else event
        self.records += 1
        self.highest = max(self.highest, event["seq"])
        self._tell_moment(kind, event)
        for metric in metrics_of([event]):
            named = self._named("metric", metric["metric"], event)
            numbers = Metric(**named, metric=metric["metric"], value=metric["value"], unit=metric["unit"])
            self._keep("metrics", self.metrics, numbers, self.most, always=kind in _ALWAYS)
        self._note(kind, event)

    def _tell_moment(self, kind: str, event: dict[str, Any]) -> None:
        named = self._named("event", kind, event)
        told = kind not in _LEFT_OUT[self.density]
        if not (told or self.listen):
            return
        detail = {key: value for key, value in event.items() if key not in _STAMPS | _ELSEWHERE}
        moment = Moment(**named, seq=event["seq"], event=kind, detail=detail)
        if told:
            spare = SPARE if kind == "warning" else 0
            self._keep("timeline", self.timeline, moment, self.most + spare, always=kind in _ALWAYS)
        elif self.listen:
            self.listen("timeline", moment)

    def _note(self, kind: str, event: dict[str, Any]) -> None:
        if kind in _STAGES:
            self.stages[event["step_id"]] = _STAGES[kind]
        match kind:
            case "run_start":
                self.started = event
            case "adapter_selected":
                self.adapter = event["adapter"]
            case "step_complete" | "write_committed":
                self._receive(event, committed=kind == "write_committed")
            case "step_failed":
                self._give_up(event)
            case "artifact_created":
                self._make(event)
            case "cleanup_complete":
                self.total_rows = event["total_rows"]
            case "run_end":
                self._end(event)
            case "run_killed":
                self.killed = event

    def _end(self, event: dict[str, Any]) -> None:
        self.ended = event
        if event.get("error") and not self.errors:
            self._fail(event)

    def _give_up(self, event: dict[str, Any]) -> None:
        blameless = event["error"]["code"] in _GIVEN_UP
        self.stages[event["step_id"]] = "stopped" if blameless else "failed"
        if not blameless:
            self._fail(event)

    def _fail(self, event: dict[str, Any]) -> None:
        error = event["error"]
        named = self._named("error", error["code"], event)
        fields = {key: error[key] for key in Failure.model_fields if key in error and key not in named}
        self._keep("errors", self.errors, Failure(**named, **fields), SPARE)

    def _make(self, event: dict[str, Any]) -> None:
        named = self._named("artifact", event["artifact"]["path"], event)
        self._keep("artifacts", self.artifacts, Made(**named, **event["artifact"]), self.most)

    def _receive(self, event: dict[str, Any], *, committed: bool) -> None:
        receipt, step_id = event["receipt"], event["step_id"]
        named = self._named("receipt", "committed" if committed else receipt["mode"], event)
        self.done.add(step_id)
        if committed:
            self.committed.add(step_id)
        if receipt["written"]:
            self._staged.add(step_id)
        room = len(self.receipts) < max(1, self.most // LONG) or step_id in self.receipts
        if not (room or self.listen):
            return
        visible = committed if receipt["mode"] == "write" else None
        proof = LoadReceipt(**named, committed=visible, receipt=Receipt.model_validate(receipt))
        checks = tuple(self._checks(proof.receipt, event))
        if room:
            self.receipts[step_id], self.checks[step_id] = proof, checks
        if self.listen:
            self.listen("receipts", proof)
            for check in checks:
                self.listen("checks", check)

    def _checks(self, receipt: Receipt, event: dict[str, Any]) -> Iterator[Check]:
        if receipt.written:
            staged, taken = receipt.written.staged, receipt.rows_in
            yield Check(
                **self._named("check", "staged", event),
                name="staged",
                status="ok" if staged == taken else "mismatch",
                expected=taken,
                found=staged,
                says="rows that the target counted before the commit, against rows taken",
            )
        yield Check(
            **self._named("check", "receipt", event),
            name="receipt",
            status=receipt.status,
            says="rows, NULLs and digests, as the step's own receipt has them",
        )

    def _keep(self, kind: str, kept: list[PieceT], piece: PieceT, most: int, *, always: bool = False) -> None:
        """Count one more piece of a kind, and keep it where there is room."""
        self.totals[kind] = self.totals.get(kind, 0) + 1
        if always or len(kept) < most:
            kept.append(piece)
        if self.listen:
            self.listen(kind, piece)

    def _named(self, kind: str, name: str, event: dict[str, Any]) -> dict[str, Any]:
        """Return the three things that all evidence has.

        An id that is taken gets the record's number, and so does one whose clock went back: only the ids of the
        latest moment are remembered.
        """
        step_id, moment = event.get("step_id", ""), milliseconds(event["ts"])
        parts = f"ev.{kind}.{_part(step_id or RUN)}.{_part(name)}"
        if moment > self._latest:
            self._latest = moment
            self._ids.clear()
        if moment < self._latest or parts in self._ids:
            parts += f"_{event['seq']}"
        self._ids.add(parts)
        return {"id": f"{parts}.{moment}", "ts": event["ts"], "step_id": step_id}


def moved(receipt: Mapping[str, Any]) -> StepBefore:
    """Return what a step moved, in short, from its receipt as JSON values."""
    return StepBefore(
        rows=receipt["rows_out"],
        seconds=receipt["seconds"],
        status=receipt["status"],
        nulls=receipt["nulls"],
        content=fingerprint(receipt["digests"]) if receipt["digests"] else "",
    )


def milliseconds(ts: str) -> int:
    """Return a time of the record as milliseconds since 1970."""
    return round(datetime.fromisoformat(ts).timestamp() * 1000)


def _telling(metrics: Sequence[Metric], most: int) -> list[Metric]:
    """Return the numbers that say most, in order of time: the run's own, then the largest of each kind in turn."""
    if len(metrics) <= most:
        return list(metrics)
    places: dict[str, int] = {}
    ranked: list[tuple[bool, int, int]] = []
    for place, metric in sorted(enumerate(metrics), key=lambda pair: -pair[1].value):
        places[metric.metric] = rank = places.get(metric.metric, 0) + 1
        ranked.append((metric.step_id != "", rank, place))
    return [metrics[place] for place in sorted(place for _, _, place in sorted(ranked)[:most])]


def _part(name: str) -> str:
    return _NOT_IN_ID.sub("_", name.lower())[:MOST_NAME] or "_"
