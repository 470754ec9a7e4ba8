"""`osiris validate`: parse, ask, show."""

from collections import Counter
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from osiris.app.pipelines import Checked
from osiris.app.validation import ProjectState, ValidateProject, validate_project
from osiris.cli import show
from osiris.cli.command import example, new_app, terminal_of

app = new_app()


class Mode(StrEnum):
    """How strictly to look."""

    STRICT = "strict"
    WARN = "warn"
    OFF = "off"


@app.command(epilog=example("osiris validate", "osiris validate --mode strict"))
def validate(
    ctx: typer.Context,
    mode: Annotated[
        Mode, typer.Option(help="strict: warnings count as faults. warn: they are shown. off: only read the files.")
    ] = Mode.WARN,
) -> None:
    """Check the whole project: settings, connections, environment, pipelines. Nothing is opened but local files."""
    terminal = terminal_of(ctx)
    reply = validate_project(terminal.project(), ValidateProject(mode=mode.value))
    terminal.answer(reply, _state(reply, everything=terminal.options.verbose))
    raise typer.Exit(reply.exit_code)


def _state(state: ProjectState, *, everything: bool) -> RenderableType:
    set_here = {k: v for k, v in state.settings.items() if everything or v["origin"] != "default"}
    settings = ((key, str(value["value"]), value["origin"]) for key, value in set_here.items())
    wrong = {fault.subject for fault in state.faults}
    connections = ((name, show.status("failed" if name in wrong else "ok")) for name in state.connections)
    parts: list[RenderableType] = []
    if set_here:
        parts += [show.table(("setting", "value", "from"), settings), Text()]
    if state.connections:
        parts += [show.table(("connection", "state"), connections), Text()]
    if state.pipelines:
        lines = ((f, show.status("ok" if c.valid else "failed"), _counts(c)) for f, c in state.pipelines.items())
        parts += [show.table(("pipeline", "state", "found"), lines), Text()]
    parts += [show.error(fault.model_dump() | {"where": fault.subject}) for fault in state.faults]
    parts += [show.diagnostics(checked.diagnostics, file) for file, checked in state.pipelines.items()]
    if state.faults or any(checked.diagnostics for checked in state.pipelines.values()):
        parts.append(Text())
    verdict = ("the project is in order", "green") if state.exit_code == 0 else ("the project is not in order", "red")
    return Group(*parts, Text(*verdict))


def _counts(checked: Checked) -> str:
    found = Counter(finding.severity.value for finding in checked.diagnostics)
    return ", ".join(show.count(number, severity) for severity, number in sorted(found.items()))
