"""`osiris connections ...`: parse, ask, show."""

from typing import Annotated

import typer

from osiris.app.connection_sources import source_named
from osiris.app.connections import (
    CheckConnections,
    ConnectionCheck,
    ConnectionLine,
    ListConnections,
    check_connections,
    list_connections,
)
from osiris.app.new_connection import AddedConnection, keep_connection, try_connection
from osiris.app.project import Project
from osiris.cli import show
from osiris.cli.command import example, new_app, terminal_of
from osiris.cli.new_connection import Said, led, named, open_fields
from osiris.cli.terminal import Terminal
from osiris.model.errors import EXIT_CONNECTION, ConnectError, UsageError

app = new_app("See what is configured, and whether it answers; add what is missing.")


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


@app.command(
    "add",
    epilog=example(
        "osiris connections add",
        "osiris connections add @mysql.shop --set host=db --set user=ada --secret password",
        "osiris connections add @postgres.shop --from env:DATABASE_URL",
    ),
)
def add(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="@FAMILY.ALIAS", show_default=False, help="What to call it.")] = "",
    *,
    family: Annotated[
        str, typer.Option(metavar="NAME", show_default=False, help="Of which family, where no name says it.")
    ] = "",
    source: Annotated[
        str,
        typer.Option("--from", metavar="SOURCE", show_default=False, help="env:NAME_URL, or dbt:profile.target."),
    ] = "",
    set_: Annotated[
        list[str], typer.Option("--set", metavar="FIELD=VALUE", show_default=False, help="A field that is no secret.")
    ] = [],  # noqa: B006 - Typer wants a list and copies it
    secret: Annotated[
        list[str],
        typer.Option(metavar="FIELD", show_default=False, help="A secret: asked for, or a line of standard input."),
    ] = [],  # noqa: B006 - Typer wants a list and copies it
    env: Annotated[
        list[str], typer.Option(metavar="FIELD=NAME", show_default=False, help="A field that a variable holds.")
    ] = [],  # noqa: B006 - Typer wants a list and copies it
    default: Annotated[bool, typer.Option("--default", help="Let the family alone mean this one.")] = False,
    unchecked: Annotated[bool, typer.Option("--unchecked", help="Keep it, though it may not answer yet.")] = False,
) -> None:
    """Add a connection: asks for its fields, tries it, and keeps it. Secrets go to .env."""
    terminal = terminal_of(ctx)
    project = terminal.project()
    said = Said(default=default)
    named(said, name, family)
    beforehand = bool(source or set_ or secret or env)
    if source:
        found = source_named(project, source)
        terminal.hide(found.secrets.values())
        said.take(found)
    if said.family:
        _fill(terminal, project, said, fields=set_, secrets=secret, variables=env)
    if not beforehand:
        led(terminal, project, said)
    elif not said.family:
        raise UsageError("of which family is it?", hint="name it, such as @mysql.shop; or --family NAME")
    _keep(terminal, project, said, unchecked=unchecked)


def _fill(
    terminal: Terminal, project: Project, said: Said, *, fields: list[str], secrets: list[str], variables: list[str]
) -> None:
    """Take the fields that the command line names."""
    family = project.registry.family(said.family)
    said.fields |= open_fields(family, fields)
    for name, value in open_fields(family, variables).items():
        said.fields[name] = f"${{{value}}}"
    for name in secrets:
        if not (value := terminal.secret(name)):
            raise UsageError(
                f"no secret was given for {name!r}", hint="type it, or give it as a line of standard input"
            )
        said.secrets[name] = value


def _keep(terminal: Terminal, project: Project, said: Said, *, unchecked: bool) -> None:
    """Try the connection, and keep it if it answers or if the person says so.

    Raises:
        ConnectError: it does not answer, so it was not kept.
    """
    asked = said.asked()
    tried = try_connection(project, asked)
    if not unchecked:
        _must_answer(terminal, tried)
    reply = keep_connection(project, asked, tried)
    terminal.answer(reply, show.title(f"{reply.name} is added"), show.facts(_added(reply)))
    if reply.variables and not reply.ignored:
        terminal.say("git would take .env along: write .env into .gitignore")
    if alone := _was_alone(project, said):
        terminal.say(f"@{said.family} meant @{said.family}.{alone} so far; where it is to, add `default: true` to that")


def _was_alone(project: Project, said: Said) -> str:
    """Return the alias that the family's bare name meant because it was the only one; empty where there is none."""
    found = project.connections.families.get(said.family, {})
    unmarked = [alias for alias, fields in found.items() if fields.get("default") is not True]
    return unmarked[0] if len(found) == len(unmarked) == 1 and not said.default else ""


def _must_answer(terminal: Terminal, tried: AddedConnection) -> None:
    """Return if a connection answers, or if the person wants it all the same.

    Raises:
        ConnectError: neither is so.
    """
    if tried.check.status != "failed":
        return
    if terminal.person:
        terminal.complain(show.table(("connection", "state", "found", "next"), [_check(tried.check)]))
    if not terminal.ask("Keep it all the same?"):
        hint = "; ".join(filter(None, ("--unchecked keeps it all the same", tried.check.hint)))
        raise ConnectError(f"{tried.name} was not kept: {tried.check.detail}", hint=hint)


def _added(reply: AddedConnection) -> dict[str, str]:
    secrets = f"{', '.join(reply.variables)}, in .env" if reply.variables else ""
    state = " ".join(part for part in (reply.check.status, reply.check.detail) if part)
    return {
        "in": reply.file,
        "secrets": secrets,
        "state": state,
        "next": f"osiris discover {reply.name}",
    }


def _line(line: ConnectionLine) -> tuple[str, ...]:
    fields = ", ".join(f"{name}: {value}" for name, value in line.fields.items() if name != "default")
    missing = f"not set: {', '.join(line.missing)}" if line.missing else ""
    return line.name, fields, "; ".join(part for part in ("default" if line.default else "", missing) if part)


def _check(check: ConnectionCheck) -> tuple[show.Cell, ...]:
    return check.name, show.status(check.status), check.detail, check.hint
