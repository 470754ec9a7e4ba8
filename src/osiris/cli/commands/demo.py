"""`osiris demo`: parse, ask, show."""

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from osiris.agent.brief import brief
from osiris.agent.history import History
from osiris.agent.ledger import Budget, Ledger
from osiris.agent.llm.open import open_llm
from osiris.agent.lock import lock_of
from osiris.agent.marks import Marked, new_mark
from osiris.agent.recorded import Recorded, Recording
from osiris.agent.talk import Said, Talk
from osiris.app.catalogue import Rows
from osiris.app.connections import secret_values
from osiris.app.demo import DemoMade, MakeDemo, make_demo
from osiris.app.logs import ListRuns, ShowRows, list_runs, show_rows
from osiris.app.project import Project
from osiris.app.runs import RunReport
from osiris.cli import show
from osiris.cli.chat import Conversation, document, exit_code
from osiris.cli.command import example, new_app, terminal_of
from osiris.cli.person import AtTerminal, takes_nothing_away
from osiris.cli.terminal import Terminal
from osiris.model.errors import ApprovalMissing, LlmError
from osiris.observe.redact import Redactor

app = new_app()
RECORDING = "top-customers"
_INTRODUCTION = (
    "What the language model says here is a recording: there is no key and no network. Everything else is real and "
    "happens now: the tables, the compiler, the plan, your yes, the run, the rows."
)
_INTRODUCTION_LIVE = (
    "You talk with a real language model: what it says and builds is its own, and may differ each time."
)


@app.command(epilog=example("osiris demo", "osiris demo --yes", "osiris demo my-shop --json", "osiris demo --live"))
def demo(
    ctx: typer.Context,
    folder: Annotated[str, typer.Argument(metavar="DIR", help="Where to make it.")] = "osiris-demo",
    *,
    yes: Annotated[
        bool, typer.Option("--yes", help="Ask nothing: assume the defaults and say yes to the plan.")
    ] = False,
    live: Annotated[bool, typer.Option("--live", help="Talk with a real language model; needs a key.")] = False,
) -> None:
    """Live through the first minute: a shop, a recorded conversation, a real run."""
    terminal = terminal_of(ctx)
    made = make_demo(terminal.project(), MakeDemo(folder=folder))
    project = Project.open(Path(made.folder), profile=terminal.options.profile)
    terminal.remember(project)
    terminal.say(*_made(made, live=live))
    converse = _talk if live else _converse
    said = converse(terminal, project, yes=yes or terminal.options.as_json)
    reports = [one.shown for one in said if isinstance(one.shown, RunReport) and one.shown.status == "completed"]
    if not reports:
        terminal.answer(_document(made, said, live=live), show.facts({"folder": made.folder, "next": _go_on(made)}))
        raise typer.Exit(exit_code(said))
    rows = show_rows(project, ShowRows(run_id=reports[-1].run_id))
    document = _document(made, said, live=live) | _of_run(made, reports[-1], rows)
    terminal.answer(document, *_result(made, reports[-1], rows))


def _talk(terminal: Terminal, project: Project, *, yes: bool) -> tuple[Said, ...]:
    """Hold a conversation with a real model about the question of the recorded one, and return what was said.

    Raises:
        ConfigError: no model is named, or there is no key.
        LlmError: the model can't be reached.
    """
    lock = {**lock_of(project), "mark": new_mark()}
    ledger = Ledger(Budget.of(project.configured.settings.agent))
    llm = Marked(open_llm(project, ledger=ledger, tell=terminal.say), lock["mark"])
    history = History(project.layout.history, Redactor(secret_values(project)))
    person = AtTerminal(terminal, yes=yes, lets=takes_nothing_away)
    talk = Talk(brief(project))
    conversation = Conversation(terminal, project, llm, person, talk, history, "", lock, ledger)
    sentence = Recording.shipped(RECORDING).sentence
    terminal.say("", Text.assemble(("you> ", "bold"), sentence), "")
    return conversation.take(sentence)


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


def _made(made: DemoMade, *, live: bool) -> list[RenderableType]:
    tables = ", ".join(f"{table} {rows:,}" for table, rows in made.rows.items())
    head = "The demo's shop, as new" if made.again else "A shop to try Osiris on"
    introduction = _INTRODUCTION_LIVE if live else _INTRODUCTION
    return [show.title(head), show.facts({"in": made.folder, "rows": tables}), Text(introduction, style="yellow")]


def _result(made: DemoMade, report: RunReport, rows: Rows) -> list[RenderableType]:
    return [
        show.title("The rows"),
        show.rows(rows),
        Text(),
        show.title("Where everything lies"),
        show.facts({"folder": made.folder, **_files(made, report), "next": _next(made)}),
    ]


def _files(made: DemoMade, report: RunReport) -> dict[str, str]:
    written = next(receipt for receipt in report.receipts if receipt.written)
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
    return f"osiris -C {_shown(made)} logs aiop --last --format md"


def _go_on(made: DemoMade) -> str:
    return f"osiris -C {_shown(made)} chat --session last"


def _shown(made: DemoMade) -> str:
    folder, here = Path(made.folder), Path.cwd()
    return shlex.quote(str(folder.relative_to(here) if folder.is_relative_to(here) else folder))


def _document(made: DemoMade, said: tuple[Said, ...], *, live: bool) -> dict[str, Any]:
    return {
        "demo": made.model_dump(mode="json"),
        "recorded": not live,
        "conversation": document(said),
        "next": _go_on(made),
    }


def _of_run(made: DemoMade, report: RunReport, rows: Rows) -> dict[str, Any]:
    return {
        "run": report.model_dump(mode="json"),
        "rows": rows.model_dump(mode="json"),
        "files": _files(made, report),
        "next": _next(made),
    }
