"""`osiris compile`: parse, ask, show."""

from typing import Annotated

import typer
from rich.console import RenderableType

from osiris.app.pipelines import CompiledPipeline, CompilePipeline, compile_file
from osiris.cli import show
from osiris.cli.command import Params, Strict, example, new_app, params_of, terminal_of

app = new_app()


@app.command(epilog=example("osiris compile pipelines/top.yaml --param since=2025-01-01"))
def compile_(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="A pipeline: an OML file.")],
    *,
    param: Params = [],  # noqa: B006 - Typer wants a list and copies it
    strict: Strict = False,
    out: Annotated[
        str, typer.Option(metavar="DIR", show_default=False, help="Where the manifest goes; below build/ otherwise.")
    ] = "",
) -> None:
    """Prove a pipeline and write its manifest. Everything that is wrong is said at once; nothing is run."""
    terminal = terminal_of(ctx)
    ask = CompilePipeline(file=file, params=params_of(param), strict=strict, out=out)
    reply = compile_file(terminal.project(), ask)
    if reply.diagnostics and not terminal.options.as_json:
        terminal.say(show.diagnostics(reply.diagnostics, file))
    terminal.answer(reply, *_compiled(reply))


def _compiled(reply: CompiledPipeline) -> list[RenderableType]:
    known = [f"{one.connection}, seen {one.seen:%Y-%m-%d %H:%M} UTC" for one in reply.sources if one.seen]
    places = {
        "manifest": reply.manifest,
        "hash": reply.manifest_hash,
        "catalogue": "; ".join(known),
        "next": "osiris plan --last-compile",
    }
    return [show.title(f"compiled {reply.name}: {show.count(reply.steps, 'step')}"), show.facts(places)]
