"""`osiris parity`: parse, ask, show."""

from typing import Annotated

import typer
from rich.text import Text

from osiris.app.elsewhere import HERE, Elsewhere
from osiris.app.parity import CheckParity, Outcome, check_parity
from osiris.app.project import Door
from osiris.cli import show
from osiris.cli.command import LastCompile, Params, Pipeline, Strict, example, new_app, params_of, terminal_of
from osiris.cli.places import must_concern, places_of, with_place
from osiris.cli.stopping import stopping

app = new_app()


@app.command(epilog=example("osiris parity pipelines/top.yaml", "osiris parity pipelines/top.yaml --on local,e2b"))
@with_place
def parity(
    ctx: typer.Context,
    file: Pipeline = "",
    *,
    on: Annotated[str, typer.Option(metavar="PLACES", help="Of local, isolated, e2b.")] = "local,isolated",
    last_compile: LastCompile = False,
    param: Params = [],  # noqa: B006 - Typer wants a list and copies it
    strict: Strict = False,
    place: Elsewhere = HERE,
) -> None:
    """Carry a pipeline out at several places and compare: events, receipts, results. It works on copies of files."""
    terminal = terminal_of(ctx)
    places = places_of(on)
    must_concern(place, places)
    with stopping(running=lambda: True, said=terminal.complain) as stop:
        reply = check_parity(
            terminal.project(Door(stop=stop)),
            CheckParity(
                file=file,
                last_compile=last_compile,
                params=params_of(param),
                strict=strict,
                on=places,
                elsewhere=place,
            ),
        )
    headers = ("place", "status", "rows", "events", "seconds", "")
    same = Text("all of them did the same", style="green")
    found = [Text(f"! {show.plain(difference)}", style="red") for difference in reply.differences] or [same]
    table = show.table(headers, map(_line, reply.outcomes), right="rows events seconds")
    terminal.answer(reply, table, Text(), *found)
    raise typer.Exit(reply.exit_code)


def _line(outcome: Outcome) -> tuple[show.Cell, ...]:
    name = "local" if outcome.where == "here" else outcome.where
    numbers = (f"{outcome.rows:,}", f"{outcome.events:,}", f"{outcome.seconds:.2f}")
    return name, show.status(outcome.status), *numbers, outcome.error
