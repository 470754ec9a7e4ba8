"""Every call to a language model: what went out, what it cost, and how much is left to spend."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from time import monotonic
from typing import Any, Literal

from osiris.model.errors import LlmWithheld
from osiris.model.settings import AgentSettings

USAGE = "usage"  # kind of the event in a conversation's log
ASKED = "asked"  # likewise: a database was asked
NAMES = ("turns", "tokens", "money", "calls", "seconds")  # what has a bound
WARN_AT = 0.8
UNKNOWN = "unknown price"
Outcome = Literal["answered", "broke off", "refused", "no answer"]


def unkept(_kind: str, _body: Mapping[str, Any]) -> None:
    """Do nothing with a line of the ledger: nobody keeps it."""


@dataclass(frozen=True)
class Entry:
    """One call.

    Attributes:
        at: ISO 8601, UTC.
        bytes_out: Of the body, as it went out; `sha256` is of the same bytes.
        bytes_in: Of the answer, as it came.
        tokens_in: That the model read; some of them were in the provider's cache, some were written there.
        tokens_out: That the model wrote.
        estimated: True where the provider did not count, and the tokens are reckoned from the bytes.
        cost: US dollars as a decimal text; empty where nobody knows the price.
        carried: Kinds of data that were in the body.
        attempts: How often it was sent before there was an answer.
    """

    at: str
    provider: str
    model: str
    bytes_out: int
    bytes_in: int
    tokens_in: int
    tokens_cached: int
    tokens_written: int
    tokens_out: int
    cost: str
    sha256: str
    carried: tuple[str, ...]
    outcome: Outcome = "answered"
    estimated: bool = False
    attempts: int = 1


@dataclass(frozen=True)
class Sum:
    """Some calls together.

    Attributes:
        unpriced: Calls whose price nobody knows.
    """

    calls: int = 0
    tokens_in: int = 0
    tokens_cached: int = 0
    tokens_out: int = 0
    cost: Decimal = Decimal(0)
    unpriced: int = 0

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> "Sum":
        """Return the sum of some calls."""
        all_of = tuple(entries)
        return cls(
            len(all_of),
            sum(entry.tokens_in for entry in all_of),
            sum(entry.tokens_cached for entry in all_of),
            sum(entry.tokens_out for entry in all_of),
            sum((Decimal(entry.cost) for entry in all_of if entry.cost), Decimal(0)),
            sum(not entry.cost for entry in all_of),
        )

    def money(self) -> str:
        """Return what they cost, as people read it; a price that nobody knows is unknown, and not guessed."""
        if self.calls and self.calls == self.unpriced:
            return UNKNOWN
        known = f"${self.cost:.4f}".rstrip("0").ljust(len(f"${self.cost:.2f}"), "0")
        return f"{known} + {UNKNOWN} of {_many(self.unpriced, 'request')}" if self.unpriced else known


@dataclass(frozen=True)
class Budget:
    """What one conversation may take; 0 sets no bound."""

    turns: int = 0
    tokens: int = 0
    money: Decimal = Decimal(0)
    calls: int = 0
    seconds: float = 0.0

    @classmethod
    def of(cls, settings: AgentSettings) -> "Budget":
        """Return the budget that the settings give."""
        return cls(
            settings.budget_turns,
            settings.budget_tokens,
            Decimal(str(settings.budget_money)),
            settings.budget_calls,
            settings.budget_seconds,
        )


@dataclass
class Ledger:
    """What one conversation takes: calls of the language model, and what the model has code do.

    Attributes:
        turns: Sentences that the person said.
        calls: Of tools, by the model.
        seconds: That databases were asked for the model.
        note: Keeps each call in the log of the conversation.
        clock: Seconds that only go forward; a test passes its own.
    """

    budget: Budget = field(default_factory=Budget)
    note: Callable[[str, Mapping[str, Any]], None] = unkept
    clock: Callable[[], float] = monotonic
    entries: list[Entry] = field(default_factory=list)
    turns: int = 0
    calls: int = 0
    seconds: float = 0.0
    _counts: bool = False
    _told: int = 0
    _warned: set[str] = field(default_factory=set)

    def recall(self, events: Iterable[tuple[str, Mapping[str, Any]]], *, turns: int, calls: int) -> None:
        """Know again what an earlier part of the conversation took.

        Args:
            events: Kind and body of what `note` kept, among others.
            turns: Sentences that the person said.
            calls: Of tools, by the model.
        """
        kept = list(events)
        self.entries = [Entry(**{**body, "carried": tuple(body["carried"])}) for kind, body in kept if kind == USAGE]
        self.seconds = sum(float(body["seconds"]) for kind, body in kept if kind == ASKED)
        self._told, self.turns, self.calls = len(self.entries), turns, calls

    def add(self, entry: Entry) -> None:
        """Keep one call."""
        self.entries.append(entry)
        self.note(USAGE, asdict(entry))

    def begin_turn(self) -> None:
        """Count a sentence of the person's.

        Raises:
            LlmWithheld: there were enough, or no call of a tool is left.
        """
        self._must_be_below("turns", self.turns)
        self._must_be_below("calls", self.calls)
        self.turns += 1

    @contextmanager
    def calling(self, *, asks: bool) -> Iterator[None]:
        """Count a call of a tool by the model, and what databases are asked meanwhile.

        Args:
            asks: Whether the tool asks databases.

        Raises:
            LlmWithheld: there were enough calls, or databases were asked for long enough.
        """
        self._must_be_below("calls", self.calls)
        if asks:
            self._must_be_below("seconds", self.seconds)
        self.calls += 1
        self._counts = True
        try:
            yield
        finally:
            self._counts = False

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Count the seconds until this ends; what the person looks at without the model is free."""
        if not self._counts:
            yield
            return
        began = self.clock()
        try:
            yield
        finally:
            took = round(self.clock() - began, 3)
            self.seconds += took
            self.note(ASKED, {"seconds": took})

    def must_go_on(self, about: int = 0) -> None:
        """Return if another call may be made.

        Args:
            about: Tokens that it is going to send, more or less.

        Raises:
            LlmWithheld: the money is spent, or so many tokens are not left.
        """
        self._must_be_below("tokens", self._spent("tokens") + about)
        self._must_be_below("money", self._spent("money"))

    def line(self) -> str:
        """Return one line about the calls since the last one; empty where none was answered."""
        new = Sum.of(self.entries[self._told :])
        self._told = len(self.entries)
        if not new.tokens_in + new.tokens_out:
            return ""
        share = f" ({100 * new.tokens_cached // new.tokens_in} % cached)" if new.tokens_cached else ""
        total = Sum.of(self.entries).money()
        return f"{_short(new.tokens_in)} tokens in{share}, {_short(new.tokens_out)} out, {new.money()}; {total} so far"

    def warnings(self) -> tuple[str, ...]:
        """Return what is nearly spent, each once, in words."""
        found = []
        for name in NAMES:
            most, spent = getattr(self.budget, name), self._spent(name)
            if most and spent / most >= WARN_AT and name not in self._warned:
                self._warned.add(name)
                share = int(100 * spent / most)
                found.append(f"{share} % of this conversation's budget of {_amount(name, most)} is spent")
        return tuple(found)

    def summary(self) -> str:
        """Return what the conversation took, in words."""
        total = Sum.of(self.entries)
        return (
            f"{_many(self.turns, 'turn')}, {_many(total.calls, 'request')}, {_short(total.tokens_in)} tokens in, "
            f"{_short(total.tokens_out)} out, {total.money()}; {_many(self.calls, 'call')} of tools, "
            f"databases asked for {self.seconds:.1f} s"
        )

    def _spent(self, name: str) -> Any:
        total = Sum.of(self.entries)
        spent = {"tokens": total.tokens_in + total.tokens_out, "money": total.cost}
        return spent[name] if name in spent else getattr(self, name)

    def _must_be_below(self, name: str, spent: Any) -> None:
        most = getattr(self.budget, name)
        if most and spent >= most:
            raise LlmWithheld(
                f"the budget of this conversation is spent: {_amount(name, most)}",
                where=f"agent.budget_{name}",
                why=self.summary(),
                hint=f"all that was made is kept; raise agent.budget_{name} (0 sets no bound) and go on with "
                "`osiris chat --session last`, or begin a new conversation",
            )


def now() -> datetime:
    """Return the time in UTC."""
    return datetime.now(UTC)


def _many(number: int, what: str) -> str:
    """Return how many there are of something, in words."""
    return f"{_short(number)} {what}{'' if number == 1 else 's'}"


def _amount(name: str, number: Any) -> str:
    match name:
        case "money":
            return f"${number:.2f}"
        case "calls":
            return f"{_many(int(number), 'call')} of tools"
        case "seconds":
            return f"{number:g} s of asking databases"
        case _:
            return _many(int(number), name.removesuffix("s"))


def _short(number: int) -> str:
    """Return a number as people read it.

    Example:
        >>> _short(12_345)
        '12.3k'
    """
    for size, unit in ((1_000_000, "M"), (1_000, "k")):
        if number >= size:
            return f"{number / size:.1f}{unit}"
    return str(number)
