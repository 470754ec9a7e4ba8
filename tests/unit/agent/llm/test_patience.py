"""What goes wrong between us and a provider: waited for as long as it makes sense, then said clearly."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from tests.services.llm import LlmServer, Reply
from tests.unit.agent.llm.talking import HELLO, KEY, WIRES, Heard, address, live, reply

from osiris.agent.llm.endpoint import Endpoint
from osiris.agent.llm.failures import Failures
from osiris.agent.llm.live import Live
from osiris.agent.llm.wire import MOST_WAIT, TRIES, asked_to_wait
from osiris.agent.talk import Call, Said, Talk
from osiris.model.errors import LlmBusy, LlmError, LlmWithheld
from osiris.model.providers import PROVIDERS
from osiris.observe.redact import Redactor

every_wire = pytest.mark.parametrize("wire", WIRES)


@every_wire
@pytest.mark.parametrize("status", [429, 503, 529])
def test_a_busy_server_is_asked_again_as_soon_as_it_wants(wire: str, status: int) -> None:
    heard = Heard()
    with LlmServer([Reply("wait", status=status, wait="7")] * 2 + [Reply("now")]) as server:
        model = live(server, wire, heard)
        assert reply(model).text == "now"
    assert heard.waits == [7.0, 7.0]
    assert heard.told[0] == f"the server is busy ({status}); asking again in 7 s"
    assert [entry.attempts for entry in model.ledger.entries] == [3]
    assert server.bodies[0] == server.bodies[1] == server.bodies[2]


@every_wire
def test_a_busy_server_that_does_not_say_for_how_long_is_asked_less_and_less(wire: str) -> None:
    heard = Heard()
    refusal = Reply("try later", status=503, wait="no")
    with LlmServer([refusal] * TRIES) as server, pytest.raises(LlmBusy, match="answers 503") as caught:
        reply(live(server, wire, heard))
    assert heard.waits == [1.0, 2.0, 4.0, 8.0]
    assert caught.value.retriable
    assert caught.value.exit_code == 7


@every_wire
def test_who_wants_too_long_a_wait_is_told_of_and_not_waited_for(wire: str) -> None:
    heard = Heard()
    with LlmServer([Reply("tomorrow", status=429, wait="3600")]) as server, pytest.raises(LlmBusy) as caught:
        reply(live(server, wire, heard))
    assert caught.value.hint == "the server asks to wait 3600 s; wait a little, or check the account's limits"
    assert heard.waits == []


def test_nobody_waits_for_an_account_that_is_empty() -> None:
    heard = Heard()
    with LlmServer([Reply("insufficient_quota", status=429)]) as server, pytest.raises(LlmBusy):
        reply(live(server, heard=heard))
    assert heard.waits == []


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({"retry-after": "1.5"}, b"", 1.5),
        ({"retry-after": "-3"}, b"", 0.0),
        ({"retry-after-ms": "250"}, b"", 0.25),
        ({"retry-after": "soon"}, b"", None),
        ({}, json.dumps({"error": {"details": [{"retryDelay": "17s"}]}}).encode(), 17.0),
        ({}, b"{}", None),
        ({"retry-after": "Wed, 01 Jan 2020 00:00:00 GMT"}, b"", 0.0),
    ],
)
def test_a_wait_is_read_wherever_providers_write_it(
    headers: dict[str, str], body: bytes, seconds: float | None
) -> None:
    assert asked_to_wait(headers, body) == seconds


def test_a_wait_until_some_time_is_a_wait_of_seconds() -> None:
    until = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    assert MOST_WAIT < (asked_to_wait({"retry-after": until}) or 0) <= 3600


@every_wire
@pytest.mark.parametrize(
    ("status", "means", "hint"),
    [
        (400, "", "check the llm settings"),
        (401, ": it does not know the key", "check the key"),
        (
            404,
            ": it does not know the model, or the address is another one",
            "check llm.model (`/model NAME` changes it) and llm.base_url",
        ),
        (413, ": the conversation is too long for it", "begin a new conversation, or lower agent.context_tokens"),
    ],
)
def test_a_server_that_refuses_is_an_error_that_says_what_to_do_and_never_the_key(
    wire: str, status: int, means: str, hint: str
) -> None:
    with LlmServer([Reply(f"no, {KEY} is wrong", status=status)]) as server, pytest.raises(LlmError) as caught:
        reply(live(server, wire))
    assert caught.value.message == f"the language model's server answers {status}{means}"
    assert (caught.value.why, caught.value.hint) == ("no, *** is wrong", hint)
    assert caught.value.where == address(server, wire)
    assert KEY not in repr(caught.value.to_dict())


def test_a_key_that_is_refused_is_named_by_its_variable() -> None:
    endpoint = Endpoint(PROVIDERS["anthropic"], "test", "http://127.0.0.1:1", KEY, key_env="MY_KEY")
    assert Failures(endpoint, Redactor()).refused(401, "no", None).hint == "check the key in MY_KEY"


def test_a_price_is_known_of_the_provider_itself_and_of_nobody_who_speaks_like_it() -> None:
    usual = PROVIDERS["anthropic"]
    assert Endpoint(usual, usual.model, usual.base_url).is_home
    with LlmServer([Reply("good morning", usage=(1000, 800, 50))]) as server:
        elsewhere = Live(Endpoint(usual, usual.model, server.home, KEY))
        reply(elsewhere)
    (entry,) = elsewhere.ledger.entries
    assert (entry.tokens_in, entry.cost) == (1000, "")


@every_wire
def test_a_server_that_is_not_there_is_one_clear_error(wire: str) -> None:
    heard = Heard()
    with LlmServer([]) as server:
        gone = address(server, wire)
    model = Live(Endpoint(PROVIDERS[wire], "test", gone, KEY), pause=heard.pause, tell=heard.told.append)
    with pytest.raises(LlmError, match="does not answer") as caught:
        reply(model)
    assert caught.value.where == gone
    assert caught.value.hint == "check llm.base_url, and that the server runs"
    assert heard.waits == [1.0, 2.0]
    assert [(entry.outcome, entry.tokens_in, entry.attempts) for entry in model.ledger.entries] == [("no answer", 0, 3)]


@every_wire
def test_a_server_that_is_silent_is_asked_again(wire: str) -> None:
    heard = Heard()
    with LlmServer([Reply(silent=True), Reply("here")]) as server:
        assert reply(live(server, wire, heard, timeout=0.3)).text == "here"
    assert heard.told == ["the server does not answer (ReadTimeout); asking again in 1 s"]


@every_wire
def test_a_long_answer_may_take_longer_than_the_packages_would_wait(wire: str) -> None:
    """Five seconds is what a client has that nobody told otherwise."""
    with LlmServer([Reply("a")]) as server:
        model = live(server, wire)
        assert model._client().timeout.read == 120
        assert reply(model).text == "a"


@every_wire
def test_an_answer_that_breaks_off_is_asked_for_again_and_the_person_is_told(wire: str) -> None:
    heard = Heard()
    with LlmServer([Reply("this is going to be long " * 3, cut=6), Reply("short")]) as server:
        model = live(server, wire)
        assert reply(model, say=heard.streamed.append).text == "short"
    text = heard.text
    assert text.index("this is") < text.index("the answer broke off; asking again") < text.index("short")
    assert [entry.outcome for entry in model.ledger.entries] == ["broke off", "answered"]
    assert model.ledger.entries[0].estimated


@every_wire
def test_an_answer_that_ends_without_its_end_is_no_answer(wire: str) -> None:
    """The connection closes in good order, but the server never said why it stopped."""
    whole = [Reply("this is all", ends=False)] * 3
    with LlmServer(whole) as server, pytest.raises(LlmError, match="broke off") as caught:
        reply(live(server, wire))
    assert len(server.requests) == 3
    assert caught.value.hint == "say it again; what was written so far is kept"


@every_wire
def test_a_server_that_is_overloaded_in_the_middle_of_its_answer_is_asked_again(wire: str) -> None:
    with LlmServer([Reply("I was going to", breaks=503), Reply("well")]) as server:
        assert reply(live(server, wire)).text == "well"


@every_wire
@pytest.mark.parametrize(
    ("answer", "complaint"),
    [(Reply("cut", finish="length"), "longer than the model may give"), (Reply(""), "an empty answer")],
)
def test_an_answer_that_is_not_whole_is_not_taken_for_one(wire: str, answer: Reply, complaint: str) -> None:
    with LlmServer([answer] * 3) as server, pytest.raises(LlmError, match=complaint):
        reply(live(server, wire))


def test_an_answer_that_the_provider_holds_back_is_said_to_be() -> None:
    with LlmServer([Reply("no", finish="content_filter")]) as server, pytest.raises(LlmError, match="filter"):
        reply(live(server))


def test_nobody_is_led_elsewhere() -> None:
    """A redirect would take the key to somebody else."""
    with LlmServer([Reply("over there", status=307)]) as server, pytest.raises(LlmError, match="answers 307"):
        reply(live(server))


@every_wire
def test_a_conversation_that_holds_a_secret_is_not_sent(wire: str) -> None:
    secret = 'correct"horse/battery+äpfel'  # pragma: allowlist secret
    inside = HELLO.plus(Said("agent", "", (Call("c12345678", "write_pipeline", {"text": secret}),)))
    for talk in (inside, Talk(secret), Talk("", (Said("user", f"it is {secret}"),))):
        with LlmServer([Reply("thanks")]) as server:
            model = live(server, wire, redact=Redactor([secret]))
            with pytest.raises(LlmWithheld, match="holds a secret") as caught:
                reply(model, talk)
        assert server.requests == []
        assert model.ledger.entries == []
        assert secret not in repr(caught.value.to_dict())
