"""One call of a language model, from the conversation to what it says; all that is heavy is loaded with this file."""

import json
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import httpx2
from pydantic import ValidationError
from pydantic_ai import exceptions, messages
from pydantic_ai.usage import RequestUsage

from osiris.agent.clean import clean
from osiris.agent.llm.endpoint import Endpoint
from osiris.agent.llm.failures import BrokeOff, Failures, is_passing
from osiris.agent.llm.protocols import ask, ask_whole
from osiris.agent.llm.veil import Veil
from osiris.agent.llm.wire import Client
from osiris.agent.llm.words import history, offered, place, understood
from osiris.agent.talk import Said, Talk
from osiris.agent.tools import Tool
from osiris.model.errors import OsirisError
from osiris.observe.redact import Redactor

FIRST_REFUSAL = 300  # HTTP's: redirects are not followed, so they are refusals, too
_BREAKS = (
    exceptions.AgentRunError,
    httpx2.HTTPError,
    httpx2.StreamError,
    json.JSONDecodeError,
    ValidationError,
)


async def call(
    client: Client,
    failures: Failures,
    talk: Talk,
    tools: tuple[Tool, ...],
    *,
    whole: dict[str, Any],
    say: Callable[[str], None],
    stream: bool = True,
) -> tuple[Said, RequestUsage]:
    """Return what the model says, and what the provider counted.

    Args:
        client: Sends it.
        failures: Says what goes wrong.
        talk: The conversation so far.
        tools: What it may call.
        whole: Earlier replies as they came; the new one joins them.
        say: Takes each piece of the text as it comes.
        stream: False has the server give its answer whole.

    Raises:
        BrokeOff: the answer ended before its end.
        LlmBusy: the server is overloaded.
        LlmError: there is no answer, or it makes no sense.
    """
    came: list[str] = []  # an empty piece once the stream is open, then the text
    veil = Veil(failures.redact, say)

    def hear(piece: str) -> None:
        came.append(piece)
        veil(piece)

    try:
        with _translated(failures, client, came):
            listen = _heard if stream else _given
            response = await listen(client, failures.endpoint, history(talk, whole), tools, hear)
    finally:
        veil.end()
    where = place(talk)
    said, as_it_came = understood(response, where)
    veiled = _veiled(said, failures.redact)
    if veiled is said:
        whole[where] = as_it_came
    return veiled, response.usage


def _veiled(said: Said, redact: Redactor) -> Said:
    """Return what was said without secrets; the very same where there are none."""
    if not redact.leaks(json.dumps([said.text, [call.arguments for call in said.calls]], ensure_ascii=False)):
        return said
    calls = tuple(replace(one, arguments=redact(one.arguments)) for one in said.calls)
    return replace(said, text=redact.text(said.text), calls=calls)


async def _heard(
    client: Client,
    endpoint: Endpoint,
    told: list[messages.ModelMessage],
    tools: tuple[Tool, ...],
    say: Callable[[str], None],
) -> messages.ModelResponse:
    async with ask(endpoint, client, told, offered(tools)) as stream:
        say("")
        async for event in stream:
            match event:
                case messages.PartStartEvent(part=messages.TextPart(content=piece)) if piece:
                    say(clean(piece))
                case messages.PartDeltaEvent(delta=messages.TextPartDelta(content_delta=piece)):
                    say(clean(piece))
        response = stream.get()
    if response.finish_reason is None and not (response.provider_details or {}).get("finish_reason"):
        raise BrokeOff("it ended without its end", said=any(part.part_kind == "text" for part in response.parts))
    return response


async def _given(
    client: Client,
    endpoint: Endpoint,
    told: list[messages.ModelMessage],
    tools: tuple[Tool, ...],
    say: Callable[[str], None],
) -> messages.ModelResponse:
    response = await ask_whole(endpoint, client, told, offered(tools))
    say("")
    for part in response.parts:
        if isinstance(part, messages.TextPart):
            say(clean(part.content))
    return response


@contextmanager
def _translated(failures: Failures, client: Client, came: list[str]) -> Generator[None]:
    """Say what the packages complain of in our words."""
    try:
        yield
    except _BREAKS as exc:
        own = _own(exc)
        if own is not None:
            raise own from None
        if isinstance(exc, exceptions.ModelHTTPError):
            if not (exc.in_stream and is_passing(exc.status_code)):
                raise failures.refused(exc.status_code, exc.body, exc.retry_after) from exc
        elif not came and (status := _status(client)) >= FIRST_REFUSAL:
            raise failures.refused(status, str(exc), None) from exc
        elif not came:
            raise failures.vanished(str(exc.__cause__ or exc) or type(exc).__name__) from exc
        raise BrokeOff(str(exc), said=any(came)) from exc


def _status(client: Client) -> int:
    """Return the status of the last answer; 0 where there was none."""
    return client.sent.response.status_code if client.sent.response is not None else 0


def _own(exc: BaseException | None) -> OsirisError | None:
    """Return the error of ours that a package wrapped into one of its own."""
    while exc is not None:
        if isinstance(exc, OsirisError):
            return exc
        exc = exc.__cause__
    return None
