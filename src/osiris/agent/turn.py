"""One turn of the conversation: the whole agent loop."""

from collections.abc import Callable, Generator
from typing import Protocol

from osiris.agent.desk import Desk
from osiris.agent.talk import Said, Talk
from osiris.agent.tools import TOOLS, Tool

MOST_ROUNDS = 24


class Llm(Protocol):
    """A language model: a conversation in, the next thing said out."""

    def reply(self, talk: Talk, tools: tuple[Tool, ...], say: Callable[[str], None]) -> Said:
        """Return its text and the calls it makes; pieces of the text go to `say` as they come.

        Raises:
            LlmError: its server refuses or vanishes, or what it says can't be understood.
        """
        ...


def unheard(_piece: str) -> None:
    """Do nothing with a piece of text: nobody watches it come."""


def turn(
    talk: Talk,
    sentence: str,
    *,
    llm: Llm,
    desk: Desk,
    rounds: int = MOST_ROUNDS,
    say: Callable[[str], None] = unheard,
) -> Generator[Said, None, Talk]:
    """Take the user's sentence to the LLM, and its calls to the desk, until it just talks.

    Args:
        talk: The conversation so far; every call in it has its answer.
        sentence: What the user says now; empty goes on with a turn that was cut off.
        llm: Who replies.
        desk: Who answers the calls.
        rounds: Most replies of the LLM.
        say: Takes each piece of a reply as it comes.

    Yields:
        Each thing said, as it is said, for the interface to show.

    Returns:
        The longer conversation, to hand in with the next sentence.

    Raises:
        LlmError: the LLM can't be reached. What was yielded so far stands.
    """
    desk.begin_turn(sentence)
    talk = talk.plus(Said("user", sentence)) if sentence else talk
    for _ in range(rounds):
        reply = llm.reply(talk, TOOLS, say)
        talk = talk.plus(reply)
        yield reply
        answered = False
        for answer in desk.hear(reply):
            answered = True
            talk = talk.plus(answer)
            yield answer
        if not answered:
            return talk
    stopped = Said("desk", f"stopped after {rounds} rounds: say what to do next")
    yield stopped
    return talk.plus(stopped)
