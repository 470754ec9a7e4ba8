"""A long conversation made shorter: what was wanted and what was made stays, what was only looked at goes."""

import json

from osiris.agent.talk import Said, Talk

CHARS_PER_TOKEN = 4
MOST_SENTENCE = 500  # characters of an earlier sentence
MOST_RUNS = 3
SHARE = 2  # the newest part that stays as it is, as a divisor of the limit


def size(talk: Talk) -> int:
    """Return about how many tokens a conversation takes."""
    chars = len(talk.brief) + sum(map(_chars, talk.said))
    return chars // CHARS_PER_TOKEN


def compacted(talk: Talk, most_tokens: int) -> Talk:
    """Return the conversation, shorter where it is longer than so many tokens; the same one always becomes the same.

    The newest turns stay as they are. Of the older ones the person's sentences stay, the newest draft and what came of
    it, and the names of tables that were looked at; made by code, so that nothing is made up.
    """
    if size(talk) <= most_tokens:
        return talk
    first = _first_to_keep(talk, most_tokens * CHARS_PER_TOKEN // SHARE)
    if first == 0:
        return talk
    told = Said("desk", _told(talk.said[:first]))
    return Talk(talk.brief, (told, *talk.said[first:]))


def _first_to_keep(talk: Talk, most_chars: int) -> int:
    """Return where the newest turns begin that fit; a turn begins with what the person says."""
    begins = [index for index, one in enumerate(talk.said) if one.by == "user"]
    left, kept = most_chars - len(talk.brief), len(talk.said)
    for begin in reversed(begins):
        left -= sum(map(_chars, talk.said[begin:kept]))
        if left < 0 and kept < len(talk.said):
            break
        kept = begin
    return kept


def _told(said: tuple[Said, ...]) -> str:
    sentences = [f"- {one.text[:MOST_SENTENCE]}" for one in said if one.by == "user"]
    calls = {call.id: call for one in said for call in one.calls}
    answers = [(calls[one.answers], one.text) for one in said if one.answers in calls]
    tables = sorted({name for call, _ in answers for name in _tables(call.arguments)})
    drafts = [str(call.arguments.get("text", "")) for call, _ in answers if call.tool == "write_pipeline"]
    runs = [_run(text) for call, text in answers if call.tool == "run_pipeline"]
    parts = ["Earlier in this conversation, told by Osiris. What the person said:", *sentences]
    if tables:
        parts.append(f"Tables looked at: {', '.join(tables)}.")
    parts += [f"The newest draft, to be checked again:\n{text}" for text in drafts[-1:]]
    return "\n".join([*parts, *runs[-MOST_RUNS:]])


def _run(answer: str) -> str:
    """Return how a run ended, without the words of its error: they may quote the data."""
    told = json.loads(answer)
    if not isinstance(told, dict) or "run_id" not in told:
        return "A run was asked for and did not begin."
    return f"Run {told['run_id']}: {told['status']}, {told['rows']} rows."


def _tables(arguments: dict[str, object]) -> list[str]:
    listed = arguments.get("tables")
    names = [name for name in listed if isinstance(name, str)] if isinstance(listed, list) else []
    one = arguments.get("table")
    return [*names, one] if isinstance(one, str) else names


def _chars(one: Said) -> int:
    return len(one.text) + sum(len(json.dumps(call.arguments, ensure_ascii=False)) for call in one.calls)
