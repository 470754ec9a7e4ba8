"""What providers of language models send, each in its own protocol: streamed answers, and refusals."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

PIECE = 7  # characters of a streamed piece


@dataclass(frozen=True)
class Reply:
    """What the server does with one request.

    Attributes:
        calls: Tool name and arguments each; a text as arguments goes out as it is.
        status: Other than 200, the request is refused with `text` as the message.
        cut: The connection is dropped after so many events of the stream.
        hangs: After so many events of the stream nothing more comes until the client gives up.
        silent: Nothing is sent until the client gives up.
        ends: False leaves out the reason to finish.
        usage: Tokens read, of those from the cache, written.
        wait: What a refusal asks to wait: a `Retry-After`; empty asks for a millisecond, `no` says nothing.
        breaks: Status of an error that comes inside the stream, after the text.
    """

    text: str = ""
    calls: tuple[tuple[str, dict[str, Any] | str], ...] = ()
    status: int = 200
    cut: int | None = None
    hangs: int | None = None
    silent: bool = False
    ends: bool = True
    finish: str = ""
    usage: tuple[int, int, int] = (0, 0, 0)
    wait: str = ""
    breaks: int = 0


def pieces(text: str) -> Iterator[str]:
    """Yield a text as it is streamed."""
    for start in range(0, len(text), PIECE):
        yield text[start : start + PIECE]


def written(arguments: dict[str, Any] | str) -> str:
    """Return the arguments of a call as a model writes them."""
    return arguments if isinstance(arguments, str) else json.dumps(arguments)


def _data(value: Any) -> bytes:
    return f"data: {json.dumps(value)}\n\n".encode()


def _event(kind: str, **body: Any) -> bytes:
    return f"event: {kind}\n".encode() + _data({"type": kind, **body})


def chat(reply: Reply, number: str) -> Iterator[bytes]:
    """Yield OpenAI's older protocol, which many servers speak."""

    def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return _data(_CHUNK | {"choices": [choice]})

    yield chunk({"role": "assistant", "content": ""})
    for piece in pieces(reply.text):
        yield chunk({"content": piece})
    if reply.breaks:
        yield _data({"error": {"message": "the model is overloaded", "type": "server_error", "code": reply.breaks}})
        return
    for index, (name, arguments) in enumerate(reply.calls):
        head = {"index": index, "id": f"call_{number}_{index}", "type": "function"}
        yield chunk({"tool_calls": [head | {"function": {"name": name, "arguments": ""}}]})
        for piece in pieces(written(arguments)):
            yield chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
    if reply.ends:
        yield chunk({}, reply.finish or ("tool_calls" if reply.calls else "stop"))
    if any(reply.usage):
        read, cached, wrote = reply.usage
        usage = {"prompt_tokens": read, "completion_tokens": wrote, "total_tokens": read + wrote}
        yield _data(_CHUNK | {"choices": [], "usage": usage | {"prompt_tokens_details": {"cached_tokens": cached}}})
    yield b"data: [DONE]\n\n"


_CHUNK = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": "test"}


def responses(reply: Reply, number: str) -> Iterator[bytes]:
    """Yield OpenAI's newer protocol."""
    shown: list[dict[str, Any]] = []
    yield _event("response.created", sequence_number=0, response=_response([], "in_progress"))
    if reply.text:
        yield from _text_item(reply.text, f"msg_{number}", shown)
    if reply.breaks:
        error = {"code": "server_error", "message": "the model is overloaded"}
        yield _event("response.failed", sequence_number=0, response=_response(shown, "failed") | {"error": error})
        return
    for index, (name, arguments) in enumerate(reply.calls):
        yield from _call_item(name, written(arguments), f"{number}_{index}", shown)
    if reply.ends:
        read, cached, wrote = reply.usage
        usage = {
            "input_tokens": read,
            "input_tokens_details": {"cached_tokens": cached, "cache_write_tokens": 0},
            "output_tokens": wrote,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": read + wrote,
        }
        done = _response(shown, "completed") | {"usage": usage}
        if reply.finish == "length":
            done |= {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
        yield _event(f"response.{done['status']}", sequence_number=0, response=done)


def _response(output: list[dict[str, Any]], status: str) -> dict[str, Any]:
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1_700_000_000,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "model": "test",
        "output": output,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": None,
        "metadata": {},
    }


