"""A conversation built again from the model's turns alone: the same drafts, or what has changed since."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from osiris.agent.desk import Desk, assumed_in
from osiris.agent.drafts import name_of
from osiris.agent.lock import changed, lock_of
from osiris.agent.person import Nobody
from osiris.agent.talk import Call, Said
from osiris.agent.transcript import FORMAT
from osiris.app.pipelines import CheckPipeline, check_pipeline
from osiris.app.project import Project
from osiris.model.errors import UsageError


class Draft(BaseModel):
    """One draft, then and now.

    Attributes:
        name: What it was called then.
        same_bytes: True when the same text came of it.
        found: What the compiler says now, in short, and that it is another thing than then.
    """

    name: str
    pipeline: str
    same_bytes: bool
    same_verdict: bool
    found: str
    oml: str


class Replayed(BaseModel):
    """What came of it.

    Attributes:
        changed: What is not as it was when the conversation was held.
    """

    session: str
    same: bool
    drafts: tuple[Draft, ...]
    changed: tuple[str, ...]


def replay(project: Project, recording: Mapping[str, Any]) -> Replayed:
    """Build every draft of a conversation again, without a language model, a network, a write or a run.

    Raises:
        UsageError: the recording is none.
    """
    said = _said(recording)
    drafts = tuple(_drafts(project, said))
    now = lock_of(project)
    then = recording.get("lock")
    return Replayed(
        session=str(recording.get("session", "")),
        same=all(draft.same_bytes and draft.same_verdict for draft in drafts),
        drafts=drafts,
        changed=changed(then, now) if isinstance(then, dict) else (),
    )


def _drafts(project: Project, said: tuple[Said, ...]) -> Iterator[Draft]:
    """Yield each draft, mended and with its assumptions as it was then."""
    desk = Desk(project, Nobody())
    answers = {one.answers: json.loads(one.text) for one in said if one.answers}
    for one in said:
        for call in one.calls:
            if call.tool == "write_pipeline" and "draft" in (told := answers.get(call.id) or {}):
                yield _draft(project, desk.as_written(str(call.arguments.get("text", ""))), told)
        desk.assumptions |= dict.fromkeys(assumed_in(one.text) if one.answers else ())


def _draft(project: Project, text: str, told: Mapping[str, Any]) -> Draft:
    checked = check_pipeline(project, CheckPipeline(text=text))
    errors = sum(finding.severity == "error" for finding in checked.diagnostics)
    now = "valid" if checked.valid else f"{errors} error{'' if errors == 1 else 's'}"
    then = "" if checked.valid == told.get("valid") else f", it was {'valid' if told.get('valid') else 'not'} then"
    return Draft(
        name=str(told["draft"]),
        pipeline=checked.name,
        same_bytes=name_of(text) == told["draft"],
        same_verdict=checked.valid == told.get("valid"),
        found=f"{now}{then}",
        oml=text,
    )


def _said(recording: Mapping[str, Any]) -> tuple[Said, ...]:
    hint = "`osiris chat export SESSION --output talk.json` makes one"
    if recording.get("format") != FORMAT:
        raise UsageError("this is no recording of a conversation", hint=hint)
    try:
        return tuple(
            Said(one["by"], str(one["text"]), tuple(Call(**call) for call in one["calls"]), str(one["answers"]))
            for one in recording["said"]
        )
    except (KeyError, TypeError) as exc:
        raise UsageError(f"the recording is damaged: {exc}", hint=hint) from None
