"""`osiris oml ...`: parse, ask, show."""

import json
from typing import Annotated

import typer
from rich.text import Text

from osiris.app.oml import ShowSchema, show_schema
from osiris.app.pipelines import CheckPipeline, check_pipeline
from osiris.cli import show
from osiris.cli.command import Params, Strict, example, new_app, params_of, terminal_of
from osiris.model.errors import EXIT_INVALID

app = new_app("Have the language's schema, or check a file against it and everything else that is known.")


@app.command("schema", epilog=example("osiris oml schema > oml.schema.json"))
def schema(ctx: typer.Context) -> None:
    """Print the JSON Schema of pipelines, for editors.

    The settings of every installed component are in it.
    """
    terminal = terminal_of(ctx)
    reply = show_schema(terminal.project(), ShowSchema())
    terminal.answer(reply.document, Text(json.dumps(reply.document, indent=2, ensure_ascii=False)))


@app.command("validate", epilog=example("osiris oml validate pipelines/top.yaml"))
def validate(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="A pipeline: an OML file.")],
    *,
    param: Params = [],  # noqa: B006 - Typer wants a list and copies it
    strict: Strict = False,
) -> None:
    """Check one pipeline and write nothing: shape, names, types, safety. Everything that is wrong is said at once."""
    terminal = terminal_of(ctx)
    reply = check_pipeline(terminal.project(), CheckPipeline(file=file, params=params_of(param), strict=strict))
    verdict = Text("valid" if reply.valid else "not valid", style="green" if reply.valid else "red")
    terminal.answer(reply, *([show.diagnostics(reply.diagnostics, file)] if reply.diagnostics else []), verdict)
    if not reply.valid:
        raise typer.Exit(EXIT_INVALID)
