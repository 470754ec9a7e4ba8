"""A plan as one page: what would run, what would be written, and what may be lost."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from osiris.model.catalogue import Column
from osiris.model.plan import Plan, PlannedStep, PlannedWrite
from osiris.observe.html.graph import Arrow, Box, drawn
from osiris.observe.html.markup import Child, Markup, el, page
from osiris.observe.html.parts import Line, facts, section, table
from osiris.observe.html.sql import coloured, dialect_of

FEW_STEPS = 12  # whose details are open from the start


def plan_page(plan: Plan) -> str:
    """Return the page of a plan; every step is on it."""
    return _Page(plan).whole()


@dataclass(frozen=True)
class _Page:
    plan: Plan

    def whole(self) -> str:
        sections = (
            ("What may be lost", self._lost()),
            ("Steps and rows", self._graph()),
            ("Not proved, and warnings", self._findings()),
            ("Steps", self._steps()),
            ("Sources", self._sources()),
        )
        shown = [section(name, parts) for name, build in sections if (parts := [*build])]
        return page(
            f"Plan of {self.plan.pipeline}", el("header", self._head()), el("main", shown, id="content"),
            el("footer", el("p", "Manifest ", el("code", self.plan.manifest_hash))),
        )  # fmt: skip

    def _head(self) -> Iterator[Child]:
        plan = self.plan
        yield el("h1", f"Plan of {plan.pipeline}")
        yield el("p", "token ", el("code", plan.token), class_="soft")
        told = [("steps", f"{len(plan.steps):,}"), ("writes", f"{len(plan.writes):,}")]
        told += [("profile", plan.profile)] if plan.profile else []
        told += (
            [("run before", f"{plan.last.run_id}, {plan.last.status}; this is {plan.last.since}")] if plan.last else []
        )
        yield facts([*told, *plan.params.items()])

    def _lost(self) -> Iterator[Child]:
        for write in self.plan.writes:
            if write.destructive:
                yield el("p", el("strong", "Destructive: "), write.destructive, class_="odd")

    def _graph(self) -> Iterator[Child]:
        steps = self.plan.steps
        boxes = [
            Box(step.step_id, step.mode, step.step_id, step.component, f"{step.step_id}: {step.component}")
            for step in steps
        ]
        arrows = [
            Arrow(name, step.step_id, waits=name not in step.takes)
            for step in steps
            for name in dict.fromkeys((*step.takes, *step.waits))
        ]
        yield drawn(boxes, arrows, f"Graph of {self.plan.pipeline}")

    def _findings(self) -> Iterator[Child]:
        for found in self.plan.not_proved:
            more = " ".join(part for part in (found.why, found.hint) if part)
            severity = el("strong", found.severity.value, class_="warn")
            yield el("p", severity, " ", found.message, " ", el("span", f"{more} {found.code}", class_="soft"))

    def _steps(self) -> Iterator[Child]:
        writes = {write.step_id: write for write in self.plan.writes}
        opened = len(self.plan.steps) <= FEW_STEPS
        for step in self.plan.steps:
            name = el("summary", step.step_id, " ", el("span", step.component, class_="soft"))
            yield el("details", name, self._step(step, writes.get(step.step_id)), class_=step.mode, open=opened)

    def _step(self, step: PlannedStep, write: PlannedWrite | None) -> Iterator[Child]:
        yield el("p", [el("span", f"{proof} proved ", class_="tag") for proof in step.proved],
                 [el("span", f"{proof} not proved ", class_="tag warn") for proof in step.unproved])  # fmt: skip
        told = [
            ("takes", step.reads or ", ".join(step.takes)),
            ("after", ", ".join(step.waits)),
            ("rows", ", ".join(f"{one.table}{_rows(one.rows)}" for one in step.tables)),
            *(_written(write) if write else ()),
        ]
        yield facts([pair for pair in told if pair[1]], kind="plain")
        for text in (step.query, write.ddl if write else ""):
            if text.strip():
                yield coloured(text.strip("\n"), dialect_of(step.component))
        yield _columns(step)

    def _sources(self) -> Iterator[Child]:
        lines: list[Line] = [
            ("", (one.connection, f"seen {one.seen:%Y-%m-%d %H:%M} UTC" if one.seen else f"not known: {one.why}"))
            for one in self.plan.sources
        ]
        if lines:
            yield table("What is known of what is read", ("connection", "state"), lines)


def _rows(rows: int | None) -> str:
    return "" if rows is None else f" ({rows:,} rows)"


def _written(write: PlannedWrite) -> tuple[tuple[str, str], ...]:
    how = f"{write.write_mode} by {', '.join(write.primary_key)}" if write.primary_key else write.write_mode
    match write.state:
        case None:
            now = "not looked at"
        case state if not state.exists:
            now = "not there yet"
        case state:
            now = "exists" if state.rows is None else f"holds {state.rows:,} rows"
    return ("writes", write.target), ("how", how), ("now", now)


def _columns(step: PlannedStep) -> Markup:
    if step.columns is None:
        return el("p", "Its columns are not known yet.", class_="warn")
    losses = {lost.column: f"{lost.target}, {lost.loss}. {lost.note}" for lost in step.losses}
    rows = [(*_described(column), losses.get(column.name, ""), _from(step, column)) for column in step.columns]
    heads = ("column", "type", "becomes", "from")
    kept = [place for place in range(len(heads)) if place == 0 or any(row[place] for row in rows)]
    return table(f"Columns of {step.step_id}", _those(heads, kept), [("", _those(row, kept)) for row in rows])


def _those(cells: Sequence[str], kept: Sequence[int]) -> list[str]:
    return [cells[place] for place in kept]


def _described(column: Column) -> tuple[str, str]:
    return column.name, f"{column.type}{'' if column.nullable else ' not null'}"


def _from(step: PlannedStep, column: Column) -> str:
    return ", ".join(step.lineage.get(column.name, ()))
