import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from osiris.agent.history import History
from osiris.agent.talk import Call, Said
from osiris.model.errors import UsageError
from osiris.observe.redact import Redactor

FILE = "history.sqlite"
PASSWORD = "correct-horse-battery"  # pragma: allowlist secret
SAID = (
    Said("user", "what is there?"),
    Said("agent", "let me look", (Call("1", "find_tables", {"words": "žluť"}),)),
    Said("desk", '{"total":0}', answers="1"),
    Said("agent", "nothing"),
)


def history(folder: Path) -> History:
    return History(folder / "sessions" / FILE, Redactor([PASSWORD]), lambda: datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC))


def test_a_conversation_is_resumed_as_it_was(tmp_path: Path) -> None:
    kept = history(tmp_path)
    session = kept.begin()
    assert session.startswith("20250102T030405-")
    kept.keep(session, *SAID[:2])
    kept.keep(session, *SAID[2:])
    talk = history(tmp_path).talk(session, "brief")
    assert (talk.brief, talk.said) == ("brief", SAID)


def test_a_call_that_was_cut_off_has_no_answer(tmp_path: Path) -> None:
    kept = history(tmp_path)
    session = kept.begin()
    kept.keep(session, *SAID[:2])
    talk = kept.talk(session, "")
    assert [call.id for call in talk.open_calls()] == ["1"]
    assert kept.list()[0].waiting is True


def test_conversations_do_not_mix(tmp_path: Path) -> None:
    kept = history(tmp_path)
    one, other = kept.begin(), kept.begin()
    kept.keep(one, SAID[0])
    assert kept.talk(other, "").said == ()


def test_no_secret_is_kept(tmp_path: Path) -> None:
    kept = history(tmp_path)
    session = kept.begin()
    kept.keep(session, Said("user", f"it is {PASSWORD}"), Said("agent", "", (Call("1", "x", {"a": PASSWORD}),)))
    assert kept.talk(session, "").said[0].text == "it is ***"
    with closing(sqlite3.connect(tmp_path / "sessions" / FILE)) as db:
        assert PASSWORD not in "\n".join(db.iterdump())


def test_a_conversation_that_is_not_there_names_those_that_are(tmp_path: Path) -> None:
    kept = history(tmp_path)
    with pytest.raises(UsageError, match="there is no conversation 'last'") as caught:
        kept.talk("last", "")
    assert caught.value.hint == "there are none here yet"
    session = kept.begin()
    with pytest.raises(UsageError) as caught:
        kept.talk("last", "")
    assert session in caught.value.hint


def test_a_damaged_file_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "sessions").mkdir()
    (tmp_path / "sessions" / FILE).write_bytes(b"no database at all" * 100)
    with pytest.raises(UsageError, match="cannot keep the conversation"):
        history(tmp_path).begin()


def test_what_happens_besides_is_kept_in_order_and_is_not_part_of_the_talk(tmp_path: Path) -> None:
    kept = history(tmp_path)
    session = kept.begin()
    kept.keep(session, SAID[0])
    kept.note(session, "run", {"call": "1", "run_id": f"r-{PASSWORD}"})
    kept.keep(session, SAID[1])
    assert [(event.seq, event.kind) for event in kept.events(session)] == [(1, "said"), (2, "run"), (3, "said")]
    assert kept.events(session, "run")[0].body == {"call": "1", "run_id": "r-***"}
    assert kept.talk(session, "").said == SAID[:2]


def test_conversations_are_listed_by_title_or_first_sentence(tmp_path: Path) -> None:
    kept = history(tmp_path)
    one, other = kept.begin(), kept.begin()
    kept.keep(one, *SAID)
    kept.keep(other, Said("user", f"a very long\n sentence {'x' * 100}"))
    kept.note(one, "renamed", {"title": "Orders"})
    lines = {line.session: line for line in kept.list()}
    assert (lines[one].title, lines[one].turns, lines[one].waiting) == ("Orders", 1, False)
    assert lines[other].title == f"a very long sentence {'x' * 39}"
    assert lines[other].waiting is True
    assert len(kept.list(limit=1)) == 1


def test_a_conversation_is_named_by_its_start_its_title_or_as_the_last_one(tmp_path: Path) -> None:
    kept = history(tmp_path)
    with pytest.raises(UsageError):
        kept.named("last")
    one, other = kept.begin(), kept.begin()
    kept.note(one, "renamed", {"title": "Orders"})
    assert kept.named("Orders") == one
    assert kept.named(other) == other
    assert kept.named("last") in {one, other}
    with pytest.raises(UsageError, match="several conversations"):
        kept.named("20250102")


def test_a_fork_begins_as_the_other_one_and_goes_its_own_way(tmp_path: Path) -> None:
    kept = history(tmp_path)
    one = kept.begin()
    kept.keep(one, *SAID)
    copy = kept.fork(one, 2)
    kept.keep(copy, Said("user", "another way"))
    assert kept.talk(copy, "").said == (*SAID[:2], Said("user", "another way"))
    assert kept.talk(one, "").said == SAID
    assert kept.events(copy, "forked")[0].body == {"from": one, "at": 2}


def test_a_conversation_that_is_removed_leaves_no_word(tmp_path: Path) -> None:
    kept = history(tmp_path)
    one, other = kept.begin(), kept.begin()
    kept.keep(one, Said("user", "a-word-to-forget"))
    kept.keep(other, SAID[0])
    kept.delete(one)
    with pytest.raises(UsageError):
        kept.talk(one, "")
    assert kept.talk(other, "").said == SAID[:1]
    with closing(sqlite3.connect(tmp_path / "sessions" / FILE)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert b"a-word-to-forget" not in (tmp_path / "sessions" / FILE).read_bytes()
    with pytest.raises(UsageError):
        kept.delete("nothing")
