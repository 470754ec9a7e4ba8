"""A conversation: what was said, by whom, in order."""

from dataclasses import dataclass, field
from typing import Any, Literal

Speaker = Literal["user", "agent", "desk"]


@dataclass(frozen=True)
class Call:
    """One call of a tool, as the language model makes it.

    Attributes:
        id: The model's own name for the call; the answer carries it.
        arguments: As parsed from JSON; not yet checked.
    """

    id: str
    tool: str
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Said:
    """One thing said.

    Attributes:
        text: For the desk, the short answer that the model reads.
        calls: The tools that the agent calls with it.
        answers: Id of the call that the desk answers; empty where it speaks unasked.
        shown: The full answer, for the person's screen: what the operation returned, or the error; never kept.
    """

    by: Speaker
    text: str
    calls: tuple[Call, ...] = ()
    answers: str = ""
    shown: Any = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Talk:
    """A conversation as a value.

    Attributes:
        brief: What the model is told before anybody speaks; the same bytes from the first turn to the last.
    """

    brief: str = ""
    said: tuple[Said, ...] = ()

    def plus(self, *said: Said) -> "Talk":
        """Return the longer conversation."""
        return Talk(self.brief, (*self.said, *said))

    def open_calls(self) -> tuple[Call, ...]:
        """Return the calls that nobody has answered."""
        answered = {one.answers for one in self.said}
        return tuple(call for one in self.said for call in one.calls if call.id not in answered)

    def is_open(self) -> bool:
        """Return whether a turn was cut off: a call has no answer, or the agent has not had its say."""
        if not self.said:
            return False
        last = self.said[-1]
        return bool(self.open_calls()) or last.by == "user" or bool(last.answers)

    def closed(self) -> "Talk":
        """Return the conversation with an answer to every call: one that was cut off was interrupted."""
        return self.plus(*(Said("desk", '{"interrupted":true}', answers=call.id) for call in self.open_calls()))
