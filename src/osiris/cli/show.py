"""What a person sees: plans, rows, receipts, findings, errors. Each function turns a value into what is printed."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from difflib import unified_diff
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from osiris.cli.picture import picture
from osiris.model.catalogue import Column
from osiris.model.diagnostics import Diagnostic, Severity
from osiris.model.manifest import Proof
from osiris.model.plan import Plan, PlannedStep, PlannedTable, PlannedWrite
from osiris.model.receipt import Receipt, Written

if TYPE_CHECKING:  # the room that runs pipelines, which most commands don't need
    from osiris.app.catalogue import Rows
    from osiris.app.rehearsal import Rehearsed
    from osiris.app.runs import RunReport

Cell = str | Text | None  # of a table; None is a NULL

_NUMBERS = ("int", "uint", "float", "double", "decimal")
MOST_QUOTED = 400  # characters
FEW_COLUMNS = 6  # of a step in a plan; more are counted, not named
_COLORS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "dim"}
_SAID_APART = ("event", "manifest_hash", "run_id", "seq", "session", "step_id", "ts")  # of a record
_STATUS = {
    "completed": "green", "ok": "green", "failed": "red", "killed": "red", "interrupted": "yellow", "running": "cyan"
}  # fmt: skip


def plain(text: str) -> str:
    """Return a text that can't steer a terminal: what is not printable is shown as its escape."""
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)


