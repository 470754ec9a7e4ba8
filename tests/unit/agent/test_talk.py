from osiris.agent.talk import Call, Said, Talk

ASKED = Said("agent", "", (Call("1", "overview"), Call("2", "find_tables", {"words": "a"})))


def test_a_longer_conversation_leaves_the_shorter_one_as_it_is() -> None:
    short = Talk("brief", (Said("user", "hello"),))
    long = short.plus(Said("agent", "hello"))
    assert [said.by for said in short.said] == ["user"]
    assert [said.by for said in long.said] == ["user", "agent"]
    assert long.brief == "brief"


def test_a_call_that_was_cut_off_is_answered_as_interrupted() -> None:
    talk = Talk().plus(ASKED, Said("desk", "{}", answers="1"))
    assert [call.id for call in talk.open_calls()] == ["2"]
    closed = talk.closed()
    assert closed.said[-1] == Said("desk", '{"interrupted":true}', answers="2")
    assert closed.closed() == closed
