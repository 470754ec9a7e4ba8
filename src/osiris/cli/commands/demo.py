"""`osiris demo`: parse, ask, show."""

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from osiris.agent.brief import brief
from osiris.agent.recorded import Recorded, Recording
from osiris.agent.talk import Said, Talk
from osiris.app.catalogue import Rows
from osiris.app.demo import DemoMade, MakeDemo, make_demo
from osiris.app.logs import ListRuns, ShowRows, list_runs, show_rows
from osiris.app.project import Project
from osiris.app.runs import RunReport
from osiris.cli import show
from osiris.cli.chat import Conversation, document
from osiris.cli.command import example, new_app, terminal_of
from osiris.cli.person import AtTerminal, takes_nothing_away
from osiris.cli.terminal import Terminal
from osiris.model.errors import ApprovalMissing, LlmError

app = new_app()
RECORDING = "top-customers"
_INTRODUCTION = (
    "What the language model says here is a recording: there is no key and no network. Everything else is real and "
    "happens now: the tables, the compiler, the plan, your yes, the run, the rows."
)


@app.command(epilog=example("osiris demo", "osiris demo --yes", "osiris demo my-shop --json"))
def demo(
    ctx: typer.Context,
    folder: Annotated[str, typer.Argument(metavar="DIR", help="Where to make it.")] = "osiris-demo",
    *,
    yes: Annotated[
        bool, typer.Option("--yes", help="Ask nothing: assume the defaults and say yes to the plan.")
    ] = False,
) -> None:
    """Live through the first minute: a shop, a recorded conversation, a real run."""
    terminal = terminal_of(ctx)
    made = make_demo(terminal.project(), MakeDemo(folder=folder))
    project = Project.open(Path(made.folder), profile=terminal.options.profile)
    terminal.remember(project)
    terminal.say(*_made(made))
    said = _converse(terminal, project, yes=yes or terminal.options.as_json)
    report = next(one.shown for one in reversed(said) if isinstance(one.shown, RunReport))
    rows = show_rows(project, ShowRows(run_id=report.run_id))
    terminal.answer(_document(made, said, report, rows), *_result(made, report, rows))


def _converse(terminal: Terminal, project: Project, *, yes: bool) -> tuple[Said, ...]:
    """Hold the recorded conversation, and return what was said.

    Raises:
        ApprovalMissing: the person said no to the plan.
        LlmError: a tool did not answer what the recording presupposes.
    """
    recording = Recording.shipped(RECORDING)
    person = AtTerminal(terminal, yes=yes, lets=takes_nothing_away, corrects=False, permits=yes or _unedited(project))
    conversation = Conversation(terminal, project, Recorded(recording), person, Talk(brief(project)))
    terminal.say("", Text.assemble(("you> ", "bold"), recording.sentence), "")
    try:
        return conversation.take(recording.sentence)
    except LlmError as exc:
        if person.refused:
            hint = "begin again with `osiris demo`, or say yes beforehand with --yes"
            raise ApprovalMissing("the plan got no yes, so nothing was run or written", hint=hint) from exc
        raise


def _unedited(project: Project) -> bool:
    """Return whether the pipeline of an earlier demo is as it ran, so that nobody's work is lost with it."""
    runs = list_runs(project, ListRuns(pipeline=RECORDING, limit=1)).runs
    if not runs:
        return False
    ran, there = project.layout.session(runs[0].run_id).oml, project.layout.pipeline(RECORDING)
    return ran.is_file() and there.is_file() and ran.read_bytes() == there.read_bytes()


def _made(made: DemoMade) -> list[RenderableType]:
    tables = ", ".join(f"{table} {rows:,}" for table, rows in made.rows.items())
    head = "The demo's shop, as new" if made.again else "A shop to try Osiris on"
    return [show.title(head), show.facts({"in": made.folder, "rows": tables}), Text(_INTRODUCTION, style="yellow")]


def _result(made: DemoMade, report: RunReport, rows: Rows) -> list[RenderableType]:
    return [
        show.title("The rows"),
        show.rows(rows),
        Text(),
        show.title("Where everything lies"),
        show.facts({"folder": made.folder, **_files(made, report), "next": _next(made)}),
    ]


def _files(made: DemoMade, report: RunReport) -> dict[str, str]:
    (written,) = (receipt for receipt in report.receipts if receipt.written)
    assert written.written  # noqa: S101 - asked in the line above
    return {
        "shop": made.database,
        "pipeline": f"pipelines/{report.pipeline}.yaml",
        "rows": written.written.target,
        "receipt": f"{written.status}: {show.count(written.rows_in, 'row')} in, {written.written.staged:,} written",
        "run card": report.run_card,
        "record": report.aiop,
    }


def _next(made: DemoMade) -> str:
    folder, here = Path(made.folder), Path.cwd()
    shown = folder.relative_to(here) if folder.is_relative_to(here) else folder
    return f"osiris -C {shlex.quote(str(shown))} logs aiop --last"


def _document(made: DemoMade, said: tuple[Said, ...], report: RunReport, rows: Rows) -> dict[str, Any]:
    return {
        "demo": made.model_dump(mode="json"),
        "recorded": True,
        "conversation": document(said),
        "run": report.model_dump(mode="json"),
        "rows": rows.model_dump(mode="json"),
        "files": _files(made, report),
        "next": _next(made),
    }
