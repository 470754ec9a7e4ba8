import json
from typing import Any

import pytest

from osiris.agent.recorded import Called, Presumed, Recorded, Recording, Turn, Word
from osiris.agent.talk import Call, Said, Talk
from osiris.model.errors import LlmError


def heard(tool: str, answer: Any, *before: Said) -> Talk:
    """Return a conversation in which a tool answered last."""
    call = Said("agent", "", (Call("9", tool),))
    return Talk("", (*before, call, Said("desk", json.dumps(answer), answers="9")))


NOTHING = Talk()


def play(turn: Turn, talk: Talk = NOTHING, **words: Word) -> tuple[Said, list[str]]:
    pieces: list[str] = []
    player = Recorded(Recording(sentence="hello", turns=(turn,), words=words))
    return player.reply(talk, (), pieces.append), pieces


def test_a_text_comes_in_pieces_and_whole() -> None:
    said, pieces = play(Turn(text="let me look"))
    assert said == Said("agent", "let me look")
    assert pieces == ["let ", "me ", "look"]


def test_a_call_carries_what_a_tool_really_answered() -> None:
    turn = Turn(
        text="${find:tables.1.name} it is",
        calls=(Called(tool="describe", arguments={"tables": ["${find:tables.0.name}", 7], "limit": 3}),),
    )
    said, _ = play(turn, heard("find", {"tables": [{"name": "orders"}, {"name": "lines"}]}))
    assert said.text == "lines it is"
    assert said.calls == (Call("call_1_0", "describe", {"tables": ["orders", 7], "limit": 3}),)


@pytest.mark.parametrize(
    ("presumed", "complaint"),
    [
        (Presumed(tool="find", path="tables.5"), "expects something at 'tables.5'"),
        (Presumed(tool="find", path="tables.0.price"), "expects something at 'tables.0.price'"),
        (Presumed(tool="find", path="total", equals=2), "expects total to be 2, not 1"),
        (Presumed(tool="plan", path="writes"), "plan did not answer"),
    ],
)
def test_an_answer_that_is_not_what_a_turn_presumes_stops_the_recording(presumed: Presumed, complaint: str) -> None:
    with pytest.raises(LlmError, match=complaint) as caught:
        play(Turn(presumes=(presumed,), text="on"), heard("find", {"tables": [{"name": "orders"}], "total": 1}))
    assert "osiris chat" in caught.value.hint


def test_a_presumption_that_holds_lets_the_recording_go_on() -> None:
    said, _ = play(
        Turn(presumes=(Presumed(tool="find", path="total", equals=1),), text="on"), heard("find", {"total": 1})
    )
    assert said.text == "on"


def test_a_word_follows_the_answer() -> None:
    word = Word(tool="ask", path="answer", cases={"no": "WHERE paid", "yes": ""})
    assert (
        play(Turn(text="SELECT 1 ${only}"), heard("ask", {"answer": "no"}), only=word)[0].text == "SELECT 1 WHERE paid"
    )
    assert play(Turn(text="SELECT 1 ${only}"), heard("ask", {"answer": "yes"}), only=word)[0].text == "SELECT 1"
    with pytest.raises(LlmError, match="to be one of no, yes, not 'perhaps'"):
        play(Turn(text="${only}"), heard("ask", {"answer": "perhaps"}), only=word)


def test_after_the_last_turn_there_is_nothing_left_to_say() -> None:
    player = Recorded(Recording(sentence="hello", turns=()))
    with pytest.raises(LlmError, match="the recording ends here"):
        player.reply(NOTHING, (), print)


def test_the_shipped_recording_holds_the_models_turns_only() -> None:
    recording = Recording.shipped("top-customers")
    assert recording.sentence == "Show me top customers by revenue"
    assert [call.tool for turn in recording.turns for call in turn.calls].count("write_pipeline") == 2
