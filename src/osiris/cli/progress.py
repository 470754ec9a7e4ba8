"""What a person sees while rows move."""

from types import TracebackType
from typing import Any, Self

from rich.progress import Progress as Bars
from rich.progress import SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from osiris.cli.show import count, event, plain
from osiris.cli.terminal import Terminal


class Progress:
    """Listens to a run: one moving line a step on a terminal, one quiet line a finished step elsewhere.

    Whoever wants to hear more gets a line for everything that the run says.
    """

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._moves = terminal.err.is_terminal and not terminal.options.quiet
        self._bars: Bars | None = None
        self._tasks: dict[str, TaskID] = {}
        self._running = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def is_running(self) -> bool:
        """Return whether the run has begun and not ended."""
        return self._running

    def break_in(self, sentence: str) -> None:
        """Say something important in place of what moves; nothing moves afterwards."""
        self._moves = False
        self._stop()
        self._terminal.complain(Text(sentence, style="yellow"))

    def __call__(self, record: dict[str, Any]) -> None:
        """Take one record of the run, already without secrets."""
        step, kind = plain(str(record.get("step_id", ""))), record["event"]
        if kind in {"run_start", "run_end"}:
            self._running = kind == "run_start"
        match kind:
            case _ if self._terminal.options.verbose:
                self._terminal.say(plain("  ".join(filter(None, event(record)))))
            case "step_start" | "step_progress" | "step_complete" if self._moves:
                self._move(step, record.get("rows"), finished=kind == "step_complete")
            case "step_complete":
                self._terminal.say(f"{step}: {count(record['rows'], 'row')} in {record['seconds']:.2f} s")
            case "warning" | "host_warning":
                self._terminal.say(f"{step + ': ' if step else ''}{plain(str(record['message']))}")

    def _move(self, step: str, rows: int | None, *, finished: bool) -> None:
        if self._bars is None:
            self._bars = _bars(self._terminal)
            self._bars.start()
        if step not in self._tasks:
            self._tasks[step] = self._bars.add_task(step, total=None, moved="")
        moved = "" if rows is None else count(rows, "row")
        self._bars.update(self._tasks[step], moved=moved, total=1 if finished else None, completed=int(finished))

    def _stop(self) -> None:
        if self._bars is not None:
            self._bars.stop()
            self._bars = None


def _bars(terminal: Terminal) -> Bars:
    return Bars(
        SpinnerColumn(finished_text="[green]ok[/]"),
        TextColumn("{task.description}", markup=False),
        TextColumn("{task.fields[moved]}", markup=False, justify="right"),
        TimeElapsedColumn(),
        console=terminal.err,
        transient=True,
    )
