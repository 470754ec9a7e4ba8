"""A conversation is built again from the model's turns alone, or it says what has changed."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.talks.script import PLAN, RUN, Held, asked, begin, oml, written

from osiris.agent.history import History
from osiris.agent.lock import LOCK, changed, lock_of
from osiris.agent.replay import replay
from osiris.agent.transcript import as_markdown, as_recording
from osiris.app.project import Project
from osiris.model.errors import UsageError
from osiris.observe.redact import Redactor

ALL = oml("SELECT order_id, status, amount FROM orders")
WRONG = oml("SELECT order_id, state FROM orders")
QUESTION = {"question": "Since when?", "why": "the rows", "default": "ever"}


def held(folder: Path) -> tuple[Held, History, str]:
    """Return a conversation with a question, a slip of the pen, a wrong draft and a run, and where it is kept."""
    talk = begin(folder)
    lock = lock_of(talk.project)
    slip = written(ALL.replace("mode: write", "mode: load"))
    talk.say("Orders", asked("ask_user", questions=[QUESTION]), [PLAN], written(WRONG), slip, *RUN, "There.")
    history = History(talk.project.layout.history, Redactor())
    session = history.begin()
    history.note(session, LOCK, lock)
    history.keep(session, *talk.talk.said)
    return talk, history, session


def test_the_same_bytes_come_of_it_without_a_source_a_write_or_a_run(tmp_path: Path) -> None:
    talk, history, session = held(tmp_path)
    recording = json.loads(json.dumps(as_recording(session, history.events(session))))
    (tmp_path / "output" / "out.csv").unlink()
    (tmp_path / "pipelines" / "orders.yaml").unlink()
    done = replay(talk.project, recording)
    assert (done.same, done.changed, done.session) == (True, (), session)
    assert [(draft.same_bytes, draft.found) for draft in done.drafts] == [(True, "1 error"), (True, "valid")]
    assert done.drafts[1].oml == next(reversed(talk.desk.drafts.by_name.values())).text
    assert '"Since when? ever"' in done.drafts[1].oml
    assert not (tmp_path / "output" / "out.csv").exists()
    assert not (tmp_path / "pipelines" / "orders.yaml").exists()


def test_what_changed_since_is_said(tmp_path: Path) -> None:
    _, history, session = held(tmp_path)
    recording = as_recording(session, history.events(session))
    recording["lock"]["osiris"] = "0.0.0"
    recording["lock"]["prompts"]["role"] = "0" * 64
    (tmp_path / "osiris_connections.yaml").write_text("duckdb: {other: {path: shop.duckdb}}\n", "utf-8")
    done = replay(Project.open(tmp_path, exported={}), recording)
    assert done.same is False
    assert done.drafts[1].found.endswith("it was valid then")
    assert done.changed[0].startswith("the version of Osiris: 0.0.0 then")
    assert "a prompt: role" in done.changed
    assert "the tables: @duckdb.other, @duckdb.shop" in done.changed


def test_tables_that_nobody_had_looked_at_when_it_began_have_not_changed() -> None:
    before = {"catalogue": {"@a.b": "", "@c.d": "", "@e.f": "1" * 64}, "model": {"base_url": ""}}
    now = {"catalogue": {"@a.b": "2" * 64, "@e.f": "3" * 64}, "model": {"base_url": "http://127.0.0.1"}}
    assert changed(before, now) == ("the language model: base_url", "the tables: @c.d, @e.f")


def test_a_conversation_without_a_draft_is_the_same_as_ever(tmp_path: Path) -> None:
    talk = begin(tmp_path).say("Hello", "Hello.")
    history = History(talk.project.layout.history, Redactor())
    session = history.begin()
    history.keep(session, *talk.talk.said)
    done = replay(talk.project, as_recording(session, history.events(session)))
    assert (done.same, done.drafts, len(done.changed) > 0) == (True, (), True)


@pytest.mark.parametrize("recording", [{}, {"format": "osiris.talk/1", "said": [{"by": "user"}]}])
def test_what_is_no_recording_is_refused(tmp_path: Path, recording: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        replay(begin(tmp_path).project, recording)


def test_a_lock_is_the_same_for_the_same_project_and_holds_no_secret(tmp_path: Path) -> None:
    project = begin(tmp_path, settings="llm: {model: test, base_url: 'http://127.0.0.1:1/v1'}\n").project
    assert lock_of(project) == lock_of(Project.open(tmp_path, exported={}))
    assert changed(lock_of(project), lock_of(project)) == ()
    other = replace(project, configured=begin(tmp_path / "other").project.configured)
    assert any("the language model" in one for one in changed(lock_of(project), lock_of(other)))


def test_a_page_tells_who_said_what_with_pipelines_in_full(tmp_path: Path) -> None:
    _, history, session = held(tmp_path)
    history.note(session, "renamed", {"title": "My orders"})
    page = as_markdown(session, history.events(session))
    for shown in (
        "# My orders",
        "## You\n\nOrders",
        "```yaml\noml_version",
        "## `run_pipeline` answers",
        "calls `plan_",
    ):
        assert shown in page, shown
    assert page.count("```") % 2 == 0


def test_a_fence_in_a_text_does_not_end_the_one_around_it(tmp_path: Path) -> None:
    talk = begin(tmp_path).say("Orders", written("```\nno pipeline\n```"))
    history = History(talk.project.layout.history, Redactor())
    session = history.begin()
    history.keep(session, *talk.talk.said)
    assert "````yaml\n```\nno pipeline\n```\n````" in as_markdown(session, history.events(session))
