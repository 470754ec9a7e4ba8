"""A conversation as others read it: Markdown for people, one JSON document for `--replay`."""

from collections.abc import Iterable
from typing import Any

from osiris.agent.history import SAID, Event
from osiris.agent.lock import LOCK

FORMAT = "osiris.talk/1"
MOST_ANSWER = 1_000  # characters of what a tool answered, in Markdown
_WHO = {"user": "You", "agent": "Agent", "desk": "Osiris"}


def as_recording(session: str, events: Iterable[Event]) -> dict[str, Any]:
    """Return what `replay` takes: the lock of a conversation, and everything said in it."""
    kept = list(events)
    lock = next((event.body for event in kept if event.kind == LOCK), {})
    return {
        "format": FORMAT,
        "session": session,
        "lock": {key: value for key, value in lock.items() if key != "mark"},
        "said": [event.body for event in kept if event.kind == SAID],
    }


def as_markdown(session: str, events: Iterable[Event]) -> str:
    """Return a conversation as a page: who said what, the pipelines in full, what tools answered in short."""
    parts = [f"# Conversation {session}"]
    tools: dict[str, str] = {}
    for event in events:
        if event.kind == "renamed":
            parts[0] = f"# {event.body['title']}\n\nConversation {session}"
        if event.kind != SAID:
            continue
        said = event.body
        tools |= {call["id"]: call["tool"] for call in said["calls"]}
        who = f"`{tools.get(said['answers'], '')}` answers" if said["answers"] else _WHO[said["by"]]
        parts.append(f"## {who}\n\n{_body(said)}".rstrip())
        parts += [_call(call) for call in said["calls"]]
    return "\n\n".join(parts) + "\n"


def _body(said: dict[str, Any]) -> str:
    text = str(said["text"])
    if said["answers"]:
        return _fenced(text if len(text) <= MOST_ANSWER else f"{text[:MOST_ANSWER]} …", "json")
    return text


def _call(call: dict[str, Any]) -> str:
    if call["tool"] == "write_pipeline":
        return _fenced(str(call["arguments"].get("text", "")), "yaml")
    asked = ", ".join(f"{name}={value!r}" for name, value in call["arguments"].items())
    return f"- calls `{call['tool']}`: {asked}" if asked else f"- calls `{call['tool']}`"


def _fenced(text: str, language: str) -> str:
    """Return a text in a fence that is longer than any in it."""
    ticks = "```"
    while ticks in text:
        ticks += "`"
    body = text.rstrip("\n")
    return f"{ticks}{language}\n{body}\n{ticks}"
