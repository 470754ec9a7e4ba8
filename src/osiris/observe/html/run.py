"""One run as a page: how it ended and why, what moved, and everything that proves it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from osiris.model.aiop import Aiop, Change, Failure, LoadReceipt, Sentence, StepChange
from osiris.observe.aiop.words import count, few_rows, in_seconds, made_from
from osiris.observe.html.course import Course
from osiris.observe.html.graph import Arrow, Box, drawn
from osiris.observe.html.markup import Child, Markup, el, page
from osiris.observe.html.parts import Line, anchor, bar, curve, facts, left_out, section, size, state, table
from osiris.observe.html.sql import coloured, dialect_of

MOST_CURVES = 12
MOST_STEPS = 100  # whose columns and statements are shown
_KINDS = {"completed": "done", "failed": "failed", "stopped": "stopped"}
_BARS = {"failed": "bad", "stopped": "warn"}


def run_page(package: Aiop, steps: Sequence[Mapping[str, Any]], course: Course) -> str:
    """Return the page of a run.

    Args:
        package: Without secrets, with as much evidence as there is.
        steps: The first `MOST_STEPS` of what ran, as the manifest has them, without secrets.
        course: When each step began and ended, and how it came on.
    """
    return _Page(package, steps, course).whole()


@dataclass(frozen=True)
class _Page:
    package: Aiop
    steps: Sequence[Mapping[str, Any]]
    course: Course

    def whole(self) -> str:
        run = self.package.run
        sections = [(name, parts) for name, build in self._sections() if (parts := _there(build))]
        links = el("ul", [el("li", el("a", name, href=f"#{anchor(name)}")) for name, _ in sections])
        return page(
            f"{run.pipeline}: {run.status}",
            el("header", self._head()),
            el("nav", links, aria_label="Parts of this page"),
            el("main", [section(name, parts) for name, parts in sections], id="content"),
            el("footer", self._foot()),
        )

    def _sections(self) -> Iterator[tuple[str, Iterator[Child]]]:
        yield "What went wrong", self._trouble()
        yield "What happened", self._story()
        yield "Steps and rows", self._graph()
        yield "Timeline", self._timeline()
        yield "Receipts", self._receipts()
        yield "Checks", self._checks()
        yield "Compared with the run before", self._changes()
        yield "Progress", self._curves()
        yield "Files and tables", self._made()
        yield "Statements", self._statements()
        yield "Columns and where they come from", self._columns()
        yield "What to do next", self._next()

    @cached_property
    def _shown(self) -> set[str]:
        """Return the ids of evidence that has a line on the page."""
        evidence = self.package.evidence
        pieces = (*evidence.errors, *evidence.artifacts, *evidence.checks, *evidence.receipts)
        return {piece.id for piece in pieces}

    @cached_property
    def _proofs(self) -> Mapping[str, LoadReceipt]:
        return {proof.step_id: proof for proof in self.package.evidence.receipts}

    @cached_property
    def _stages(self) -> Mapping[str, str]:
        return {node.id: node.status for node in self.package.semantic.nodes if node.kind == "step"}

    @cached_property
    def _steps_total(self) -> int:
        return sum(used.steps for used in self.package.semantic.components)

    @cached_property
    def _totals(self) -> Mapping[str, int]:
        """Return how much there is of what is not all here."""
        return {cut.path: cut.total for cut in self.package.metadata.truncation.cuts}

    def _total(self, path: str) -> int:
        return self._totals.get(path, 0)

    def _head(self) -> Iterator[Child]:
        run = self.package.run
        yield el("h1", run.pipeline)
        yield el("p", state(run.status), " ", el("code", run.run_id), class_="soft")
        told = [
            ("rows committed", f"{run.total_rows:,}"),
            ("took", "not known" if run.seconds is None else in_seconds(run.seconds)),
            ("steps", f"{self._steps_total:,}"),
            ("began, UTC", run.started_at[:19].replace("T", " ")),
        ]
        change = self.package.metadata.delta.rows
        if change.before is not None:
            told.insert(1, ("rows before", f"{change.before:,}{_percent(change)}"))
        yield facts(told)

    def _foot(self) -> Iterator[Child]:
        run, metadata = self.package.run, self.package.metadata
        version = f"Osiris {metadata.osiris_version}" if metadata.osiris_version else "Osiris"
        yield el("p", f"Made by {version} from {run.record}; {count(run.events, 'event')} on record. ", _missing(self))
        yield el("p", "Manifest ", el("code", self.package.semantic.manifest_hash))

    def _trouble(self) -> Iterator[Child]:
        for error in self.package.evidence.errors:
            yield _error(error)
        yield from self._sentences(self.package.narrative.why[len(self.package.evidence.errors) :])

    def _story(self) -> Iterator[Child]:
        story = self.package.narrative
        yield [el("p", el("strong", "Wanted: "), said.text, _source(said.source)) for said in story.intent]
        yield from self._sentences(story.happened)

    def _sentences(self, told: tuple[Sentence, ...]) -> Iterator[Child]:
        if told:
            yield el("ul", [el("li", sentence.text, self._cites(sentence)) for sentence in told])

    def _cites(self, sentence: Sentence) -> Iterator[Child]:
        for number, cited in enumerate([one for one in sentence.cites if one in self._shown], 1):
            yield el("a", f"[{number}]", href=f"#{cited}", title=cited, class_="cite", aria_label=f"evidence {cited}")

    def _graph(self) -> Iterator[Child]:
        nodes = self.package.semantic.nodes
        boxes = [_box(node.id, node.kind, node.component, self._moved(node.id), node.status) for node in nodes]
        arrows = []
        targets = {node.id for node in nodes if node.kind == "target"}
        for edge in self.package.semantic.edges:
            match edge.relation:
                case "produces" if edge.object in targets:
                    arrows.append(Arrow(f"step:{edge.subject}", f"target:{edge.object}"))
                case "depends_on":
                    arrows.append(Arrow(f"step:{edge.object}", f"step:{edge.subject}", waits=True))
                case _:
                    kind = "step" if edge.object in self._stages else "source"
                    arrows.append(Arrow(f"{kind}:{edge.object}", f"step:{edge.subject}"))
        total = self._total("semantic.nodes")
        yield drawn(boxes, arrows, f"Graph of {self.package.run.pipeline}", total=total)

    def _moved(self, step_id: str) -> str:
        if proof := self._proofs.get(step_id):
            return f"{few_rows(proof.receipt.rows_out)} · {size(proof.receipt.bytes)}"
        return ""

    def _timeline(self) -> Iterator[Child]:
        lines = [self._span(step_id) for step_id in self._stages if step_id in self.course.began]
        if lines:
            heads = ("step", "when", "ended", "from", "took")
            yield table("When each step ran", heads, lines, numbers="from,took", total=len(self.course.began))

    def _span(self, step_id: str) -> Line:
        began = self.course.began[step_id]
        ended = self.course.ended.get(step_id)
        whole = self.course.seconds or 1.0
        took = (ended if ended is not None else self.course.seconds) - began
        stage = self._stages[step_id]
        drawn_bar = bar(began / whole, took / whole, _BARS.get(stage, ""))
        cells = (
            step_id,
            _track(drawn_bar),
            stage or "not said",
            f"{began:.2f} s",
            f"{took:.2f} s" if ended else "no end",
        )
        return "", cells

    def _receipts(self) -> Iterator[Child]:
        proofs = self.package.evidence.receipts
        if not proofs:
            return
        most = max(max(proof.receipt.rows_in, proof.receipt.rows_out) for proof in proofs) or 1
        heads = ("step", "rows", "in", "out", "bytes", "NULLs", "rows/s", "receipt")
        lines = [_receipt(proof, most) for proof in proofs]
        total = self._total("evidence.receipts")
        yield table("What each step took and gave", heads, lines, numbers=",".join(heads[2:7]), total=total)

    def _checks(self) -> Iterator[Child]:
        lines: list[Line] = [
            (check.id, (check.step_id, state(check.status), check.says, _number(check.expected), _number(check.found)))
            for check in self.package.evidence.checks
        ]
        if lines:
            heads = ("step", "result", "what was compared", "expected", "found")
            total = self._total("evidence.checks")
            yield table("Promises held against what happened", heads, lines, numbers="expected,found", total=total)

    def _changes(self) -> Iterator[Child]:
        delta, norm = self.package.metadata.delta, self.package.metadata.norm
        yield [el("p", finding.says, class_="odd") for finding in norm.unusual]
        if delta.first_run:
            yield el("p", "This is the first run of the pipeline on record.")
            return
        before = f", {delta.previous_status}. This one is of {made_from(delta.changed)}."
        yield el("p", "The run before: ", el("code", delta.previous_run), before)
        numbers = [("rows committed", delta.rows), ("seconds", delta.seconds), ("errors", delta.errors)]
        lines = [*(_change("", name, change) for name, change in numbers), *map(_step_change, delta.steps)]
        heads = ("number", "before", "now", "change", "besides")
        total = len(numbers) + self._total("metadata.delta.steps")
        yield table("What is different", heads, lines, numbers="before,now,change", total=total)

    def _curves(self) -> Iterator[Child]:
        for step_id, points in list(self.course.progress.items())[:MOST_CURVES]:
            if len(points) > 2:  # noqa: PLR2004 - a line of two points tells nothing that the table does not
                first, last = points[0], points[-1]
                ends = (f"{few_rows(first[1])} after {first[0]:.1f} s", f"{few_rows(last[1])} after {last[0]:.1f} s")
                yield curve(points, f"Rows of {step_id}", ends)

    def _made(self) -> Iterator[Child]:
        files = self.package.evidence.artifacts
        if files:
            lines = [(f.id, (f.path, _number(f.rows), size(f.bytes), el("code", f.sha256))) for f in files]
            heads = ("file", "rows", "bytes", "SHA-256")
            total = self._total("evidence.artifacts")
            yield table("Files that the run made", heads, lines, numbers="rows,bytes", total=total)
        entries = [
            ("", (w.target, w.write_mode, ", ".join(w.primary_key), self._state_of(w.step_id)))
            for w in self.package.semantic.writes
        ]
        if entries:
            total = self._total("semantic.writes")
            yield table("What was to be written", ("target", "mode", "key", "state"), entries, total=total)

    def _state_of(self, step_id: str) -> str:
        proof = self._proofs.get(step_id)
        if proof is None or not proof.committed:
            return "no commit is recorded"
        after = proof.receipt.written.rows_after if proof.receipt.written else None
        return "committed" if after is None else f"committed; holds {few_rows(after)}"

    def _statements(self) -> Iterator[Child]:
        writes = {entry.step_id: entry.ddl for entry in self.package.semantic.writes}
        for step in self.steps:
            name, query = step["id"], step["config"].get("query", "")
            for text, title in (
                (query if isinstance(query, str) else "", name),
                (writes.get(name, ""), f"{name}, where the target is missing"),
            ):
                if text.strip():
                    yield el("h3", title)
                    yield coloured(text.strip("\n"), dialect_of(step["component"]))
        yield left_out(self._steps_total - len(self.steps), "steps")

    def _columns(self) -> Iterator[Child]:
        semantic = self.package.semantic
        for step_id, shapes in list(semantic.schemas.items())[:MOST_STEPS]:
            sources = semantic.lineage.get(step_id, {})
            nulls = self._proofs[step_id].receipt.nulls if step_id in self._proofs else {}
            lines: list[Line] = [
                ("", (s.name, s.type, _number(nulls.get(s.name)), ", ".join(sources.get(s.name, ())))) for s in shapes
            ]
            heads = ("column", "type", "NULLs", "comes from")
            shown = table(f"Columns of {step_id}", heads, lines, numbers="NULLs")
            yield el("details", el("summary", f"{step_id}: {count(len(shapes), 'column')}"), shown)
        total = max(self._total("semantic.schemas"), len(semantic.schemas))
        yield left_out(total - MOST_STEPS, "steps")

    def _next(self) -> Iterator[Child]:
        controls = self.package.metadata.controls
        if controls:
            yield el("ul", [el("li", f"{control.title}: ", el("code", control.command)) for control in controls])


def _there(parts: Iterator[Child]) -> list[Child]:
    return [part for part in parts if part is not None]


def _error(error: Failure) -> Markup:
    return el(
        "div",
        el("p", el("strong", error.message), " ", el("code", error.code)),
        el("p", f"Where: {error.where}") if error.where else None,
        el("p", f"Why: {error.why}") if error.why else None,
        el("p", f"What to do: {error.hint}", class_="next") if error.hint else None,
        class_="trouble",
        id=error.id,
    )


def _box(name: str, kind: str, component: str, moved: str, stage: str) -> Box:
    if kind != "step":
        return Box(f"{kind}:{name}", "outside", name, kind, f"{kind} {name}")
    note = moved or stage
    says = ", ".join(filter(None, (f"step {name}", component, stage, moved)))
    return Box(f"step:{name}", _KINDS.get(stage, "idle"), name, note, says)


def _receipt(proof: LoadReceipt, most: int) -> Line:
    receipt = proof.receipt
    rows = max(receipt.rows_in, receipt.rows_out)
    speed = f"{rows / receipt.seconds:,.0f}" if receipt.seconds else ""
    result: list[Child] = [state(receipt.status)]
    if proof.committed is False:
        result.append(" not committed")
    counts = (f"{receipt.rows_in:,}", f"{receipt.rows_out:,}", size(receipt.bytes), f"{sum(receipt.nulls.values()):,}")
    return proof.id, (receipt.step_id, _track(bar(0, rows / most)), *counts, speed, result)


def _track(drawn_bar: Markup) -> Markup:
    return el("div", drawn_bar, class_="track")


def _step_change(change: StepChange) -> Line:
    told = [f"{column} is new" for column in change.columns_added]
    told += [f"{column} is gone" for column in change.columns_removed]
    told += [f"NULLs of {column}: {_number(c.before)}, then {_number(c.now)}" for column, c in change.nulls.items()]
    if change.content == "different":
        told.append("other values")
    return _change("; ".join(told), f"rows of {change.step_id}", change.rows)


def _change(besides: str, name: str, change: Change) -> Line:
    return "", (name, _number(change.before), _number(change.now), _percent(change).strip(), besides)


def _percent(change: Change) -> str:
    return f" {change.percent:+g} %" if change.percent else ""


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


def _source(source: str) -> Markup:
    return el("span", f" ({source})", class_="soft")


def _missing(shown: _Page) -> str:
    missing = shown.package.run.events_missing
    return f"{count(missing, 'event')} could not be read." if missing else ""