def table(headers: Sequence[str], lines: Iterable[Sequence[Cell]], *, right: str = "") -> Table:
    """Return aligned columns without a frame.

    Args:
        headers: One word each.
        lines: Cells as they should be read; None is a NULL. A text of several lines becomes one.
        right: Headers, separated by blanks, of the columns of numbers.
    """
    shown = Table(box=None, show_edge=False, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for header in headers:
        shown.add_column(header, justify="right" if header in right.split() else "left", overflow="fold")
    for line in lines:
        shown.add_row(*map(_cell, line))
    return shown


def facts(pairs: Mapping[str, str | Text]) -> Table:
    """Return names with their values, one a line; empty values are left out."""
    shown = Table(box=None, show_header=False, show_edge=False, pad_edge=False, padding=(0, 2, 0, 0))
    shown.add_column(style="dim", no_wrap=True)
    shown.add_column(overflow="fold")
    for name, value in pairs.items():
        if value:
            shown.add_row(name, value if isinstance(value, Text) else Text(plain(value)))
    return shown


def title(text: str) -> Text:
    """Return a heading."""
    return Text(plain(text), style="bold")


def status(word: str) -> Text:
    """Return the state of something in its colour."""
    return Text(plain(word), style=_STATUS.get(word, ""))


def rows(found: "Rows") -> RenderableType:
    """Return rows as a table; numbers stand on the right, NULL is told from an empty text."""
    kinds = zip(found.columns, found.types, strict=True)
    numbers = {index for index, (_, kind) in enumerate(kinds) if kind.startswith(_NUMBERS)}
    shown = Table(box=None, show_edge=False, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for index, name in enumerate(found.columns):
        shown.add_column(Text(plain(name)), justify="right" if index in numbers else "left", overflow="fold")
    for row in found.rows:
        shown.add_row(*map(_cell, row))
    more = [Text("there are more", style="dim")] if found.cut else []
    return Group(shown, *more)


def plan(shown: Plan) -> RenderableType:
    """Return what a run would do: the graph, step by step, what is not proved, what may be lost, and the token."""
    writes = {write.step_id: write for write in shown.writes}
    parts: list[RenderableType] = [title(f"plan of {shown.pipeline}"), Text()]
    if shown.profile or shown.params:
        parts += [facts({"profile": shown.profile, **shown.params}), Text()]
    parts += [Padding(_graph(shown, writes), (0, 0, 0, 2), expand=False), Text(), facts(_known(shown)), Text()]
    for step in shown.steps:
        parts += [_step(step, writes.get(step.step_id)), Text()]
    if shown.not_proved:
        parts += [diagnostics(shown.not_proved), Text()]
    if shown.destructive:
        lost = [write.destructive for write in shown.writes if write.destructive]
        parts += [*(Text(f"! {plain(reason)}", style="yellow") for reason in lost), Text()]
    return Group(*parts, facts({"manifest": shown.manifest_hash[:12], "token": shown.token}))


def tried(found: "Rehearsed") -> list[RenderableType]:
    """Return what a trial gave, step by step, and what is suspicious about it."""
    steps = (f"{step.step_id} {count(step.rows, 'row')}{' of more' if step.cut else ''}" for step in found.steps)
    smells = (Text(f"! {plain(smell)}", style="yellow") for smell in found.smells)
    return [Text(f"tried, nothing written: {plain(', '.join(steps))}"), *smells]


def previews(found: "Rehearsed") -> list[RenderableType]:
    """Return the first rows that each writer would take."""
    return [Group(Text(), title(f"{step} would write"), rows(some)) for step, some in found.previews.items()]


def plan_document(shown: Plan) -> dict[str, Any]:
    """Return a plan as a document, with the token that approves it and whether anything may be lost."""
    return {**shown.model_dump(mode="json"), "approval_token": shown.token, "destructive": shown.destructive}


def receipts(found: Sequence[Receipt]) -> Table:
    """Return what each step took and gave."""
    headers = ("step", "in", "out", "nulls", "seconds", "target")
    return table(headers, map(_receipt, found), right="in out nulls seconds")


def report(found: "RunReport") -> RenderableType:
    """Return how a run ended and where its record lies; its error is shown by `error`."""
    done = f"{count(found.total_rows, 'row')} written in {found.seconds:.2f} s"
    head = Text.assemble(status(found.status), f"  {plain(found.pipeline)}: {done}")
    parts: list[RenderableType] = [head, Text()]
    if found.receipts:
        parts += [receipts(found.receipts), Text()]
    places = {"record": found.session, "run card": found.run_card, "for a model": found.aiop, "bundle": found.mempack}
    return Group(*parts, facts(places))


def events(records: Iterable[Mapping[str, Any]]) -> Table:
    """Return what a run said, one line a record."""
    return table(("time", "event", "step", ""), map(event, records))


def event(record: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the time, the kind and the step of a record, and in words whatever else it says."""
    said = {name: value for name, value in record.items() if name not in _SAID_APART and value not in ("", None)}
    words = [f"{name}={_brief(value)}" for name, value in said.items() if not isinstance(value, dict | list)]
    complaint = [str(said["error"]["message"])] if "error" in said else []
    time, kind, step = (str(record.get(name, "")) for name in ("ts", "event", "step_id"))
    return time[11:23], kind, step, " ".join(words + complaint)


def diagnostics(found: Sequence[Diagnostic], file: str = "") -> RenderableType:
    """Return the compiler's findings, in the order given, each with its place.

    Args:
        found: Errors, warnings and notes.
        file: What to show before line and column; empty leaves it out.
    """
    return Group(*(part for finding in found for part in _finding(finding, file)))


def error(wire: Mapping[str, Any]) -> RenderableType:
    """Return an error's wire form (`OsirisError.to_dict`): findings first, then what, where, why and what to do."""
    found = [Diagnostic.model_validate(finding) for finding in wire.get("diagnostics", ())]
    where = str(wire.get("where") or "")
    parts: list[RenderableType] = [diagnostics(found, where), Text()] if found else []
    head = Text.assemble(("error: ", "bold red"), plain(str(wire["message"])), (f"  [{wire['code']}]", "dim"))
    why, hint = (str(wire.get(name) or "") for name in ("why", "hint"))
    reasons = facts({"where": "" if found else where, "why": why, "next": hint})
    return Group(*parts, head, _inside(reasons))


def block(name: str, text: str) -> list[RenderableType]:
    """Return a text of several lines below its name, set off from what follows; nothing for an empty one."""
    if not text.strip():
        return []
    return [Text(plain(name), style="dim"), _inside(Text(plain(text.strip("\n")))), Text()]


def quoted(who: str, text: str) -> Text:
    """Return what somebody said before, in short."""
    words = " ".join(plain(text).split())
    return Text(f"{who}> {words if len(words) <= MOST_QUOTED else words[:MOST_QUOTED] + '…'}", style="dim")


def draft(text: str, *, plain: bool) -> list[RenderableType]:
    """Return a pipeline's text as a result: in colours on a terminal, else as it is."""
    return [text.rstrip("\n")] if plain else [code(text, "yaml")]


def oml(text: str, name: str = "") -> list[RenderableType]:
    """Return a pipeline's text, in colours where there are some, below a name."""
    head = [Text(plain(name), style="dim")] if name else []
    return [*head, _inside(code(text, "yaml")), Text()]


def code(text: str, language: str) -> RenderableType:
    """Return a text in the colours of its language, without characters that could steer a terminal."""
    from rich.syntax import Syntax  # noqa: PLC0415 - heavy: only a text in colours needs it

    return Syntax(plain(text.strip("\n")), language, theme="ansi_dark", background_color="default", word_wrap=True)


def difference(before: str, now: str) -> list[RenderableType]:
    """Return what changed from one text to the next, line by line; nothing where there was none or nothing did."""
    if not before or before == now:
        return []
    lines = list(unified_diff(before.splitlines(), now.splitlines(), "before", "now", lineterm="", n=2))
    return [title("what changed"), changes(lines[2:]), Text()]


def changes(lines: Sequence[str]) -> RenderableType:
    """Return the lines of a difference, what came and what went in colours of their own."""
    styles = {"+": "green", "-": "red", "@": "dim"}
    return _inside(Text("\n").join(Text(plain(line), style=styles.get(line[:1], "")) for line in lines))


def outline(said: Mapping[str, Any]) -> Table:
    """Return a plan in words: each part by its name, lists one line an entry."""
    pairs = {name.replace("_", " "): value for name, value in said.items() if value}
    return facts({name: value if isinstance(value, str) else "\n".join(value) for name, value in pairs.items()})


def assumed(assumptions: Sequence[str]) -> list[RenderableType]:
    """Return what was assumed where nobody answered, one a line; nothing where nothing was."""
    if not assumptions:
        return []
    return [title("assumed"), *(_inside(Text(plain(one))) for one in assumptions), Text()]


def count(number: int, noun: str) -> str:
    """Return a number with its noun.

    Example:
        >>> count(1, "row"), count(12000, "row")
        ('1 row', '12,000 rows')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _inside(part: RenderableType) -> Padding:
    return Padding(part, (0, 0, 0, 2), expand=False)


def _brief(value: object) -> str:
    match value:
        case bool() | str():
            return str(value)
        case float():
            return f"{value:.3f}"
        case int():
            return f"{value:,}"
    return str(value)


def _cell(value: Cell) -> Text:
    if isinstance(value, Text):
        return value
    return Text("NULL", style="dim") if value is None else Text(plain(value).replace("\n", "\\n"))


def _graph(shown: Plan, writes: Mapping[str, PlannedWrite]) -> Table:
    """Return the picture of a plan, each step beside its node."""
    drawn = Table(box=None, show_header=False, show_edge=False, pad_edge=False, padding=(0, 2, 0, 0))
    for _ in ("picture", "step", "what", "mark"):
        drawn.add_column(no_wrap=True, overflow="ellipsis")
    for line in picture(shown):
        if line.step is None:
            drawn.add_row(Text(line.drawn, style="dim"))
            continue
        write = writes.get(line.step.step_id)
        mark = Text("! destructive", style="yellow") if write and write.destructive else Text()
        if line.step.columns is None:
            mark = Text.assemble(mark, " " if mark else "", ("not proved", "yellow"))
        drawn.add_row(Text(line.drawn), Text(plain(line.step.step_id), style="bold"), _what(line.step, write), mark)
    return drawn


def _what(step: PlannedStep, write: PlannedWrite | None) -> Text:
    """Return in a few words what a step does."""
    if write is not None:
        return Text(plain(f"{write.write_mode} {write.target}"))
    if step.tables:
        return Text(plain(f"reads {', '.join(map(_read, step.tables))}"))
    return Text(plain(f"reads {step.reads}" if step.reads else step.component))


def _read(found: PlannedTable) -> str:
    return found.table if found.rows is None else f"{found.table} ({count(found.rows, 'row')})"


def _known(shown: Plan) -> dict[str, str]:
    """Return how much of a plan is proved, and how old what is known of its sources is."""
    proofs: dict[Proof, int] = {"names": len(shown.steps), "types": len(shown.steps), "lineage": len(shown.steps)}
    proofs["safety"] = sum(1 for step in shown.steps if step.query)
    done = Counter(proof for step in shown.steps for proof in step.proved)
    said = ", ".join(f"{proof} {done[proof]} of {of}" for proof, of in proofs.items() if of)
    sources = [
        f"{source.connection} seen {source.seen:%Y-%m-%d %H:%M} UTC" if source.seen else f"{source.connection} unknown"
        for source in shown.sources
    ]
    last = shown.last
    before = f"{last.run_id}, {last.status}; this is {last.since}" if last else ""
    return {"proved": said, "sources": ", ".join(sources), "run before": before}


def _losses(step: PlannedStep) -> str:
    return "\n".join(
        f"{lost.column}: {lost.source} as {lost.target}, {lost.loss}{f' ({lost.note})' if lost.note else ''}"
        for lost in step.losses
    )


def _lineage(step: PlannedStep) -> str:
    """Return where a step's columns come from, a line each."""
    lines = [f"{name} from {', '.join(sources) or 'no column'}" for name, sources in step.lineage.items()]
    more = [f"and {len(lines) - FEW_COLUMNS} more"] if len(lines) > FEW_COLUMNS else []
    return "\n".join([*lines[:FEW_COLUMNS], *more])


def _step(step: PlannedStep, write: PlannedWrite | None) -> RenderableType:
    head = Text.assemble((plain(step.step_id), "bold"), f"  {step.mode}", (f"  {plain(step.component)}", "dim"))
    said: dict[str, str | Text] = {
        "takes": step.reads or ", ".join(step.takes),
        "after": ", ".join(step.waits),
        "query": step.query.strip("\n"),
        "rows": ", ".join(_read(found) for found in step.tables if found.rows is not None),
        **({"gives": _columns(step.columns)} if write is None else _write(write, step.columns)),
        "types": _losses(step),
        "lineage": _lineage(step) if write is not None else "",
    }
    return Group(head, _inside(facts(said)))


def _columns(columns: tuple[Column, ...] | None) -> str | Text:
    if columns is None:
        return Text("not known yet", style="dim")
    named = ", ".join(f"{column.name} {column.type}" for column in columns[:FEW_COLUMNS])
    return named if len(columns) <= FEW_COLUMNS else f"{named} and {len(columns) - FEW_COLUMNS} more"


def _write(write: PlannedWrite, columns: tuple[Column, ...] | None) -> dict[str, str | Text]:
    match write.state:
        case None:
            now: str | Text = Text("not looked at", style="dim")
        case state if not state.exists:
            now = "not there yet"
        case state if state.rows is not None:
            now = f"holds {count(state.rows, 'row')}"
        case _:
            now = "exists"
    how = f"{write.write_mode} by {', '.join(write.primary_key)}" if write.primary_key else write.write_mode
    return {"writes": _columns(columns), "to": f"{write.target}, {how}", "now": now, "made by": write.ddl.strip("\n")}


def _receipt(receipt: Receipt) -> tuple[Cell, ...]:
    gives = "" if receipt.mode == "write" else f"{receipt.rows_out:,}"
    takes = "" if receipt.mode == "read" else f"{receipt.rows_in:,}"
    nulls = f"{sum(receipt.nulls.values()):,}"
    held = _target(receipt.written) if receipt.written else ""
    target = held if receipt.status == "ok" else Text(plain(f"does not match {held}".rstrip()), style="red")
    return receipt.step_id, takes, gives, nulls, f"{receipt.seconds:.2f}", target


def _target(written: Written) -> str:
    """Return a target with the rows it held before and holds now, as far as they are known."""
    match written.rows_before, written.rows_after:
        case int() as before, int() as after:
            held = f" ({count(before, 'row')} before, {after:,} now)"
        case None, int() as after:
            held = f" ({count(after, 'row')})"
        case _:
            held = ""
    return "; ".join((f"{written.target}{held}", *written.changes))


def _finding(finding: Diagnostic, file: str) -> list[RenderableType]:
    place = ":".join(str(part) for part in (file, finding.line, finding.column) if part)
    head = Text.assemble(
        f"{plain(place)}: " if place else "",
        (finding.severity.value, _COLORS[finding.severity]),
        f": {plain(finding.message)}",
        (f"  [{finding.code}]", "dim"),
    )
    within = " at ".join(part for part in (finding.step_id and f"step {finding.step_id}", finding.path) if part)
    near = "" if finding.nearest and finding.nearest[0] in finding.hint else ", ".join(finding.nearest)
    more = facts({"in": within, "why": finding.why, "near": near, "next": finding.hint})
    return [head, _inside(more)] if more.row_count else [head]
