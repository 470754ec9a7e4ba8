"""A language model behind the port `Llm`: asked with patience, paid for in the ledger."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING, Any

from osiris.agent.carried import carried
from osiris.agent.compact import CHARS_PER_TOKEN, size
from osiris.agent.ledger import Entry, Ledger, Outcome, now
from osiris.agent.llm.endpoint import Endpoint
from osiris.agent.llm.failures import BrokeOff, Failures
from osiris.agent.prices import Prices, Tokens, shipped_prices
from osiris.agent.talk import Said, Talk
from osiris.agent.tools import Tool
from osiris.model.errors import LlmBusy, LlmError
from osiris.observe.redact import Redactor

if TYPE_CHECKING:
    from osiris.agent.llm.wire import Client, Pause, Sent

REPEATS = 2  # of an answer that broke off
MISSES = 3  # requests that nobody answers
TIMEOUT = 120.0  # seconds without a byte
BROKEN = "\n[the answer broke off; asking again]\n"


def untold(_text: str) -> None:
    """Do nothing with a text: nobody reads it."""


@dataclass
class Live:
    """A conversation with one model.

    Attributes:
        redact: Knows what must not leave; a request that holds it is not sent.
        timeout: Seconds without a byte after which an answer is given up.
        stream: False has the server give its answers whole.
        repeats: How often an answer that broke off is asked for again.
        misses: How often a request that nobody answers is sent.
        tell: Is told, in words, what is being waited for.
        show: Is shown each body before it goes out.
        pause: Waits so many seconds; None takes the clock of the machine.
        whole: Replies as they came, for the provider to see again.
    """

    endpoint: Endpoint
    redact: Redactor = field(default_factory=Redactor, repr=False)
    ledger: Ledger = field(default_factory=Ledger, repr=False)
    timeout: float = TIMEOUT
    stream: bool = True
    repeats: int = REPEATS
    misses: int = MISSES
    tell: Callable[[str], None] = untold
    show: Callable[[str], None] = untold
    prices: Prices = field(default_factory=shipped_prices, repr=False)
    clock: Callable[[], datetime] = now
    pause: "Pause | None" = None
    whole: dict[str, Any] = field(default_factory=dict, repr=False)

    def warm(self) -> None:
        """Load what a conversation needs, beside whatever else goes on: it takes seconds."""
        Thread(target=_load, args=(self.endpoint.wire,), daemon=True).start()

    def reply(self, talk: Talk, tools: tuple[Tool, ...], say: Callable[[str], None]) -> Said:
        """Return the model's text and calls; pieces of the text go to `say` as they come.

        Raises:
            LlmWithheld: the conversation holds a secret, or its budget is spent; nothing was sent.
            LlmBusy: the server is overloaded, for longer than patience lasts.
            LlmError: the server refuses or vanishes, or its answer makes no sense.
        """
        failures = Failures(self.endpoint, self.redact)
        for left in reversed(range(self.repeats + 1)):
            self.ledger.must_go_on(size(talk))
            try:
                return asyncio.run(self._reply(failures, talk, tools, say))
            except BrokeOff as exc:
                if not left:
                    raise failures.broke_off(str(exc)) from exc
                if exc.said:
                    say(BROKEN)
        raise AssertionError("unreachable")

    async def _reply(self, failures: Failures, talk: Talk, tools: tuple[Tool, ...], say: Callable[[str], None]) -> Said:
        from osiris.agent.llm.call import call  # noqa: PLC0415 - heavy: only a live conversation needs it

        outcome: Outcome = "no answer"
        usage: Any = None
        client = self._client()
        try:
            async with client:
                said, usage = await call(client, failures, talk, tools, whole=self.whole, say=say, stream=self.stream)
            outcome = "answered"
        except BrokeOff:
            outcome = "broke off"
            raise
        except (LlmError, LlmBusy):
            outcome = "refused" if client.sent.response is not None else outcome
            raise
        finally:
            if client.sent.attempts:
                self._count(client.sent, talk, outcome, usage)
        return said

    def _client(self) -> "Client":
        from osiris.agent.llm.wire import Client  # noqa: PLC0415 - heavy: only a live conversation needs it

        client = Client(self.redact, timeout=self.timeout, tell=self.tell, show=self.show, misses=self.misses)
        if self.pause:
            client.pause = self.pause
        return client

    def _count(self, sent: "Sent", talk: Talk, outcome: Outcome, usage: Any) -> None:
        """Put one call into the ledger; what a provider does not count is reckoned from the bytes, and said to be."""
        at = self.clock()
        provider, model = self.endpoint.provider.name, self.endpoint.model
        counted = usage is not None and usage.input_tokens > 0
        reckoned = not counted and sent.response is not None and outcome != "refused"
        tokens, cost = Tokens(), "0"
        if counted:
            cached, written = usage.cache_read_tokens, usage.cache_write_tokens
            tokens = Tokens(usage.input_tokens, cached, written, usage.output_tokens)
            known = self.endpoint.is_home  # what somebody else asks for the same model, nobody knows
            price = self.prices.cost(provider, model, tokens, at.date()) if known else None
            cost = "" if price is None else str(price)
        elif reckoned:
            tokens, cost = Tokens(len(sent.body) // CHARS_PER_TOKEN, wrote=sent.bytes_in // CHARS_PER_TOKEN), ""
        self.ledger.add(
            Entry(
                at=at.isoformat(),
                provider=provider,
                model=model,
                bytes_out=len(sent.body),
                bytes_in=sent.bytes_in,
                tokens_in=tokens.read,
                tokens_cached=tokens.cached,
                tokens_written=tokens.written,
                tokens_out=tokens.wrote,
                cost=cost,
                sha256=sent.sha256,
                carried=carried(talk),
                outcome=outcome,
                estimated=reckoned,
                attempts=sent.attempts,
            )
        )


def _load(wire: str) -> None:
    import_module("osiris.agent.llm.call")
    import_module(f"pydantic_ai.models.{wire if wire in ('anthropic', 'google') else 'openai'}")
