"""`osiris export ...`: parse, ask, show."""

import json
from typing import Annotated

import typer
from rich.text import Text

from osiris.app.export import ExportOpenlineage, export_openlineage
from osiris.cli.command import LastCompile, Params, Pipeline, example, new_app, params_of, terminal_of

app = new_app("Hand a pipeline on to other tools.")


@app.command(
    "openlineage",
    epilog=example("osiris export openlineage pipelines/top.yaml", "osiris export openlineage --session last"),
)
def openlineage(
    ctx: typer.Context,
    file: Pipeline = "",
    *,
    last_compile: LastCompile = False,
    session: Annotated[
        str, typer.Option(metavar="RUN", show_default=False, help="A run, the start of its name, or last.")
    ] = "",
    param: Params = [],  # noqa: B006 - Typer wants a list and copies it
) -> None:
    """Print one OpenLineage event: what is read and written, and which column comes from which."""
    terminal = terminal_of(ctx)
    ask = ExportOpenlineage(file=file, last_compile=last_compile, params=params_of(param), run_id=session)
    reply = export_openlineage(terminal.project(), ask)
    terminal.answer(reply.event, Text(json.dumps(reply.event, indent=2, ensure_ascii=False)))
