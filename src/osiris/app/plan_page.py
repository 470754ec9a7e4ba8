"""A plan as one page: nothing is loaded, nothing runs, and it can be read on a phone, by day and by night."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape

from osiris.app.plan_graph import drawing
from osiris.model.catalogue import Column
from osiris.model.diagnostics import Diagnostic
from osiris.model.plan import Plan, PlannedStep, PlannedTable, PlannedWrite

FEW_STEPS = 12  # whose details are open from the start
_STYLE = """
:root { color-scheme: light dark; --back: #fff; --text: #1c1e21; --dim: #5f6670; --line: #d5d9de; --card: #f6f7f9;
  --read: #0a6fb8; --transform: #6a3fb5; --write: #1a7f4b; --warn: #9a5b00; --error: #b3261e; }
@media (prefers-color-scheme: dark) {
  :root { --back: #15171a; --text: #e6e8ea; --dim: #9aa2ad; --line: #363b42; --card: #1d2024;
    --read: #5cb3f0; --transform: #b597f2; --write: #58c98d; --warn: #e2a54a; --error: #f2867f; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 70rem; background: var(--back); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
p { margin: .25rem 0; } .dim { color: var(--dim); } .warn { color: var(--warn); } .error { color: var(--error); }
code, pre { font: .85rem/1.5 ui-monospace, monospace; }
pre { margin: .5rem 0; padding: .6rem; background: var(--back); border: 1px solid var(--line); border-radius: 6px;
  overflow-x: auto; white-space: pre-wrap; }
.wide { overflow-x: auto; } svg { display: block; margin: 0 auto; max-width: none; }
svg text { fill: var(--text); font: 14px system-ui, sans-serif; } svg .small { fill: var(--dim); font-size: 12px; }
svg rect { fill: var(--card); stroke-width: 2; } svg path { fill: none; stroke: var(--dim); stroke-width: 1.5; }
svg .waits { stroke-dasharray: 4 4; }
svg .read { stroke: var(--read); } svg .transform { stroke: var(--transform); } svg .write { stroke: var(--write); }
details { margin: .5rem 0; padding: .6rem .8rem; background: var(--card); border: 1px solid var(--line);
  border-radius: 8px; border-left-width: 4px; }
details.read { border-left-color: var(--read); } details.transform { border-left-color: var(--transform); }
details.write { border-left-color: var(--write); }
summary { cursor: pointer; } summary b { margin-right: .5rem; }
table { border-collapse: collapse; font-size: .9rem; } th { text-align: left; font-weight: 500; color: var(--dim); }
td, th { padding: .15rem .9rem .15rem 0; vertical-align: top; }
.tag { display: inline-block; margin: 0 .3rem .2rem 0; padding: 0 .5rem; border: 1px solid var(--line);
  border-radius: 1rem; font-size: .8rem; }
.wide td:nth-child(-n+2) { white-space: nowrap; }
@media (max-width: 34rem) { body { padding: .75rem; } td, th { padding-right: .6rem; } }
"""


def page(plan: Plan) -> str:
    """Return the whole page as HTML."""
    return "\n".join(("<!doctype html>", *_page(plan), ""))


def _page(plan: Plan) -> Iterator[str]:
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    yield f"<title>Plan of {_said(plan.pipeline)}</title><style>{_STYLE}</style></head><body>"
    yield f"<h1>Plan of {_said(plan.pipeline)}</h1>"
    yield f'<p class="dim">manifest {_said(plan.manifest_hash[:12])} · token <code>{_said(plan.token)}</code></p>'
    yield from _lost(plan)
    yield _facts({"profile": plan.profile, **plan.params, **_seen(plan)})
    yield f'<h2>Graph</h2><div class="wide">{drawing(plan, _said)}</div>'
    yield from _findings(plan.not_proved)
    yield "<h2>Steps</h2>"
    writes = {write.step_id: write for write in plan.writes}
    for step in plan.steps:
        yield from _step(step, writes.get(step.step_id), opened=len(plan.steps) <= FEW_STEPS)
    yield "</body></html>"


def _lost(plan: Plan) -> Iterator[str]:
    for write in plan.writes:
        if write.destructive:
            yield f'<p class="warn"><b>Destructive:</b> {_said(write.destructive)}</p>'


def _seen(plan: Plan) -> dict[str, str]:
    return {
        source.connection: f"seen {source.seen:%Y-%m-%d %H:%M} UTC" if source.seen else f"not known: {source.why}"
        for source in plan.sources
    }


def _findings(found: Sequence[Diagnostic]) -> Iterator[str]:
    if not found:
        return
    yield "<h2>Not proved, and warnings</h2>"
    for finding in found:
        more = " ".join(part for part in (finding.why, finding.hint) if part)
        yield f'<p><span class="warn">{_said(finding.severity.value)}</span> {_said(finding.message)} '
        yield f'<span class="dim">{_said(more)} {_said(finding.code)}</span></p>'


def _step(step: PlannedStep, write: PlannedWrite | None, *, opened: bool) -> Iterator[str]:
    yield f'<details class="{step.mode}"{" open" if opened else ""}>'
    yield f"<summary><b>{_said(step.step_id)}</b>"
    yield f'<span class="dim">{_said(step.component)}</span></summary>'
    yield f"<p>{_tags(step)}</p>"
    takes = step.reads or ", ".join(step.takes)
    yield _facts({"takes": takes, "after": ", ".join(step.waits), "rows": ", ".join(map(_read, step.tables))})
    if write is not None:
        yield _write(write)
    if step.query.strip():
        yield f"<pre>{_said(step.query.strip())}</pre>"
    if write is not None and write.ddl:
        yield f"<pre>{_said(write.ddl)}</pre>"
    yield _columns(step)
    yield "</details>"


def _tags(step: PlannedStep) -> str:
    proved = (f'<span class="tag">{proof} proved</span>' for proof in step.proved)
    unproved = (f'<span class="tag warn">{proof} not proved</span>' for proof in step.unproved)
    return "".join((*proved, *unproved))


def _write(write: PlannedWrite) -> str:
    how = f"{write.write_mode} by {', '.join(write.primary_key)}" if write.primary_key else write.write_mode
    match write.state:
        case None:
            now = "not looked at"
        case state if not state.exists:
            now = "not there yet"
        case state:
            now = "exists" if state.rows is None else f"holds {state.rows:,} rows"
    return _facts({"writes": write.target, "how": how, "now": now})


def _columns(step: PlannedStep) -> str:
    if step.columns is None:
        return '<p class="warn">Its columns are not known yet.</p>'
    losses = {lost.column: f"{lost.target}, {lost.loss}. {lost.note}" for lost in step.losses}
    rows = [(*_described(column), losses.get(column.name, ""), _from(step, column)) for column in step.columns]
    return f'<div class="wide">{_table(("column", "type", "becomes", "from"), rows)}</div>'


def _described(column: Column) -> tuple[str, str]:
    return column.name, f"{column.type}{'' if column.nullable else ' not null'}"


def _from(step: PlannedStep, column: Column) -> str:
    return ", ".join(step.lineage.get(column.name, ()))


def _table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table without the columns in which nothing stands."""
    kept = [index for index in range(len(headers)) if any(row[index] for row in rows)]
    head = "".join(f"<th>{headers[index]}</th>" for index in kept)
    body = "".join(f"<tr>{''.join(f'<td>{_said(row[index])}</td>' for index in kept)}</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _facts(pairs: Mapping[str, str]) -> str:
    rows: Iterable[str] = (
        f"<tr><th>{_said(name)}</th><td>{_said(value)}</td></tr>" for name, value in pairs.items() if value
    )
    body = "".join(rows)
    return f"<table>{body}</table>" if body else ""


def _read(found: PlannedTable) -> str:
    return found.table if found.rows is None else f"{found.table} ({found.rows:,} rows)"


def _said(text: str) -> str:
    """Return a text that is nothing but text to a browser; what is not printable is shown as its escape."""
    shown = "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)
    return escape(shown)
