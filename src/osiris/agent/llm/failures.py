"""How an answer of a language model may fail, in words that say what to do."""

from dataclasses import dataclass
from typing import Any, Final

from osiris.agent.clean import clean
from osiris.agent.llm.endpoint import Endpoint
from osiris.model.errors import LlmBusy, LlmError
from osiris.observe.redact import Redactor

SERVER_FAULT = 500  # and above: HTTP's word for what the server has to mend
TOO_MANY = 429
MOST_WHY = 500  # characters of what a server says about itself
_KEYS = (401, 403)
_MEANS: Final = {
    401: "it does not know the key",
    403: "the key may not do this",
    404: "it does not know the model, or the address is another one",
    413: "the conversation is too long for it",
    TOO_MANY: "it is asked too often",
}
_HINTS: Final = {
    401: "check the key",
    403: "check the key and what it may use",
    404: "check llm.model (`/model NAME` changes it) and llm.base_url",
    413: "begin a new conversation, or lower agent.context_tokens",
    TOO_MANY: "wait a little, or check the account's limits",
}


class BrokeOff(Exception):
    """An answer began, or a connection did, and ended before its end.

    Attributes:
        said: True when some of its text was heard already.
    """

    def __init__(self, why: str, *, said: bool) -> None:
        super().__init__(why)
        self.said = said


@dataclass(frozen=True)
class Failures:
    """Says what went wrong with one server, without its key or any other secret."""

    endpoint: Endpoint
    redact: Redactor

    def refused(self, status: int, body: Any, wait: float | None) -> LlmError | LlmBusy:
        """Return the error for an answer that is none.

        Args:
            status: HTTP's.
            body: What the server says, as it says it.
            wait: Seconds after which it wants to be asked again; None where it does not say.
        """
        hint = _HINTS.get(status, "try again later" if status >= SERVER_FAULT else "check the llm settings")
        if status in _KEYS and self.endpoint.key_env:
            hint = hint.replace("the key", f"the key in {self.endpoint.key_env}")
        if wait and is_passing(status):
            hint = f"the server asks to wait {wait:g} s; {hint}"
        kind = LlmBusy if is_passing(status) else LlmError
        means = f": {_MEANS[status]}" if status in _MEANS else ""
        return kind(f"the language model's server answers {status}{means}", hint=hint, **self._told(_complaint(body)))

    def vanished(self, why: str) -> LlmError:
        """Return the error for no answer."""
        hint = "check llm.base_url, and that the server runs"
        return LlmError("the language model's server does not answer", hint=hint, **self._told(why))

    def broke_off(self, why: str) -> LlmError:
        """Return the error for an answer that broke off again and again."""
        hint = "say it again; what was written so far is kept"
        return LlmError("the language model's answer broke off", hint=hint, **self._told(why))

    def _told(self, why: str) -> dict[str, str]:
        told = self.redact.text(clean(why).replace(self.endpoint.key, "***"))[:MOST_WHY]
        return {"where": self.endpoint.base_url, "why": told}


def is_passing(status: int) -> bool:
    """Return whether the same request may succeed later."""
    return status >= SERVER_FAULT or status == TOO_MANY


def _complaint(body: Any) -> str:
    """Return what a server says is wrong: every protocol puts it into another place."""
    inner = body.get("error", body) if isinstance(body, dict) else body
    said = inner.get("message", inner) if isinstance(inner, dict) else inner
    return str(said or "")
