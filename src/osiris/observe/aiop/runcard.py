"""The package for a person: one page of Markdown."""

import re
from collections.abc import Iterable, Iterator

from osiris.model.aiop import Aiop, LoadReceipt, Sentence
from osiris.observe.aiop.words import in_seconds, plain_line

MOST_ROWS = 50  # of a table
_SIGNS = re.compile(r"([\\\[<|])")
_ALL_SIGNS = re.compile(r"([\\`\[<|])")
_TITLES = {
    "completed": "completed",
    "failed": "failed",
    "interrupted": "was interrupted",
    "killed": "was killed",
    "unfinished": "did not finish",
}


def run_card(package: Aiop) -> str:
    """Return the card: what was wanted, what happened and why, the receipts, where everything lies, what to do next."""
    return "\n".join(_lines(package))


def _lines(package: Aiop) -> Iterator[str]:
    run, story = package.run, package.narrative
    yield f"# {_text(run.pipeline)} {_TITLES[run.status]}"
    yield ""
    seconds = "" if run.seconds is None else f" · {in_seconds(run.seconds)}"
    yield f"{_code(run.run_id)} · began {run.started_at}{seconds} · {run.total_rows:,} rows committed"
    yield ""
    yield "## What was wanted"
    yield ""
    yield from (f"- {_text(intent.text)} ({_code(intent.source)}, trust {intent.trust})" for intent in story.intent)
    yield from _told("What happened", story.happened)
    yield from _told("Why", story.why)
    yield from _told("What changed", story.changed)
    yield from _receipts(package.evidence.receipts)
    yield from _places(package)
    yield ""
    yield "## What to do next"
    yield ""
    yield from (f"- {_text(control.title)}: {_code(control.command)}" for control in package.metadata.controls)
    if package.metadata.truncation.truncated:
        cut = ", ".join(f"{cut.path} ({cut.kept:,} of {cut.total:,})" for cut in package.metadata.truncation.cuts)
        yield ""
        yield f"Left out to save room: {cut}."
    yield ""


def _told(title: str, sentences: Iterable[Sentence]) -> Iterator[str]:
    lines = [f"- {_text(sentence.text)}" for sentence in sentences]
    if lines:
        yield from ("", f"## {title}", "", *lines)


def _receipts(proofs: tuple[LoadReceipt, ...]) -> Iterator[str]:
    if not proofs:
        return
    yield from ("", "## Receipts", "")
    yield "| step | component | rows in | rows out | NULLs | seconds | receipt |"
    yield "|---|---|---:|---:|---:|---:|---|"
    for proof in proofs[:MOST_ROWS]:
        receipt = proof.receipt
        state = receipt.status if proof.committed is not False else f"{receipt.status}, not committed"
        yield (
            f"| {_code(receipt.step_id)} | {_code(receipt.component)} | {receipt.rows_in:,} | {receipt.rows_out:,} "
            f"| {sum(receipt.nulls.values()):,} | {receipt.seconds:.3f} | {state} |"
        )
    if len(proofs) > MOST_ROWS:
        yield from ("", f"… and {len(proofs) - MOST_ROWS:,} more steps.")


def _places(package: Aiop) -> Iterator[str]:
    made = package.evidence.artifacts
    files = {artifact.path for artifact in made}
    committed = [p.receipt.written for p in package.evidence.receipts if p.committed and p.receipt.written]
    tables = [written for written in committed if written.target not in files and not written.artifacts]
    yield from ("", "## Where everything lies", "")
    for artifact in made[:MOST_ROWS]:
        rows = "" if artifact.rows is None else f"{artifact.rows:,} rows, "
        yield f"- {_code(artifact.path)}: {rows}{artifact.bytes:,} bytes, SHA-256 {_code(artifact.sha256)}"
    for written in tables[:MOST_ROWS]:
        rows = "" if written.rows_after is None else f", {written.rows_after:,} rows now"
        yield f"- {_code(written.target)}: {written.staged:,} rows written{rows}"
    if left := max(0, len(made) - MOST_ROWS) + max(0, len(tables) - MOST_ROWS):
        yield f"- … and {left:,} more"
    yield f"- the record of the run: {_code(package.run.record)}"


def _text(text: str) -> str:
    """Return a text for a line of Markdown; code in it stays code."""
    plain = plain_line(text)
    signs = _SIGNS if plain.count("`") % 2 == 0 else _ALL_SIGNS
    return signs.sub(r"\\\1", plain)


def _code(text: str) -> str:
    plain = plain_line(text).replace("|", "\\|")
    return f"`` {plain} ``" if "`" in plain else f"`{plain}`"
