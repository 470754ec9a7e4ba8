"""Conversations at rest: one SQLite file with a log of events that are added and never changed."""

import json
import secrets
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from osiris.agent.talk import Call, Said, Talk
from osiris.model.errors import UsageError
from osiris.model.nearest import nearest
from osiris.observe.redact import Redactor

MOST_TITLE = 60  # characters
SAID = "said"  # the kind of event that is part of the talk; all others are about it
_TABLES = """
CREATE TABLE IF NOT EXISTS sessions (id TEXT PRIMARY KEY, begun TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS events (
    session TEXT NOT NULL REFERENCES sessions, seq INTEGER NOT NULL, at TEXT NOT NULL,
    kind TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (session, seq)
) STRICT;
"""


def now() -> datetime:
    """Return the time in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Event:
    """One thing that happened in a conversation.

    Attributes:
        seq: From 1, without gaps.
        at: ISO 8601, UTC.
        kind: `said`, or what it is about, such as `run`, `replaced`, `renamed`, `lock`.
    """

    seq: int
    at: str
    kind: str
    body: dict[str, Any]


@dataclass(frozen=True)
class Line:
    """One conversation in a list.

    Attributes:
        title: The name that a person gave it, or how it begins.
        turns: How often the person spoke.
        last: When something happened in it last.
        waiting: True where a turn was cut off.
    """

    session: str
    title: str
    turns: int
    begun: str
    last: str
    waiting: bool


@dataclass(frozen=True)
class History:
    """The conversations of a project.

    Attributes:
        file: Made when the first conversation begins.
        redact: Sees everything before it is written.
        clock: Returns the time in UTC; a test passes its own.
    """

    file: Path
    redact: Redactor
    clock: Callable[[], datetime] = now

    def begin(self) -> str:
        """Return the name of a new conversation."""
        at = self.clock()
        session = f"{at:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
        with self._open() as db:
            db.execute("INSERT INTO sessions VALUES (?, ?)", (session, at.isoformat()))
        return session

    def keep(self, session: str, *said: Said) -> None:
        """Append what was said to a conversation; it is on the disk when this returns."""
        self._append(session, [(SAID, _body(one)) for one in said])

    def note(self, session: str, kind: str, body: Mapping[str, Any]) -> None:
        """Append something that happened besides; likewise."""
        self._append(session, [(kind, dict(body))])

    def events(self, session: str, kind: str = "") -> tuple[Event, ...]:
        """Return what happened in a conversation, in order; with a kind, only that.

        Raises:
            UsageError: there is none of that name.
        """
        with self._open() as db:
            self._must_know(db, session)
            rows = db.execute(
                "SELECT seq, at, kind, body FROM events WHERE session = ? AND ? IN ('', kind) ORDER BY seq",
                (session, kind),
            ).fetchall()
        return tuple(Event(seq, at, name, json.loads(body)) for seq, at, name, body in rows)

    def talk(self, session: str, brief: str) -> Talk:
        """Return a conversation as it was, to go on with; a call that was cut off has no answer.

        Raises:
            UsageError: there is none of that name.
        """
        return Talk(brief, tuple(_said(event.body) for event in self.events(session, SAID)))

    def named(self, name: str) -> str:
        """Return the conversation of that name, with that title, or that begins so; `last` is the newest.

        Raises:
            UsageError: there is none, or there are several.
        """
        lines = self.list(limit=1000)
        if name == "last" and lines:
            return lines[0].session
        found = [line.session for line in lines if line.session == name]
        found = found or [line.session for line in lines if line.title == name]
        found = found or [line.session for line in lines if name and line.session.startswith(name)]
        if len(found) == 1:
            return found[0]
        if found:
            raise UsageError(f"several conversations are called {name!r}", hint=f"say which: {', '.join(found[:5])}")
        raise _no_such(name, [line.session for line in lines])

    def list(self, limit: int = 20) -> tuple[Line, ...]:
        """Return the newest conversations, the one in which something happened last first."""
        with self._open() as db:
            rows = db.execute(
                "SELECT id, begun, (SELECT max(at) FROM events WHERE session = id) AS last FROM sessions"
                " ORDER BY coalesce(last, begun) DESC, id DESC LIMIT ?",
                (limit,),
            ).fetchall()
        return tuple(self._line(session, begun, last or begun) for session, begun, last in rows)

    def fork(self, session: str, at: int = 0) -> str:
        """Return the name of a new conversation that begins as this one, up to an event; 0 means all of it."""
        events = [event for event in self.events(session) if not at or event.seq <= at]
        copy = self.begin()
        self._append(copy, [(event.kind, event.body) for event in events])
        self.note(copy, "forked", {"from": session, "at": events[-1].seq if events else 0})
        return copy

    def delete(self, session: str) -> None:
        """Remove a conversation, every word of it."""
        with self._open() as db:
            self._must_know(db, session)
            db.execute("PRAGMA secure_delete = ON")
            db.execute("DELETE FROM events WHERE session = ?", (session,))
            db.execute("DELETE FROM sessions WHERE id = ?", (session,))

    def _line(self, session: str, begun: str, last: str) -> Line:
        events = self.events(session)
        said = [_said(event.body) for event in events if event.kind == SAID]
        names = [str(event.body["title"]) for event in events if event.kind == "renamed"]
        sentences = [one.text for one in said if one.by == "user"]
        title = names[-1] if names else next((" ".join(text.split())[:MOST_TITLE] for text in sentences), "")
        return Line(session, title, len(sentences), begun, last, Talk("", tuple(said)).is_open())

    def _append(self, session: str, rows: Iterable[tuple[str, dict[str, Any]]]) -> None:
        with self._open() as db:
            (last,) = db.execute("SELECT coalesce(max(seq), 0) FROM events WHERE session = ?", (session,)).fetchone()
            for number, (kind, body) in enumerate(rows, last + 1):
                text = json.dumps(self.redact(body), ensure_ascii=False)
                db.execute(
                    "INSERT INTO events VALUES (?, ?, ?, ?, ?)", (session, number, self.clock().isoformat(), kind, text)
                )

    def _must_know(self, db: sqlite3.Connection, session: str) -> None:
        known = [name for (name,) in db.execute("SELECT id FROM sessions ORDER BY id DESC")]
        if session not in known:
            raise _no_such(session, known)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self.file, timeout=30)) as db, db:
                db.execute("PRAGMA journal_mode = WAL")
                db.execute("PRAGMA synchronous = FULL")
                db.executescript(_TABLES)
                yield db
        except (OSError, sqlite3.Error) as exc:
            hint = "check the folder and its rights; a damaged file can be moved away"
            raise UsageError(f"cannot keep the conversation in {self.file.parent}: {exc}", hint=hint) from exc


def _no_such(name: str, known: list[str]) -> UsageError:
    near = nearest(name, known) or known[:3]
    hint = f"the newest are {', '.join(near)}" if near else "there are none here yet"
    return UsageError(f"there is no conversation {name!r}", hint=hint)


def _body(one: Said) -> dict[str, Any]:
    return {"by": one.by, "text": one.text, "calls": [asdict(call) for call in one.calls], "answers": one.answers}


def _said(body: Mapping[str, Any]) -> Said:
    calls = tuple(Call(**call) for call in body["calls"])
    return Said(body["by"], body["text"], calls, body["answers"])
