"""What a run says, line by line."""

import json
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from tests.unit.observe.shop import completed, ticking

from osiris.model.errors import UsageError
from osiris.model.events import EVENT, AdapterSelected, Warned
from osiris.observe.journal import Journal
from osiris.observe.read import read_events
from osiris.observe.redact import Redactor


def test_each_event_is_one_line_with_its_number_time_and_session(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "events.jsonl", "run-1", clock=ticking())
    journal(AdapterSelected(adapter="here"))
    journal(Warned(message="look"))
    assert (tmp_path / "events.jsonl").read_text("utf-8").splitlines() == [
        '{"adapter":"here","event":"adapter_selected","seq":1,"session":"run-1","ts":"2026-01-02T03:04:05.600Z"}',
        '{"event":"warning","message":"look","seq":2,"session":"run-1","step_id":"","ts":"2026-01-02T03:04:05.607Z"}',
    ]


def test_what_was_said_can_be_read_back_whole(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "events.jsonl", "run-1")
    for event in completed():
        journal(event)
    stamps = ("seq", "ts", "session")
    told = [{k: v for k, v in record.items() if k not in stamps} for record in read_events(journal.path)]
    assert [EVENT.validate_python(record) for record in told] == completed()


def test_times_are_in_utc_whatever_the_clock_says(tmp_path: Path) -> None:
    east = timezone(timedelta(hours=5, minutes=30))
    journal = Journal(tmp_path / "e", "r", clock=lambda: datetime(2026, 1, 2, 1, 0, tzinfo=east))
    journal(AdapterSelected(adapter="here"))
    assert next(read_events(journal.path))["ts"] == "2026-01-01T19:30:00.000Z"


def test_listeners_hear_the_masked_record_once_it_is_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    heard: list[dict[str, Any]] = []

    def listen(record: dict[str, Any]) -> None:
        assert json.loads(path.read_text("utf-8").splitlines()[-1]) == record
        heard.append(record)

    secret = "hunter-2-hunter"  # pragma: allowlist secret
    journal = Journal(path, "run-1", redact=Redactor([secret]), listeners=(listen,))
    journal(Warned(message=f"refused {secret}"))
    assert [record["message"] for record in heard] == ["refused ***"]


def test_a_secret_that_is_a_word_of_the_record_breaks_no_record(tmp_path: Path) -> None:
    words = ["step_complete", "transform", "run_start", "completed"]
    journal = Journal(tmp_path / "e", "r", redact=Redactor(words))
    for event in completed():
        journal(event)
    records = list(read_events(journal.path))
    assert [record["event"] for record in records] == [event.event for event in completed()]
    assert {record["receipt"]["mode"] for record in records if "receipt" in record} == {"read", "transform", "write"}


def test_many_threads_write_whole_lines_numbered_in_the_order_of_the_file(tmp_path: Path) -> None:
    heard: list[int] = []
    journal = Journal(tmp_path / "e", "r", listeners=(lambda record: heard.append(record["seq"]),))
    together = threading.Barrier(6)

    def speak() -> None:
        together.wait()
        for _ in range(40):
            journal(Warned(message="x" * 5000))

    threads = [threading.Thread(target=speak) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [record["seq"] for record in read_events(journal.path)] == list(range(1, 241))
    assert heard == list(range(1, 241))


def test_a_journal_that_cannot_be_written_says_where_and_what_to_do(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "nowhere" / "events.jsonl", "r")
    with pytest.raises(UsageError, match=r"events\.jsonl") as caught:
        journal(Warned(message="x"))
    assert caught.value.where
    assert caught.value.hint


def test_the_clock_of_a_journal_is_now(tmp_path: Path) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    journal = Journal(tmp_path / "e", "r")
    journal(Warned(message="x"))
    said = datetime.fromisoformat(next(read_events(journal.path))["ts"])
    assert before <= said <= datetime.now(UTC)


def test_no_file_holds_no_records(tmp_path: Path) -> None:
    assert list(read_events(tmp_path / "none")) == []


A, B = (
    b'{"seq":%d,"ts":"2026-01-01T00:00:00.000Z","session":"s","event":"%b"}\n' % line for line in ((1, b"a"), (2, b"b"))
)


@pytest.mark.parametrize("torn", [b'{"event": "warn', b"\xff\xfe\n", b"[1]\n", b"{}\n", b"\n", b'{"event":"b"}\n'])
def test_a_line_that_is_not_whole_is_left_out(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "e"
    path.write_bytes(A + torn)
    assert [record["event"] for record in read_events(path)] == ["a"]


def test_records_after_a_broken_line_are_read(tmp_path: Path) -> None:
    path = tmp_path / "e"
    path.write_bytes(A + b'{"event\n' + B)
    assert [record["event"] for record in read_events(path)] == ["a", "b"]
