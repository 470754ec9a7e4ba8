"""What kinds of data a conversation takes out of the house, found in the conversation itself."""

import json
import re
from collections.abc import Iterator
from typing import Any

from osiris.agent.policy import masked
from osiris.agent.talk import Talk

KINDS = (
    "prompts",  # what Osiris itself says, and the project's own rules
    "words",  # what the person said
    "names",  # of tables, columns and files, with types and comments
    "statistics",  # counts, smallest and largest values
    "top values",  # of columns that have few
    "shapes",  # values with their letters and digits hidden
    "values",  # values as they are
    "pipelines",  # their text, findings, plans
    "runs",  # what became of runs
)
_MARKED = re.compile(r"\A<data (\w+)>\n(.*)\n</data \1>\Z", re.DOTALL)
_BY_TOOL = {
    "overview": "names",
    "find_tables": "names",
    "describe_tables": "names",
    "profile_columns": "statistics",
    "query_sample": "statistics",
    "ask_user": "words",
    "run_pipeline": "runs",
    "explain_run": "runs",
}


def carried(talk: Talk) -> tuple[str, ...]:
    """Return the kinds of data that a request with this conversation holds, in the order of `KINDS`."""
    found = set(_kinds(talk))
    return tuple(kind for kind in KINDS if kind in found)


def _kinds(talk: Talk) -> Iterator[str]:
    yield "prompts"
    tools = {call.id: call.tool for one in talk.said for call in one.calls}
    for one in talk.said:
        if one.by == "user":
            yield "words"
        if one.answers in tools:
            yield _BY_TOOL.get(tools[one.answers], "pipelines")
            yield from _values(tools[one.answers], _parsed(one.text))


def _parsed(text: str) -> Any:
    """Return what a tool answered; None where it is no JSON."""
    inner = _MARKED.match(text)
    try:
        return json.loads(inner[2] if inner else text)
    except ValueError:
        return None


def _values(tool: str, answer: Any) -> Iterator[str]:
    """Yield what kinds of values are in an answer; of one that was cut, the worst that may be in it."""
    if not isinstance(answer, dict):
        return
    if answer.get("cut") and (tool in ("query_sample", "profile_columns", "read_result")):
        yield "top values" if tool == "profile_columns" else "values"
    if tool == "describe_tables" and (answer.get("cut") or answer.get("joins")):
        yield "statistics"  # how many values two columns share
    columns = answer.get("columns")
    for column in columns.values() if isinstance(columns, dict) else ():
        values = column.get("values") if isinstance(column, dict) else None
        if not values:
            continue
        if tool == "profile_columns":
            yield "top values"
        else:
            yield "shapes" if all(value is None or masked(str(value)) == value for value in values) else "values"
