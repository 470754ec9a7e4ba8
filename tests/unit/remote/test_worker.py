"""A worker, spoken to as a host speaks."""

import json
import os
import queue
import signal
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from tests.faults.elsewhere import COPY, ENDLESS
from tests.parity.places import ordered, project

from osiris.remote.wire import GO, STOP, Done, Errand, Hello, Message, Ready, Said, line, message
from osiris.remote.worker import Ear, Voice, work


class Lines:
    """What a host says, when the worker has said enough."""

    def __init__(self, *said: str) -> None:
        self._said: queue.Queue[bytes] = queue.Queue()
        for text in said:
            self.say(text)

    def say(self, text: str) -> None:
        self._said.put(text.encode() + b"\n")

    def end(self) -> None:
        self._said.put(b"")

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._said.get, b"")


class Heard(BytesIO):
    """What a worker says; a host that answers at a moment of the test's choosing."""

    def __init__(self, at: dict[str, Any] | None = None) -> None:
        super().__init__()
        self.at = at or {}
        self.said: list[Message] = []

    def write(self, content: Any) -> int:
        found = message(bytes(content).decode())
        assert found is not None
        self.said.append(found)
        for moment in (found.kind, found.event.event if isinstance(found, Said) else ""):
            self.at.pop(moment, lambda: None)()
        return len(content)

    @property
    def done(self) -> Done:
        last = self.said[-1]
        assert isinstance(last, Done)
        return last


def errand(folder: Path, text: str = COPY, **changed: Any) -> str:
    job = ordered(project(folder), text)
    sent = Errand(
        manifest=job.manifest,
        run_id=job.run_id,
        project=str(job.project),
        session=str(job.session),
        connections=job.connections,
        **changed,
    )
    return line(sent.model_dump(mode="json")).decode().strip()


def test_a_worker_says_who_it_is_before_it_is_told_anything() -> None:
    heard, lines = Heard(), Lines()
    lines.end()
    assert work(iter(lines), (heard,), Path(), Ear()) == 2
    assert [type(said) for said in heard.said] == [Hello]


def test_a_worker_waits_for_a_yes_before_it_commits(tmp_path: Path) -> None:
    lines = Lines(errand(tmp_path / "p"))
    target = tmp_path / "p" / "output" / "copy.csv"

    def look() -> None:
        assert not target.exists()
        lines.say(GO)

    heard = Heard({"ready": look})
    assert work(iter(lines), (heard,), tmp_path, Ear()) == 0
    assert [said.seq for said in heard.said] == list(range(1, len(heard.said) + 1))
    assert (heard.done.status, heard.done.total_rows) == ("completed", 2_000)
    assert target.exists()


@pytest.mark.parametrize("answer", [STOP, ""], ids=["no", "nothing more"])
def test_a_worker_that_may_not_commit_takes_everything_back(tmp_path: Path, answer: str) -> None:
    lines = Lines(errand(tmp_path / "p"))
    left = list[int]()
    heard = Heard({"ready": (lambda: lines.say(answer)) if answer else lines.end})
    assert work(iter(lines), (heard,), tmp_path, Ear(leave=left.append)) == 130
    assert heard.done.status == "interrupted"
    assert list((tmp_path / "p" / "output").glob("*copy*")) == []


def test_copies_are_final_before_anything_is_asked_and_are_named_with_their_digests(tmp_path: Path) -> None:
    lines = Lines(errand(tmp_path / "p", back={"write": ("output/copy.csv", "output/copy.csv.wal")}))
    found = list[Ready]()

    def look() -> None:
        assert isinstance(heard.said[-1], Ready)
        found.append(heard.said[-1])
        assert (tmp_path / "p" / "output" / "copy.csv").exists()
        lines.say(GO)

    heard = Heard({"ready": look})
    assert work(iter(lines), (heard,), tmp_path, Ear()) == 0
    assert [file.name for file in found[0].files] == ["output/copy.csv"]
    assert heard.done.files == found[0].files


def test_copies_of_a_run_that_may_not_commit_are_nobody_s(tmp_path: Path) -> None:
    lines = Lines(errand(tmp_path / "p", back={"write": ("output/copy.csv",)}))
    heard = Heard({"ready": lambda: lines.say(STOP)})
    assert work(iter(lines), (heard,), tmp_path, Ear()) == 130
    assert (heard.done.files, heard.done.total_rows) == ((), 0)
    assert "stays so" not in (heard.done.error.why if heard.done.error else "stays so")


@pytest.mark.slow
def test_a_worker_whose_host_is_gone_stops(tmp_path: Path) -> None:
    lines = Lines(errand(tmp_path / "p", ENDLESS))
    heard = Heard({"step_progress": lines.end})
    assert work(iter(lines), (heard,), tmp_path, Ear(leave=lambda _: None)) == 130


def test_a_worker_without_its_bundle_says_so(tmp_path: Path) -> None:
    lines = Lines(errand(tmp_path / "p", bundle="nowhere.tar"))
    heard = Heard()
    assert work(iter(lines), (heard,), tmp_path, Ear()) == 2
    assert heard.done.error
    assert "the worker can't begin" in heard.done.error.message


def test_a_secret_leaves_no_worker(tmp_path: Path) -> None:
    out = BytesIO()
    voice = Voice((out,))
    voice.redact = type(voice.redact)(["canary-1234"])
    voice.say(Hello(version="the canary-1234", build="x"))
    assert json.loads(out.getvalue())["version"] == "the ***"


def test_a_disk_that_is_full_does_not_silence_the_line() -> None:
    class Full(BytesIO):
        def write(self, content: Any) -> int:
            raise OSError(28, "no space left on device")

    heard = Heard()
    Voice((Full(), heard)).say(Hello(version="1", build="x"))
    assert len(heard.said) == 1


@pytest.mark.slow
def test_what_a_driver_prints_is_no_message_and_the_record_holds_every_line(tmp_path: Path) -> None:
    record = tmp_path / "said.jsonl"
    worker = subprocess.Popen(
        [sys.executable, "-m", "osiris.remote.worker", str(record)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(os.environ),
    )
    assert worker.stdin
    assert worker.stdout
    worker.stdin.write(errand(tmp_path / "p", ENDLESS, environment={"TZ": "UTC"}).encode() + b"\n")
    worker.stdin.flush()
    said = []
    for text in worker.stdout:
        found = message(text.decode())
        assert found
        said.append(found)
        if isinstance(found, Said) and found.event.event == "step_progress":
            worker.send_signal(signal.SIGTERM)
    assert worker.wait() == 130
    worker.communicate()
    recorded = [message(text) for text in record.read_text("utf-8").splitlines()]
    assert recorded == said
    assert isinstance(said[-1], Done)
    assert said[-1].status == "interrupted"
