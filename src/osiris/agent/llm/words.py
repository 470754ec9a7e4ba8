"""A conversation in the words of the package that speaks to providers, and its answers in ours."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

from pydantic_ai import messages
from pydantic_ai.tools import ToolDefinition

from osiris.agent.clean import clean
from osiris.agent.talk import Call, Said, Talk
from osiris.agent.tools import Tool
from osiris.model.canonical import digest
from osiris.model.errors import LlmError

NAME_DIGITS = 8  # some servers want names of nine characters exactly


def offered(tools: tuple[Tool, ...]) -> list[ToolDefinition]:
    """Return the tools as they are offered."""
    return [
        ToolDefinition(name=t.name, parameters_json_schema=t.schema(), description=t.about, strict=False) for t in tools
    ]


def history(talk: Talk, whole: Mapping[str, messages.ModelResponse]) -> list[messages.ModelMessage]:
    """Return the conversation; what tools answer to one reply goes back together.

    Args:
        talk: The conversation so far.
        whole: Replies as they came, by `place`: with what the provider wants back unchanged, such as its signatures.
            One is used only where everything before it is as it was.
    """
    told: list[messages.ModelMessage] = [messages.ModelRequest(parts=[messages.SystemPromptPart(talk.brief)])]
    tools = {call.id: call.tool for said in talk.said for call in said.calls}
    before = _Place(talk.brief)
    open_parts: list[messages.ModelRequestPart] = []
    for said in talk.said:
        if said.by == "agent":
            told += [messages.ModelRequest(parts=open_parts)] if open_parts else []
            told.append(_reply(said, whole.get(before.name)))
            open_parts = []
        else:
            open_parts.append(_heard(said, tools))
        before.after(said)
    return [*told, messages.ModelRequest(parts=open_parts)] if open_parts else told


def place(before: Talk) -> str:
    """Return a name for what comes next in a conversation: another one wherever something else came before."""
    there = _Place(before.brief)
    for said in before.said:
        there.after(said)
    return there.name


class _Place:
    """Counts up what was said."""

    def __init__(self, brief: str) -> None:
        self._hash = sha256(brief.encode("utf-8", "replace"))

    @property
    def name(self) -> str:
        """Return the name of this place."""
        return self._hash.hexdigest()

    def after(self, said: Said) -> None:
        """Go on to the place after one more thing said."""
        calls = [[call.id, call.tool, call.arguments] for call in said.calls]
        self._hash.update(json.dumps([said.by, said.text, said.answers, calls], sort_keys=True).encode("utf-8"))


def _heard(said: Said, tools: Mapping[str, str]) -> messages.ModelRequestPart:
    if said.answers in tools:
        return messages.ToolReturnPart(tools[said.answers], said.text, tool_call_id=said.answers)
    return messages.UserPromptPart(said.text)


def _reply(said: Said, came: messages.ModelResponse | None) -> messages.ModelResponse:
    if came is not None:
        return came
    text = [messages.TextPart(said.text)] if said.text else []
    calls = [messages.ToolCallPart(c.tool, c.arguments, tool_call_id=c.id) for c in said.calls]
    return messages.ModelResponse(parts=[*text, *calls])


def understood(response: messages.ModelResponse, where: str) -> tuple[Said, messages.ModelResponse]:
    """Return an answer in our words, and as it came but for the names of its calls.

    The names are our own: servers give the same one twice, or none.

    Args:
        response: As the package gives it.
        where: The `place` that it takes in the conversation.

    Raises:
        LlmError: the model was cut off by its own limit, refuses, or says nothing.
    """
    named = replace(response, parts=list(_named(response, where)))
    text = clean("".join(part.content for part in named.parts if isinstance(part, messages.TextPart)))
    calls = tuple(
        Call(part.tool_call_id, part.tool_name, _arguments(part.args))
        for part in named.parts
        if isinstance(part, messages.ToolCallPart)
    )
    if response.finish_reason == "length":
        raise LlmError("the answer is longer than the model may give", hint="ask for less, or raise the server's limit")
    if response.finish_reason == "content_filter":
        raise LlmError("the provider's filter held the answer back", hint="say it in other words, or try another model")
    if not text and not calls:
        raise LlmError("the language model gave an empty answer", hint="say it again, or try another model")
    return Said("agent", text, calls), named


def _named(response: messages.ModelResponse, where: str) -> Iterator[messages.ModelResponsePart]:
    number = 0
    for part in response.parts:
        if isinstance(part, messages.ToolCallPart):
            yield replace(part, tool_call_id=f"c{digest(f'{where}/{number}'.encode())[:NAME_DIGITS]}")
            number += 1
        else:
            yield part


def _arguments(written: Any) -> dict[str, Any]:
    """Return the arguments of a call; what is no JSON object is handed on, for the desk to refuse in words."""
    try:
        parsed = json.loads(written or "{}") if isinstance(written, str) else written
    except ValueError:
        return {"not_json": written}
    return parsed if isinstance(parsed, dict) else {} if parsed is None else {"not_an_object": parsed}
