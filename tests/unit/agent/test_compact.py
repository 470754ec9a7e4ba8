"""A conversation that is too long is made shorter, and what matters stays."""

from osiris.agent.compact import compacted, size
from osiris.agent.talk import Call, Said, Talk

LONG = "x" * 4_000


def turns(number: int) -> tuple[Said, ...]:
    said: list[Said] = []
    for n in range(number):
        call = Call(str(n), "describe_tables", {"connection": "@a.b", "tables": [f"table_{n}"]})
        said += [Said("user", f"sentence {n}"), Said("agent", "", (call,)), Said("desk", LONG, answers=str(n))]
        said.append(Said("agent", f"reply {n}"))
    return tuple(said)


def test_a_short_one_stays_as_it_is() -> None:
    talk = Talk("brief", turns(2))
    assert compacted(talk, 120_000) is talk


def test_the_newest_turns_stay_word_for_word_and_every_sentence_in_short() -> None:
    talk = Talk("brief", turns(20))
    short = compacted(talk, 8_000)
    assert size(short) <= 8_000
    assert short.brief == "brief"
    assert short.said[1:] == talk.said[-len(short.said) + 1 :]
    assert short.said[1].by == "user"
    assert all(f"sentence {n}" in short.said[0].text or f"sentence {n}" in str(short.said[1:]) for n in range(20))
    assert "table_0" in short.said[0].text
    assert short.said[0].by == "desk"


def test_every_call_still_has_its_answer() -> None:
    assert compacted(Talk("", turns(20)), 8_000).open_calls() == ()


def test_the_same_conversation_always_becomes_the_same() -> None:
    talk = Talk("", turns(20))
    assert compacted(talk, 8_000) == compacted(talk, 8_000)


def test_the_newest_draft_and_the_runs_are_told() -> None:
    made = (
        Said("user", "make it"),
        Said("agent", "", (Call("w1", "write_pipeline", {"text": "name: old\n"}),)),
        Said("desk", '{"draft":"sha256:1"}', answers="w1"),
        Said("agent", "", (Call("w2", "write_pipeline", {"text": "name: new\n"}),)),
        Said("desk", '{"draft":"sha256:2"}', answers="w2"),
        Said("agent", "", (Call("r", "run_pipeline", {"draft": "sha256:2"}), Call("q", "run_pipeline", {}))),
        Said("desk", '{"run_id":"r1","status":"completed","rows":7}', answers="r"),
        Said("desk", '{"error":{}}', answers="q"),
        Said("agent", "done"),
    )
    told = compacted(Talk("", (*made, *turns(10))), 8_000).said[0].text
    for word in ("name: new", "Run r1: completed, 7 rows.", "did not begin"):
        assert word in told
    assert "name: old" not in told


def test_one_turn_that_is_too_long_by_itself_is_not_cut_in_the_middle() -> None:
    talk = Talk("", (Said("user", "all"), Said("agent", "x" * 100_000)))
    assert compacted(talk, 8_000) == talk
