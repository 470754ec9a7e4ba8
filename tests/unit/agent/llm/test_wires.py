"""Each provider's own package, against a server that speaks its protocol."""

import json
from typing import Any

import pytest
from tests.services.llm import LlmServer, Reply
from tests.unit.agent.llm.talking import HELLO, KEY, WIRES, Heard, live, reply

from osiris.agent.brief import prompt
from osiris.agent.talk import Call, Said, Talk
from osiris.agent.tools import TOOLS

Calls = tuple[tuple[str, dict[str, Any]], ...]
every_wire = pytest.mark.parametrize("wire", WIRES)
STEADY = 0.98  # of a request is the beginning of the next one


def same_start(before: bytes, after: bytes) -> int:
    return next((n for n, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), len(before))


def dug(value: Any, *path: str | int) -> Any:
    for step in path:
        value = value[step]
    return value


@every_wire
def test_a_reply_is_streamed_and_returned(wire: str) -> None:
    heard = Heard()
    text = "good morning to you, " * 9
    with LlmServer([Reply(text)]) as server:
        said = reply(live(server, wire), say=heard.streamed.append)
    assert said == Said("agent", text)
    assert heard.text == text
    assert len([piece for piece in heard.streamed if piece]) > 1
    assert KEY in server.keys[0]


@every_wire
def test_calls_come_together_under_names_of_our_own_that_no_other_call_has(wire: str) -> None:
    calls: Calls = (("overview", {}), ("find_tables", {"words": "orders"}), ("find_tables", {"words": "orders"}))
    with LlmServer([Reply("let me look", calls), Reply("and again", calls)]) as server:
        model = live(server, wire)
        first = reply(model)
        answers = [Said("desk", "{}", answers=call.id) for call in first.calls]
        second = reply(model, HELLO.plus(first, *answers))
    assert [(call.tool, call.arguments) for call in first.calls] == list(calls)
    names = [call.id for call in (*first.calls, *second.calls)]
    assert len({*names}) == 6
    assert all(len(name) == 9 and name.isalnum() for name in names)


@every_wire
def test_what_tools_answer_goes_back_to_the_calls_it_belongs_to(wire: str) -> None:
    calls: Calls = (("overview", {}), ("find_tables", {"words": "orders"}))
    with LlmServer([Reply("", calls), Reply("done")]) as server:
        model = live(server, wire)
        first = reply(model)
        answers = [Said("desk", f'{{"n":{n}}}', answers=call.id) for n, call in enumerate(first.calls)]
        assert reply(model, HELLO.plus(first, *answers)).text == "done"
    ids = [call.id for call in first.calls]
    body = server.requests[1]
    found = {
        "compatible": lambda: [m["tool_call_id"] for m in body["messages"] if m["role"] == "tool"],
        "responses": lambda: [i["call_id"] for i in body["input"] if i.get("type") == "function_call_output"],
        "anthropic": lambda: [part["tool_use_id"] for part in body["messages"][-1]["content"]],
        "google": lambda: [part["functionResponse"]["id"] for part in body["contents"][-1]["parts"]],
    }[wire]()
    assert found == ids


@every_wire
def test_what_the_provider_counted_is_in_the_ledger(wire: str) -> None:
    with LlmServer([Reply("good morning", usage=(1000, 800, 50))]) as server:
        model = live(server, wire)
        reply(model)
    (entry,) = model.ledger.entries
    assert (entry.tokens_in, entry.tokens_cached, entry.tokens_out) == (1000, 800, 50)
    assert entry.bytes_out == len(server.bodies[0])
    assert entry.bytes_in > 0
    assert (entry.outcome, entry.estimated, entry.attempts) == ("answered", False, 1)


@every_wire
def test_what_nobody_counted_is_reckoned_and_said_to_be(wire: str) -> None:
    with LlmServer([Reply("good morning")]) as server:
        model = live(server, wire)
        reply(model)
    (entry,) = model.ledger.entries
    assert entry.estimated
    assert entry.tokens_in == entry.bytes_out // 4
    assert entry.cost == ""


@every_wire
def test_a_request_begins_with_all_of_the_one_before_byte_for_byte(wire: str) -> None:
    """A provider's cache keeps the prefix, so a conversation is paid for once."""
    calls: Calls = (("overview", {}), ("find_tables", {"words": "orders"}))
    replies = [Reply("let me look", calls), Reply("there are orders"), Reply("", calls[:1]), Reply("so it is")]
    with LlmServer(list(replies)) as server:
        model = live(server, wire)
        talk = Talk(prompt("role"), (Said("user", "what is there?"),))
        for _ in replies:
            said = reply(model, talk)
            talk = talk.plus(said, *(Said("desk", '{"tables":["orders"]}', answers=call.id) for call in said.calls))
            talk = talk if said.calls else talk.plus(Said("user", "and now?"))
    for before, after in zip(server.bodies, server.bodies[1:], strict=False):
        same = same_start(before, after)
        assert same / len(before) >= STEADY, before[same - 40 : same + 40]