def _text_item(text: str, name: str, shown: list[dict[str, Any]]) -> Iterator[bytes]:
    at = {"item_id": name, "output_index": len(shown), "content_index": 0, "sequence_number": 0}
    item = {"id": name, "type": "message", "role": "assistant", "status": "in_progress", "content": []}
    yield _event("response.output_item.added", output_index=len(shown), sequence_number=0, item=item)
    part = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
    yield _event("response.content_part.added", **at, part=part)
    for piece in pieces(text):
        yield _event("response.output_text.delta", **at, delta=piece, logprobs=[])
    whole = item | {"status": "completed", "content": [part | {"text": text}]}
    yield _event("response.output_text.done", **at, text=text, logprobs=[])
    yield _event("response.output_item.done", output_index=len(shown), sequence_number=0, item=whole)
    shown.append(whole)


def _call_item(name: str, arguments: str, number: str, shown: list[dict[str, Any]]) -> Iterator[bytes]:
    index = len(shown)
    item = {"id": f"fc_{number}", "type": "function_call", "call_id": f"call_{number}", "name": name}
    begun = item | {"arguments": "", "status": "in_progress"}
    yield _event("response.output_item.added", output_index=index, sequence_number=0, item=begun)
    for piece in pieces(arguments):
        at = {"item_id": item["id"], "output_index": index, "sequence_number": 0}
        yield _event("response.function_call_arguments.delta", **at, delta=piece)
    whole = item | {"arguments": arguments, "status": "completed"}
    yield _event("response.output_item.done", output_index=index, sequence_number=0, item=whole)
    shown.append(whole)


def anthropic(reply: Reply, number: str) -> Iterator[bytes]:
    """Yield Anthropic's protocol; a provider's count of what was read leaves out what came from the cache."""
    read, cached, wrote = reply.usage
    usage = {"input_tokens": read - cached, "cache_read_input_tokens": cached, "cache_creation_input_tokens": 0}
    message: dict[str, Any] = {
        "id": f"msg_{number}",
        "type": "message",
        "role": "assistant",
        "model": "test",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage | {"output_tokens": 1 if wrote else 0},
    }
    yield _event("message_start", message=message)
    if reply.text:
        yield _event("content_block_start", index=0, content_block={"type": "text", "text": ""})
        for piece in pieces(reply.text):
            yield _event("content_block_delta", index=0, delta={"type": "text_delta", "text": piece})
        yield _event("content_block_stop", index=0)
    if reply.breaks:
        yield _event("error", error={"type": "overloaded_error", "message": "Overloaded"})
        return
    for index, (name, arguments) in enumerate(reply.calls, bool(reply.text)):
        block = {"type": "tool_use", "id": f"toolu_{number}_{index}", "name": name, "input": {}}
        yield _event("content_block_start", index=index, content_block=block)
        for piece in pieces(written(arguments)):
            yield _event("content_block_delta", index=index, delta={"type": "input_json_delta", "partial_json": piece})
        yield _event("content_block_stop", index=index)
    if reply.ends:
        reason = {"length": "max_tokens", "": "tool_use" if reply.calls else "end_turn"}.get(reply.finish)
        delta = {"stop_reason": reason, "stop_sequence": None}
        yield _event("message_delta", delta=delta, usage=usage | {"output_tokens": wrote})
        yield _event("message_stop")


