"""The reference of events and numbers, from the models that write them."""

import inspect
import re
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel

from osiris.model.events import STAMP, Event
from osiris.model.metrics import METRICS

_ENTRY = re.compile(r"(?ms)^        (\w+): (.*?)(?=^        \w+: |\Z)")


def page() -> Iterator[str]:
    """Yield the page."""
    yield "# Events and numbers"
    yield ""
    yield "How to read them: [logs.md](../logs.md)."
    yield ""
    yield "## Events"
    yield ""
    yield "Each line of `events.jsonl` is one JSON object. `osiris logs schema events` prints the JSON Schema. All have"
    yield "these fields:"
    yield ""
    yield "| field | what it is |"
    yield "|---|---|"
    for name, about in STAMP.items():
        yield f"| `{name}` | {about['description']} |"
    yield "| `event` | The kind, one of those below. |"
    for kind in get_args(get_args(Event)[0]):
        yield from _event(kind)
    yield ""
    ended = "a `step_complete` or a `step_failed`"
    yield f"A step that has a `step_start` has {ended}, unless the process was killed; then the"
    yield "last event is `run_killed`."
    yield ""
    yield "## Numbers"
    yield ""
    command = "osiris logs schema metrics"
    yield f"Each line of `metrics.jsonl` is one number, made from the events. `{command}` prints the JSON"
    yield "Schema. The fields are `ts`, `session`, `metric`, `value`, `unit` and, where it is one step's, `step_id`."
    yield ""
    yield "| number | unit | what it counts |"
    yield "|---|---|---|"
    for name, (unit, says) in METRICS.items():
        yield f"| `{name}` | {unit} | {says} |"


def _event(kind: type[BaseModel]) -> Iterator[str]:
    doc = inspect.cleandoc(kind.__doc__ or "")
    said, _, attributes = doc.partition("\n\nAttributes:\n")
    about = {name: " ".join(text.split()) for name, text in _ENTRY.findall(re.sub(r"(?m)^", "    ", attributes))}
    yield ""
    yield f"### `{kind.model_fields['event'].default}`"
    yield ""
    yield " ".join(said.split())
    fields = {name: field for name, field in kind.model_fields.items() if name != "event"}
    if fields:
        yield ""
        yield "| field | type | what it is |"
        yield "|---|---|---|"
    for name, field in fields.items():
        yield f"| `{name}` | {_type(field.annotation)} | {about.get(name, '')} |"


def _type(annotation: Any) -> str:
    choices = [choice for choice in get_args(annotation) if isinstance(choice, str)]
    if choices:
        return " \\| ".join(f"`{choice}`" for choice in choices)
    name = getattr(annotation, "__name__", "") if not get_args(annotation) else str(annotation)
    return {"int": "integer", "float": "number", "str": "text", "Receipt": "receipt", "Artifact": "file"}.get(
        name, "object or null" if "None" in name else "object"
    )