@every_wire
def test_a_conversation_that_is_taken_up_again_sends_the_same_bytes(wire: str) -> None:
    """But for what only the process knew: a provider's signatures."""
    with LlmServer([Reply("hello yourself"), Reply("a"), Reply("b")]) as server:
        model = live(server, wire)
        talk = HELLO.plus(reply(model), Said("user", "and now?"))
        reply(model, talk)
        reply(live(server, wire), talk)
    assert server.bodies[1] == server.bodies[2]


@every_wire
def test_the_tools_are_the_same_from_the_first_request_to_the_last(wire: str) -> None:
    with LlmServer([Reply("a"), Reply("b")]) as server:
        model = live(server, wire)
        reply(model)
        reply(model, HELLO.plus(Said("agent", "a"), Said("user", "more")))
    first, second = (json.dumps(request["tools"]) for request in server.requests)
    assert first == second
    assert all(f'"{tool.name}"' in first for tool in TOOLS)


@every_wire
def test_nobody_decides_how_warm_the_model_is_or_has_it_keep_anything(wire: str) -> None:
    with LlmServer([Reply("a")]) as server:
        reply(live(server, wire))
    (body,) = server.requests
    assert not {"temperature", "top_p"} & {*body, *body.get("generationConfig", {})}
    assert body.get("store", False) is False


def test_anthropic_is_told_what_to_keep_in_its_cache() -> None:
    with LlmServer([Reply("a")]) as server:
        reply(live(server, "anthropic"))
    (body,) = server.requests
    kept = {"type": "ephemeral", "ttl": "5m"}
    assert body["cache_control"] == body["tools"][-1]["cache_control"] == body["system"][-1]["cache_control"] == kept


def test_google_gets_back_the_signatures_it_gave() -> None:
    with LlmServer([Reply("", (("overview", {}),)), Reply("done")]) as server:
        model = live(server, "google")
        first = reply(model)
        reply(model, HELLO.plus(first, Said("desk", "{}", answers=first.calls[0].id)))
    assert dug(server.requests[1], "contents", 1, "parts", 0, "thoughtSignature") == "YWJj"


@every_wire
def test_the_whole_conversation_goes_out(wire: str) -> None:
    talk = HELLO.plus(
        Said("agent", "let me look", (Call("c1", "overview", {}),)),
        Said("desk", '{"connections":[]}', answers="c1"),
        Said("agent", "there is nothing"),
        Said("desk", "there is no evidence ev.x: say it again"),
    )
    with LlmServer([Reply("indeed")]) as server:
        assert reply(live(server, wire), talk).text == "indeed"
    sent = server.heard()
    words = ("be brief", "hello", "let me look", "overview", "c1", "connections", "there is nothing", "ev.x")
    places = [sent.rindex(word) for word in words]
    assert all(place > 0 for place in places)
    assert places[4:] == sorted(places[4:])


@pytest.mark.parametrize("wire", ["compatible", "responses", "anthropic"])
@pytest.mark.parametrize(
    ("written", "handed_on"),
    [('{"words": "or', {"not_json": '{"words": "or'}), ("[1]", {"not_an_object": [1]}), ("", {}), ("null", {})],
)
def test_arguments_that_are_no_object_are_handed_on_for_the_desk_to_refuse(
    wire: str, written: str, handed_on: object
) -> None:
    with LlmServer([Reply("look", (("find_tables", written),))]) as server:
        assert reply(live(server, wire)).calls[0].arguments == handed_on


@every_wire
def test_what_a_terminal_would_obey_is_taken_out_of_a_reply(wire: str) -> None:
    heard = Heard()
    with LlmServer([Reply("\x1b[2Jgone\u202e")]) as server:
        assert reply(live(server, wire), say=heard.streamed.append).text == "gone"
    assert "\x1b" not in heard.text


@every_wire
def test_a_server_that_gives_its_answers_whole_is_heard_too(wire: str) -> None:
    calls: Calls = (("overview", {}), ("find_tables", {"words": "orders"}))
    heard = Heard()
    with LlmServer([Reply("let me look", calls, usage=(1000, 800, 50)), Reply("\x1b[2Jdone")]) as server:
        model = live(server, wire, stream=False)
        first = reply(model, say=heard.streamed.append)
        answers = [Said("desk", "{}", answers=call.id) for call in first.calls]
        second = reply(model, HELLO.plus(first, *answers))
    assert (first.text, heard.text, second.text) == ("let me look", "let me look", "done")
    assert [(call.tool, call.arguments) for call in first.calls] == list(calls)
    entry = model.ledger.entries[0]
    assert (entry.tokens_in, entry.tokens_cached, entry.tokens_out) == (1000, 800, 50)
    assert same_start(*server.bodies) / len(server.bodies[0]) >= STEADY