def google(reply: Reply, number: str) -> Iterator[bytes]:
    """Yield Google's protocol."""
    for piece in pieces(reply.text):
        yield _candidate(number, [{"text": piece}])
    if reply.breaks:
        yield _data({"error": {"code": reply.breaks, "message": "The model is overloaded.", "status": "UNAVAILABLE"}})
        return
    parts = [
        {"functionCall": {"id": f"g{number}{index}", "name": name, "args": arguments}, "thoughtSignature": "YWJj"}
        for index, (name, arguments) in enumerate(reply.calls)
    ]
    read, cached, wrote = reply.usage
    usage = {
        "promptTokenCount": read,
        "cachedContentTokenCount": cached,
        "candidatesTokenCount": wrote,
        "totalTokenCount": read + wrote,
    }
    last: dict[str, Any] = {"finishReason": "MAX_TOKENS" if reply.finish == "length" else "STOP"} if reply.ends else {}
    yield _candidate(number, parts or [{"text": ""}], last, {"usageMetadata": usage} if any(reply.usage) else {})


def _candidate(
    number: str, parts: list[dict[str, Any]], last: dict[str, Any] | None = None, more: dict[str, Any] | None = None
) -> bytes:
    candidate = {"content": {"role": "model", "parts": parts}, "index": 0, **(last or {})}
    body = {"candidates": [candidate], "modelVersion": "test", "responseId": f"r{number}", **(more or {})}
    return f"data: {json.dumps(body)}\r\n\r\n".encode()


def whole(path: str, reply: Reply, number: str) -> dict[str, Any]:
    """Return an answer that is not streamed, in the protocol of a path."""
    if path.endswith("/messages"):
        return _whole_anthropic(reply, number)
    if path.endswith(":generateContent"):
        *_, last = google(replace(reply, text=""), number)
        body: dict[str, Any] = json.loads(last.removeprefix(b"data: "))
        parts = body["candidates"][0]["content"]["parts"]
        body["candidates"][0]["content"]["parts"] = [{"text": reply.text}] + [p for p in parts if "text" not in p]
        return body
    if path.endswith("/responses"):
        *_, done = responses(reply, number)
        event: dict[str, Any] = json.loads(done.partition(b"data: ")[2])
        response: dict[str, Any] = event["response"]
        return response
    return _whole_chat(reply, number)


def _whole_chat(reply: Reply, number: str) -> dict[str, Any]:
    calls = [
        {"id": f"call_{number}_{n}", "type": "function", "function": {"name": name, "arguments": written(arguments)}}
        for n, (name, arguments) in enumerate(reply.calls)
    ]
    message = {"role": "assistant", "content": reply.text or None} | ({"tool_calls": calls} if calls else {})
    finish = reply.finish or ("tool_calls" if calls else "stop")
    read, cached, wrote = reply.usage
    usage = {"prompt_tokens": read, "completion_tokens": wrote, "total_tokens": read + wrote}
    return _CHUNK | {
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": usage | {"prompt_tokens_details": {"cached_tokens": cached}},
    }


def _whole_anthropic(reply: Reply, number: str) -> dict[str, Any]:
    first, *_ = anthropic(reply, number)
    event: dict[str, Any] = json.loads(first.partition(b"data: ")[2])
    text = [{"type": "text", "text": reply.text}] if reply.text else []
    calls = [
        {"type": "tool_use", "id": f"toolu_{number}_{n}", "name": name, "input": arguments}
        for n, (name, arguments) in enumerate(reply.calls)
    ]
    message: dict[str, Any] = event["message"]
    message["usage"]["output_tokens"] = reply.usage[2]
    return message | {"content": [*text, *calls], "stop_reason": "tool_use" if calls else "end_turn"}


def refusal(path: str, reply: Reply) -> dict[str, Any]:
    """Return the body of a refusal, as the provider behind a path words it."""
    if path.endswith("/messages"):
        kind = {429: "rate_limit_error", 529: "overloaded_error", 401: "authentication_error"}.get(reply.status)
        return {"type": "error", "error": {"type": kind or "api_error", "message": reply.text}}
    if "GenerateContent" in path:
        return {"error": {"code": reply.status, "message": reply.text, "status": "REFUSED"}}
    return {"error": {"message": reply.text, "type": "refused", "code": None}}


def spoken(path: str) -> Callable[[Reply, str], Iterator[bytes]]:
    """Return the protocol that a path belongs to."""
    if path.endswith("/messages"):
        return anthropic
    if "GenerateContent" in path:
        return google
    return responses if path.endswith("/responses") else chat
