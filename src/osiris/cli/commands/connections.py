"""`osiris connections ...`: parse, ask, show."""

from typing import Annotated

import typer

from osiris.app.connections import (
    CheckConnections,
    ConnectionCheck,
    ConnectionLine,
    ListConnections,
    check_connections,
    list_connections,
)
from osiris.cli import show
from osiris.cli.command import example, new_app, terminal_of
from osiris.model.errors import EXIT_CONNECTION

app = new_app("See what is configured, and whether it answers.")


@app.command("list", epilog=example("osiris connections list"))
def list_(ctx: typer.Context) -> None:
    """List the configured connections, secrets masked."""
    terminal = terminal_of(ctx)
    reply = list_connections(terminal.project(), ListConnections())
    if not reply.connections:
        terminal.say("no connection is configured; they stand in osiris_connections.yaml")
    shown = [show.table(("connection", "fields", ""), map(_line, reply.connections))] if reply.connections else []
    terminal.answer(reply, *shown)


@app.command("doctor", epilog=example("osiris connections doctor", "osiris connections doctor @duckdb.shop"))
def doctor(
    ctx: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="@FAMILY.ALIAS", show_default=False, help="Only this connection.")
    ] = "",
) -> None:
    """Really connect, and say what is wrong and what to do."""
    terminal = terminal_of(ctx)
    reply = check_connections(terminal.project(), CheckConnections(name=name))
    if not reply.checks:
        terminal.say("no connection is configured; they stand in osiris_connections.yaml")
    shown = [show.table(("connection", "state", "found", "next"), map(_check, reply.checks))] if reply.checks else []
    terminal.answer(reply, *shown)
    if not reply.healthy:
        raise typer.Exit(EXIT_CONNECTION)


def _line(line: ConnectionLine) -> tuple[str, ...]:
    fields = ", ".join(f"{name}: {value}" for name, value in line.fields.items() if name != "default")
    missing = f"not set: {', '.join(line.missing)}" if line.missing else ""
    return line.name, fields, "; ".join(part for part in ("default" if line.default else "", missing) if part)


def _check(check: ConnectionCheck) -> tuple[show.Cell, ...]:
    return check.name, show.status(check.status), check.detail, check.hint
