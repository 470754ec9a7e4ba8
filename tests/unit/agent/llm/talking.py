"""A language model behind the port, and a server on loopback that speaks its protocol."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.services.llm import LlmServer

from osiris.agent.llm.endpoint import Endpoint
from osiris.agent.llm.live import Live
from osiris.agent.talk import Said, Talk
from osiris.agent.tools import TOOLS
from osiris.model.providers import PROVIDERS

KEY = "sk-a-key-of-a-test"  # pragma: allowlist secret
HELLO = Talk("be brief", (Said("user", "hello"),))
WIRES = ("compatible", "responses", "anthropic", "google")  # a provider for each protocol


@dataclass
class Heard:
    """What a person notices of a call, besides its answer.

    Attributes:
        streamed: The text, piece by piece.
        told: What was said to be waited for.
        waits: Seconds that would have been waited.
        shown: Bodies that went out.
    """

    streamed: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Return all that was streamed."""
        return "".join(self.streamed)

    async def pause(self, seconds: float) -> None:
        """Wait as long as a test has time."""
        self.waits.append(seconds)


def address(server: LlmServer, provider: str) -> str:
    """Return where a provider's protocol is spoken."""
    return server.home if provider in ("anthropic", "google") else server.base_url


def live(server: LlmServer, provider: str = "compatible", heard: Heard | None = None, **how: Any) -> Live:
    """Return a model whose server is on loopback."""
    heard = heard or Heard()
    endpoint = Endpoint(PROVIDERS[provider], "test", address(server, provider), KEY)
    usual: dict[str, Any] = {"tell": heard.told.append, "show": heard.shown.append, "pause": heard.pause}
    return Live(endpoint, **usual | how)


def reply(model: Live, talk: Talk = HELLO, say: Callable[[str], None] = lambda _piece: None) -> Said:
    """Return what a model says next."""
    return model.reply(talk, TOOLS, say)
