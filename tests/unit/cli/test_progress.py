"""A person sees rows move; a log gets one quiet line a step."""

from io import StringIO
from typing import Any

from rich.console import Console

from osiris.cli.options import Options
from osiris.cli.progress import Progress
from osiris.cli.terminal import Terminal

RUN: tuple[dict[str, Any], ...] = (
    {"event": "run_start", "run_id": "r"},
    {"event": "step_start", "step_id": "read"},
    {"event": "step_progress", "step_id": "read", "rows": 16384, "bytes": 1},
    {"event": "warning", "step_id": "read", "message": "odd \x1b[2J"},
    {"event": "warning", "step_id": "", "message": "on the whole"},
    {"event": "step_complete", "step_id": "read", "rows": 20000, "bytes": 1, "seconds": 0.5},
    {"event": "cleanup_complete", "total_rows": 20000},
)


def said(options: Options, *, moves: bool = False, break_in: str = "") -> str:
    err = StringIO()
    console = Console(file=err, force_terminal=moves, width=80, highlight=False, markup=False)
    with Progress(Terminal(options, Console(file=StringIO()), console)) as progress:
        for number, record in enumerate(RUN):
            progress(record)
            if break_in and number == 2:
                progress.break_in(break_in)
    return err.getvalue()


def test_a_log_gets_a_line_for_each_finished_step_and_each_warning() -> None:
    assert said(Options()).splitlines() == [
        "read: odd \\x1b[2J",
        "on the whole",
        "read: 20,000 rows in 0.50 s",
    ]


def test_whoever_wants_more_hears_everything() -> None:
    assert said(Options(verbose=True)).splitlines()[2:4] == [
        "step_progress  read  rows=16,384 bytes=1",
        "warning  read  message=odd \\x1b[2J",
    ]


def test_quiet_is_quiet() -> None:
    assert said(Options(quiet=True)) == ""


def test_a_terminal_shows_rows_as_they_move() -> None:
    text = said(Options(), moves=True)
    assert "\x1b[?25l" in text
    assert "20,000 rows" in text
    assert text.endswith("\x1b[2K")


def test_what_breaks_in_ends_what_moves() -> None:
    text = said(Options(), moves=True, break_in="stopping")
    assert text.index("stopping") < text.index("read: 20,000 rows")


def test_it_knows_whether_the_run_is_going_on() -> None:
    progress = Progress(Terminal(Options(quiet=True), Console(file=StringIO()), Console(file=StringIO())))
    assert not progress.is_running()
    progress({"event": "run_start"})
    assert progress.is_running()
    progress({"event": "run_end"})
    assert not progress.is_running()
