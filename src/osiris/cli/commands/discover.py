"""`osiris discover`: parse, ask, show."""

from collections.abc import Iterator
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from osiris.app.discover import Discover, Discovery, discover
from osiris.cli import show
from osiris.cli.answers import answer
from osiris.cli.command import example, new_app, terminal_of
from osiris.model.catalogue import Table

MOST_NAMES = 50  # tables of a connection that are listed; -v lists all

app = new_app()


@app.command(
    epilog=example(
        "osiris discover",
        "osiris discover @duckdb.shop --table orders --sample 5",
        "osiris discover @mysql.shop --refresh",
    )
)
def discover_(
    ctx: typer.Context,
    connection: Annotated[
        str, typer.Argument(metavar="@FAMILY.ALIAS", show_default=False, help="Only this connection; all otherwise.")
    ] = "",
    *,
    table: Annotated[
        list[str], typer.Option("--table", metavar="NAME", help="Show the columns of a table; may be repeated.")
    ] = [],  # noqa: B006 - Typer wants a list and copies it
    refresh: Annotated[bool, typer.Option("--refresh", help="Look again, although something is kept.")] = False,
    profile_rows: Annotated[
        int, typer.Option(min=0, metavar="N", help="Make statistics of the tables, over at most so many rows.")
    ] = 0,
    sample: Annotated[
        int, typer.Option(min=0, max=1000, metavar="N", help="Show so many rows of the tables; none is kept.")
    ] = 0,
) -> None:
    """Show the tables behind connections and keep them in the cache, so that compiling needs no connection."""
    terminal = terminal_of(ctx)
    ask = Discover(
        connection=connection, tables=tuple(table), refresh=refresh, profile_rows=profile_rows, sample=sample
    )
    reply = discover(terminal.project(), ask)
    if not reply.connections:
        terminal.say("no connection leads to tables; they stand in osiris_connections.yaml")
    everything = terminal.options.verbose
    terminal.answer(reply, *(_discovery(one, everything=everything) for one in reply.connections))
    if reply.exit_code:
        raise typer.Exit(reply.exit_code)


def _discovery(found: Discovery, *, everything: bool) -> RenderableType:
    if found.problem:
        return Group(show.title(found.connection), show.facts({"problem": found.problem, "next": found.hint}), Text())
    many = show.count(len(found.names), "table")
    head = Text.assemble((show.plain(found.connection), "bold"), (f"  {many}, seen {age(found.age)}", "dim"))
    return Group(head, *(_details(found) if found.tables else _names(found, everything=everything)), Text())


def age(seconds: int) -> str:
    """Return an age in the largest unit that says enough.

    Example:
        >>> age(7300)
        '2 hours ago'
    """
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            return f"{show.count(seconds // size, unit)} ago"
    return "just now"


def _names(found: Discovery, *, everything: bool) -> Iterator[RenderableType]:
    shown = found.names if everything else found.names[:MOST_NAMES]
    lines = [
        (line.table, "" if line.kind == "table" else line.kind, _rows(line.rows), str(line.columns)) for line in shown
    ]
    if lines:
        yield show.table(("table", "", "rows", "columns"), lines, right="rows columns")
    if more := len(found.names) - len(shown):
        yield Text(f"and {more:,} more; -v shows all, --table NAME one", style="dim")


def _details(found: Discovery) -> Iterator[RenderableType]:
    profiles = {kept.profile.table: kept for kept in found.profiles}
    samples = {sample.table: sample.rows for sample in found.samples}
    for table in found.tables:
        yield Text()
        yield from _table(table)
        if kept := profiles.get(table.full_name):
            looked = show.count(kept.profile.rows, "row")
            yield Text(f"statistics of {looked}, made {kept.seen:%Y-%m-%d %H:%M} UTC", style="dim")
            if (statistics := answer(kept.profile)) is not None:
                yield statistics
        if rows := samples.get(table.full_name):
            yield Text("some rows; they are not kept", style="dim")
            yield show.rows(rows)


def _table(table: Table) -> Iterator[RenderableType]:
    key = f", key {', '.join(table.primary_key)}" if table.primary_key else ""
    head = f"  {_rows(table.rows)} rows{key}" if table.rows is not None else key
    yield Text.assemble((show.plain(table.full_name), "bold"), (show.plain(head), "dim"))
    lines = [
        (
            column.name,
            column.source_type or column.type,
            column.type,
            "" if column.nullable else "not null",
            f"-> {table.references[column.name]}" if column.name in table.references else "",
            column.comment,
        )
        for column in table.columns
    ]
    yield show.table(("column", "type", "arrives as", "", "", ""), lines)


def _rows(rows: int | None) -> str:
    return "?" if rows is None else f"{rows:,}"
