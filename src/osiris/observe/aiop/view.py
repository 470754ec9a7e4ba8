"""A package for a language model with little room: as much of it as so many tokens hold, the most telling first."""

import json
import re
from collections.abc import Iterable, Iterator

from osiris.model.aiop import Aiop, Check, LoadReceipt, Moment, Sentence, Shape
from osiris.model.canonical import canonical_json
from osiris.observe.aiop.words import plain_line

LEAST_TOKENS = 200
_RESERVE = 40  # tokens for saying what was left out
# A word costs a token for four letters, a number one for three digits, any other sign one each, a gap nothing.
_WORDS = re.compile(r"[A-Za-z]+|[0-9]+|\s+|[^A-Za-z0-9\s]")
_LETTERS, _DIGITS = 4, 3


def tokens(text: str) -> int:
    """Return about how many tokens a text is, rather too many than too few.

    Example:
        >>> tokens("step 'read' gave 1,200 rows")
        9
    """
    return sum(map(_cost, _WORDS.findall(text)))


def view(package: Aiop, most: int) -> str:
    """Return a package as text of at most so many tokens: Markdown whose sentences cite evidence ids in brackets.

    Blocks come in the order in which a reader needs them. One that does not fit is cut line by line; what is left
    out is named at the end.

    Args:
        package: Of a run.
        most: Tokens, by `tokens`; 200 or more.
    """
    room = most - _RESERVE
    told: list[str] = []
    left: list[str] = []
    for title, lines in _blocks(package):
        if not lines:
            continue
        kept, rest = _fit([f"## {title}", *lines] if title else list(lines), room - 1)
        shown = max(0, len(kept) - bool(title))
        if shown:
            told += [*kept, ""]
            room = rest
        if shown < len(lines):
            left.append(f"{title.lower() or 'the head'} ({len(lines) - shown} lines)")
    if left:
        told.append(_left_out(left, room + _RESERVE))
    return "\n".join(told).rstrip("\n") + "\n"


def _left_out(left: list[str], room: int) -> str:
    """Name as much of what is left out as there is room for."""
    for count in range(len(left), 0, -1):
        more = "" if count == len(left) else f" and {len(left) - count} more blocks"
        text = f"Left out: {', '.join(left[:count])}{more}."
        if tokens(text) < room:
            return text
    return "More was left out."


def _cost(word: str) -> int:
    if word.isspace():
        return word.count("\n")
    if word.isascii() and word.isalpha():
        return -(-len(word) // _LETTERS)
    if word.isascii() and word.isdecimal():
        return -(-len(word) // _DIGITS)
    return len(word.encode("utf-8"))


def _fit(lines: list[str], room: int) -> tuple[list[str], int]:
    """Return the first lines that fit, and the room that is left."""
    kept: list[str] = []
    for line in map(plain_line, lines):
        cost = tokens(line) + 1
        if cost > room:
            break
        kept.append(line)
        room -= cost
    return kept, room


def _blocks(package: Aiop) -> Iterator[tuple[str, list[str]]]:
    """Yield each block with its title, the most telling first."""
    run, story = package.run, package.narrative
    took = "" if run.seconds is None else f", {run.seconds:g} s"
    yield "", [f"# run {run.run_id} of pipeline {run.pipeline}: {run.status}, {run.total_rows} rows committed{took}"]
    yield "Why", _told(story.why)
    yield "What happened", _told(story.happened)
    yield "What was wanted", [f"- {said.text} ({said.source}, trust {said.trust})" for said in story.intent]
    yield "What changed", _told(story.changed)
    yield "What to do next", [f"- {control.title}: `{control.command}`" for control in package.metadata.controls]
    yield "Checks that failed", [_check(check) for check in package.evidence.checks if check.status != "ok"]
    yield "Receipts", list(map(_receipt, package.evidence.receipts))
    yield "Graph", [f"- {edge.subject} {edge.relation} {edge.object}" for edge in package.semantic.edges]
    files = package.evidence.artifacts
    yield "Files", [f"- {made.path}: {made.rows} rows, {made.bytes} bytes [{made.id}]" for made in files]
    yield "Columns", [f"- {step}: {_columns(shapes)}" for step, shapes in package.semantic.schemas.items()]
    yield "Pipeline", [f"    {line}" for line in package.semantic.oml.splitlines()]
    yield "Lineage", list(_lineage(package))
    yield "Numbers", [f"- {m.step_id} {m.metric} {m.value} {m.unit} [{m.id}]" for m in package.evidence.metrics]
    yield "Timeline", list(map(_moment, package.evidence.timeline))
    settings = package.metadata.config_effective.items()
    yield "Settings", [f"- {key} = {json.dumps(one.get('value'))} ({one.get('origin')})" for key, one in settings]


def _check(check: Check) -> str:
    return f"- {check.says}: expected {check.expected}, found {check.found} [{check.id}]"


def _columns(shapes: Iterable[Shape]) -> str:
    return ", ".join(f"{shape.name} {shape.type}" for shape in shapes)


def _lineage(package: Aiop) -> Iterator[str]:
    for step, columns in package.semantic.lineage.items():
        for column, sources in columns.items():
            yield f"- {step}.{column} from {', '.join(sources)}"


def _moment(moment: Moment) -> str:
    return f"- {moment.ts} {moment.step_id} {moment.event} {canonical_json(moment.detail).decode()} [{moment.id}]"


def _told(sentences: Iterable[Sentence]) -> list[str]:
    return [f"- {sentence.text} [{', '.join(sentence.cites)}]" for sentence in sentences]


def _receipt(proof: LoadReceipt) -> str:
    receipt = proof.receipt
    state = receipt.status if proof.committed is not False else "not committed"
    return f"- {receipt.step_id}: {receipt.rows_in} rows in, {receipt.rows_out} out, {state} [{proof.id}]"
