"""`osiris eval`: parse, ask, show."""

from enum import StrEnum
from typing import Annotated

import typer

from osiris.agent.ledger import Ledger
from osiris.agent.llm.open import open_llm
from osiris.agent.marks import Marked, new_mark
from osiris.agent.trial import Verdict, hold, read_suite
from osiris.agent.turn import Llm
from osiris.app.project import Project
from osiris.cli import show
from osiris.cli.command import example, new_app, terminal_of
from osiris.model.errors import EXIT_CHECK

app = new_app()


class Who(StrEnum):
    """Who plays the model."""

    MODEL = "model"
    RECORDED = "recorded"
    NOTHING = "nothing"


@app.command("eval", epilog=example("osiris eval shop --player recorded", "osiris eval cases.yaml"))
def evaluate(
    ctx: typer.Context,
    file: Annotated[
        str, typer.Argument(metavar="FILE", show_default=False, help="Cases; `shop` are those that come with Osiris.")
    ],
    *,
    player: Annotated[
        Who, typer.Option(help="The language model, one recorded that knows the answers, or one that does nothing.")
    ] = Who.MODEL,
) -> None:
    """Hold conversations in a copy of a project, and compare the rows they end in with those of a query."""
    terminal = terminal_of(ctx)
    project = terminal.project()
    suite, folder = read_suite(file, project.cwd)

    def model(copy: Project, ledger: Ledger) -> Llm:
        return Marked(open_llm(copy, ledger=ledger, tell=terminal.say), new_mark())

    def heard(verdict: Verdict) -> None:
        terminal.say(f"{'right' if verdict.passed else 'wrong'}: {show.plain(verdict.name)}")

    score = hold(suite, folder, project, player.value, open_llm=model, heard=heard)
    headers = ("case", "", "rows", "requests", "calls", "questions", "tokens", "cost", "why")
    terminal.answer(
        score,
        show.table(headers, map(_cells, score.verdicts), right="rows requests calls questions tokens cost"),
        "",
        f"{score.passed} of {score.total} right",
    )
    raise typer.Exit(0 if score.passed == score.total else EXIT_CHECK)


def _cells(verdict: Verdict) -> tuple[show.Cell, ...]:
    state = show.status("ok") if verdict.passed else show.status("failed")
    counts = (verdict.rows, verdict.requests, verdict.calls, verdict.questions, verdict.tokens)
    return verdict.name, state, *(f"{count:,}" for count in counts), verdict.cost, verdict.why
