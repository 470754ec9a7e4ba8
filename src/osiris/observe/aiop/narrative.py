"""The run in sentences; each cites the evidence that it stands on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from osiris.model.aiop import Delta, Failure, Input, Intent, LoadReceipt, Narrative, Norm, Sentence
from osiris.observe.aiop.evidence import Story
from osiris.observe.aiop.words import (
    MOST_NAMES,
    closed,
    count,
    few_rows,
    in_seconds,
    made_from,
    names,
    percent,
    quoted,
    short,
    short_name,
)

MOST_CHANGES = 8  # steps that changed, told one by one
VERBS = {"completed": "completed", "failed": "failed", "interrupted": "was interrupted"}


@dataclass(frozen=True)
class Teller:
    """Knows one run and tells it.

    Attributes:
        meaning: The semantic layer, as JSON values.
        inputs: What the package is made from.
        steps: Most steps that are told one by one; the package has the others' receipts.
    """

    meaning: dict[str, Any]
    intent: Sequence[Intent]
    story: Story
    delta: Delta
    norm: Norm
    inputs: tuple[Input, ...]
    steps: int

    def narrative(self) -> Narrative:
        """Return the layer; without a single event there is nothing to tell."""
        intent = tuple(said.model_copy(update={"text": short(said.text)}) for said in self.intent[: self._few])
        if not self.story.timeline:
            return Narrative(intent=intent, inputs=self.inputs)
        return Narrative(
            intent=intent,
            happened=tuple(self._happened()),
            why=tuple(self._why()),
            changed=(*self._changed(), *self._unusual()),
            inputs=self.inputs,
        )

    @property
    def _few(self) -> int:
        """Return how many of anything else are told one by one."""
        return min(MOST_NAMES, self.steps)

    @cached_property
    def _ids(self) -> list[str]:
        """Return the ids of all steps, in pipeline order."""
        return [node["id"] for node in self.meaning["nodes"] if node["kind"] == "step"]

    @cached_property
    def _end(self) -> str:
        """Return what to cite for the run as a whole."""
        last = "run_killed" if self.story.killed else "run_end" if self.story.ended else ""
        return self.story.moment(last) if last else self.story.timeline[-1].id

    def _happened(self) -> Iterator[Sentence]:
        story = self.story
        steps = count(len(self._ids), "step")
        yield _says(f"The pipeline {quoted(self.meaning['pipeline'])} began with {steps}.", story.moment("run_start"))
        for moment in [moment for moment in story.timeline if moment.event == "run_allowed"]:
            yield _says(_allowed(moment.detail), moment.id)
        for moment in [moment for moment in story.timeline if moment.event == "warning"][: self._few]:
            yield _says(f"Warning: {moment.detail.get('message', '')}", moment.id)
        told = self._told()
        for proof in told:
            yield self._step(proof)
        if left := len(story.done) - len(told):
            yield _says(f"{count(left, 'more step')} got to the last row.", self._end)
        yield self._ending()

    def _told(self) -> list[LoadReceipt]:
        """Return the receipts that are told one by one: writers first where not all can be, in pipeline order."""
        done = [self.story.receipts[step_id] for step_id in self._ids if step_id in self.story.receipts]
        chosen = sorted(done, key=lambda proof: proof.receipt.mode != "write")[: self.steps]
        ids = {proof.step_id for proof in chosen}
        return [proof for proof in done if proof.step_id in ids]

    def _step(self, proof: LoadReceipt) -> Sentence:
        receipt = proof.receipt
        head = f"Step {quoted(receipt.step_id)} ({receipt.component})"
        match receipt.mode:
            case "read":
                return _says(f"{head} read {few_rows(receipt.rows_out)} from {self._source(proof.step_id)}.", proof.id)
            case "transform":
                return _says(f"{head} made {few_rows(receipt.rows_out)} out of {receipt.rows_in:,}.", proof.id)
            case "write":
                made = [artifact.id for artifact in self.story.artifacts if artifact.step_id == proof.step_id]
                checks = [check.id for check in self.story.checks[proof.step_id]]
                return _says(f"{head} {_wrote(proof)}", proof.id, *made[: self._few], *checks)

    def _source(self, step_id: str) -> str:
        named = (edge["object"] for edge in self.meaning["edges"] if edge["subject"] == step_id)
        return short_name(next(named, "its source"))

    def _ending(self) -> Sentence:
        story = self.story
        if story.killed:
            text = f"The process that carried the run was gone; its last word is of {story.last.get('ts', 'nowhere')}."
            return _says(text, self._end)
        if not story.ended:
            text = f"The record stops at {story.last['ts']}: the process was killed, or is still running."
            return _says(text, self._end)
        verb, seconds = VERBS[story.ended["status"]], in_seconds(story.ended["seconds"])
        text = f"The run {verb} after {seconds}; writers committed {few_rows(story.total_rows)}."
        return _says(text, self._end, story.moment("cleanup_complete"))

    def _why(self) -> Iterator[Sentence]:
        for error in self.story.errors[: self._few]:
            yield _says(_failed(error), error.id)
        if self.story.errors or not self.story.ended:
            yield from self._left()

    def _left(self) -> Iterator[Sentence]:
        """Say what did not come about, and what did all the same."""
        story = self.story
        stopped = [step_id for step_id, stage in story.stages.items() if stage == "stopped"]
        never = [step_id for step_id in self._ids if step_id not in story.stages]
        targets = [(write["target"], write["step_id"] in story.committed) for write in self.meaning["writes"]]
        kept = [target for target, committed in targets if not committed]
        done = [target for target, committed in targets if committed]
        if stopped:
            yield _says(f"Stopped before the last row: {names(stopped)}.", self._end)
        if never:
            yield _says(f"Never begun: {names(never)}.", self._end)
        if kept:
            ending = ": as before the run" if story.ended else ""
            yield _says(f"No commit is recorded for {names(kept)}{ending}.", self._end)
        if done:
            yield _says(f"Committed, and there now all the same: {names(done)}.", self._end)

    def _changed(self) -> Iterator[Sentence]:
        delta = self.delta
        if delta.first_run:
            yield _says("This is the first run of the pipeline on record.", self.story.moment("run_start"))
            return
        before, now = delta.rows.before or 0, delta.rows.now or 0
        yield _says(
            f"Against the run before, {delta.previous_run} ({delta.previous_status}, {made_from(delta.changed)}): "
            f"{few_rows(now)} committed, {before:,} then{percent(delta.rows.percent)}.",
            self._end,
        )
        told = [change for change in delta.steps if change.step_id in self.story.receipts]
        for change in told[: min(MOST_CHANGES, self.steps)]:
            parts = []
            if change.rows.before != change.rows.now:
                counts = f"{few_rows(change.rows.now or 0)}, {change.rows.before:,} before"
                parts.append(f"{counts}{percent(change.rows.percent)}")
            elif change.content == "different":
                parts.append("as many rows as before, with other values")
            parts += [f"new columns: {names(change.columns_added)}"] if change.columns_added else []
            parts += [f"columns gone: {names(change.columns_removed)}"] if change.columns_removed else []
            parts += [f"NULLs changed in: {names(change.nulls)}"] if change.nulls else []
            text = f"Step {quoted(change.step_id)}: {'; '.join(parts)}."
            yield _says(text, self.story.receipts[change.step_id].id)

    def _unusual(self) -> Iterator[Sentence]:
        """Say what the last completed runs did not show."""
        for finding in self.norm.unusual[: min(MOST_CHANGES, self.steps)]:
            proof = self.story.receipts.get(finding.step_id)
            yield _says(f"Unusual: {finding.says}.", proof.id if proof else self._end)


def _allowed(detail: Mapping[str, Any]) -> str:
    """Return who let the run begin, and with what."""
    who = quoted(str(detail["who"]))
    told = {
        "conversation": f"{who} said yes to exactly this in a conversation",
        "command": f"{who} said yes to exactly this with `osiris approve`",
        "policy": f"A standing policy of {who} let it begin",
        "asked": f"{who} was shown the plan and said yes",
        "token": f"{who} let it begin with the token of its plan",
        "typed": f"{who} let it begin; nothing that is there could be lost",
    }[detail["how"]]
    given = f" at {detail['given'][:16].replace('T', ' ')} UTC" if detail["given"] else ""
    record = f", record {detail['approval']}" if detail["approval"] else ""
    return f"{told}{given} (envelope {detail['envelope'][:16]}{record})."


def _wrote(proof: LoadReceipt) -> str:
    receipt, written = proof.receipt, proof.receipt.written
    rows = few_rows(receipt.rows_in)
    if written is None or not proof.committed:
        where = f" for {short_name(written.target)}" if written else ""
        return f"took {rows}{where}, but they were not committed."
    counts = f"{written.staged:,} staged"
    if written.rows_before is not None:
        counts += f", {written.rows_before:,} there before"
    if written.rows_after is not None:
        counts += f", {written.rows_after:,} there now"
    changes = f" It {'; '.join(written.changes)}." if written.changes else ""
    return f"wrote {rows} to {short_name(written.target)} ({written.write_mode}): {counts}.{changes}"


def _failed(error: Failure) -> str:
    named = error.step_id in error.message
    message = error.message if named else f"{error.step_id}: {error.message}"
    text = f"{message[:1].upper()}{closed(message[1:])} ({error.code})"
    text += f", at {error.where}." if error.where else "."
    text += f" Because: {closed(error.why)}." if error.why else ""
    text += f" What to do: {closed(error.hint)}." if error.hint else ""
    return text + (" The same run may succeed later with nothing changed." if error.retriable else "")


def _says(text: str, *cites: str) -> Sentence:
    return Sentence(text=short(text), cites=tuple(dict.fromkeys(cites)))
