"""`osiris dump-prompts`: parse, ask, show."""

from typing import Annotated

import typer

from osiris.agent.brief import export_prompts, prompts
from osiris.cli import show
from osiris.cli.command import example, new_app, terminal_of

app = new_app()


@app.command(epilog=example("osiris dump-prompts", "osiris dump-prompts --export"))
def dump_prompts(
    ctx: typer.Context,
    *,
    export: Annotated[bool, typer.Option("--export", help="Write them to .osiris_prompts/, to be edited.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace those that are there.")] = False,
) -> None:
    """Show what the language model is told, or write it to files that `osiris chat --pro-mode` uses."""
    terminal = terminal_of(ctx)
    project = terminal.project()
    if not export:
        found = prompts(project)
        parts = [part for name, text in found.items() for part in (show.title(name), show.plain(text), "")]
        terminal.answer({"prompts": found}, *parts)
        return
    written = export_prompts(project, force=force)
    folder = show.plain(project.shown(project.layout.prompts))
    told = [f"written: {show.plain(file)}" for file in written] or [f"{folder}/ has them all; --force writes them anew"]
    terminal.answer({"written": list(written)}, *told)
