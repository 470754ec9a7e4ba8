"""Several language models as one: who can't be had is replaced by the next."""

from collections.abc import Callable
from dataclasses import dataclass

from osiris.agent.llm.live import Live
from osiris.agent.talk import Said, Talk
from osiris.agent.tools import Tool
from osiris.model.errors import LlmBusy, LlmError


@dataclass
class Fallback:
    """Asks the first one, and the next one once it fails; whoever answered is asked again.

    Attributes:
        at: Who is asked now.
    """

    models: tuple[Live, ...]
    tell: Callable[[str], None]
    at: int = 0

    def warm(self) -> None:
        """Load what the one that is asked now needs."""
        self.models[self.at].warm()

    def reply(self, talk: Talk, tools: tuple[Tool, ...], say: Callable[[str], None]) -> Said:
        """Return the reply of the first one that has one.

        Raises:
            LlmWithheld: nothing may be sent, to nobody.
            LlmBusy: the last one can't be had, for now.
            LlmError: the last one failed, too.
        """
        while True:
            try:
                return self.models[self.at].reply(talk, tools, say)
            except (LlmError, LlmBusy) as exc:
                if self.at + 1 == len(self.models):
                    raise
                self.at += 1
                self.tell(f"{exc.message}; asking {self.models[self.at].endpoint.name} instead")
