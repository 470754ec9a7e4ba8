"""What a person sees of what the agent's tools answer."""

from functools import singledispatch
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from osiris.agent.looks import Described
from osiris.app.catalogue import ConnectionOverview, FoundTables, OverviewAnswer, Rows
from osiris.app.logs import Package
from osiris.app.pipelines import Checked, Saved
from osiris.app.rehearsal import Rehearsed
from osiris.app.runs import RunReport
from osiris.cli import show
from osiris.model.approval import Asked
from osiris.model.catalogue import Table, TableProfile
from osiris.model.errors import ApprovalMissing, OsirisError
from osiris.model.plan import TOKEN_DIGITS, Plan


@singledispatch
def answer(shown: Any) -> RenderableType | None:  # noqa: ARG001 - the other forms need it
    """Return what to print for what an operation returned; None where there is nothing to see."""
    return None


@answer.register
def _(shown: OverviewAnswer) -> RenderableType:
    lines = [
        (line.connection, line.problem or f"{show.count(line.tables_total, 'table')}: {_named(line)}")
        for line in shown.connections
    ]
    return show.table(("connection", ""), lines)


@answer.register
def _(shown: FoundTables) -> RenderableType:
    lines = [(found.table, _rows(found.rows), str(found.columns), ", ".join(found.matches)) for found in shown.tables]
    return show.table(("table", "rows", "columns", "matches"), lines, right="rows columns")


@answer.register
def _(shown: Described) -> RenderableType:
    lines = [(show.plain(join.left), show.plain(join.right), show.plain(join.because)) for join in shown.joins]
    tables = Group(*(_table(table) for table in shown.tables.tables))
    return Group(tables, Text(), show.table(("may join", "with", "because"), lines)) if lines else tables


@answer.register
def _(shown: TableProfile) -> RenderableType:
    lines = [
        (
            column.name,
            column.type,
            f"{column.nulls:.1%}",
            f"{column.distinct:,}",
            ", ".join(column.values) or (f"{column.minimum} … {column.maximum}" if column.minimum else ""),
        )
        for column in shown.columns
    ]
    return show.table(("column", "type", "nulls", "distinct", "values"), lines, right="nulls distinct")


@answer.register
def _(shown: Rows) -> RenderableType:
    return show.rows(shown)


@answer.register
def _(shown: Saved) -> RenderableType:
    return Group(Text(f"draft in {show.plain(shown.file)}"), _checked(shown.checked, shown.file))


@answer.register
def _(shown: Checked) -> RenderableType:
    return _checked(shown, "")


@answer.register
def _(shown: Rehearsed) -> RenderableType:
    return Group(*show.tried(shown))


@answer.register
def _(shown: Asked) -> RenderableType:
    return Text(f"waits for a yes: osiris approve {shown.envelope[:TOKEN_DIGITS]}")


@answer.register
def _(shown: Plan) -> RenderableType:
    targets = ", ".join(write.target for write in shown.writes)
    return Text(f"compiled and planned: {show.count(len(shown.steps), 'step')}, writes {show.plain(targets)}")


@answer.register
def _(shown: RunReport) -> RenderableType:
    parts = [show.report(shown)]
    return Group(*parts, show.error(shown.error)) if shown.error else Group(*parts)


@answer.register
def _(shown: Package) -> RenderableType:
    return Text(f"read {show.plain(shown.path)}")


@answer.register
def _(shown: ApprovalMissing) -> RenderableType:
    told = [shown.message, shown.why] if shown.why else [shown.message]
    return Group(Text(f"not run: {show.plain(': '.join(told))}", style="yellow"), Text(show.plain(shown.hint), "dim"))


@answer.register
def _(shown: OsirisError) -> RenderableType:
    return show.error(shown.to_dict())


def _named(line: ConnectionOverview) -> str:
    return ", ".join(line.tables or (f"{group} {count}" for group, count in line.groups.items()))


def _checked(checked: Checked, file: str) -> RenderableType:
    if not checked.diagnostics:
        return Text("valid: the compiler found nothing wrong", style="green")
    return show.diagnostics(checked.diagnostics, file)


def _table(table: Table) -> Text:
    columns = ", ".join(f"{column.name} {column.source_type or column.type}" for column in table.columns)
    return Text.assemble((show.plain(table.name), "bold"), f" ({_rows(table.rows)} rows)  {show.plain(columns)}")


def _rows(rows: int | None) -> str:
    return "?" if rows is None else f"{rows:,}"
