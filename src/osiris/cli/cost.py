"""What a conversation has cost, and what of the data left the house for it."""

from collections import Counter
from collections.abc import Callable
from decimal import Decimal

from rich.console import Group, RenderableType

from osiris.agent.ledger import UNKNOWN, Entry, Ledger, Sum
from osiris.cli import show

MOST_LINES = 20  # of the newest calls
HASH_DIGITS = 8


def cost(ledger: Ledger) -> RenderableType:
    """Return every call with what it took, and their sum."""
    if not ledger.entries:
        return "nothing was sent to a language model yet"
    headers = ("at", "model", "bytes out", "in", "tokens in", "cached", "out", "cost", "body", "carried")
    lines = map(_cells, ledger.entries[-MOST_LINES:])
    left = len(ledger.entries) - MOST_LINES
    more = [f"and {left} calls before them"] if left > 0 else []
    models = Counter(f"{entry.provider}:{entry.model}" for entry in ledger.entries)
    by_model = ", ".join(f"{show.plain(name)} {count}" for name, count in models.items())
    calls = show.table(headers, lines, right="bytes out in tokens cached cost")
    unpriced = {f"{entry.provider}:{entry.model}" for entry in ledger.entries if not entry.cost}
    unknown = [f"? is the {UNKNOWN} of {show.plain(', '.join(sorted(unpriced)))}"] if unpriced else []
    return Group(calls, *more, *unknown, f"{ledger.summary()} ({by_model})", _budget(ledger))


def _cells(entry: Entry) -> tuple[show.Cell, ...]:
    reckoned = "~" if entry.estimated else ""
    price = Sum.of((entry,)).money() if entry.cost else "?"
    return (
        entry.at[11:19],
        entry.model,
        f"{entry.bytes_out:,}",
        f"{entry.bytes_in:,}",
        f"{reckoned}{entry.tokens_in:,}",
        f"{entry.tokens_cached:,}",
        f"{reckoned}{entry.tokens_out:,}",
        price if entry.outcome == "answered" else f"{price} ({entry.outcome})",
        entry.sha256[:HASH_DIGITS],
        ", ".join(entry.carried),
    )


def _budget(ledger: Ledger) -> str:
    budget = ledger.budget
    bounds = (
        f"{budget.turns} turns" if budget.turns else "",
        f"{budget.tokens:,} tokens" if budget.tokens else "",
        f"${budget.money:.2f}" if budget.money != Decimal(0) else "",
        f"{budget.calls:,} calls of tools" if budget.calls else "",
        f"{budget.seconds:g} s of asking databases" if budget.seconds else "",
    )
    return f"budget: {', '.join(filter(None, bounds)) or 'none'}"


class Bodies:
    """Shows what goes out: all of the first body, and of each later one what is new."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._last = ""

    def __call__(self, body: str) -> None:
        """Show one body."""
        same = next((i for i, (a, b) in enumerate(zip(self._last, body, strict=False)) if a != b), len(self._last))
        before = f"[{same:,} characters as before] …" if same else ""
        self._last = body
        self._say(f"prompt, {len(body.encode('utf-8')):,} bytes: {before}{show.plain(body[same:])}")
