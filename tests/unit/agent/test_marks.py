"""What tools answer stands between marks that nobody can foresee, and is the same from turn to turn."""

from collections.abc import Callable

from osiris.agent.marks import Marked, new_mark
from osiris.agent.talk import Call, Said, Talk
from osiris.agent.tools import Tool

TALK = Talk(
    "brief",
    (Said("user", "hello"), Said("agent", "", (Call("1", "overview"),)), Said("desk", "a x1 b", answers="1")),
)


class Listening:
    def reply(self, talk: Talk, tools: tuple[Tool, ...], say: Callable[[str], None]) -> Said:
        self.talk = talk
        return Said("agent", "yes")


def test_only_answers_are_marked_and_the_brief_says_so() -> None:
    llm = Listening()
    assert Marked(llm, "x1").reply(TALK, (), lambda _: None) == Said("agent", "yes")
    assert llm.talk.said[:2] == TALK.said[:2]
    assert llm.talk.said[2] == Said("desk", "<data x1>\na  b\n</data x1>", answers="1")
    assert llm.talk.brief.startswith("brief\n\n")
    assert "<data x1>" in llm.talk.brief


def test_a_longer_conversation_begins_with_the_same_bytes() -> None:
    first, second = Listening(), Listening()
    Marked(first, "x1").reply(TALK, (), lambda _: None)
    Marked(second, "x1").reply(TALK.plus(Said("agent", "more")), (), lambda _: None)
    assert second.talk.said[:3] == first.talk.said
    assert second.talk.brief == first.talk.brief


def test_two_marks_differ() -> None:
    assert new_mark() != new_mark()
